/* Kernels as functions of the host: a block is one thread, a grid a loop around it (launch_on_host.h). */
#ifndef BRIM_BACKEND_CUDA_KERNELS_HOST_H
#define BRIM_BACKEND_CUDA_KERNELS_HOST_H

#include "base/half.h"

#define BRIM_KERNEL extern "C" void
#define BRIM_DEVICE static inline

/* A type of its own, so that overloads tell it from uint16_t. */
struct BrimHalf {
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

/* Set by who runs the grid. */
extern thread_local int brim_host_block, brim_host_blocks;

BRIM_DEVICE int brim_thread(void)
{
    return 0;
}

BRIM_DEVICE int brim_threads(void)
{
    return 1;
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
}

template <class T> static T brim_block_sum(T value)
{
    return value;
}

#endif
