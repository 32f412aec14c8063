/* Four elements at a time: one load and one store of 16 bytes, or of 8 for halves. */
#ifndef BRIM_BACKEND_CUDA_KERNELS_QUAD_H
#define BRIM_BACKEND_CUDA_KERNELS_QUAD_H

#include "backend/cuda/kernels/kernel.h"

enum { BRIM_QUAD = 4 };

struct alignas(16) BrimQuad {
    float v[BRIM_QUAD];
};

struct alignas(8) BrimHalfQuad {
    BrimHalf v[BRIM_QUAD];
};

/* Quad i of floats, or of halves as floats. */
BRIM_DEVICE BrimQuad brim_quad(const float *from, int64_t i)
{
    return ((const BrimQuad *)from)[i];
}

BRIM_DEVICE BrimQuad brim_quad(const BrimHalf *from, int64_t i)
{
    BrimHalfQuad halves = ((const BrimHalfQuad *)from)[i];
    BrimQuad quad;
    for (int k = 0; k < BRIM_QUAD; k++)
        quad.v[k] = brim_load(&halves.v[k]);
    return quad;
}

BRIM_DEVICE void brim_set_quad(float *to, int64_t i, BrimQuad quad)
{
    ((BrimQuad *)to)[i] = quad;
}

BRIM_DEVICE void brim_set_quad(BrimHalf *to, int64_t i, BrimQuad quad)
{
    BrimHalfQuad halves;
    for (int k = 0; k < BRIM_QUAD; k++)
        brim_store(&halves.v[k], quad.v[k]);
    ((BrimHalfQuad *)to)[i] = halves;
}

#endif
