/* The language that kernels are written in. nvcc takes it as CUDA; a C++ compiler takes the same files and makes functions
 * of them that run a grid as loops, with one thread a block or some, so that tests without a card run the kernels' own
 * sources.
 *
 * Therefore every kernel walks with loops that start at brim_thread() and step by brim_threads(), shares through
 * brim_block_sum and BRIM_SHARED arrays only, and is right for any number of threads a block, one among them. All threads of
 * a block come to each wait, and to each sum. */
#ifndef BRIM_BACKEND_CUDA_KERNELS_KERNEL_H
#define BRIM_BACKEND_CUDA_KERNELS_KERNEL_H

#include "backend/cuda/kernels/args.h"

#ifdef __CUDACC__

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#define BRIM_KERNEL extern "C" __global__ void
#define BRIM_DEVICE static __device__ __forceinline__
#define BRIM_UNROLL _Pragma("unroll")
#define BRIM_SHARED __shared__ /* of an array in a kernel: one for the block, with nothing in it at first */

typedef __half BrimHalf;
typedef __nv_bfloat16 BrimBfloat;

BRIM_DEVICE float brim_load(const BrimHalf *at)
{
    return __half2float(*at);
}

BRIM_DEVICE void brim_store(BrimHalf *at, float value)
{
    *at = __float2half_rn(value);
}

BRIM_DEVICE float brim_load(const BrimBfloat *at)
{
    return __bfloat162float(*at);
}

BRIM_DEVICE void brim_store(BrimBfloat *at, float value)
{
    *at = __float2bfloat16_rn(value);
}

/* a * b + c with one rounding, where a pass has more arithmetic than the memory gives it time for: elsewhere
 * products are rounded as the host rounds them. */
BRIM_DEVICE float brim_fma(float a, float b, float c)
{
    return fmaf(a, b, c);
}

BRIM_DEVICE int brim_thread(void)
{
    return (int)threadIdx.x;
}

BRIM_DEVICE int brim_threads(void)
{
    return (int)blockDim.x;
}

BRIM_DEVICE int brim_block(void)
{
    return (int)blockIdx.x;
}

BRIM_DEVICE int brim_blocks(void)
{
    return (int)gridDim.x;
}

BRIM_DEVICE void brim_block_wait(void)
{
    __syncthreads();
}

/* What stood there, with `value` in its place or added to it: in whatever order threads come. */
BRIM_DEVICE int brim_atomic_exchange(int32_t *at, int32_t value)
{
    return atomicExch(at, value);
}

BRIM_DEVICE int brim_atomic_add(int32_t *at, int32_t value)
{
    return atomicAdd(at, value);
}

/* The sum over the block's threads, to all of them, in a fixed order: first within warps, then over them. */
template <class T> static __device__ T brim_block_sum(T value)
{
    __shared__ T warps[32];
    int lane = (int)threadIdx.x & 31, warp = (int)threadIdx.x >> 5, count = ((int)blockDim.x + 31) >> 5;
    for (int step = 16; step > 0; step >>= 1)
        value += __shfl_down_sync(0xFFFFFFFFu, value, step);
    __syncthreads(); /* a sum before this one has been read by all */
    if (lane == 0)
        warps[warp] = value;
    __syncthreads();
    T sum = 0;
    for (int i = 0; i < count; i++)
        sum += warps[i];
    return sum;
}

#else

#include "backend/cuda/kernels/host.h"

#endif

BRIM_DEVICE float brim_load(const float *at)
{
    return *at;
}

BRIM_DEVICE void brim_store(float *at, float value)
{
    *at = value;
}

/* Cards of before 8.0 convert no bfloat16, and nobody asks them to. */
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 800
#define BRIM_IS_BF16(type) false
#else
#define BRIM_IS_BF16(type) ((type) == BRIM_KERNEL_BF16)
#endif

/* What is said of T, for the type of elements that `type` names: an op's features are of one type, so that
 * all threads go the same way. The only place that lists the types. */
#define BRIM_BY_TYPE(type, ...)                                                                              \
    do {                                                                                                     \
        if ((type) == BRIM_KERNEL_F16) {                                                                     \
            typedef BrimHalf T;                                                                              \
            __VA_ARGS__;                                                                                     \
        } else if (BRIM_IS_BF16(type)) {                                                                     \
            typedef BrimBfloat T;                                                                            \
            __VA_ARGS__;                                                                                     \
        } else {                                                                                             \
            typedef float T;                                                                                 \
            __VA_ARGS__;                                                                                     \
        }                                                                                                    \
    } while (0)

/* A walk over the whole grid: for (int64_t i = BRIM_GRID_FIRST; i < count; i += BRIM_GRID_STEP) */
#define BRIM_GRID_FIRST ((int64_t)brim_block() * brim_threads() + brim_thread())
#define BRIM_GRID_STEP  ((int64_t)brim_blocks() * brim_threads())

/* Element (pixel, channel) of a feature, where pixel = (n * h + y) * w + x. T is float, BrimHalf or
 * BrimBfloat. */
template <class T> BRIM_DEVICE T *brim_at(const BrimKernelFeature &feature, int64_t pixel, int channel)
{
    return (T *)feature.data + pixel * feature.pitch + channel;
}

/* The same whatever it is made of: for features that may differ in type from the kernel's own. */
BRIM_DEVICE float brim_get(const BrimKernelFeature &feature, int64_t pixel, int channel)
{
    BRIM_BY_TYPE(feature.type, return brim_load(brim_at<T>(feature, pixel, channel)));
}

BRIM_DEVICE void brim_put(const BrimKernelFeature &feature, int64_t pixel, int channel, float value)
{
    BRIM_BY_TYPE(feature.type, brim_store(brim_at<T>(feature, pixel, channel), value));
}

BRIM_DEVICE int64_t brim_pixels(const BrimKernelFeature &feature)
{
    return (int64_t)feature.n * feature.h * feature.w;
}

#endif
