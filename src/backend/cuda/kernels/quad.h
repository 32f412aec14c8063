/* Four elements at a time: one load and one store of 16 bytes, or of 8 for elements of 16 bits. */
#ifndef BRIM_BACKEND_CUDA_KERNELS_QUAD_H
#define BRIM_BACKEND_CUDA_KERNELS_QUAD_H

#include "backend/cuda/kernels/kernel.h"

enum { BRIM_QUAD = 4 };

struct alignas(16) BrimQuad {
    float v[BRIM_QUAD];
};

template <class T> struct alignas(8) BrimNarrowQuad {
    T v[BRIM_QUAD];
};

/* Quad i of floats, or of narrower elements as floats. */
BRIM_DEVICE BrimQuad brim_quad(const float *from, int64_t i)
{
    return ((const BrimQuad *)from)[i];
}

template <class T> BRIM_DEVICE BrimQuad brim_quad(const T *from, int64_t i)
{
    BrimNarrowQuad<T> narrow = ((const BrimNarrowQuad<T> *)from)[i];
    BrimQuad quad;
    BRIM_UNROLL
    for (int k = 0; k < BRIM_QUAD; k++)
        quad.v[k] = brim_load(&narrow.v[k]);
    return quad;
}

BRIM_DEVICE void brim_set_quad(float *to, int64_t i, BrimQuad quad)
{
    ((BrimQuad *)to)[i] = quad;
}

template <class T> BRIM_DEVICE void brim_set_quad(T *to, int64_t i, BrimQuad quad)
{
    BrimNarrowQuad<T> narrow;
    BRIM_UNROLL
    for (int k = 0; k < BRIM_QUAD; k++)
        brim_store(&narrow.v[k], quad.v[k]);
    ((BrimNarrowQuad<T> *)to)[i] = narrow;
}

#endif
