/* Batches: the same for any threads and after a resume, of v7.0's shapes, in memory that was known before. */
#include "support/split.h"
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "data/decode.h"
#include "data/letterbox.h"

enum { MOST_BATCHES = 64, DRAWN = 14 };

/* The digests of one epoch's batches; returns how many there are. */
static int run_epoch(BrimLoader *loader, int epoch, int first, uint64_t *digests)
{
    const BrimBatch *batch;
    int count = brim_loader_batch_count(loader);
    assert_ok(brim_loader_start(loader, epoch, first));
    uint64_t takes = brim_mem_takes();
    for (int i = first; i < count; i++) {
        assert_ok(brim_loader_next(loader, &batch));
        digests[i] = batch_digest(batch);
    }
    assert_int_equal(brim_mem_takes(), takes); /* an epoch takes no memory */
    assert_refused(brim_loader_next(loader, &batch), BRIM_ERROR_ARGUMENT, "epoch taken");
    return count;
}

static void gives_the_same_batches_for_any_threads(void **state)
{
    (void)state;
    static const int workers[] = {0, 1, 3}, slots[] = {1, 1, 3};
    uint64_t expected[2][MOST_BATCHES], got[MOST_BATCHES];
    BrimSplit split;
    drawn_split(&split, DRAWN, 96);
    for (int i = 0; i < 3; i++) {
        BrimLoader *loader;
        BrimLoaderConf conf = training_conf(&split);
        conf.workers = workers[i];
        conf.slots = slots[i];
        assert_ok(brim_loader_open(&loader, &conf));
        for (int epoch = 0; epoch < 2; epoch++) {
            int count = run_epoch(loader, epoch, 0, i == 0 ? expected[epoch] : got);
            assert_int_equal(count, 4);
            if (i > 0)
                assert_memory_equal(got, expected[epoch], (size_t)count * sizeof *got);
        }
        brim_loader_close(&loader);
        assert_null(loader);
    }
    assert_memory_not_equal(expected[0], expected[1], 4 * sizeof *got);
    brim_split_clear(&split);
}

static void goes_on_at_any_batch(void **state)
{
    (void)state;
    uint64_t whole[MOST_BATCHES], rest[MOST_BATCHES];
    BrimSplit split;
    BrimLoader *loader;
    drawn_split(&split, DRAWN, 96);
    BrimLoaderConf conf = training_conf(&split);
    conf.workers = 2;
    assert_ok(brim_loader_open(&loader, &conf));
    int count = run_epoch(loader, 3, 0, whole);
    run_epoch(loader, 3, 2, rest);
    assert_memory_equal(rest + 2, whole + 2, (size_t)(count - 2) * sizeof *rest);
    assert_ok(brim_loader_start(loader, 3, count));
    const BrimBatch *batch;
    assert_refused(brim_loader_next(loader, &batch), BRIM_ERROR_ARGUMENT, "taken");
    assert_refused(brim_loader_start(loader, 3, count + 1), BRIM_ERROR_ARGUMENT, "epoch");
    brim_loader_close(&loader);
    brim_split_clear(&split);
}

/* Threads are amid pictures of the epoch before, whose places the new one takes. */
static void begins_anew_while_threads_are_at_work(void **state)
{
    (void)state;
    enum { TIMES = 8, BATCHES = 4 };
    uint64_t alone[MOST_BATCHES], after[MOST_BATCHES];
    BrimSplit split;
    BrimLoader *loader;
    const BrimBatch *batch;
    drawn_split(&split, DRAWN, 96);
    BrimLoaderConf conf = training_conf(&split);
    conf.workers = 3;
    assert_ok(brim_loader_open(&loader, &conf));
    for (int i = 0; i < TIMES; i++) {
        assert_int_equal(run_epoch(loader, i, 0, alone), BATCHES);
        assert_ok(brim_loader_start(loader, TIMES, 0));
        for (int k = 0; k < i % 3; k++)
            assert_ok(brim_loader_next(loader, &batch));
        usleep(300); /* so that they have begun */
        run_epoch(loader, i, 0, after);
        assert_memory_equal(after, alone, BATCHES * sizeof *after);
    }
    brim_loader_close(&loader);
    brim_split_clear(&split);
}

/* Each picture comes once an epoch. */
static void takes_each_picture_once(void **state)
{
    (void)state;
    BrimSplit split;
    BrimLoader *loader;
    const BrimBatch *batch;
    int seen[DRAWN] = {0};
    drawn_split(&split, DRAWN, 96);
    BrimLoaderConf conf = training_conf(&split);
    assert_ok(brim_loader_open(&loader, &conf));
    assert_ok(brim_loader_start(loader, 1, 0));
    for (int i = 0; i < brim_loader_batch_count(loader); i++) {
        int n, height, width;
        brim_loader_batch_shape(loader, i, &n, &height, &width);
        assert_ok(brim_loader_next(loader, &batch));
        assert_int_equal(batch->n, n);
        assert_int_equal(batch->n, i < 3 ? 4 : 2);
        assert_true(batch->height_px == height && batch->width_px == width && height == 64 && width == 64);
        assert_in_range(batch->target_count, 0, brim_loader_target_cap(&conf));
        for (int j = 0; j < batch->n; j++)
            seen[batch->samples[j]]++;
        for (int j = 0; j < batch->target_count; j++) {
            const float *row = batch->targets + (size_t)j * 6;
            assert_true(row[0] >= 0 && row[0] < (float)batch->n && row[1] >= 0 && row[1] < 2);
            for (int k = 2; k < 6; k++)
                assert_true(row[k] >= 0 && row[k] <= 1);
        }
    }
    for (int i = 0; i < DRAWN; i++)
        assert_int_equal(seen[i], 1);
    brim_loader_close(&loader);
    brim_split_clear(&split);
}

static void makes_yolov5s_rectangular_batches(void **state)
{
    (void)state;
    BrimSplit split;
    BrimLoader *loader;
    shared_split(&split, "data/coco128val/images", 80);
    json_t *file = load_golden_json("reference/golden/8_val/coco256_val_n_320.json");
    const json_t *batches = json_object_get(file, "batches");
    BrimLoaderConf conf = {.split = &split,
                           .imgsz_px = 320,
                           .batch = 8,
                           .stride_px = 32,
                           .rectangular = true,
                           .pad = 0.5,
                           .slots = 1};
    assert_ok(brim_loader_open(&loader, &conf));
    assert_int_equal(brim_loader_batch_count(loader), json_array_size(batches));
    for (int i = 0; i < brim_loader_batch_count(loader); i++) {
        const json_t *row = json_array_get(batches, (size_t)i), *net = json_object_get(row, "net_hw");
        int n, height, width;
        brim_loader_batch_shape(loader, i, &n, &height, &width);
        assert_int_equal(n, json_integer_value(json_object_get(row, "n")));
        assert_int_equal(height, json_integer_value(json_array_get(net, 0)));
        assert_int_equal(width, json_integer_value(json_array_get(net, 1)));
    }
    brim_loader_close(&loader);
    json_decref(file);
    brim_split_clear(&split);
}

/* A label's box, mapped back from the network's picture, is the label on the picture. */
static void check_way_back(const BrimBatch *batch, const BrimSplit *split)
{
    int target = 0;
    for (int i = 0; i < batch->n; i++) {
        const BrimLetterbox *box = &batch->boxes[i];
        const BrimSample *sample = &split->samples[batch->samples[i]];
        assert_int_equal(box->picture_width_px, sample->width_px);
        assert_int_equal(box->picture_height_px, sample->height_px);
        for (int j = 0; j < sample->label_count; j++, target++) {
            const float *row = batch->targets + (size_t)target * 6;
            const BrimLabel *label = &split->labels[sample->first_label + j];
            assert_true(row[0] == (float)i && row[1] == label->class_index);
            double x = (row[2] * batch->width_px - box->pad_x_px) / box->ratio_x;
            double y = (row[3] * batch->height_px - box->pad_y_px) / box->ratio_y;
            assert_true(fabs(x - label->x * (double)sample->width_px) < 2);
            assert_true(fabs(y - label->y * (double)sample->height_px) < 2);
        }
    }
    assert_int_equal(target, batch->target_count);
}

static void maps_boxes_back_to_the_picture(void **state)
{
    (void)state;
    BrimSplit split;
    shared_split(&split, "data/coco128val/images", 80);
    for (int straight = 0; straight < 2; straight++) {
        BrimLoader *loader;
        const BrimBatch *batch;
        BrimLoaderConf conf = {.split = &split,
                               .imgsz_px = 320,
                               .batch = 8,
                               .stride_px = 32,
                               .rectangular = true,
                               .pad = straight ? 0 : 0.5,
                               .straight = straight,
                               .workers = 2,
                               .slots = 2};
        assert_ok(brim_loader_open(&loader, &conf));
        assert_ok(brim_loader_start(loader, 0, 0));
        for (int i = 0; i < brim_loader_batch_count(loader); i++) {
            assert_ok(brim_loader_next(loader, &batch));
            assert_in_range(batch->target_count, 0, brim_loader_target_cap(&conf));
            check_way_back(batch, &split);
        }
        brim_loader_close(&loader);
    }
    brim_split_clear(&split);
}

/* The very pixels that v7.0 gives its network for a picture in detection. */
static void check_straight(const char *name, const char *picture_name, bool rectangular)
{
    BrimTensorFile file;
    BrimSplit split;
    BrimLoader *loader;
    const BrimBatch *batch;
    load_golden(&file, name);
    const BrimHostTensor *expected = golden(&file, "image_rgb_chw_u8");
    size_t height = (size_t)expected->dims[1], width = (size_t)expected->dims[2];
    shared_split(&split, picture_name, 80);
    BrimLoaderConf conf = {.split = &split,
                           .imgsz_px = 640,
                           .batch = 1,
                           .stride_px = 32,
                           .rectangular = rectangular,
                           .straight = true,
                           .slots = 1};
    assert_ok(brim_loader_open(&loader, &conf));
    assert_ok(brim_loader_start(loader, 0, 0));
    assert_ok(brim_loader_next(loader, &batch));
    assert_int_equal(batch->height_px, height);
    assert_int_equal(batch->width_px, width);
    const uint8_t *chw = expected->data;
    size_t different = 0;
    for (size_t i = 0; i < height * width; i++)
        for (size_t c = 0; c < 3; c++)
            different += batch->pictures[i * 3 + c] != chw[c * height * width + i];
    assert_int_equal(different, 0);
    brim_loader_close(&loader);
    brim_split_clear(&split);
    brim_tensors_clear(&file);
}

static void shows_detection_the_pixels_that_yolov5_does(void **state)
{
    (void)state;
    check_straight("reference/golden/1_inference/n_bus_rect640.safetensors", "reference/pictures/bus.jpg",
                   true);
    check_straight("reference/golden/1_inference/n_bus_sq640.safetensors", "reference/pictures/bus.jpg",
                   false);
    check_straight("reference/golden/1_inference/n_zidane_rect640.safetensors",
                   "reference/pictures/zidane.jpg", true);
}

static void takes_what_it_said(void **state)
{
    (void)state;
    BrimSplit split;
    drawn_split(&split, DRAWN, 96);
    for (int i = 0; i < 6; i++) {
        BrimLoaderConf conf = training_conf(&split);
        conf.augment = i < 2 || i >= 4;
        conf.pixels_apart = i >= 4;
        conf.rectangular = i == 2 || i == 3;
        conf.workers = i % 2 ? 2 : 0;
        conf.slots = 3;
        BrimLoader *loader;
        size_t before = brim_mem_held_bytes(BRIM_MEM_DATA), said = brim_loader_slot_bytes(&conf);
        assert_int_equal(brim_mem_held_bytes(BRIM_MEM_DATA), before);
        assert_ok(brim_loader_open(&loader, &conf));
        assert_int_equal(brim_mem_held_bytes(BRIM_MEM_DATA) - before, said);
        brim_loader_close(&loader);
        assert_int_equal(brim_mem_held_bytes(BRIM_MEM_DATA), before);
    }
    brim_split_clear(&split);
}

static void closes_and_starts_anew_at_any_time(void **state)
{
    (void)state;
    BrimSplit split;
    const BrimBatch *batch;
    drawn_split(&split, DRAWN, 96);
    BrimLoaderConf conf = training_conf(&split);
    conf.workers = 3;
    for (int i = 0; i < 12; i++) {
        BrimLoader *loader;
        assert_ok(brim_loader_open(&loader, &conf));
        for (int j = 0; j < i % 4; j++) {
            assert_ok(brim_loader_start(loader, j, j));
            for (int k = 0; k < i % 3; k++)
                assert_ok(brim_loader_next(loader, &batch));
        }
        brim_loader_close(&loader);
    }
    BrimLoader *none = NULL;
    brim_loader_close(&none);
    brim_split_clear(&split);
}

static void gives_memory_back_when_there_is_too_little(void **state)
{
    (void)state;
    BrimSplit split;
    drawn_split(&split, 3, 96);
    BrimLoaderConf conf = training_conf(&split);
    conf.workers = 1;
    conf.cache_bytes = 1 << 20;
    size_t before = brim_mem_held_bytes(BRIM_MEM_TAG_COUNT);
    BrimStatus status = BRIM_ERROR_MEMORY;
    for (uint64_t nth = 1; status == BRIM_ERROR_MEMORY; nth++) {
        BrimLoader *loader;
        brim_mem_fail_at(nth);
        status = brim_loader_open(&loader, &conf);
        brim_mem_fail_at(0);
        if (status == BRIM_OK)
            brim_loader_close(&loader);
        assert_null(loader);
        assert_int_equal(brim_mem_held_bytes(BRIM_MEM_TAG_COUNT), before);
        assert_in_range(nth, 1, 100);
    }
    assert_int_equal(status, BRIM_OK);
    brim_split_clear(&split);
}

/* The first of a batch, whichever thread came upon its own first. */
static void names_a_picture_that_was_damaged_since(void **state)
{
    (void)state;
    for (int workers = 0; workers < 3; workers += 2) {
        BrimSplit split;
        BrimLoader *loader;
        const BrimBatch *batch;
        drawn_split(&split, 8, 96);
        BrimLoaderConf conf = {.split = &split,
                               .imgsz_px = 64,
                               .batch = 3,
                               .stride_px = 32,
                               .workers = workers,
                               .threads = 2,
                               .slots = 2};
        assert_ok(brim_loader_open(&loader, &conf));
        assert_int_equal(truncate(split.samples[4].picture_path, 400), 0);
        assert_int_equal(truncate(split.samples[5].picture_path, 400), 0);
        assert_ok(brim_loader_start(loader, 0, 0));
        assert_ok(brim_loader_next(loader, &batch));
        for (int i = 0; i < 2; i++)
            assert_refused(brim_loader_next(loader, &batch), BRIM_ERROR_INPUT, split.samples[4].picture_path);
        assert_int_equal(unlink(split.samples[4].picture_path), 0);
        assert_ok(brim_loader_start(loader, 0, 1));
        assert_refused(brim_loader_next(loader, &batch), BRIM_ERROR_IO, split.samples[4].picture_path);
        assert_ok(brim_loader_start(loader, 0, 2));
        assert_ok(brim_loader_next(loader, &batch));
        brim_loader_close(&loader);
        brim_split_clear(&split);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(gives_the_same_batches_for_any_threads),
                                       cmocka_unit_test(goes_on_at_any_batch),
                                       cmocka_unit_test(begins_anew_while_threads_are_at_work),
                                       cmocka_unit_test(takes_each_picture_once),
                                       cmocka_unit_test(makes_yolov5s_rectangular_batches),
                                       cmocka_unit_test(maps_boxes_back_to_the_picture),
                                       cmocka_unit_test(shows_detection_the_pixels_that_yolov5_does),
                                       cmocka_unit_test(takes_what_it_said),
                                       cmocka_unit_test(closes_and_starts_anew_at_any_time),
                                       cmocka_unit_test(gives_memory_back_when_there_is_too_little),
                                       cmocka_unit_test(names_a_picture_that_was_damaged_since)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
