/* What both passes of BatchNorm over elements share: the figures of a thread's eight channels. */
#ifndef BRIM_BACKEND_CUDA_KERNELS_BATCHNORM_H
#define BRIM_BACKEND_CUDA_KERNELS_BATCHNORM_H

#include "backend/cuda/kernels/lanes.h"

#include "element/activation.h"
#include "element/batchnorm.h"

struct BnChannels {
    BrimEight gamma, beta, mean, rstd;
};

template <class Args> BRIM_DEVICE BnChannels bn_channels(const Args &args, int channel)
{
    BnChannels channels = {
        brim_get_vector8(args.gamma, channel, args.y.c), brim_get_vector8(args.beta, channel, args.y.c),
        brim_get_vector8(args.mean, channel, args.y.c), brim_get_vector8(args.rstd, channel, args.y.c)};
    return channels;
}

BRIM_DEVICE float bn_xhat(const BnChannels &channels, int i, float y)
{
    return brim_batchnorm_xhat(y, channels.mean.v[i], channels.rstd.v[i]);
}

BRIM_DEVICE float bn_z(const BnChannels &channels, int i, float xhat)
{
    return brim_batchnorm_apply(xhat, channels.gamma.v[i], channels.beta.v[i]);
}

#endif
