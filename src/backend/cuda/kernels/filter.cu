/* Gradients of filters, and folding. */
#include "backend/cuda/kernels/kernel.h"

BRIM_KERNEL brim_filter_gradient(const BrimFilterGradientArgs args)
{
    (void)args;
}

BRIM_KERNEL brim_fold(const BrimFoldArgs args)
{
    (void)args;
}
