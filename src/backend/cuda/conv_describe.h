/* A convolution told to cuDNN: tensors, the convolution, an operation and a graph of that one. Knows nothing
 * of engines. */
#ifndef BRIM_BACKEND_CUDA_CONV_DESCRIBE_H
#define BRIM_BACKEND_CUDA_CONV_DESCRIBE_H

#include "backend/cuda/dnn.h"

/* The names by which a variant pack says which pointer is which. */
enum { BRIM_CUDA_UID_X = 'x', BRIM_CUDA_UID_Y = 'y', BRIM_CUDA_UID_W = 'w' };

typedef struct BrimCudaConvGraph {
    BrimCudaDescriptor x, y, w, convolution, operation, graph;
} BrimCudaConvGraph;

/* ERROR_INPUT where y is not what the task makes of x; what cuDNN says else. Dropped by the caller either
 * way. */
BrimStatus brim_cuda_conv_describe(const BrimCudaDnn *dnn, const BrimCudaConvTask *task,
                                   BrimCudaConvGraph *graph);
void brim_cuda_conv_graph_drop(const BrimCudaDnnApi *api, BrimCudaConvGraph *graph);

/* Bytes from the first to the last that x, y or the filters take, what lies between pixels included. */
size_t brim_cuda_image_bytes(const BrimCudaImage *image, BrimKernelType type);
size_t brim_cuda_filter_bytes(const BrimCudaConvTask *task);

#endif
