/* All kernels as one module. */
#include "backend/cuda/kernels/batchnorm.cu"
#include "backend/cuda/kernels/batchnorm_backward.cu"
#include "backend/cuda/kernels/element.cu"
#include "backend/cuda/kernels/filter.cu"
#include "backend/cuda/kernels/loss.cu"
#include "backend/cuda/kernels/pool.cu"
#include "backend/cuda/kernels/resample.cu"
#include "backend/cuda/kernels/update.cu"
