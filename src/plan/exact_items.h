/* Within the exact search: buffers as the search takes them, group by group, in the order of a preference. */
#ifndef BRIM_PLAN_EXACT_ITEMS_H
#define BRIM_PLAN_EXACT_ITEMS_H

#include "plan/exact_search.h"
#include "plan/pack.h"

/* What preferences are made of; all of them descending. */
typedef enum BrimExactKey {
    BRIM_EXACT_LENGTH, /* moments alive */
    BRIM_EXACT_TOTAL,  /* the most that is alive in one of its sections */
    BRIM_EXACT_AREA,   /* bytes times length */
    BRIM_EXACT_SIZE,
    BRIM_EXACT_CHANCE, /* one of the above, give or take */
    BRIM_EXACT_KEY_COUNT
} BrimExactKey;

/* Rounds with a preference of their own; all after them are left to chance. */
enum { BRIM_EXACT_FIXED_ROUNDS = 5 };

typedef struct BrimExactRanked {
    int64_t key[BRIM_EXACT_KEY_COUNT];
    const BrimExactKey *by; /* the preference that it is sorted by, 3 keys */
    int64_t bytes, alignment;
    int32_t first, last; /* sections, both inclusive */
    int32_t buffer;
} BrimExactRanked;

/* Buffers that share no section with those of other groups. */
typedef struct BrimExactGroup {
    BrimExactRanked *ranked;
    int32_t count;
    size_t pair_count; /* of items that live at the same time, each pair twice */
    size_t top_bytes;  /* of its placement so far */
    int caution;       /* how often it did not get lower; see exact.c */
} BrimExactGroup;

/* Lists the buffers that take room, in groups. ranked and groups have room for count, moments and totals for
 * 2 * count + 2. Returns how many groups there are. */
int brim_exact_groups(const BrimBuffer *buffers, int count, size_t alignment_bytes, BrimExactRanked *ranked,
                      int32_t *moments, int64_t *totals, BrimExactGroup *groups);

/* Fills in the search's items as the round prefers them. Chance leans on the search's blame. */
void brim_exact_rank(BrimExactSearch *search, const BrimExactGroup *group, int round);

#endif
