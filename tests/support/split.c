/* Splits for tests. */
#include "support/split.h"

#include <stdio.h>

#include "data/demo.h"
#include "support/support.h"

void shared_split(BrimSplit *split, const char *name, int class_count)
{
    need_shared(name);
    char *paths[] = {(char *)shared_path(name)};
    assert_ok(brim_split_scan(split, &(BrimPathList){.paths = paths, .count = 1}, class_count, 2));
}

void drawn_split(BrimSplit *split, int count, int imgsz_px)
{
    static int number;
    char folder[256], images[300];
    snprintf(folder, sizeof folder, "%s/drawn%d", scratch_folder(), number++);
    snprintf(images, sizeof images, "%s/images/train", folder);
    assert_ok(brim_demo_write(folder, count, 1, imgsz_px, 7));
    char *paths[] = {images};
    assert_ok(brim_split_scan(split, &(BrimPathList){.paths = paths, .count = 1}, BRIM_DEMO_CLASS_COUNT, 2));
}

BrimLoaderConf training_conf(const BrimSplit *split)
{
    BrimLoaderConf conf = {.split = split,
                           .imgsz_px = 64,
                           .batch = 4,
                           .stride_px = 32,
                           .augment = true,
                           .hyper = brim_hyper_default(),
                           .seed = 11,
                           .slots = 2,
                           .threads = 2};
    conf.hyper.mosaic = 0.7;
    conf.hyper.mixup = 0.5;
    conf.hyper.degrees = 5;
    conf.hyper.shear = 3;
    conf.hyper.flipud = 0.3;
    return conf;
}

static uint64_t add(uint64_t digest, const void *data, size_t bytes)
{
    const uint8_t *at = data;
    for (size_t i = 0; i < bytes; i++)
        digest = (digest ^ at[i]) * 0x100000001B3u; /* FNV-1a */
    return digest;
}

uint64_t batch_digest(const BrimBatch *batch)
{
    uint64_t digest = 0xCBF29CE484222325u;
    size_t n = (size_t)batch->n;
    digest = add(digest, &batch->height_px, sizeof batch->height_px);
    digest = add(digest, &batch->width_px, sizeof batch->width_px);
    digest = add(digest, batch->samples, n * sizeof *batch->samples);
    digest = add(digest, batch->pictures, n * (size_t)batch->height_px * (size_t)batch->width_px * 3);
    digest = add(digest, batch->targets, (size_t)batch->target_count * 6 * sizeof *batch->targets);
    if (batch->boxes)
        digest = add(digest, batch->boxes, n * sizeof *batch->boxes);
    return digest;
}
