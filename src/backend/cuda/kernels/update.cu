/* Gradient norm, SGD and EMA. */
#include "backend/cuda/kernels/kernel.h"

BRIM_KERNEL brim_norm_partial(const BrimNormArgs args)
{
    (void)args;
}

BRIM_KERNEL brim_norm_finish(const BrimNormArgs args)
{
    (void)args;
}

BRIM_KERNEL brim_optimize(const BrimOptimizeArgs args)
{
    (void)args;
}

BRIM_KERNEL brim_average(const BrimAverageArgs args)
{
    (void)args;
}
