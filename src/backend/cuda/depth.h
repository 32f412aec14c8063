/* Space to depth: the network's picture, and the filters over it, in cells of 2 x 2 (depth.c says why and
 * how). */
#ifndef BRIM_BACKEND_CUDA_DEPTH_H
#define BRIM_BACKEND_CUDA_DEPTH_H

#include "backend/cuda/conv.h"
#include "backend/cuda/kernels/args.h"
#include "backend/cuda/layout/layout.h"

/* What that does to a picture's shape; and to the convolution over it, as cuDNN is to see it. */
void brim_cuda_depth_shape(BrimKernelFeature *feature);
void brim_cuda_depth_task(BrimCudaConvTask *task);

#endif
