/* Pictures to features, activations, sums, biases: passes that read each tensor once and write it once.
 *
 * Grids: any number of blocks, at most BRIM_LANE_THREADS threads a block; bias_gradient_partial has
 * args.blocks blocks, bias_gradient_finish a block for each channel or fewer. */
#include <math.h>

#include "backend/cuda/kernels/lanes.h"

#include "element/activation.h"

/* The first pixel of eight i of x: the only one, or the left of two that are the upper or lower half of a
 * cell. */
BRIM_DEVICE int64_t input_pixel(const BrimInputArgs &args, int64_t i)
{
    if (!args.space_to_depth)
        return i;
    uint32_t cell = (uint32_t)(i >> 1), w = (uint32_t)args.x.w;
    int64_t row = 2 * (int64_t)(cell / w) + (i & 1);
    return 2 * (row * w + cell % w);
}

/* value / 255 as the division rounds it, for each value of a byte. The division itself branches, and loads
 * would wait for it. */
BRIM_DEVICE float input_share(float value)
{
    const float part = 1.0f / 255.0f;
    float share = value * part;
    return fmaf(fmaf(-255.0f, share, value), part, share);
}

/* Three channels of a picture's pixel, to be followed by pads. */
BRIM_DEVICE void input_colours(float *to, const uint8_t *from)
{
    BRIM_UNROLL
    for (int i = 0; i < 3; i++)
        to[i] = input_share((float)from[i]);
}

/* One thread an eight. */
template <class T> BRIM_DEVICE void input_eights(const BrimInputArgs &args)
{
    int64_t count = brim_pixels(args.x) * (args.x.pitch / BRIM_EIGHT);
    for (int64_t i = BRIM_GRID_FIRST; i < count; i += BRIM_GRID_STEP) {
        const uint8_t *from = args.pictures + input_pixel(args, i) * 3;
        BrimEight value = brim_zero8();
        input_colours(value.v, from);
        if (args.space_to_depth)
            input_colours(value.v + BRIM_EIGHT / 2, from + 3);
        brim_store8((T *)args.x.data + i * BRIM_EIGHT, value);
    }
}

BRIM_KERNEL brim_input(const BrimInputArgs args)
{
    BRIM_BY_TYPE(args.x.type, input_eights<T>(args));
}

template <class T>
BRIM_DEVICE void act_one(const BrimActArgs &args, int pixel, int channel, BrimEight value,
                         const BrimEight &res)
{
    if (args.activation) {
        BRIM_UNROLL
        for (int i = 0; i < BRIM_EIGHT; i++)
            value.v[i] = brim_silu(value.v[i]);
    }
    brim_add8(&value, res);
    brim_put8_all<T>(args.dests, args.dest_count, pixel, channel, brim_trim8(value, channel, args.x.c));
}

template <class T> BRIM_DEVICE void act_pixels(const BrimActArgs &args)
{
    enum { SOME = BRIM_AT_ONCE(T) };
    BrimLanes lanes = brim_lanes(args.x.padded);
    int pixels = (int)brim_pixels(args.x);
    for (int channel = lanes.channel; channel < args.x.padded; channel += lanes.channels) {
        for (int pixel = lanes.first; pixel < pixels; pixel += SOME * lanes.step) {
            BrimPack<T> x[SOME], res[SOME];
            BRIM_UNROLL
            for (int i = 0; i < SOME; i++) {
                int at = brim_pixel_or_own(pixel + i * lanes.step, pixels, pixel);
                x[i] = brim_get_pack<T>(args.x, at, channel);
                res[i] = brim_get_pack_or_zeros<T>(args.res, at, channel);
            }
            BRIM_UNROLL
            for (int i = 0; i < SOME; i++) {
                if (pixel + i * lanes.step < pixels)
                    act_one<T>(args, pixel + i * lanes.step, channel, brim_unpack(x[i]), brim_unpack(res[i]));
            }
        }
    }
}

BRIM_LANE_KERNEL(4) brim_act(const BrimActArgs args)
{
    BRIM_BY_TYPE(args.x.type, act_pixels<T>(args));
}

template <class T> BRIM_DEVICE void add_pixels(const BrimAddArgs &args)
{
    BrimLanes lanes = brim_lanes(args.y.padded);
    int pixels = (int)brim_pixels(args.y);
    for (int channel = lanes.channel; channel < args.y.padded; channel += lanes.channels) {
        for (int pixel = lanes.first; pixel < pixels; pixel += lanes.step) {
            BrimPack<T> terms[BRIM_KERNEL_GRADS] = {};
            BRIM_UNROLL
            for (int i = 0; i < BRIM_KERNEL_GRADS; i++) {
                if (i < args.grad_count)
                    terms[i] = brim_get_pack<T>(args.grads[i], pixel, channel);
            }
            BrimEight sum = brim_unpack(terms[0]);
            BRIM_UNROLL
            for (int i = 1; i < BRIM_KERNEL_GRADS; i++)
                brim_add8(&sum, brim_unpack(terms[i]));
            brim_put8<T>(args.y, pixel, channel, brim_trim8(sum, channel, args.y.c));
        }
    }
}

BRIM_LANE_KERNEL(4) brim_add(const BrimAddArgs args)
{
    BRIM_BY_TYPE(args.y.type, add_pixels<T>(args));
}

template <class T> BRIM_DEVICE void bias_pixels(const BrimBiasArgs &args)
{
    BrimLanes lanes = brim_lanes(args.y.padded);
    int pixels = (int)brim_pixels(args.y);
    for (int channel = lanes.channel; channel < args.y.padded; channel += lanes.channels) {
        BrimEight bias = brim_get_vector8(args.bias, channel, args.y.c);
        for (int pixel = lanes.first; pixel < pixels; pixel += lanes.step) {
            BrimEight y = brim_get8<T>(args.y, pixel, channel);
            brim_add8(&y, bias);
            brim_put8<T>(args.y, pixel, channel, brim_trim8(y, channel, args.y.c));
        }
    }
}

BRIM_LANE_KERNEL(4) brim_bias(const BrimBiasArgs args)
{
    BRIM_BY_TYPE(args.y.type, bias_pixels<T>(args));
}

template <class T> BRIM_DEVICE void bias_gradient_part(const BrimBiasGradientArgs &args)
{
    BrimLanes lanes = brim_lanes(args.dy.padded);
    int start = brim_part_start(brim_pixels(args.dy), args.blocks, brim_block());
    int end = brim_part_start(brim_pixels(args.dy), args.blocks, brim_block() + 1);
    for (int base = 0; base < args.dy.padded; base += lanes.channels) { /* all threads come to each merge */
        int channel = base + lanes.channel;
        BrimEight sum = brim_zero8();
        for (int pixel = start + lanes.lane; channel < args.dy.padded && pixel < end; pixel += lanes.count)
            brim_add8(&sum, brim_get8<T>(args.dy, pixel, channel));
        brim_sum_lanes<BRIM_EIGHT>(sum.v, lanes);
        if (lanes.lane == 0 && channel < args.dy.padded)
            brim_store8(args.partial + (int64_t)brim_block() * args.dy.padded + channel, sum);
    }
}

BRIM_LANE_KERNEL(4) brim_bias_gradient_partial(const BrimBiasGradientArgs args)
{
    BRIM_BY_TYPE(args.dy.type, bias_gradient_part<T>(args));
}

BRIM_KERNEL brim_bias_gradient_finish(const BrimBiasGradientArgs args)
{
    for (int channel = brim_block(); channel < args.dy.c; channel += brim_blocks()) {
        double sum = brim_sum_parts(args.partial + channel, args.dy.padded, args.blocks);
        if (brim_thread() == 0)
            args.dbias[channel] = (float)(sum + (args.scalars->accumulate ? (double)args.dbias[channel] : 0));
    }
}
