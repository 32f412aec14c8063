/* The exact search for a placement: slower than the greedy orders, and it knows when nothing is better. */
#ifndef BRIM_PLAN_EXACT_H
#define BRIM_PLAN_EXACT_H

#include "plan/exact_search.h"
#include "plan/pack.h"

/* More than so many buffers are left to the greedy orders: the search's room grows with the square. */
enum { BRIM_EXACT_MOST_BUFFERS = 2048 };

typedef struct BrimExactLimits {
    int64_t nodes; /* of all searches together; the result depends on nothing else while the deadline holds */
    int64_t deadline_ns; /* of brim_clock_ns; 0: none */
} BrimExactLimits;

typedef struct BrimExactResult {
    size_t lower_bytes; /* no placement is lower: the most alive at once, or what a search has proven */
    size_t top_bytes;   /* the height of the placement in the buffers */
    bool improved;      /* the search found it; else it is the one given */
    int64_t nodes;      /* looked at */
} BrimExactResult;

/* Lowers a placement: the buffers hold one, of height top_bytes, and keep the best that is found before the
 * limits end the search. Stops where the height is stop_bytes or lower, and where none is lower. */
BrimStatus brim_pack_exact(BrimBuffer *buffers, int count, size_t alignment_bytes, size_t top_bytes,
                           size_t stop_bytes, const BrimExactLimits *limits, BrimExactResult *result);

#endif
