/* Items in the order of their confidence; equal ones stay in the order in which they came. Takes no memory of
 * its own, which libc's sort may do in the middle of a step. */
#ifndef BRIM_TRAIN_RANK_H
#define BRIM_TRAIN_RANK_H

#include <stddef.h>
#include <stdint.h>

typedef struct BrimRanked {
    float confidence; /* not NaN */
    uint32_t id;      /* the caller's */
} BrimRanked;

/* The highest first. spare: room for as many. */
void brim_rank(BrimRanked *items, BrimRanked *spare, size_t count);

#endif
