/* Heads to boxes in network px, objectness and class probabilities. */
#include "backend/cuda/kernels/kernel.h"
#include "element/box.h"

/* One level, whose rows of an image stand from `first` on among `rows`: a block takes a pixel, a thread some
 * of its channels. */
BRIM_DEVICE void decode_level(const BrimDecodeArgs &args, int level, int64_t first, int64_t rows)
{
    const BrimKernelFeature &head = args.heads[level];
    int columns = 5 + args.head.class_count, cells = head.h * head.w;
    float stride = (float)args.head.stride_px[level];
    for (int64_t pixel = brim_block(); pixel < brim_pixels(head); pixel += brim_blocks()) {
        int64_t image = pixel / cells;
        int cell = (int)(pixel % cells);
        for (int channel = brim_thread(); channel < args.head.anchor_count * columns;
             channel += brim_threads()) {
            int anchor = channel / columns, column = channel % columns;
            int64_t row = image * rows + first + (int64_t)anchor * cells + cell;
            float value = brim_sigmoid(brim_get(head, pixel, channel));
            if (column < 4)
                value = brim_box_decode(column, value, cell % head.w, cell / head.w, stride,
                                        args.head.anchors_px[level][anchor]);
            args.predictions[row * columns + column] = value;
        }
    }
}

/* Grid: over the pixels, a block each. */
BRIM_KERNEL brim_decode(const BrimDecodeArgs args)
{
    int64_t rows = 0, first = 0;
    for (int level = 0; level < args.head.level_count; level++)
        rows += (int64_t)args.head.anchor_count * args.heads[level].h * args.heads[level].w;
    for (int level = 0; level < args.head.level_count; level++) {
        decode_level(args, level, first, rows);
        first += (int64_t)args.head.anchor_count * args.heads[level].h * args.heads[level].w;
    }
}
