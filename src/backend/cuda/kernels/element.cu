/* Pictures to features, activations, sums, biases. */
#include "backend/cuda/kernels/kernel.h"

BRIM_KERNEL brim_input(const BrimInputArgs args)
{
    (void)args;
}

BRIM_KERNEL brim_act(const BrimActArgs args)
{
    (void)args;
}

BRIM_KERNEL brim_add(const BrimAddArgs args)
{
    (void)args;
}

BRIM_KERNEL brim_bias(const BrimBiasArgs args)
{
    (void)args;
}

BRIM_KERNEL brim_bias_gradient_partial(const BrimBiasGradientArgs args)
{
    (void)args;
}

BRIM_KERNEL brim_bias_gradient_finish(const BrimBiasGradientArgs args)
{
    (void)args;
}
