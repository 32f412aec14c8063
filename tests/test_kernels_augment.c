/* The kernel that makes training pictures, run by the host, against the loader that makes them itself: every
 * pixel of drawn pictures, over seeds, sides and all that is drawn, with one thread a block and with many. */
#include "support/split.h"
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/kernel_features.h"

/* Grey levels. Kernel and loader round alike in every step, and both are compiled without fused multiply-add,
 * so on the host nothing is apart. */
enum { MOST_APART = 0 };

/* Pictures of 63 to 64 px where imgsz is 64: the sides of some are cut one short when they are loaded, and
 * scaled up again in a letterbox. */
enum { DRAWN = 9, DRAWN_PX = 98 };

static uint8_t *kept;

static BrimStatus keep(void *self, size_t start_bytes, const BrimPicture *picture)
{
    const BrimLoaderConf *conf = self;
    size_t bytes = (size_t)picture->width_px * (size_t)picture->height_px * 3;
    assert_true(start_bytes + bytes <= brim_loader_kept_bytes(conf));
    memcpy(kept + start_bytes, picture->rgb, bytes);
    return BRIM_OK;
}

static BrimLoader *open_apart(BrimLoaderConf *conf)
{
    BrimLoader *loader;
    conf->pixels_apart = true;
    assert_ok(brim_loader_open(&loader, conf));
    kept = malloc(brim_loader_kept_bytes(conf)); /* to the byte, so that a sanitizer sees who reads beyond */
    assert_non_null(kept);
    assert_ok(brim_loader_keep(loader, keep, conf));
    return loader;
}

static void assert_same_but_pixels(const BrimBatch *got, const BrimBatch *expected)
{
    assert_null(got->pictures);
    assert_non_null(got->tasks);
    assert_null(expected->tasks);
    assert_int_equal(got->n, expected->n);
    assert_int_equal(got->target_count, expected->target_count);
    assert_memory_equal(got->samples, expected->samples, (size_t)got->n * sizeof *got->samples);
    if (got->target_count > 0)
        assert_memory_equal(got->targets, expected->targets, (size_t)got->target_count * 6 * sizeof(float));
}

static void check_batch(const char *what, const BrimBatch *got, const BrimBatch *expected, KernelGrid grid)
{
    size_t bytes = (size_t)expected->n * (size_t)expected->height_px * (size_t)expected->width_px * 3;
    uint8_t *pictures = malloc(bytes);
    BrimWarpPlace *parts = malloc((size_t)got->n * BRIM_AUGMENT_VIEWS *
                                  (size_t)(got->width_px + got->height_px) * sizeof *parts);
    const BrimAugmentArgs args = {.tasks = got->tasks,
                                  .parts = parts,
                                  .kept = kept,
                                  .pictures = pictures,
                                  .n = got->n,
                                  .h = got->height_px,
                                  .w = got->width_px,
                                  .sides = got->width_px + got->height_px};
    memset(pictures, 0xA5, bytes);
    kernel_run(BRIM_KERNEL_augment_parts, grid, &args);
    kernel_run(BRIM_KERNEL_augment, grid, &args);
    for (size_t i = 0; i < bytes; i++) {
        if (abs(pictures[i] - expected->pictures[i]) > MOST_APART)
            fail_msg("%s: byte %zu of %zu is %d, not %d (mixup: %d views)", what, i, bytes, pictures[i],
                     expected->pictures[i], got->tasks[i / (bytes / (size_t)got->n)].view_count);
    }
    free(parts);
    free(pictures);
}

/* Two epochs of a split, batch by batch. */
static void check_conf(const char *what, BrimLoaderConf conf, KernelGrid grid)
{
    BrimLoader *here;
    BrimLoaderConf apart_conf = conf;
    assert_ok(brim_loader_open(&here, &conf));
    BrimLoader *apart = open_apart(&apart_conf);
    for (int epoch = 0; epoch < 2; epoch++) {
        assert_ok(brim_loader_start(here, epoch, 0));
        assert_ok(brim_loader_start(apart, epoch, 0));
        for (int i = 0; i < brim_loader_batch_count(here); i++) {
            const BrimBatch *got, *expected;
            assert_ok(brim_loader_next(here, &expected));
            assert_ok(brim_loader_next(apart, &got));
            assert_same_but_pixels(got, expected);
            check_batch(what, got, expected, grid);
        }
    }
    brim_loader_close(&here);
    brim_loader_close(&apart);
    free(kept);
}

static BrimSplit split;

static int draw_split(void **state)
{
    (void)state;
    drawn_split(&split, DRAWN, DRAWN_PX);
    return 0;
}

static int clear_split(void **state)
{
    (void)state;
    brim_split_clear(&split);
    return 0;
}

/* Everything at once, as training_conf has it, and each part alone or left out. */
static void set_part(BrimHyper *hyper, int part)
{
    const BrimHyper all = *hyper;
    hyper->perspective = part == 1 ? 0.0009 : 0;
    if (part == 2) /* a letterbox alone, some of them scaled */
        hyper->mosaic = 0;
    if (part == 3) /* level rows */
        hyper->degrees = hyper->shear = 0;
    if (part == 4)
        hyper->hsv_h = hyper->hsv_s = hyper->hsv_v = 0;
    if (part == 5) { /* far out of the picture, and much smaller */
        hyper->translate = 0.9;
        hyper->scale = 0.9;
    }
    if (part == 6) {
        hyper->mosaic = hyper->mixup = hyper->flipud = hyper->fliplr = 1;
        hyper->hsv_h = hyper->hsv_s = hyper->hsv_v = 0.9;
        hyper->degrees = 180;
        hyper->shear = 10;
        hyper->perspective = all.perspective > 0 ? all.perspective : 0.001;
    }
}

enum { PARTS = 7 };

static void test_every_part(void **state)
{
    (void)state;
    for (int part = 0; part < PARTS; part++) {
        for (uint64_t seed = 0; seed < 6; seed++) {
            char what[64];
            BrimLoaderConf conf = training_conf(&split);
            set_part(&conf.hyper, part);
            conf.seed = seed;
            snprintf(what, sizeof what, "part %d, seed %d", part, (int)seed);
            check_conf(what, conf, (KernelGrid){7, 1});
        }
    }
}

/* Odd sides, which no model takes and the arithmetic must not mind, and larger ones. */
static void test_sides(void **state)
{
    (void)state;
    static const int sides[] = {33, 61, 96, 101, 160};
    for (size_t i = 0; i < sizeof sides / sizeof sides[0]; i++) {
        char what[64];
        BrimLoaderConf conf = training_conf(&split);
        conf.imgsz_px = sides[i];
        snprintf(what, sizeof what, "%d px", sides[i]);
        check_conf(what, conf, (KernelGrid){3, 1});
        conf.hyper.perspective = 0.0005;
        check_conf(what, conf, (KernelGrid){3, 1});
    }
}

static void test_grids(void **state)
{
    (void)state;
    for (int i = 0; i < kernel_grid_count; i++) {
        char what[64];
        BrimLoaderConf conf = training_conf(&split);
        conf.imgsz_px = 33;
        snprintf(what, sizeof what, "%d blocks of %d threads", kernel_grids[i].blocks,
                 kernel_grids[i].threads);
        check_conf(what, conf, kernel_grids[i]);
    }
}

/* A picture that became unreadable is named before the first step. */
static void test_lost_picture(void **state)
{
    (void)state;
    BrimSplit own;
    BrimLoader *loader;
    drawn_split(&own, 5, DRAWN_PX);
    BrimLoaderConf conf = training_conf(&own);
    conf.pixels_apart = true;
    kept = malloc(brim_loader_kept_bytes(&conf));
    assert_ok(brim_loader_open(&loader, &conf));
    assert_int_equal(remove(own.samples[3].picture_path), 0);
    assert_refused(brim_loader_keep(loader, keep, &conf), BRIM_ERROR_IO, "0003");
    brim_loader_close(&loader);
    conf.augment = false;
    assert_refused(brim_loader_open(&loader, &conf), BRIM_ERROR_ARGUMENT, "apart");
    brim_split_clear(&own);
    free(kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_part),
        cmocka_unit_test(test_sides),
        cmocka_unit_test(test_grids),
        cmocka_unit_test(test_lost_picture),
    };
    return cmocka_run_group_tests(tests, draw_split, clear_split);
}
