/* BatchNorm with SiLU, backward.
 *
 * Grids: bn_reduce_partial has args.blocks blocks of at most BRIM_LANE_THREADS threads, each with a run of
 * pixels of its own; bn_reduce_finish a block for each channel or fewer; bn_slope any number of blocks. */
#include "backend/cuda/kernels/batchnorm.h"

struct BnSums {
    BrimEight dz, dz_xhat;
};

BRIM_DEVICE void brim_merge(BnSums *sums, const BnSums &other)
{
    brim_add8(&sums->dz, other.dz);
    brim_add8(&sums->dz_xhat, other.dz_xhat);
}

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
    BrimEight z, xhat;
    BRIM_UNROLL
    for (int i = 0; i < BRIM_EIGHT; i++) {
        xhat.v[i] = bn_xhat(channels, i, y.v[i]);
        z.v[i] = bn_z(channels, i, xhat.v[i]);
    }
    BrimEight dz = bn_dz(z, g, args.activation);
    BRIM_UNROLL
    for (int i = 0; i < BRIM_EIGHT; i++) {
        sums->dz.v[i] += dz.v[i];
        sums->dz_xhat.v[i] += dz.v[i] * xhat.v[i];
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
        terms[i] = brim_get_pack<T>(grad, brim_pixel_or_last(pixel + i * step, end), channel);
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
            int at = brim_pixel_or_last(pixel + i * lanes.count, end);
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

template <class T> BRIM_DEVICE void bn_reduce_part(const BrimBnReduceArgs &args)
{
    BrimLanes lanes = brim_lanes(args.y.padded);
    int start = brim_part_start(brim_pixels(args.y), args.blocks, brim_block());
    int end = brim_part_start(brim_pixels(args.y), args.blocks, brim_block() + 1);
    for (int base = 0; base < args.y.padded; base += lanes.channels) { /* all threads come to each merge */
        int channel = base + lanes.channel;
        BnSums sums = {brim_zero8(), brim_zero8()};
        if (channel < args.y.padded)
            bn_reduce_run<T>(args, lanes, start, end, channel, &sums);
        brim_merge_lanes(&sums, lanes);
        if (lanes.lane == 0 && channel < args.y.padded) {
            float *partial = args.partial + 2 * (int64_t)brim_block() * args.y.padded + channel;
            brim_store8(partial, sums.dz);
            brim_store8(partial + args.y.padded, sums.dz_xhat);
        }
    }
}

BRIM_LANE_KERNEL(2) brim_bn_reduce_partial(const BrimBnReduceArgs args)
{
    if (args.y.half)
        bn_reduce_part<BrimHalf>(args);
    else
        bn_reduce_part<float>(args);
}

BRIM_KERNEL brim_bn_reduce_finish(const BrimBnReduceArgs args)
{
    int64_t stride = 2 * (int64_t)args.y.padded;
    for (int channel = brim_block(); channel < args.y.c; channel += brim_blocks()) {
        double dz = brim_sum_parts(args.partial + channel, stride, args.blocks);
        double dz_xhat = brim_sum_parts(args.partial + args.y.padded + channel, stride, args.blocks);
        if (brim_thread() == 0) {
            bool accumulate = args.scalars->accumulate != 0;
            args.sums[channel] = (float)dz;
            args.sums[args.y.c + channel] = (float)dz_xhat;
            args.dbeta[channel] = (float)(dz + (accumulate ? (double)args.dbeta[channel] : 0));
            args.dgamma[channel] = (float)(dz_xhat + (accumulate ? (double)args.dgamma[channel] : 0));
        }
    }
}

template <class T>
BRIM_DEVICE void bn_slope_one(const BrimBnSlopeArgs &args, const BnChannels &channels, const BnSums &means,
                              int pixel, int channel, const BrimEight &y, const BrimEight &g)
{
    BrimEight z, xhat;
    BRIM_UNROLL
    for (int i = 0; i < BRIM_EIGHT; i++) {
        xhat.v[i] = bn_xhat(channels, i, y.v[i]);
        z.v[i] = bn_z(channels, i, xhat.v[i]);
    }
    BrimEight dz = bn_dz(z, g, args.activation);
    BRIM_UNROLL
    for (int i = 0; i < BRIM_EIGHT; i++)
        dz.v[i] = brim_batchnorm_slope(dz.v[i], xhat.v[i], channels.gamma.v[i], channels.rstd.v[i],
                                       means.dz.v[i], means.dz_xhat.v[i]);
    brim_put8<T>(args.dy, pixel, channel, brim_trim8(dz, channel, args.y.c));
}

/* The sums over a channel divided by its elements; in single precision, as many cards have little of the
 * double. */
BRIM_DEVICE BnSums bn_means(const BrimBnSlopeArgs &args, int channel)
{
    BnSums means = {brim_get_vector8(args.sums, channel, args.y.c),
                    brim_get_vector8(args.sums + args.y.c, channel, args.y.c)};
    float pixels = (float)brim_pixels(args.y);
    BRIM_UNROLL
    for (int i = 0; i < BRIM_EIGHT; i++) {
        means.dz.v[i] /= pixels;
        means.dz_xhat.v[i] /= pixels;
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
        BnSums means = bn_means(args, channel);
        for (int pixel = lanes.first; pixel < pixels; pixel += SOME * lanes.step) {
            BrimPack<T> y[SOME], g[SOME];
            BRIM_UNROLL
            for (int i = 0; i < SOME; i++) {
                int at = brim_pixel_or_last(pixel + i * lanes.step, pixels);
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

BRIM_LANE_KERNEL(2) brim_bn_slope(const BrimBnSlopeArgs args)
{
    if (args.y.half)
        bn_slope_pixels<BrimHalf>(args);
    else
        bn_slope_pixels<float>(args);
}
