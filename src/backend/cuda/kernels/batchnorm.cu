/* BatchNorm with SiLU, forward.
 *
 * Grids: bn_statistics_partial has args.blocks blocks of at most BRIM_LANE_THREADS threads, each with a run
 * of pixels of its own; bn_statistics_finish a block for each channel or fewer; bn_combine and bn_apply any
 * number of blocks. What comes out depends on the grid alone, never on which block was first. */
#include "backend/cuda/kernels/batchnorm.h"

/* Of some pixels: the sums of their distances from `origin`, one of them, and of those squared. Squares
 * summed from zero would leave nothing of a spread that is small beside the mean. */
struct BnOffsets {
    BrimEight origin;
    float sums[2 * BRIM_EIGHT];
};

BRIM_DEVICE void bn_observe(BnOffsets *offsets, const BrimEight &value)
{
    BRIM_UNROLL
    for (int i = 0; i < BRIM_EIGHT; i++) {
        float off = value.v[i] - offsets->origin.v[i];
        offsets->sums[i] += off;
        offsets->sums[BRIM_EIGHT + i] = brim_fma(off, off, offsets->sums[BRIM_EIGHT + i]);
    }
}

/* The block's mean of each of eight channels, and the sum of its pixels' squared distances from it. */
BRIM_DEVICE void bn_leave(const BnOffsets &offsets, int count, float *means, float *spreads)
{
    BrimEight mean, spread;
    float share = count > 0 ? 1.0f / (float)count : 0.0f;
    BRIM_UNROLL
    for (int i = 0; i < BRIM_EIGHT; i++) {
        float off = offsets.sums[i] * share;
        mean.v[i] = offsets.origin.v[i] + off;
        spread.v[i] = offsets.sums[BRIM_EIGHT + i] - off * offsets.sums[i];
        spread.v[i] = spread.v[i] < 0 ? 0.0f : spread.v[i]; /* rounding; what is no number stays none */
    }
    brim_store8(means, mean);
    brim_store8(spreads, spread);
}

template <class T>
BRIM_DEVICE void bn_observe_run(const BrimBnStatisticsArgs &args, const BrimLanes &lanes, int start, int end,
                                int channel, BnOffsets *offsets)
{
    enum { SOME = 2 * BRIM_AT_ONCE(T) }; /* only one tensor is read */
    BrimPack<T> origin = brim_get_pack<T>(args.y, start, channel);
    for (int pixel = start + lanes.lane; pixel < end; pixel += SOME * lanes.count) {
        BrimPack<T> values[SOME];
        BRIM_UNROLL
        for (int i = 0; i < SOME; i++)
            values[i] =
                brim_get_pack<T>(args.y, brim_pixel_or_own(pixel + i * lanes.count, end, pixel), channel);
        offsets->origin = brim_unpack(origin); /* here, where all loads have gone out */
        BRIM_UNROLL
        for (int i = 0; i < SOME; i++) {
            if (pixel + i * lanes.count < end)
                bn_observe(offsets, brim_unpack(values[i]));
        }
    }
    offsets->origin = brim_unpack(origin);
}

template <class T> BRIM_DEVICE void bn_statistics_part(const BrimBnStatisticsArgs &args)
{
    BrimLanes lanes = brim_lanes(args.y.padded);
    int start = brim_part_start(brim_pixels(args.y), args.blocks, brim_block());
    int end = brim_part_start(brim_pixels(args.y), args.blocks, brim_block() + 1);
    for (int base = 0; base < args.y.padded; base += lanes.channels) { /* all threads come to each sum */
        int channel = base + lanes.channel;
        BnOffsets offsets = {};
        if (channel < args.y.padded && start < end)
            bn_observe_run<T>(args, lanes, start, end, channel, &offsets);
        brim_sum_lanes<2 * BRIM_EIGHT>(offsets.sums, lanes);
        if (lanes.lane == 0 && channel < args.y.padded) {
            float *partial = args.partial + 2 * (int64_t)brim_block() * args.y.padded + channel;
            bn_leave(offsets, end - start, partial, partial + args.y.padded);
        }
    }
}

BRIM_LANE_KERNEL(BRIM_BN_STATISTICS_RESIDENT) brim_bn_statistics_partial(const BrimBnStatisticsArgs args)
{
    BRIM_BY_TYPE(args.y.type, bn_statistics_part<T>(args));
}

/* Mean and sum of squared distances of a channel over all blocks, by all threads of this one, in one reading:
 * in double precision the squares of the blocks' means keep what the mean of all leaves of them. */
BRIM_DEVICE void bn_add_up(const BrimBnStatisticsArgs &args, int channel, double *mean, double *distances)
{
    int64_t pixels = brim_pixels(args.y);
    int stride = 2 * args.y.padded;
    const float *means = args.partial + channel, *spreads = means + args.y.padded;
    double sum = 0, square = 0, spread = 0;
    for (int i = brim_thread(); i < args.blocks; i += brim_threads()) {
        int count = brim_part_start(pixels, args.blocks, i + 1) - brim_part_start(pixels, args.blocks, i);
        double part = (double)means[i * stride], whole = (double)count * part;
        spread += (double)spreads[i * stride];
        sum += whole;
        square += whole * part;
    }
    sum = brim_block_sum(sum);
    *mean = sum / (double)pixels;
    *distances = brim_block_sum(spread) + (brim_block_sum(square) - sum * *mean);
    if (*distances < 0) /* rounding */
        *distances = 0;
}

/* The six figures of a channel; `old_mean` and `old_var` are its running ones so far. */
template <class Args>
BRIM_DEVICE void bn_settle(const Args &args, int channel, double mean, double variance, double unbias,
                           float old_mean, float old_var)
{
    args.mean[channel] = (float)mean;
    args.rstd[channel] = brim_batchnorm_rstd(variance);
    args.running_mean[channel] = brim_batchnorm_running(old_mean, mean);
    args.running_var[channel] = brim_batchnorm_running(old_var, variance * unbias);
}

template <class Args> BRIM_DEVICE void bn_settle_pad(const Args &args, int channel)
{
    args.mean[channel] = args.rstd[channel] = 0.0f;
    args.running_mean[channel] = args.running_var[channel] = 0.0f;
}

BRIM_KERNEL brim_bn_statistics_finish(const BrimBnStatisticsArgs args)
{
    double pixels = (double)brim_pixels(args.y), unbias = brim_batchnorm_unbias(pixels);
    for (int channel = brim_block(); channel < args.y.padded; channel += brim_blocks()) {
        double mean = 0, distances = 0;
        bool real = channel < args.y.c, alone = !args.own;
        float old_mean =
            real && alone ? args.old_running_mean[channel] : 0.0f; /* loaded while the parts are */
        float old_var = real && alone ? args.old_running_var[channel] : 0.0f;
        if (real)
            bn_add_up(args, channel, &mean, &distances);
        if (brim_thread() != 0)
            continue;
        if (!alone) {
            args.own[channel] = mean;
            args.own[args.y.padded + channel] = distances;
        } else if (real) {
            bn_settle(args, channel, mean, distances / pixels, unbias, old_mean, old_var);
        } else {
            bn_settle_pad(args, channel);
        }
    }
}

/* Cards in their order, so that each of them comes to the same bits. Chan's formula for parts of one size:
 * the means' mean, and their squared distances from it beside those of the pixels. */
BRIM_KERNEL brim_bn_combine(const BrimBnCombineArgs args)
{
    double pixels = (double)args.pixels, all_pixels = pixels * args.cards;
    int64_t stride = 2 * (int64_t)args.padded;
    for (int channel = (int)BRIM_GRID_FIRST; channel < args.padded; channel += (int)BRIM_GRID_STEP) {
        double mean = 0, distances = 0;
        if (channel >= args.c) {
            bn_settle_pad(args, channel);
            continue;
        }
        for (int card = 0; card < args.cards; card++)
            mean += args.all[card * stride + channel];
        mean /= args.cards;
        for (int card = 0; card < args.cards; card++) {
            double off = args.all[card * stride + channel] - mean;
            distances += args.all[card * stride + args.padded + channel] + pixels * off * off;
        }
        bn_settle(args, channel, mean, distances / all_pixels, brim_batchnorm_unbias(all_pixels),
                  args.old_running_mean[channel], args.old_running_var[channel]);
    }
}

template <class T>
BRIM_DEVICE void bn_apply_one(const BrimBnApplyArgs &args, const BnChannels &channels, int pixel, int channel,
                              BrimEight value, const BrimEight &res)
{
    BRIM_UNROLL
    for (int i = 0; i < BRIM_EIGHT; i++)
        value.v[i] = bn_z(channels, i, value.v[i] - channels.mean.v[i]);
    if (args.activation) {
        BRIM_UNROLL
        for (int i = 0; i < BRIM_EIGHT; i++)
            value.v[i] = brim_silu(value.v[i]);
    }
    brim_add8(&value, res);
    brim_put8_all<T>(args.dests, args.dest_count, pixel, channel, brim_trim8(value, channel, args.y.c));
}

template <class T> BRIM_DEVICE void bn_apply_pixels(const BrimBnApplyArgs &args)
{
    enum { SOME = BRIM_AT_ONCE(T) };
    BrimLanes lanes = brim_lanes(args.y.padded);
    int pixels = (int)brim_pixels(args.y);
    for (int channel = lanes.channel; channel < args.y.padded; channel += lanes.channels) {
        BnChannels channels = bn_channels(args, channel);
        for (int pixel = lanes.first; pixel < pixels; pixel += SOME * lanes.step) {
            BrimPack<T> y[SOME], res[SOME];
            BRIM_UNROLL
            for (int i = 0; i < SOME; i++) {
                int at = brim_pixel_or_own(pixel + i * lanes.step, pixels, pixel);
                y[i] = brim_get_pack<T>(args.y, at, channel);
                res[i] = brim_get_pack_or_zeros<T>(args.res, at, channel);
            }
            BRIM_UNROLL
            for (int i = 0; i < SOME; i++) {
                if (pixel + i * lanes.step < pixels)
                    bn_apply_one<T>(args, channels, pixel + i * lanes.step, channel, brim_unpack(y[i]),
                                    brim_unpack(res[i]));
            }
        }
    }
}

BRIM_LANE_KERNEL(BRIM_BN_APPLY_RESIDENT) brim_bn_apply(const BrimBnApplyArgs args)
{
    BRIM_BY_TYPE(args.y.type, bn_apply_pixels<T>(args));
}
