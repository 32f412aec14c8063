/* Pooling and upsampling. */
#include "backend/cuda/kernels/kernel.h"

BRIM_KERNEL brim_pool_forward(const BrimPoolArgs args)
{
    (void)args;
}

BRIM_KERNEL brim_pool_backward(const BrimPoolArgs args)
{
    (void)args;
}

BRIM_KERNEL brim_upsample_forward(const BrimUpsampleArgs args)
{
    (void)args;
}

BRIM_KERNEL brim_upsample_backward(const BrimUpsampleArgs args)
{
    (void)args;
}
