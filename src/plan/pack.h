/* Offsets for buffers with known lifetimes: the packing problem alone, on numbers. */
#ifndef BRIM_PLAN_PACK_H
#define BRIM_PLAN_PACK_H

#include "base/memory.h"

typedef struct BrimBuffer {
    int32_t first;  /* the first moment at which it is alive */
    int32_t last;   /* the last one, inclusive */
    size_t bytes;
    size_t offset;          /* the answer */
    size_t alignment_bytes; /* of its offset; 0: the packing's, of which it is a multiple else */
} BrimBuffer;

/* Gives every buffer an offset that is a multiple of alignment_bytes, trying several greedy orders and keeping the
 * best; *order names it, and stays as it was where there is nothing to pack. *top_bytes is the end of the highest buffer. Deterministic. */
BrimStatus brim_pack(BrimBuffer *buffers, int count, size_t alignment_bytes, size_t *top_bytes, const char **order);

/* The most bytes alive at one moment, sizes rounded up to the alignment: the lower bound. *moment may be NULL. */
BrimStatus brim_pack_lower_bound(const BrimBuffer *buffers, int count, size_t alignment_bytes, size_t *bytes,
                                 int32_t *moment);

#endif
