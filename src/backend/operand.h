/* What every backend on the host does first with an operand of an op: find its bytes in the arena, and step through a
 * feature whether it is a tensor of its own or some channels of another. Knows layouts; runs nothing. */
#ifndef BRIM_BACKEND_OPERAND_H
#define BRIM_BACKEND_OPERAND_H

#include "backend/host/loss.h"
#include "plan/plan.h"

/* A feature, or a part of one, in blocks of `block` channels. A part's first channel is a multiple of the block. */
typedef struct BrimFeature {
    float *data;          /* picture 0, channel 0, y 0, x 0; NULL where it is narrow */
    uint16_t *narrow;     /* the same of a feature in bfloat16; NULL elsewhere */
    int n, c, h, w;
    int block;            /* channels side by side; 1 for PLAIN */
    size_t image_floats;  /* elements, from one picture to the next: for a part, of the whole it lies in */
} BrimFeature;

/* The tensor's first byte, counted from the arena's start: the storage's place, and where in it this part or member
 * starts. */
size_t brim_operand_offset(const BrimGraph *graph, const BrimPlacement *placement, BrimTensorId id);

/* The first byte in memory; NULL for BRIM_NONE. */
void *brim_operand_data(const BrimGraph *graph, const BrimPlacement *placement, void *arena, BrimTensorId id);

/* FEATURE and PLAIN tensors and parts of them; .data is NULL for BRIM_NONE. channel_block is FORM_FEATURE's in this
 * backend. */
BrimFeature brim_operand_feature(const BrimGraph *graph, const BrimPlacement *placement, void *arena,
                                 BrimTensorId id, int channel_block);

/* The same for a whole feature, as the loss wants it. */
BrimHeadView brim_operand_head(const BrimGraph *graph, const BrimPlacement *placement, void *arena, BrimTensorId id,
                               int channel_block);

/* How many operands stand from `first` on, up to the first BRIM_NONE or the array's end: dests, grads, heads. */
int brim_operand_count(const BrimTensorId *operands, int first, int room);

static inline size_t brim_feature_index(const BrimFeature *feature, int n, int c, int y, int x)
{
    size_t block = (size_t)feature->block;
    size_t row = ((size_t)c / block * (size_t)feature->h + (size_t)y) * (size_t)feature->w + (size_t)x;
    return (size_t)n * feature->image_floats + row * block + (size_t)c % block;
}

static inline float *brim_feature_at(const BrimFeature *feature, int n, int c, int y, int x)
{
    return feature->data + brim_feature_index(feature, n, c, y, x);
}

#endif
