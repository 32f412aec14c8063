/* BatchNorm with SiLU, forward and backward. */
#include "backend/cuda/kernels/kernel.h"

BRIM_KERNEL brim_bn_statistics_partial(const BrimBnStatisticsArgs args)
{
    (void)args;
}

BRIM_KERNEL brim_bn_statistics_finish(const BrimBnStatisticsArgs args)
{
    (void)args;
}

BRIM_KERNEL brim_bn_apply(const BrimBnApplyArgs args)
{
    (void)args;
}

BRIM_KERNEL brim_bn_reduce_partial(const BrimBnReduceArgs args)
{
    (void)args;
}

BRIM_KERNEL brim_bn_reduce_finish(const BrimBnReduceArgs args)
{
    (void)args;
}

BRIM_KERNEL brim_bn_slope(const BrimBnSlopeArgs args)
{
    (void)args;
}
