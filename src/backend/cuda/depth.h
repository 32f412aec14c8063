/* Space to depth: the network's picture, and the filters over it, in cells of 2 x 2 (depth.c says why and
 * how). */
#ifndef BRIM_BACKEND_CUDA_DEPTH_H
#define BRIM_BACKEND_CUDA_DEPTH_H

#include "backend/cuda/conv.h"
#include "backend/cuda/kernels/args.h"
#include "graph/graph.h"

enum { BRIM_CUDA_DEPTH_ELEMENTS = 4 }; /* of a pixel, or of a filter's tap */

/* Whether the tensor lies so, in this graph. */
bool brim_cuda_space_to_depth(const BrimGraph *graph, BrimTensorId id);

/* What that does to: where pixel or tap i of a picture or filter of width w lies, counted in pixels; a
 * picture's shape; the convolution over it, as cuDNN is to see it. */
int brim_cuda_depth_place(int w, int i);
void brim_cuda_depth_shape(BrimKernelFeature *feature);
void brim_cuda_depth_task(BrimCudaConvTask *task);

#endif
