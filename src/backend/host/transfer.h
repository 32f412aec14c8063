/* Tensors from and to their plain form: row-major dims, no pads. A FILTER is copied as it lies, which is
 * plain only in a backend that keeps filters OIHW; others turn theirs around themselves. */
#ifndef BRIM_BACKEND_HOST_TRANSFER_H
#define BRIM_BACKEND_HOST_TRANSFER_H

#include "backend/operand.h"

/* Where a graph's tensors lie. */
typedef struct BrimResidence {
    const BrimGraph *graph;
    const BrimPlacement *placement;
    void *arena;
    int channel_block; /* of FORM_FEATURE */
} BrimResidence;

/* Writing zeroes the pads of the tensor, or of the part. */
void brim_transfer_write(const BrimResidence *residence, BrimTensorId id, const void *plain);
void brim_transfer_read(const BrimResidence *residence, BrimTensorId id, void *plain);

/* A member of a block that is no feature, out of the block's bytes, wherever those are. */
void brim_transfer_read_member(const BrimGraph *graph, BrimTensorId id, const void *block, void *plain);

/* Zeroes what ops neither write nor skip: vectors' pads and the room between the members of ALWAYS blocks,
 * which the optimizer walks over. Values stay as they are. */
void brim_transfer_zero_pads(const BrimResidence *residence);

#endif
