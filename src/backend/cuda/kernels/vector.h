/* Eight channels of a pixel at once: 16 bytes of 16-bit elements or 32 of floats, which is what one thread
 * moves. All math between load and store is in float. Features are padded to 8 channels and start on 16
 * bytes, parts of them too. */
#ifndef BRIM_BACKEND_CUDA_KERNELS_VECTOR_H
#define BRIM_BACKEND_CUDA_KERNELS_VECTOR_H

#include "backend/cuda/kernels/kernel.h"

enum { BRIM_EIGHT = 8 };

struct BrimEight {
    float v[BRIM_EIGHT];
};

/* The same as it lies in memory. Loops load packs of all that they need, and unpack them afterwards: a
 * conversion waits for its load, and what stands behind it would wait as well. */
template <class T> struct BrimPack;

#ifdef __CUDACC__

template <> struct BrimPack<float> {
    float4 low, high;
};

/* Elements of 16 bits are converted two by two. */
template <> struct BrimPack<BrimHalf> {
    typedef __half2 Pair;
    uint4 pairs;
};

template <> struct BrimPack<BrimBfloat> {
    typedef __nv_bfloat162 Pair;
    uint4 pairs;
};

BRIM_DEVICE float2 brim_unpair(__half2 pair)
{
    return __half22float2(pair);
}

/* One by one: CUDA 12.0 has no conversion of both for cards before 8.0, for which this is compiled, too. */
BRIM_DEVICE float2 brim_unpair(__nv_bfloat162 pair)
{
    return make_float2(__bfloat162float(pair.x), __bfloat162float(pair.y));
}

BRIM_DEVICE void brim_pair(__half2 *pair, float first, float second)
{
    *pair = __floats2half2_rn(first, second);
}

BRIM_DEVICE void brim_pair(__nv_bfloat162 *pair, float first, float second)
{
    *pair = __floats2bfloat162_rn(first, second);
}

BRIM_DEVICE BrimEight brim_unpack(const BrimPack<float> &pack)
{
    BrimEight eight = {
        {pack.low.x, pack.low.y, pack.low.z, pack.low.w, pack.high.x, pack.high.y, pack.high.z, pack.high.w}};
    return eight;
}

template <class T> BRIM_DEVICE BrimEight brim_unpack(const BrimPack<T> &pack)
{
    const typename BrimPack<T>::Pair *pairs = (const typename BrimPack<T>::Pair *)&pack.pairs;
    BrimEight eight;
    BRIM_UNROLL
    for (int i = 0; i < BRIM_EIGHT / 2; i++) {
        float2 pair = brim_unpair(pairs[i]);
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

template <class T> BRIM_DEVICE void brim_store8(T *at, const BrimEight &eight)
{
    uint4 raw;
    typename BrimPack<T>::Pair *pairs = (typename BrimPack<T>::Pair *)&raw;
    BRIM_UNROLL
    for (int i = 0; i < BRIM_EIGHT / 2; i++)
        brim_pair(&pairs[i], eight.v[2 * i], eight.v[2 * i + 1]);
    *(uint4 *)at = raw;
}

#else

template <class T> struct alignas(16) BrimPack {
    T v[BRIM_EIGHT];
};

template <class T> static BrimEight brim_unpack(const BrimPack<T> &pack)
{
    BrimEight eight;
    for (int i = 0; i < BRIM_EIGHT; i++)
        eight.v[i] = brim_load(pack.v + i);
    return eight;
}

template <class T> static void brim_store8(T *at, const BrimEight &eight)
{
    BrimPack<T> pack;
    for (int i = 0; i < BRIM_EIGHT; i++)
        brim_store(pack.v + i, eight.v[i]);
    *(BrimPack<T> *)at = pack;
}

#endif

/* Eight channels from `channel` on. */
template <class T>
BRIM_DEVICE BrimPack<T> brim_get_pack(const BrimKernelFeature &feature, int pixel, int channel)
{
    return *(const BrimPack<T> *)brim_at<T>(feature, pixel, channel);
}

/* Zeros where there is no such feature. */
template <class T>
BRIM_DEVICE BrimPack<T> brim_get_pack_or_zeros(const BrimKernelFeature &feature, int pixel, int channel)
{
    BrimPack<T> pack = {};
    if (feature.data)
        pack = brim_get_pack<T>(feature, pixel, channel);
    return pack;
}

template <class T> BRIM_DEVICE BrimEight brim_get8(const BrimKernelFeature &feature, int pixel, int channel)
{
    return brim_unpack(brim_get_pack<T>(feature, pixel, channel));
}

template <class T>
BRIM_DEVICE void brim_put8(const BrimKernelFeature &feature, int pixel, int channel, const BrimEight &eight)
{
    brim_store8(brim_at<T>(feature, pixel, channel), eight);
}

BRIM_DEVICE BrimEight brim_zero8(void)
{
    BrimEight eight = {{0, 0, 0, 0, 0, 0, 0, 0}};
    return eight;
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

/* Eight of a vector of c floats, which may start anywhere. Most start on 16 bytes and are loaded as two
 * fours; else one by one, beyond the vector its last again, since pads are trimmed when they are stored. */
BRIM_DEVICE BrimEight brim_get_vector8(const float *vector, int channel, int c)
{
    const float *at = vector + channel;
    if (channel + BRIM_EIGHT <= c && ((uintptr_t)at & 15) == 0)
        return brim_unpack(*(const BrimPack<float> *)at);
    BrimEight eight;
    BRIM_UNROLL
    for (int i = 0; i < BRIM_EIGHT; i++)
        eight.v[i] = vector[channel + i < c ? channel + i : c - 1];
    return eight;
}

/* The same to each of `count` features. Unrolled, so that a kernel's arguments need no address of their own.
 */
template <class T>
BRIM_DEVICE void brim_put8_all(const BrimKernelFeature *dests, int count, int pixel, int channel,
                               const BrimEight &eight)
{
    BRIM_UNROLL
    for (int i = 0; i < BRIM_KERNEL_DESTS; i++) {
        if (i < count)
            brim_put8<T>(dests[i], pixel, channel, eight);
    }
}

#endif
