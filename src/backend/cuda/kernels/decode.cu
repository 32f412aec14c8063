/* Heads to boxes in network px, objectness and class probabilities. */
#include "backend/cuda/kernels/kernel.h"
#include "backend/cuda/kernels/vector.h"
#include "element/box.h"

/* Predictions that a thread has under way at once. */
enum { DECODE_EACH = 4 };

/* The predictions of an image's anchor on one level: [cells][columns], which lie in a row. */
typedef struct DecodePlane {
    int level, image, anchor, cells, columns;
    float *predictions;
} DecodePlane;

/* One of the plane's. */
typedef struct DecodePlace {
    int cell, column;
} DecodePlace;

BRIM_DEVICE float decode_logit(const BrimDecodeArgs &args, const DecodePlane &plane, const DecodePlace &place)
{
    return brim_get(args.heads[plane.level], (int64_t)plane.image * plane.cells + place.cell,
                    plane.anchor * plane.columns + place.column);
}

BRIM_DEVICE void decode_put(const BrimDecodeArgs &args, const DecodePlane &plane, const DecodePlace &place,
                            float logit)
{
    float value = brim_sigmoid(logit);
    if (place.column < 4) {
        uint32_t w = (uint32_t)args.heads[plane.level].w, y = (uint32_t)place.cell / w;
        value = brim_box_decode(place.column, value, place.cell - (int)(y * w), (int)y,
                                (float)args.head.stride_px[plane.level],
                                args.head.anchors_px[plane.level][plane.anchor]);
    }
    plane.predictions[(int64_t)place.cell * plane.columns + place.column] = value;
}

/* Those at start and every brim_threads() on: side by side with other threads' in what is read and written.
 * Divided once; from one to the next it is a sum. */
BRIM_DEVICE void decode_some(const BrimDecodeArgs &args, const DecodePlane &plane, int start)
{
    DecodePlace places[DECODE_EACH];
    float logits[DECODE_EACH];
    uint32_t columns = (uint32_t)plane.columns, threads = (uint32_t)brim_threads();
    int cells_on = (int)(threads / columns), columns_on = (int)(threads % columns);
    DecodePlace place = {(int)((uint32_t)start / columns), (int)((uint32_t)start % columns)};
    BRIM_UNROLL
    for (int i = 0; i < DECODE_EACH; i++) {
        places[i] = place;
        logits[i] = place.cell < plane.cells ? decode_logit(args, plane, place) : 0.0f;
        place.column += columns_on;
        place.cell += cells_on + (place.column >= plane.columns ? 1 : 0);
        place.column -= place.column >= plane.columns ? plane.columns : 0;
    }
    BRIM_UNROLL
    for (int i = 0; i < DECODE_EACH; i++) {
        if (places[i].cell < plane.cells)
            decode_put(args, plane, places[i], logits[i]);
    }
}

/* Rows of a level: anchors, then cells. */
BRIM_DEVICE int decode_rows(const BrimDecodeArgs &args, int level)
{
    return args.head.anchor_count * args.heads[level].h * args.heads[level].w;
}

/* Chunk `chunk` of all of a level's planes, whose rows in an image stand from `first` on among `rows`. */
BRIM_DEVICE void decode_chunk(const BrimDecodeArgs &args, int level, int chunk, int chunks, int first,
                              int64_t rows)
{
    DecodePlane plane;
    int index = (int)((uint32_t)chunk / (uint32_t)chunks); /* of the plane */
    plane.level = level;
    plane.image = (int)((uint32_t)index / (uint32_t)args.head.anchor_count);
    plane.anchor = index - plane.image * args.head.anchor_count;
    plane.cells = args.heads[level].h * args.heads[level].w;
    plane.columns = 5 + args.head.class_count;
    plane.predictions =
        args.predictions + (plane.image * rows + first + (int64_t)plane.anchor * plane.cells) * plane.columns;
    decode_some(args, plane, (chunk - index * chunks) * DECODE_EACH * brim_threads() + brim_thread());
}

/* Grid: over chunks of planes, of so many predictions as a block has under way at once. */
BRIM_KERNEL brim_decode_heads(const BrimDecodeArgs args)
{
    int each = DECODE_EACH * brim_threads(), columns = 5 + args.head.class_count, first = 0;
    int chunk = brim_block();
    int64_t rows = 0;
    for (int level = 0; level < args.head.level_count; level++)
        rows += decode_rows(args, level);
    for (int level = 0; level < args.head.level_count; level++) {
        int chunks = (args.heads[level].h * args.heads[level].w * columns + each - 1) / each;
        int all = args.heads[level].n * args.head.anchor_count * chunks;
        for (; chunk < all; chunk += brim_blocks())
            decode_chunk(args, level, chunk, chunks, first, rows);
        chunk -= all; /* the next level begins with the blocks that this one left out */
        first += decode_rows(args, level);
    }
}
