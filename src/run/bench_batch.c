/* Noise as pictures, boxes anywhere as labels. */
#include "run/bench_batch.h"

#include <string.h>

#include "base/random.h"

enum { LABEL_COLUMNS = 6, PICTURE_STREAM = 0, LABEL_STREAM = 1 };

static size_t picture_bytes(int pictures, int side_px)
{
    return (size_t)pictures * (size_t)side_px * (size_t)side_px * 3;
}

size_t brim_bench_batch_bytes(int pictures, int side_px)
{
    return picture_bytes(pictures, side_px) +
           (size_t)pictures * BRIM_BENCH_LABELS * LABEL_COLUMNS * sizeof(float);
}

static void fill_pictures(uint8_t *pixels, size_t bytes)
{
    BrimRandom random = brim_random(0, PICTURE_STREAM);
    for (size_t at = 0; at < bytes; at += sizeof(uint64_t)) {
        uint64_t eight = brim_random_u64(&random);
        size_t left = bytes - at;
        memcpy(pixels + at, &eight, left < sizeof eight ? left : sizeof eight);
    }
}

/* Sides from a thirtieth to a quarter of the picture's, wholly inside it. */
static void fill_labels(float *labels, int count, int class_count)
{
    BrimRandom random = brim_random(0, LABEL_STREAM);
    for (int i = 0; i < count; i++) {
        float *label = labels + (size_t)i * LABEL_COLUMNS;
        label[0] = (float)(i / BRIM_BENCH_LABELS);
        label[1] = (float)brim_random_below(&random, (uint32_t)class_count);
        for (int axis = 0; axis < 2; axis++) {
            double side = brim_random_uniform(&random, 0.03, 0.25);
            label[2 + axis] = (float)brim_random_uniform(&random, side / 2, 1 - side / 2);
            label[4 + axis] = (float)side;
        }
    }
}

BrimStatus brim_bench_batch_make(BrimBatch *batch, int pictures, int side_px, int class_count)
{
    size_t bytes = picture_bytes(pictures, side_px);
    int labels = pictures * BRIM_BENCH_LABELS;
    uint8_t *pixels = brim_mem_take(BRIM_MEM_DATA, bytes, 1);
    float *rows = brim_mem_take(BRIM_MEM_DATA, (size_t)labels * LABEL_COLUMNS, sizeof *rows);
    *batch = (BrimBatch){.n = pictures,
                         .height_px = side_px,
                         .width_px = side_px,
                         .pictures = pixels,
                         .targets = rows,
                         .target_count = labels};
    if (!pixels || !rows)
        return BRIM_ERROR_MEMORY;
    fill_pictures(pixels, bytes);
    fill_labels(rows, labels, class_count);
    return BRIM_OK;
}

void brim_bench_batch_clear(BrimBatch *batch)
{
    brim_mem_give((void *)(uintptr_t)batch->pictures);
    brim_mem_give((void *)(uintptr_t)batch->targets);
    *batch = (BrimBatch){0};
}
