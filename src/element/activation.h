/* SiLU and its slope, of one element. */
#ifndef BRIM_ELEMENT_ACTIVATION_H
#define BRIM_ELEMENT_ACTIVATION_H

#include <math.h>

#include "element/element.h"

/* z * sigmoid(z); 0 far to the left, where expf overflows to infinity. */
BRIM_ELEMENT float brim_silu(float z)
{
    return z / (1.0f + expf(-z));
}

/* d silu(z) / dz */
BRIM_ELEMENT float brim_silu_slope(float z)
{
    float sigmoid = 1.0f / (1.0f + expf(-z));
    return sigmoid * (1.0f + z * (1.0f - sigmoid));
}

#endif
