/* BatchNorm with SiLU, forward.
 *
 * Grids: bn_statistics_partial has args.blocks blocks of at most BRIM_LANE_THREADS threads, each with a run
 * of pixels of its own; bn_statistics_finish a block for each channel or fewer; bn_apply any number of
 * blocks. What comes out depends on the grid alone, never on which block was first. */
#include "backend/cuda/kernels/batchnorm.h"

/* Of the pixels that a thread has seen: their mean, and the sum of their squared distances from it. Running
 * figures, as squares summed from zero would leave nothing of a spread that is small beside the mean. */
struct BnMoments {
    float count;
    BrimEight mean, spread;
};

BRIM_DEVICE void bn_observe(BnMoments *moments, const BrimEight &value)
{
    moments->count += 1.0f;
    float share = 1.0f / moments->count;
    BRIM_UNROLL
    for (int i = 0; i < BRIM_EIGHT; i++) {
        float off = value.v[i] - moments->mean.v[i];
        moments->mean.v[i] += off * share;
        moments->spread.v[i] += off * (value.v[i] - moments->mean.v[i]);
    }
}

BRIM_DEVICE void brim_merge(BnMoments *mine, const BnMoments &other)
{
    if (other.count == 0)
        return;
    float count = mine->count + other.count;
    float share = other.count / count;
    BRIM_UNROLL
    for (int i = 0; i < BRIM_EIGHT; i++) {
        float off = other.mean.v[i] - mine->mean.v[i];
        mine->mean.v[i] += off * share;
        mine->spread.v[i] += other.spread.v[i] + off * off * mine->count * share;
    }
    mine->count = count;
}

template <class T> BRIM_DEVICE void bn_statistics_part(const BrimBnStatisticsArgs &args)
{
    enum { SOME = 2 * BRIM_AT_ONCE(T) }; /* only one tensor is read */
    BrimLanes lanes = brim_lanes(args.y.padded);
    int start = brim_part_start(brim_pixels(args.y), args.blocks, brim_block());
    int end = brim_part_start(brim_pixels(args.y), args.blocks, brim_block() + 1);
    for (int base = 0; base < args.y.padded; base += lanes.channels) { /* all threads come to each merge */
        int channel = base + lanes.channel;
        BnMoments moments = {0, brim_zero8(), brim_zero8()};
        int own_end = channel < args.y.padded ? end : start;
        for (int pixel = start + lanes.lane; pixel < own_end; pixel += SOME * lanes.count) {
            BrimPack<T> values[SOME];
            BRIM_UNROLL
            for (int i = 0; i < SOME; i++)
                values[i] =
                    brim_get_pack<T>(args.y, brim_pixel_or_last(pixel + i * lanes.count, own_end), channel);
            BRIM_UNROLL
            for (int i = 0; i < SOME; i++) {
                if (pixel + i * lanes.count < own_end)
                    bn_observe(&moments, brim_unpack(values[i]));
            }
        }
        brim_merge_lanes(&moments, lanes);
        if (lanes.lane == 0 && channel < args.y.padded) {
            float *partial = args.partial + 2 * (int64_t)brim_block() * args.y.padded + channel;
            brim_store8(partial, moments.mean);
            brim_store8(partial + args.y.padded, moments.spread);
        }
    }
}

BRIM_LANE_KERNEL(3) brim_bn_statistics_partial(const BrimBnStatisticsArgs args)
{
    if (args.y.half)
        bn_statistics_part<BrimHalf>(args);
    else
        bn_statistics_part<float>(args);
}

/* Mean and biased variance of a channel over all blocks, by all threads of this one. */
BRIM_DEVICE void bn_combine(const BrimBnStatisticsArgs &args, int channel, double *mean, double *variance)
{
    int pixels = (int)brim_pixels(args.y), stride = 2 * args.y.padded;
    const float *means = args.partial + channel, *spreads = means + args.y.padded;
    double sum = 0, spread = 0;
    for (int i = brim_thread(); i < args.blocks; i += brim_threads()) {
        int count = brim_part_start(pixels, args.blocks, i + 1) - brim_part_start(pixels, args.blocks, i);
        sum += (double)count * (double)means[i * stride];
    }
    *mean = brim_block_sum(sum) / (double)pixels;
    for (int i = brim_thread(); i < args.blocks; i += brim_threads()) {
        int count = brim_part_start(pixels, args.blocks, i + 1) - brim_part_start(pixels, args.blocks, i);
        double off = (double)means[i * stride] - *mean;
        spread += (double)spreads[i * stride] + (double)count * off * off;
    }
    *variance = brim_block_sum(spread) / (double)pixels;
}

BRIM_KERNEL brim_bn_statistics_finish(const BrimBnStatisticsArgs args)
{
    double unbias = brim_batchnorm_unbias((double)brim_pixels(args.y));
    for (int channel = brim_block(); channel < args.y.padded; channel += brim_blocks()) {
        double mean = 0, variance = 0;
        bool real = channel < args.y.c;
        if (real)
            bn_combine(args, channel, &mean, &variance);
        if (brim_thread() == 0) {
            args.mean[channel] = (float)mean;
            args.rstd[channel] = real ? brim_batchnorm_rstd(variance) : 0.0f;
            args.running_mean[channel] =
                real ? brim_batchnorm_running(args.old_running_mean[channel], mean) : 0.0f;
            args.running_var[channel] =
                real ? brim_batchnorm_running(args.old_running_var[channel], variance * unbias) : 0.0f;
        }
    }
}

template <class T>
BRIM_DEVICE void bn_apply_one(const BrimBnApplyArgs &args, const BnChannels &channels, int pixel, int channel,
                              BrimEight value, const BrimEight &res)
{
    BRIM_UNROLL
    for (int i = 0; i < BRIM_EIGHT; i++)
        value.v[i] = bn_z(channels, i, bn_xhat(channels, i, value.v[i]));
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
                int at = brim_pixel_or_last(pixel + i * lanes.step, pixels);
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

BRIM_LANE_KERNEL(3) brim_bn_apply(const BrimBnApplyArgs args)
{
    if (args.y.half)
        bn_apply_pixels<BrimHalf>(args);
    else
        bn_apply_pixels<float>(args);
}
