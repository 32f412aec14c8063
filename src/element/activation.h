/* SiLU and its slope, of one element. */
#ifndef BRIM_ELEMENT_ACTIVATION_H
#define BRIM_ELEMENT_ACTIVATION_H

#include <math.h>

#include "element/element.h"

/* a / (1 + exp(-z)). On a card by its units for special functions, a few bits of 24 off: what expf and a division rounded
 * right cost would make the passes that are bound by memory bound by arithmetic. */
BRIM_ELEMENT float brim_logistic(float a, float z)
{
#ifdef __CUDA_ARCH__
    return __fdividef(a, 1.0f + __expf(-z));
#else
    return a / (1.0f + expf(-z));
#endif
}

/* z * sigmoid(z); 0 far to the left, where exp overflows to infinity. */
BRIM_ELEMENT float brim_silu(float z)
{
    return brim_logistic(z, z);
}

/* d silu(z) / dz */
BRIM_ELEMENT float brim_silu_slope(float z)
{
    float sigmoid = brim_logistic(1.0f, z);
    return sigmoid * (1.0f + z * (1.0f - sigmoid));
}

#endif
