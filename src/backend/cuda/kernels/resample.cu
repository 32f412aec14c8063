/* Nearest upsampling, and its gradient. Each tensor is read once and written once.
 *
 * Grids: any number of blocks, at most BRIM_LANE_THREADS threads a block. */
#include "backend/cuda/kernels/lanes.h"

/* The first of the four pixels of the large feature that belong to a pixel of the small one. */
BRIM_DEVICE int upsample_first(const BrimKernelFeature &small, int pixel)
{
    int row = pixel / small.w; /* of all images', which follow each other as rows do */
    return 4 * row * small.w + 2 * (pixel - row * small.w);
}

template <class T> BRIM_DEVICE void upsample_forward_all(const BrimUpsampleArgs &args)
{
    BrimLanes lanes = brim_lanes(args.x.padded);
    int pixels = (int)brim_pixels(args.x), width = 2 * args.x.w;
    for (int channel = lanes.channel; channel < args.x.padded; channel += lanes.channels) {
        for (int pixel = lanes.first; pixel < pixels; pixel += lanes.step) {
            int first = upsample_first(args.x, pixel);
            BrimEight x = brim_trim8(brim_get8<T>(args.x, pixel, channel), channel, args.x.c);
            BRIM_UNROLL
            for (int i = 0; i < 4; i++)
                brim_put8_all<T>(args.dests, args.dest_count, first + i / 2 * width + i % 2, channel, x);
        }
    }
}

BRIM_LANE_KERNEL(4) brim_upsample_forward(const BrimUpsampleArgs args)
{
    BRIM_BY_TYPE(args.x.type, upsample_forward_all<T>(args));
}

template <class T> BRIM_DEVICE void upsample_backward_all(const BrimUpsampleArgs &args)
{
    BrimLanes lanes = brim_lanes(args.x.padded);
    int pixels = (int)brim_pixels(args.x), width = 2 * args.x.w;
    for (int channel = lanes.channel; channel < args.x.padded; channel += lanes.channels) {
        for (int pixel = lanes.first; pixel < pixels; pixel += lanes.step) {
            int first = upsample_first(args.x, pixel);
            BrimPack<T> four[4];
            BRIM_UNROLL
            for (int i = 0; i < 4; i++)
                four[i] = brim_get_pack<T>(args.dy, first + i / 2 * width + i % 2, channel);
            BrimEight sum = brim_unpack(four[0]);
            BRIM_UNROLL
            for (int i = 1; i < 4; i++)
                brim_add8(&sum, brim_unpack(four[i]));
            brim_put8<T>(args.x, pixel, channel, brim_trim8(sum, channel, args.x.c));
        }
    }
}

BRIM_LANE_KERNEL(4) brim_upsample_backward(const BrimUpsampleArgs args)
{
    BRIM_BY_TYPE(args.x.type, upsample_backward_all<T>(args));
}
