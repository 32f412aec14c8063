/* BatchNorm over the n * h * w elements of a channel, of one element. */
#ifndef BRIM_ELEMENT_BATCHNORM_H
#define BRIM_ELEMENT_BATCHNORM_H

#include <math.h>

#include "element/element.h"

#define BRIM_BATCHNORM_EPS 1e-3      /* YOLOv5 sets both on every BatchNorm2d (utils/torch_utils.py) */
#define BRIM_BATCHNORM_MOMENTUM 0.03 /* the part of the new batch in the running statistics */

/* 1 / the standard deviation, from the biased variance of a batch or from a running variance. */
BRIM_ELEMENT float brim_batchnorm_rstd(double variance)
{
    return (float)(1.0 / sqrt(variance + BRIM_BATCHNORM_EPS));
}

/* The factor that makes a biased variance of `count` elements unbiased, as the running variance keeps it. One element
 * has no spread to correct. */
BRIM_ELEMENT double brim_batchnorm_unbias(double count)
{
    return count > 1 ? count / (count - 1) : 1;
}

/* A running statistic after one more batch. */
BRIM_ELEMENT float brim_batchnorm_running(float running, double batch)
{
    return (float)((1 - BRIM_BATCHNORM_MOMENTUM) * (double)running + BRIM_BATCHNORM_MOMENTUM * batch);
}

BRIM_ELEMENT float brim_batchnorm_xhat(float y, float mean, float rstd)
{
    return (y - mean) * rstd;
}

BRIM_ELEMENT float brim_batchnorm_apply(float xhat, float gamma, float beta)
{
    return xhat * gamma + beta;
}

/* The gradient of y: dz is that of the normalised, scaled element; mean_dz and mean_dz_xhat are the channel's sums
 * divided by its elements, through which every y moves every z. */
BRIM_ELEMENT float brim_batchnorm_slope(float dz, float xhat, float gamma, float rstd, float mean_dz,
                                        float mean_dz_xhat)
{
    return gamma * rstd * (dz - mean_dz - xhat * mean_dz_xhat);
}

#endif
