/* Kernels as functions of the host: a grid is a loop over blocks, a block one thread, or some that take turns
 * on the one thread of the host that runs them (on_host_turns.cpp), and may be threads of their own to
 * ThreadSanitizer (on_host_fibers.cpp). */
#ifndef BRIM_BACKEND_CUDA_KERNELS_HOST_H
#define BRIM_BACKEND_CUDA_KERNELS_HOST_H

#include "backend/cuda/kernels/args.h"

extern "C" {
#include "base/half.h"
}

#define BRIM_KERNEL extern "C" void
#define BRIM_DEVICE static inline
#define BRIM_UNROLL
#define BRIM_SHARED static __thread /* the blocks of a thread of the host run one after the other */

/* Types of their own, so that overloads tell them apart. */
struct BrimHalf {
    uint16_t bits;
};

struct BrimBfloat {
    uint16_t bits;
};

BRIM_DEVICE float brim_load(const BrimHalf *at)
{
    return brim_half_to_float(at->bits);
}

BRIM_DEVICE void brim_store(BrimHalf *at, float value)
{
    at->bits = brim_half_from_float(value);
}

BRIM_DEVICE float brim_load(const BrimBfloat *at)
{
    return brim_bfloat_to_float(at->bits);
}

BRIM_DEVICE void brim_store(BrimBfloat *at, float value)
{
    at->bits = brim_bfloat_from_float(value);
}

BRIM_DEVICE float brim_fma(float a, float b, float c)
{
    return a * b + c;
}

/* Set by who runs the grid. */
extern __thread int brim_host_block, brim_host_blocks, brim_host_thread, brim_host_threads;

/* Lets the block's other threads come as far as this one. */
void brim_host_wait(void);

BRIM_DEVICE int brim_thread(void)
{
    return brim_host_thread;
}

BRIM_DEVICE int brim_threads(void)
{
    return brim_host_threads;
}

BRIM_DEVICE int brim_block(void)
{
    return brim_host_block;
}

BRIM_DEVICE int brim_blocks(void)
{
    return brim_host_blocks;
}

BRIM_DEVICE void brim_block_wait(void)
{
    if (brim_host_threads > 1)
        brim_host_wait();
}

BRIM_DEVICE int brim_atomic_exchange(int32_t *at, int32_t value)
{
    return __atomic_exchange_n(at, value, __ATOMIC_RELAXED);
}

BRIM_DEVICE int brim_atomic_add(int32_t *at, int32_t value)
{
    return __atomic_fetch_add(at, value, __ATOMIC_RELAXED);
}

/* In the order of the card's: lanes as a tree, then warp by warp. */
template <class T> static T brim_block_sum(T value)
{
    BRIM_SHARED T lanes[BRIM_BLOCK_THREADS];
    brim_block_wait(); /* a sum before this one has been read by all */
    lanes[brim_host_thread] = value;
    brim_block_wait();
    T sum = 0;
    for (int warp = 0; warp < brim_host_threads; warp += 32) {
        T tree[32] = {};
        for (int i = 0; i < 32 && warp + i < brim_host_threads; i++)
            tree[i] = lanes[warp + i];
        for (int step = 16; step > 0; step >>= 1) {
            for (int i = 0; i < step; i++)
                tree[i] += tree[i + step];
        }
        sum += tree[0];
    }
    return sum;
}

#endif
