/* The loss, its gradient, and predictions. */
#include "backend/cuda/kernels/kernel.h"

BRIM_KERNEL brim_loss_match(const BrimLossArgs args)
{
    (void)args;
}

BRIM_KERNEL brim_loss_order(const BrimLossArgs args)
{
    (void)args;
}

BRIM_KERNEL brim_loss_cells(const BrimLossArgs args)
{
    (void)args;
}

BRIM_KERNEL brim_loss_finish(const BrimLossArgs args)
{
    (void)args;
}

BRIM_KERNEL brim_decode(const BrimDecodeArgs args)
{
    (void)args;
}
