/* Training pictures from those that are kept: mosaic, warp, mixup, colour and flips in one pass, which reads
 * what is seen of the kept pictures and writes each pixel once.
 *
 * Grids: any number of blocks and threads; augment_parts one thread a part of a place, augment one a pixel.
 */
#include "backend/cuda/kernels/kernel.h"

#include "element/augment.h"

BRIM_KERNEL brim_augment_parts(const BrimAugmentArgs args)
{
    int64_t count = (int64_t)args.n * BRIM_AUGMENT_VIEWS * args.sides;
    for (int64_t i = BRIM_GRID_FIRST; i < count; i += BRIM_GRID_STEP) {
        int view = (int)(i / args.sides);
        const BrimAugmentTask *task = &args.tasks[view / BRIM_AUGMENT_VIEWS];
        view %= BRIM_AUGMENT_VIEWS;
        if (view < task->view_count)
            args.parts[i] = brim_augment_part(&task->views[view], args.w, (int)(i % args.sides));
    }
}

BRIM_KERNEL brim_augment(const BrimAugmentArgs args)
{
    int area = args.h * args.w, parts = BRIM_AUGMENT_VIEWS * args.sides;
    int64_t count = (int64_t)args.n * area;
    for (int64_t i = BRIM_GRID_FIRST; i < count; i += BRIM_GRID_STEP) {
        int task = (int)(i / area), place = (int)(i % area);
        BrimAugmentPixel pixel =
            brim_augment_pixel(&args.tasks[task], args.parts + (int64_t)task * parts, args.kept, args.w,
                               args.h, place % args.w, place / args.w);
        for (int c = 0; c < 3; c++)
            args.pictures[i * 3 + c] = pixel.rgb[c];
    }
}
