/* The kernels as nvcc made them, for all architectures. */
#ifndef BRIM_BACKEND_CUDA_FATBIN_H
#define BRIM_BACKEND_CUDA_FATBIN_H

extern const unsigned char brim_cuda_fatbin[];

#endif
