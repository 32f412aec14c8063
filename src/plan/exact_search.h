/* The depth-first search for a placement below a given height, for one group, one preference and one node
 * budget. Buffers are placed from the bottom up, in order of their offsets, each on what lies below it
 * already. */
#ifndef BRIM_PLAN_EXACT_SEARCH_H
#define BRIM_PLAN_EXACT_SEARCH_H

#include "base/memory.h"

typedef enum BrimExactOutcome {
    BRIM_EXACT_FOUND,  /* every buffer has its offset */
    BRIM_EXACT_NONE,   /* there is no placement of that height */
    BRIM_EXACT_UNKNOWN /* the budget or the time ended first */
} BrimExactOutcome;

/* A buffer. Its index is its rank: of two that could lie at the same offset the lower rank is tried first. */
typedef struct BrimExactItem {
    int32_t first, last; /* sections in which it is alive, both inclusive */
    int64_t bytes, alignment;
    int64_t low;                      /* the lowest offset that those placed allow */
    int64_t offset;                   /* -1 until it is placed */
    int64_t bound;                    /* no completion of the node looked at last places it lower */
    int64_t least_other;              /* bytes of the smallest that lives at the same time */
    int32_t other_first, other_count; /* in BrimExactSearch.others */
    int32_t buffer;                   /* where it came from */
} BrimExactItem;

/* What a step of the search changed, so that it can be taken back. */
typedef struct BrimExactChange {
    int32_t item; /* ~item: it was placed; item: its `low` was raised */
    int64_t low;  /* before */
} BrimExactChange;

/* What may come lowest in a section, of the items left. */
typedef struct BrimExactFront {
    int64_t bound[2];       /* the lowest two of the bounds */
    int64_t end[2];         /* the lowest two of bound + bytes */
    int32_t item, end_item; /* whose the lowest ones are */
} BrimExactFront;

typedef struct BrimExactSearch {
    BrimExactItem *items;
    int32_t count, section_count;
    int32_t *others; /* for each item those that live at the same time */
    int64_t *left;   /* per section: bytes not placed yet */
    int64_t
        *blame; /* per buffer: how often it had no room, in units of BRIM_EXACT_BLAME; never set to 0 here */
    int32_t *stack; /* the items of every node on the path */
    size_t stack_used;
    BrimExactChange *changes;
    size_t change_count;
    uint64_t *
        failed; /* a table of states that have no completion; 0: empty. It stays true from search to search */
    int failed_bits; /* it has room for 2^failed_bits, 1 at least */
    int64_t height;  /* the target */
    int64_t nodes_left;
    int64_t deadline_ns; /* of brim_clock_ns; 0: none */
    bool timed_out;      /* it has passed */
    /* Scratch of one node, per section. */
    int64_t *lowest;
    BrimExactFront *fronts;
    int32_t *open;
} BrimExactSearch;

enum { BRIM_EXACT_BLAME = 1024 };

/* Searches with items, others, left, height and nodes_left filled in, every `low` 0 and every offset -1. The
 * outcome and the offsets are the same on every machine unless the deadline ends the search. */
BrimExactOutcome brim_exact_search(BrimExactSearch *search);

#endif
