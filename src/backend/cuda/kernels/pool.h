/* How the pooling of SPPF is shared out to blocks, as the host counts them and the kernels find their part.
 */
#ifndef BRIM_BACKEND_CUDA_KERNELS_POOL_H
#define BRIM_BACKEND_CUDA_KERNELS_POOL_H

#include "backend/cuda/kernels/args.h"
#include "element/element.h"

/* The kernel that has a way of its own. */
enum { BRIM_POOL_KERNEL = 5 };

/* A tile's side at most, such that all that a block keeps of it is within the 48 KiB that every card gives:
 * with halves a plane of 20 x 20, which is SPPF's at 640 px, is one tile. */
enum { BRIM_POOL_SIDE_HALF = 20, BRIM_POOL_SIDE_FLOAT = 13 };

/* Threads a block at most: one for each pixel of the largest tile. */
enum { BRIM_POOL_THREADS = 416 };

BRIM_ELEMENT int brim_pool_side(int type)
{
    return type == BRIM_KERNEL_F32 ? BRIM_POOL_SIDE_FLOAT : BRIM_POOL_SIDE_HALF;
}

/* Divided without signs, which cards do sooner. */
BRIM_ELEMENT int brim_pool_over(int count, int by)
{
    return (int)((uint32_t)count / (uint32_t)by);
}

/* Parts of a side of the plane: as few as can be. */
BRIM_ELEMENT int brim_pool_parts(int pixels, int type)
{
    return brim_pool_over(pixels + brim_pool_side(type) - 1, brim_pool_side(type));
}

/* Pixels of each part but the last, which may have fewer. */
BRIM_ELEMENT int brim_pool_longest(int pixels, int type)
{
    int parts = brim_pool_parts(pixels, type);
    return brim_pool_over(pixels + parts - 1, parts);
}

/* Tiles of a feature, each of eight channels. */
BRIM_ELEMENT int64_t brim_pool_tiles(const BrimKernelFeature *x)
{
    return (int64_t)x->n * (x->padded / 8) * brim_pool_parts(x->h, x->type) * brim_pool_parts(x->w, x->type);
}

#endif
