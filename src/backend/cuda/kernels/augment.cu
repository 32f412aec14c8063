/* Training pictures from those that are kept: mosaic, warp, mixup, colour and flips in one pass, which reads what is
 * seen of the kept pictures and writes each pixel once.
 *
 * Grid: any number of blocks and threads; one thread a pixel. */
#include "backend/cuda/kernels/kernel.h"

#include "element/augment.h"

BRIM_KERNEL brim_augment(const BrimAugmentArgs args)
{
    int area = args.h * args.w;
    int64_t count = (int64_t)args.n * area;
    for (int64_t i = BRIM_GRID_FIRST; i < count; i += BRIM_GRID_STEP) {
        int place = (int)(i % area);
        BrimAugmentPixel pixel = brim_augment_pixel(args.tasks + i / area, args.kept, args.w, args.h,
                                                    place % args.w, place / args.w);
        for (int c = 0; c < 3; c++)
            args.pictures[i * 3 + c] = pixel.rgb[c];
    }
}
