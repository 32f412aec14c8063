/* BatchNorm with SiLU, backward.
 *
 * Grids: bn_reduce_partial has args.blocks blocks of at most BRIM_LANE_THREADS threads, each with a run of
 * pixels of its own; bn_reduce_finish a block for each channel or fewer; bn_sums and bn_slope any number of
 * blocks. */
#include "backend/cuda/kernels/batchnorm.h"

/* Of dz, then of dz times the distance from the mean, eight channels each. */
struct BnSums {
    float v[2 * BRIM_EIGHT];
};

/* What a gradient of each activation is multiplied with to be one of z, times that gradient. */
BRIM_DEVICE BrimEight bn_dz(const BrimEight &z, BrimEight g, int activation)
{
    if (activation) {
        BRIM_UNROLL
        for (int i = 0; i < BRIM_EIGHT; i++)
            g.v[i] *= brim_silu_slope(z.v[i]);
    }
    return g;
}

/* One pixel: into the sums; g and the activation, where somebody wants them, to memory. */
template <class T>
BRIM_DEVICE void bn_reduce_one(const BrimBnReduceArgs &args, const BnChannels &channels, int pixel,
                               int channel, const BrimEight &y, const BrimEight &g, BnSums *sums)
{
    BrimEight z, off;
    BRIM_UNROLL
    for (int i = 0; i < BRIM_EIGHT; i++) {
        off.v[i] = y.v[i] - channels.mean.v[i];
        z.v[i] = bn_z(channels, i, off.v[i]);
    }
    BrimEight dz = bn_dz(z, g, args.activation);
    BRIM_UNROLL
    for (int i = 0; i < BRIM_EIGHT; i++) {
        sums->v[i] += dz.v[i];
        sums->v[BRIM_EIGHT + i] = brim_fma(dz.v[i], off.v[i], sums->v[BRIM_EIGHT + i]);
    }
    if (args.grad_sum.data)
        brim_put8<T>(args.grad_sum, pixel, channel, brim_trim8(g, channel, args.y.c));
    if (args.dest_count == 0)
        return;
    if (args.activation) {
        BRIM_UNROLL
        for (int i = 0; i < BRIM_EIGHT; i++)
            z.v[i] = brim_silu(z.v[i]);
    }
    brim_put8_all<T>(args.dests, args.dest_count, pixel, channel, brim_trim8(z, channel, args.y.c));
}

/* Adds one more gradient of the pixels under way to their sums. */
template <class T>
BRIM_DEVICE void bn_add_grads(const BrimKernelFeature &grad, int pixel, int step, int end, int channel,
                              BrimEight g[])
{
    enum { SOME = BRIM_AT_ONCE(T) };
    BrimPack<T> terms[SOME];
    BRIM_UNROLL
    for (int i = 0; i < SOME; i++)
        terms[i] = brim_get_pack<T>(grad, brim_pixel_or_own(pixel + i * step, end, pixel), channel);
    BRIM_UNROLL
    for (int i = 0; i < SOME; i++)
        brim_add8(&g[i], brim_unpack(terms[i]));
}

template <class T>
BRIM_DEVICE void bn_reduce_run(const BrimBnReduceArgs &args, const BrimLanes &lanes, int start, int end,
                               int channel, BnSums *sums)
{
    enum { SOME = BRIM_AT_ONCE(T) };
    BnChannels channels = bn_channels(args, channel);
    for (int pixel = start + lanes.lane; pixel < end; pixel += SOME * lanes.count) {
        BrimPack<T> y[SOME], first[SOME];
        BrimEight g[SOME];
        BRIM_UNROLL
        for (int i = 0; i < SOME; i++) {
            int at = brim_pixel_or_own(pixel + i * lanes.count, end, pixel);
            y[i] = brim_get_pack<T>(args.y, at, channel);
            first[i] = brim_get_pack<T>(args.grads[0], at, channel);
        }
        BRIM_UNROLL
        for (int i = 0; i < SOME; i++)
            g[i] = brim_unpack(first[i]);
        BRIM_UNROLL
        for (int i = 1; i < BRIM_KERNEL_GRADS; i++) {
            if (i < args.grad_count)
                bn_add_grads<T>(args.grads[i], pixel, lanes.count, end, channel, g);
        }
        BRIM_UNROLL
        for (int i = 0; i < SOME; i++) {
            if (pixel + i * lanes.count < end)
                bn_reduce_one<T>(args, channels, pixel + i * lanes.count, channel, brim_unpack(y[i]), g[i],
                                 sums);
        }
    }
}

/* The block's sums over its pixels. */
BRIM_DEVICE void bn_leave_sums(const BrimBnReduceArgs &args, int channel, const BnSums &sums)
{
    float *partial = args.partial + 2 * (int64_t)brim_block() * args.y.padded + channel;
    BrimEight rstd = brim_get_vector8(args.rstd, channel, args.y.c), dz, dz_xhat;
    BRIM_UNROLL
    for (int i = 0; i < BRIM_EIGHT; i++) {
        dz.v[i] = sums.v[i];
        dz_xhat.v[i] = sums.v[BRIM_EIGHT + i] * rstd.v[i];
    }
    brim_store8(partial, dz);
    brim_store8(partial + args.y.padded, dz_xhat);
}

template <class T> BRIM_DEVICE void bn_reduce_part(const BrimBnReduceArgs &args)
{
    BrimLanes lanes = brim_lanes(args.y.padded);
    int start = brim_part_start(brim_pixels(args.y), args.blocks, brim_block());
    int end = brim_part_start(brim_pixels(args.y), args.blocks, brim_block() + 1);
    for (int base = 0; base < args.y.padded; base += lanes.channels) { /* all threads come to each sum */
        int channel = base + lanes.channel;
        BnSums sums = {};
        if (channel < args.y.padded)
            bn_reduce_run<T>(args, lanes, start, end, channel, &sums);
        brim_sum_lanes<2 * BRIM_EIGHT>(sums.v, lanes);
        if (lanes.lane == 0 && channel < args.y.padded)
            bn_leave_sums(args, channel, sums);
    }
}

BRIM_LANE_KERNEL(BRIM_BN_REDUCE_RESIDENT) brim_bn_reduce_partial(const BrimBnReduceArgs args)
{
    BRIM_BY_TYPE(args.y.type, bn_reduce_part<T>(args));
}

BRIM_KERNEL brim_bn_reduce_finish(const BrimBnReduceArgs args)
{
    int stride = 2 * args.y.padded;
    bool accumulate = args.scalars->accumulate != 0;
    for (int channel = brim_block(); channel < args.y.c; channel += brim_blocks()) {
        const float *of_dz = args.partial + channel, *of_dz_xhat = of_dz + args.y.padded;
        double dz = 0, dz_xhat = 0;
        for (int i = brim_thread(); i < args.blocks; i += brim_threads()) {
            dz += (double)of_dz[i * stride];
            dz_xhat += (double)of_dz_xhat[i * stride];
        }
        dz = brim_block_sum(dz);
        dz_xhat = brim_block_sum(dz_xhat);
        if (brim_thread() == 0) {
            if (args.own) {
                args.own[channel] = dz;
                args.own[args.y.padded + channel] = dz_xhat;
            } else {
                args.sums[channel] = (float)dz;
                args.sums[args.y.c + channel] = (float)dz_xhat;
            }
            args.dbeta[channel] = (float)(dz + (accumulate ? (double)args.dbeta[channel] : 0));
            args.dgamma[channel] = (float)(dz_xhat + (accumulate ? (double)args.dgamma[channel] : 0));
        }
    }
}

/* Cards in their order, so that each of them comes to the same bits. The gradients of gamma and beta stay the
 * card's own: those of all cards are added up with all other gradients. */
BRIM_KERNEL brim_bn_sums(const BrimBnSumsArgs args)
{
    int64_t stride = 2 * (int64_t)args.padded;
    for (int channel = (int)BRIM_GRID_FIRST; channel < args.c; channel += (int)BRIM_GRID_STEP) {
        double dz = 0, dz_xhat = 0;
        for (int card = 0; card < args.cards; card++) {
            dz += args.all[card * stride + channel];
            dz_xhat += args.all[card * stride + args.padded + channel];
        }
        args.sums[channel] = (float)dz;
        args.sums[args.c + channel] = (float)dz_xhat;
    }
}

/* What each element gives of its gradient so that the mean and the spread of z stay: the means over a channel
 * of dz, and of dz * xhat, times rstd. */
struct BnMeans {
    BrimEight dz, dz_xhat_rstd;
};

template <class T>
BRIM_DEVICE void bn_slope_one(const BrimBnSlopeArgs &args, const BnChannels &channels, const BnMeans &means,
                              int pixel, int channel, const BrimEight &y, const BrimEight &g)
{
    BrimEight z, off;
    BRIM_UNROLL
    for (int i = 0; i < BRIM_EIGHT; i++) {
        off.v[i] = y.v[i] - channels.mean.v[i];
        z.v[i] = bn_z(channels, i, off.v[i]);
    }
    BrimEight dz = bn_dz(z, g, args.activation);
    BRIM_UNROLL
    for (int i = 0; i < BRIM_EIGHT; i++) /* off with rstd in the mean is xhat without; so is scale gamma */
        dz.v[i] = brim_batchnorm_slope(dz.v[i], off.v[i], channels.scale.v[i], 1.0f, means.dz.v[i],
                                       means.dz_xhat_rstd.v[i]);
    brim_put8<T>(args.dy, pixel, channel, brim_trim8(dz, channel, args.y.c));
}

/* In single precision, as many cards have little of the double. */
BRIM_DEVICE BnMeans bn_means(const BrimBnSlopeArgs &args, int channel)
{
    BrimEight rstd = brim_get_vector8(args.rstd, channel, args.y.c);
    BnMeans means = {brim_get_vector8(args.sums, channel, args.y.c),
                     brim_get_vector8(args.sums + args.y.c, channel, args.y.c)};
    float share = 1.0f / (float)args.pixels;
    BRIM_UNROLL
    for (int i = 0; i < BRIM_EIGHT; i++) {
        means.dz.v[i] *= share;
        means.dz_xhat_rstd.v[i] *= share * rstd.v[i];
    }
    return means;
}

template <class T> BRIM_DEVICE void bn_slope_pixels(const BrimBnSlopeArgs &args)
{
    enum { SOME = BRIM_AT_ONCE(T) };
    BrimLanes lanes = brim_lanes(args.y.padded);
    int pixels = (int)brim_pixels(args.y);
    for (int channel = lanes.channel; channel < args.y.padded; channel += lanes.channels) {
        BnChannels channels = bn_channels(args, channel);
        BnMeans means = bn_means(args, channel);
        for (int pixel = lanes.first; pixel < pixels; pixel += SOME * lanes.step) {
            BrimPack<T> y[SOME], g[SOME];
            BRIM_UNROLL
            for (int i = 0; i < SOME; i++) {
                int at = brim_pixel_or_own(pixel + i * lanes.step, pixels, pixel);
                y[i] = brim_get_pack<T>(args.y, at, channel);
                g[i] = brim_get_pack<T>(args.grad, at, channel);
            }
            BRIM_UNROLL
            for (int i = 0; i < SOME; i++) {
                if (pixel + i * lanes.step < pixels)
                    bn_slope_one<T>(args, channels, means, pixel + i * lanes.step, channel, brim_unpack(y[i]),
                                    brim_unpack(g[i]));
            }
        }
    }
}

BRIM_LANE_KERNEL(BRIM_BN_APPLY_RESIDENT) brim_bn_slope(const BrimBnSlopeArgs args)
{
    BRIM_BY_TYPE(args.y.type, bn_slope_pixels<T>(args));
}
