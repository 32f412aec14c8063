/* All kernels: name, args, file. A kernel is `extern "C" __global__ void brim_NAME(const Args args)`; its file says what its
 * grid is. */
#ifndef BRIM_BACKEND_CUDA_KERNELS_LIST_H
#define BRIM_BACKEND_CUDA_KERNELS_LIST_H

#include "backend/cuda/kernels/args.h"

#define BRIM_KERNEL_LIST(X)                                                                                    \
    X(input, BrimInputArgs)                      /* element.cu */                                              \
    X(act, BrimActArgs)                                                                                        \
    X(add, BrimAddArgs)                                                                                        \
    X(bias, BrimBiasArgs)                                                                                      \
    X(bias_gradient_partial, BrimBiasGradientArgs)                                                             \
    X(bias_gradient_finish, BrimBiasGradientArgs)                                                              \
    X(pool_forward, BrimPoolArgs)                /* pool.cu */                                                 \
    X(pool_backward, BrimPoolArgs)                                                                             \
    X(upsample_forward, BrimUpsampleArgs)        /* resample.cu */                                             \
    X(upsample_backward, BrimUpsampleArgs)                                                                     \
    X(bn_statistics_partial, BrimBnStatisticsArgs) /* batchnorm.cu */                                          \
    X(bn_statistics_finish, BrimBnStatisticsArgs)                                                              \
    X(bn_combine, BrimBnCombineArgs)                                                                           \
    X(bn_apply, BrimBnApplyArgs)                                                                               \
    X(bn_reduce_partial, BrimBnReduceArgs)       /* batchnorm_backward.cu */                                   \
    X(bn_reduce_finish, BrimBnReduceArgs)                                                                      \
    X(bn_sums, BrimBnSumsArgs)                                                                                 \
    X(bn_slope, BrimBnSlopeArgs)                                                                               \
    X(filter_gradient, BrimFilterGradientArgs)   /* filter.cu */                                               \
    X(fold, BrimFoldArgs)                                                                                      \
    X(loss_match, BrimLossArgs)                  /* loss.cu */                                                 \
    X(loss_order, BrimLossArgs)                                                                                \
    X(loss_cells, BrimLossArgs)                                                                                \
    X(loss_finish, BrimLossArgs)                                                                               \
    X(decode_heads, BrimDecodeArgs)                                                                            \
    X(sift, BrimSiftArgs)                        /* sift.cu */                                                 \
    X(norm_partial, BrimNormArgs)                /* update.cu */                                               \
    X(norm_finish, BrimNormArgs)                                                                               \
    X(optimize, BrimOptimizeArgs)                                                                              \
    X(augment_parts, BrimAugmentArgs)            /* augment.cu */                                              \
    X(augment, BrimAugmentArgs)

typedef enum BrimKernel {
#define X(name, args) BRIM_KERNEL_##name,
    BRIM_KERNEL_LIST(X)
#undef X
        BRIM_KERNEL_COUNT
} BrimKernel;

#endif
