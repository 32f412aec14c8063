/* Starting kernels that walk over features (kernels/lanes.h): what they take for granted, and grids that suit
 * them. */
#ifndef BRIM_BACKEND_CUDA_LANES_H
#define BRIM_BACKEND_CUDA_LANES_H

#include "backend/cuda/cuda.h"

/* ERROR_UNSUPPORTED where one of the features is not as kernels take it: of the op's one type;
 * channels and their pitch in eights, on 16 bytes; at most 2^30 pixels. Those without data count for nothing.
 */
BrimStatus brim_cuda_lanes_check(const BrimCudaCall *call, int type, const BrimKernelFeature *features,
                                 int count);

/* Threads a block for a feature of so many padded channels: at most BRIM_LANE_THREADS, as few of them idle as
 * can be. */
int brim_cuda_lanes_threads(int padded);

/* Blocks for a walk by a kernel of which `resident` run at a time on a multiprocessor: all at once, and no
 * more than leave each thread a few pixels, as long as no multiprocessor is left out. */
int64_t brim_cuda_lanes_blocks(const BrimCudaCall *call, const BrimKernelFeature *walked, int resident);

/* Starts a kernel on as many blocks as fill the card for a walk over that feature, or on so many. */
BrimStatus brim_cuda_lanes_launch(const BrimCudaCall *call, BrimKernel kernel,
                                  const BrimKernelFeature *walked, const void *args);
BrimStatus brim_cuda_lanes_launch_blocks(const BrimCudaCall *call, BrimKernel kernel,
                                         const BrimKernelFeature *walked, int64_t blocks, const void *args);

static inline int64_t brim_cuda_lanes_pixels(const BrimKernelFeature *feature)
{
    return (int64_t)feature->n * feature->h * feature->w;
}

#endif
