/* What both passes of BatchNorm over elements share: the figures of a thread's eight channels. */
#ifndef BRIM_BACKEND_CUDA_KERNELS_BATCHNORM_H
#define BRIM_BACKEND_CUDA_KERNELS_BATCHNORM_H

#include "backend/cuda/kernels/lanes.h"

#include "element/activation.h"
#include "element/batchnorm.h"

struct BnChannels {
    BrimEight mean, scale, beta; /* scale: gamma * rstd */
};

template <class Args> BRIM_DEVICE BnChannels bn_channels(const Args &args, int channel)
{
    BrimEight rstd = brim_get_vector8(args.rstd, channel, args.y.c);
    BnChannels channels = {brim_get_vector8(args.mean, channel, args.y.c),
                           brim_get_vector8(args.gamma, channel, args.y.c),
                           brim_get_vector8(args.beta, channel, args.y.c)};
    BRIM_UNROLL
    for (int i = 0; i < BRIM_EIGHT; i++)
        channels.scale.v[i] *= rstd.v[i];
    return channels;
}

/* z of an element that is `off` its channel's mean. */
BRIM_DEVICE float bn_z(const BnChannels &channels, int i, float off)
{
    return brim_fma(off, channels.scale.v[i], channels.beta.v[i]);
}

#endif
