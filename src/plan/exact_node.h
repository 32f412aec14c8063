/* Within the exact search: a node, and what it can be cut by. */
#ifndef BRIM_PLAN_EXACT_NODE_H
#define BRIM_PLAN_EXACT_NODE_H

#include "base/round.h"
#include "plan/exact_search.h"

/* Items left, and what was placed last. */
typedef struct BrimExactNode {
    int32_t *order; /* on the search's stack, in ascending order of rank */
    int32_t count;
    int32_t first, last; /* the sections that they span, both inclusive */
    int64_t floor;       /* nothing is placed below it any more */
    int32_t rank;        /* nor at it, with this rank or a lower one */
    bool absolute;       /* when it fails, that is not because of items beside it */
} BrimExactNode;

/* Items come in order of offset and rank: one that was passed over is lifted by another before its turn
 * comes. */
static inline bool brim_exact_is_passed(const BrimExactSearch *search, const BrimExactNode *node,
                                        int32_t index)
{
    int64_t low = search->items[index].low;
    return low < node->floor || (low == node->floor && index <= node->rank);
}

static inline int64_t brim_exact_align(int64_t offset, int64_t alignment)
{
    return (int64_t)brim_round_up((size_t)offset, (size_t)alignment);
}

/* Fills in the bounds of the node's items. False when these leave no room for one of them, or in a section;
 * whoever has none is blamed. */
bool brim_exact_bound(BrimExactSearch *search, const BrimExactNode *node);

#endif
