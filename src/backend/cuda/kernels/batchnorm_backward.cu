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

/* One pixel: into the sums; g and the activation, where somebody wants them, to memory. */
template <class T>
BRIM_DEVICE void bn_reduce_one(const BrimBnReduceArgs &args, const BnChannels &channels, int pixel,
                               int channel, const BrimEight &y, const BrimEight &g, BnSums *sums)
{
    BrimEight value;
    BRIM_UNROLL
    for (int i = 0; i < BRIM_EIGHT; i++) {
        float xhat = bn_xhat(channels, i, y.v[i]), z = bn_z(channels, i, xhat);
        float dz = g.v[i] * (args.activation ? brim_silu_slope(z) : 1.0f);
        sums->dz.v[i] += dz;
        sums->dz_xhat.v[i] += dz * xhat;
        value.v[i] = args.activation && args.dest_count ? brim_silu(z) : z;
    }
    if (args.grad_sum.data)
        brim_store8(brim_at<T>(args.grad_sum, pixel, channel), brim_trim8(g, channel, args.y.c));
    brim_put8_all<T>(args.dests, args.dest_count, pixel, channel, brim_trim8(value, channel, args.y.c));
}

template <class T>
BRIM_DEVICE void bn_reduce_run(const BrimBnReduceArgs &args, const BrimLanes &lanes, int start, int end,
                               int channel, BnSums *sums)
{
    enum { SOME = BRIM_AT_ONCE(T) };
    BnChannels channels = bn_channels(args, channel);
    for (int pixel = start + lanes.lane; pixel < end; pixel += SOME * lanes.count) {
        BrimEight y[SOME], g[SOME];
        BRIM_UNROLL
        for (int i = 0; i < SOME; i++) {
            y[i] = brim_get8<T>(args.y, pixel + i * lanes.count, end, channel);
            g[i] = brim_sum8_all<T>(args.grads, args.grad_count, pixel + i * lanes.count, end, channel);
        }
        BRIM_UNROLL
        for (int i = 0; i < SOME; i++) {
            if (pixel + i * lanes.count < end)
                bn_reduce_one<T>(args, channels, pixel + i * lanes.count, channel, y[i], g[i], sums);
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

/* mean_dz, mean_dz_xhat: see element/batchnorm.h. In single precision, as many cards have little of the
 * double. */
template <class T>
BRIM_DEVICE void bn_slope_one(const BrimBnSlopeArgs &args, const BnChannels &channels, const BnSums &means,
                              int pixel, int channel, const BrimEight &y, BrimEight g)
{
    BRIM_UNROLL
    for (int i = 0; i < BRIM_EIGHT; i++) {
        float xhat = bn_xhat(channels, i, y.v[i]), z = bn_z(channels, i, xhat);
        float dz = g.v[i] * (args.activation ? brim_silu_slope(z) : 1.0f);
        g.v[i] = brim_batchnorm_slope(dz, xhat, channels.gamma.v[i], channels.rstd.v[i], means.dz.v[i],
                                      means.dz_xhat.v[i]);
    }
    brim_store8(brim_at<T>(args.dy, pixel, channel), brim_trim8(g, channel, args.y.c));
}

template <class T> BRIM_DEVICE void bn_slope_pixels(const BrimBnSlopeArgs &args)
{
    enum { SOME = BRIM_AT_ONCE(T) };
    BrimLanes lanes = brim_lanes(args.y.padded);
    int pixels = (int)brim_pixels(args.y);
    for (int channel = lanes.channel; channel < args.y.padded; channel += lanes.channels) {
        BnChannels channels = bn_channels(args, channel);
        BnSums means = {brim_get_vector8(args.sums, channel, args.y.c),
                        brim_get_vector8(args.sums + args.y.c, channel, args.y.c)};
        BRIM_UNROLL
        for (int i = 0; i < BRIM_EIGHT; i++) {
            means.dz.v[i] /= (float)pixels;
            means.dz_xhat.v[i] /= (float)pixels;
        }
        for (int pixel = lanes.first; pixel < pixels; pixel += SOME * lanes.step) {
            BrimEight y[SOME], g[SOME];
            BRIM_UNROLL
            for (int i = 0; i < SOME; i++) {
                y[i] = brim_get8<T>(args.y, pixel + i * lanes.step, pixels, channel);
                g[i] = brim_get8<T>(args.grad, pixel + i * lanes.step, pixels, channel);
            }
            BRIM_UNROLL
            for (int i = 0; i < SOME; i++) {
                if (pixel + i * lanes.step < pixels)
                    bn_slope_one<T>(args, channels, means, pixel + i * lanes.step, channel, y[i], g[i]);
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
