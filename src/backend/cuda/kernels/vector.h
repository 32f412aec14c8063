/* Eight channels of a pixel at once: 16 bytes of halves or 32 of floats, which is what one thread moves. All
 * math between load and store is in float. Features are padded to 8 channels and start on 16 bytes, parts of
 * them too. */
#ifndef BRIM_BACKEND_CUDA_KERNELS_VECTOR_H
#define BRIM_BACKEND_CUDA_KERNELS_VECTOR_H

#include "backend/cuda/kernels/kernel.h"

enum { BRIM_EIGHT = 8 };

struct BrimEight {
    float v[BRIM_EIGHT];
};

#ifdef __CUDACC__

#define BRIM_UNROLL _Pragma("unroll")

BRIM_DEVICE BrimEight brim_load8(const float *at)
{
    float4 low = ((const float4 *)at)[0], high = ((const float4 *)at)[1];
    BrimEight eight = {{low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w}};
    return eight;
}

BRIM_DEVICE BrimEight brim_load8(const BrimHalf *at)
{
    uint4 raw = *(const uint4 *)at;
    const __half2 *pairs = (const __half2 *)&raw;
    BrimEight eight;
    BRIM_UNROLL
    for (int i = 0; i < BRIM_EIGHT / 2; i++) {
        float2 pair = __half22float2(pairs[i]);
        eight.v[2 * i] = pair.x;
        eight.v[2 * i + 1] = pair.y;
    }
    return eight;
}

BRIM_DEVICE void brim_store8(float *at, const BrimEight &eight)
{
    ((float4 *)at)[0] = make_float4(eight.v[0], eight.v[1], eight.v[2], eight.v[3]);
    ((float4 *)at)[1] = make_float4(eight.v[4], eight.v[5], eight.v[6], eight.v[7]);
}

BRIM_DEVICE void brim_store8(BrimHalf *at, const BrimEight &eight)
{
    uint4 raw;
    __half2 *pairs = (__half2 *)&raw;
    BRIM_UNROLL
    for (int i = 0; i < BRIM_EIGHT / 2; i++)
        pairs[i] = __floats2half2_rn(eight.v[2 * i], eight.v[2 * i + 1]);
    *(uint4 *)at = raw;
}

#else

#define BRIM_UNROLL

template <class T> static BrimEight brim_load8(const T *at)
{
    BrimEight eight;
    for (int i = 0; i < BRIM_EIGHT; i++)
        eight.v[i] = brim_load(at + i);
    return eight;
}

template <class T> static void brim_store8(T *at, const BrimEight &eight)
{
    for (int i = 0; i < BRIM_EIGHT; i++)
        brim_store(at + i, eight.v[i]);
}

#endif

BRIM_DEVICE BrimEight brim_zero8(void)
{
    BrimEight eight = {{0, 0, 0, 0, 0, 0, 0, 0}};
    return eight;
}

/* Eight channels from `channel` on; zeros from pixel `end` on. */
template <class T>
BRIM_DEVICE BrimEight brim_get8(const BrimKernelFeature &feature, int pixel, int end, int channel)
{
    return pixel < end ? brim_load8(brim_at<T>(feature, pixel, channel)) : brim_zero8();
}

/* Zeros in the pads, whatever was computed there: a convolution leaves its output's pads as they were. */
BRIM_DEVICE BrimEight brim_trim8(BrimEight eight, int channel, int c)
{
    if (channel + BRIM_EIGHT > c) {
        BRIM_UNROLL
        for (int i = 0; i < BRIM_EIGHT; i++)
            eight.v[i] = channel + i < c ? eight.v[i] : 0.0f;
    }
    return eight;
}

BRIM_DEVICE void brim_add8(BrimEight *sum, const BrimEight &term)
{
    BRIM_UNROLL
    for (int i = 0; i < BRIM_EIGHT; i++)
        sum->v[i] += term.v[i];
}

/* Eight of a vector of c floats, which may start anywhere; zeros beyond it. */
BRIM_DEVICE BrimEight brim_get_vector8(const float *vector, int channel, int c)
{
    BrimEight eight;
    BRIM_UNROLL
    for (int i = 0; i < BRIM_EIGHT; i++)
        eight.v[i] = channel + i < c ? vector[channel + i] : 0.0f;
    return eight;
}

/* The sum of `count` features there, in their order; zeros from pixel `end` on. Unrolled, as below, so that a
 * kernel's arguments need no address of their own. */
template <class T>
BRIM_DEVICE BrimEight brim_sum8_all(const BrimKernelFeature *terms, int count, int pixel, int end,
                                    int channel)
{
    BrimEight sum = brim_get8<T>(terms[0], pixel, end, channel);
    BRIM_UNROLL
    for (int i = 1; i < BRIM_KERNEL_GRADS; i++) {
        if (i < count)
            brim_add8(&sum, brim_get8<T>(terms[i], pixel, end, channel));
    }
    return sum;
}

/* The same to each of `count` features. */
template <class T>
BRIM_DEVICE void brim_put8_all(const BrimKernelFeature *dests, int count, int pixel, int channel,
                               const BrimEight &eight)
{
    BRIM_UNROLL
    for (int i = 0; i < BRIM_KERNEL_DESTS; i++) {
        if (i < count)
            brim_store8(brim_at<T>(dests[i], pixel, channel), eight);
    }
}

#endif
