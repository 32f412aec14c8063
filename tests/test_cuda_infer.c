/* Inferences on a card that is none and does its work when it is waited for (tests/fake_cuda, the word
 * `lazy`): two of them under way at a time, and a validation made of such, come to the same bits as one after
 * the other. */
#include "support/card_counts.h"
#include "support/op_cases.h"
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/dataset.h"
#include "data/demo.h"
#include "run/bench_batch.h"
#include "train/validate.h"
#include "train/weights.h"

enum { CLASSES = 2, SIDE_PX = 64, BATCH = 3, BATCHES = 4, PICTURES = 10, ROWS = 252 };

static BrimModel model;

static void open_engine(BrimEngine **engine, const BrimShape *shapes, int count, int target_cap, float least)
{
    BrimEngineConf conf = {.backend = &brim_backend_cuda,
                           .model = &model,
                           .hyper = brim_hyper_default(),
                           .infer = shapes,
                           .infer_count = count,
                           .infer_target_cap = target_cap,
                           .least_objectness = least};
    brim_hyper_scale(&conf.hyper, model.level_count, model.class_count, SIDE_PX);
    assert_ok(brim_engine_open(engine, &conf));
    assert_ok(brim_engine_start(*engine));
    assert_ok(brim_weights_init(*engine, &model, 5));
    assert_ok(brim_engine_fold(*engine));
}

/* ---- what crosses ---- */

/* Pictures of which some threads take a piece each, there, and back by both ways. */
static void a_large_batch_crosses_whole(void **state)
{
    (void)state;
    static const OpCase large = {BRIM_OP_INPUT, .n = 9, .c = 3, .h = 421, .w = 641};
    size_t bytes = (size_t)(9 * 421 * 641 * 3);
    uint8_t *sent = malloc(bytes), *read = calloc(bytes, 1);
    void *pinned;
    OpRun run;
    assert_true(sent && read);
    for (size_t i = 0; i < bytes; i++)
        sent[i] = (uint8_t)(i * 2654435761u >> 13);
    assert_ok(op_run_open(&run, &brim_backend_cuda, &large, 1));
    BrimTensorId id = run.graph->ops[0].in[0];
    assert_ok(run.class->pin(run.backend, bytes, &pinned));
    assert_refused(run.class->pin(run.backend, bytes, &pinned), BRIM_ERROR_ARGUMENT, "already");
    assert_ok(run.class->write(run.program, id, sent));
    assert_ok(run.class->fetch(run.program, id, pinned));
    assert_ok(run.class->mark(run.backend, 1));
    assert_ok(run.class->wait_mark(run.backend, 1));
    assert_memory_equal(pinned, sent, bytes);
    assert_ok(run.class->read(run.program, id, read));
    assert_memory_equal(read, sent, bytes);
    op_run_close(&run);
    free(sent);
    free(read);
}

/* ---- two rooms ---- */

typedef struct Found {
    float predictions[BATCH * ROWS * (5 + CLASSES)];
    float items[4];
} Found;

static BrimBatch batches[BATCHES]; /* the last is smaller */

static void note(Found *found, const BrimBatch *batch, const float *predictions, int rows)
{
    assert_int_equal(rows, ROWS);
    size_t bytes = (size_t)batch->n * ROWS * (5 + CLASSES) * sizeof(float);
    memcpy(found->predictions, predictions, bytes);
}

static void infer_each(BrimEngine *engine, Found *found)
{
    for (int i = 0; i < BATCHES; i++) {
        const float *predictions;
        int rows;
        assert_ok(brim_engine_infer(engine, &batches[i], &predictions, &rows, found[i].items));
        note(&found[i], &batches[i], predictions, rows);
    }
}

/* Predictions are looked at when the batch behind them is begun, and the pictures of both are lost. */
static void infer_in_turns(BrimEngine *engine, Found *found)
{
    for (int i = 0; i <= BATCHES; i++) {
        const float *predictions;
        int rows;
        if (i < BATCHES) {
            size_t bytes = (size_t)batches[i].n * SIDE_PX * SIDE_PX * 3;
            uint8_t *pictures = malloc(bytes);
            assert_non_null(pictures);
            memcpy(pictures, batches[i].pictures, bytes);
            BrimBatch batch = batches[i];
            batch.pictures = pictures;
            assert_ok(brim_engine_infer_begin(engine, &batch, i % 2));
            memset(pictures, 7, bytes);
            free(pictures);
        }
        if (i == 0)
            continue;
        assert_ok(brim_engine_infer_finish(engine, (i - 1) % 2, &predictions, &rows, found[i - 1].items));
        note(&found[i - 1], &batches[i - 1], predictions, rows);
    }
}

static void batches_in_turns_are_those_one_by_one(void **state)
{
    (void)state;
    static Found each[BATCHES], turns[BATCHES];
    static const BrimShape shapes[] = {{BATCH, SIDE_PX, SIDE_PX}, {1, SIDE_PX, SIDE_PX}};
    BrimEngine *engine = NULL;
    for (int i = 0; i < BATCHES; i++) {
        assert_ok(brim_bench_batch_make(&batches[i], i == BATCHES - 1 ? 1 : BATCH, SIDE_PX, CLASSES));
        ((uint8_t *)(uintptr_t)batches[i].pictures)[i] ^= 0xFF; /* no two alike */
    }
    open_engine(&engine, shapes, 2, BATCH * BRIM_BENCH_LABELS, 0);
    for (int time = 0; time < 2; time++) { /* op by op, and as graphs */
        infer_each(engine, each);
        memset(turns, 0, sizeof turns);
        infer_in_turns(engine, turns);
        assert_memory_equal(each, turns, sizeof each);
    }
    assert_memory_not_equal(each[0].predictions, each[1].predictions, sizeof each[0].predictions);
    assert_true(each[0].items[1] > 0);
    brim_engine_close(&engine);
    for (int i = 0; i < BATCHES; i++)
        brim_bench_batch_clear(&batches[i]);
}

/* ---- predictions that are looked at ---- */

/* An objectness that some of a batch's predictions pass. */
static float middle_objectness(const float *predictions, int n)
{
    float least = 1, most = 0;
    for (int row = 0; row < n * ROWS; row++) {
        float objectness = predictions[row * (5 + CLASSES) + 4];
        least = objectness < least ? objectness : least;
        most = objectness > most ? objectness : most;
    }
    return (least + most) / 2;
}

static void rows_below_the_threshold_stay_on_the_card(void **state)
{
    (void)state;
    static Found all;
    static const BrimShape shape = {BATCH, SIDE_PX, SIDE_PX};
    const size_t row_bytes = (5 + CLASSES) * sizeof(float);
    BrimBatch batch;
    BrimEngine *engine = NULL;
    const float *predictions;
    int rows, dropped = 0;
    float items[4];
    assert_ok(brim_bench_batch_make(&batch, BATCH, SIDE_PX, CLASSES));
    open_engine(&engine, &shape, 1, BATCH * BRIM_BENCH_LABELS, 0);
    assert_ok(brim_engine_infer(engine, &batch, &predictions, &rows, all.items));
    assert_null(brim_engine_infer_kept(engine, 0));
    note(&all, &batch, predictions, rows);
    brim_engine_close(&engine);
    float least = middle_objectness(all.predictions, BATCH);
    open_engine(&engine, &shape, 1, BATCH * BRIM_BENCH_LABELS, least);
    for (int time = 0; time < 2; time++) {
        assert_ok(brim_engine_infer(engine, &batch, &predictions, &rows, items));
        assert_memory_equal(items, all.items, sizeof items);
        const int32_t *kept = brim_engine_infer_kept(engine, 0);
        assert_non_null(kept);
        for (int picture = 0; picture < BATCH; picture++) {
            int count = 0;
            for (int row = picture * ROWS; row < (picture + 1) * ROWS; row++) {
                const float *one = all.predictions + row * (5 + CLASSES);
                if (one[4] > least)
                    assert_memory_equal(predictions + (picture * ROWS + count++) * (5 + CLASSES), one,
                                        row_bytes);
            }
            assert_int_equal(kept[picture], count);
            dropped += ROWS - count;
        }
    }
    assert_true(dropped > 0 && dropped < 2 * BATCH * ROWS);
    brim_engine_close(&engine);
    brim_bench_batch_clear(&batch);
}

/* ---- a validation ---- */

typedef struct Told {
    int batches, stop_after;          /* 0: never */
    unsigned long pictures[PICTURES]; /* copies to the card when a batch was told */
} Told;

static bool watch(void *self, const BrimEvent *event)
{
    Told *told = self;
    assert_int_equal(event->kind, BRIM_EVENT_VALIDATING);
    assert_int_equal(event->batch, told->batches + 1);
    told->pictures[told->batches++] = card_calls("cuMemcpyHtoDAsync");
    return told->batches != told->stop_after;
}

static BrimSplit split;

static BrimLoaderConf loader_conf(int workers)
{
    return (BrimLoaderConf){.split = &split,
                            .imgsz_px = SIDE_PX,
                            .batch = BATCH,
                            .stride_px = 32,
                            .hyper = brim_hyper_default(),
                            .workers = workers,
                            .threads = 1,
                            .slots = workers > 0 ? 2 : 1};
}

/* A validation with the next batch under way, or one batch after the other. */
static BrimStatus validate(BrimEngine *engine, int workers, bool ahead, Told *told, BrimValidation *found,
                           int *detections)
{
    BrimLoader *loader = NULL;
    BrimValidator *validator = NULL;
    const BrimLoaderConf from = loader_conf(workers);
    const BrimValidateConf conf = {.split = &split,
                                   .class_count = CLASSES,
                                   .conf_thres = 0.001,
                                   .iou_thres = 0.6,
                                   .max_det = 300,
                                   .threads = 2,
                                   .loader = ahead ? &from : NULL,
                                   .listener = watch,
                                   .listener_self = told};
    *told = (Told){.stop_after = told->stop_after};
    assert_ok(brim_loader_open(&loader, &from));
    assert_ok(brim_validator_open(&validator, &conf, ROWS));
    int64_t taken = (int64_t)brim_mem_takes();
    unsigned long pinned = card_calls("cuMemHostAlloc");
    BrimStatus status = brim_validator_run(validator, engine, loader, found);
    assert_int_equal(brim_mem_takes(), taken);
    assert_int_equal(card_calls("cuMemHostAlloc"), pinned);
    for (int i = 0; i < split.sample_count && status == BRIM_OK; i++)
        detections[i] = brim_validator_detections(validator, i);
    brim_validator_close(&validator);
    brim_loader_close(&loader);
    return status;
}

static void open_split(void)
{
    BrimDataset dataset = {0};
    assert_ok(brim_demo_write(scratch_path("demo"), 1, PICTURES, 96, 1));
    assert_ok(brim_dataset_load(&dataset, scratch_path("demo/data.yaml")));
    assert_ok(brim_split_scan(&split, &dataset.val, dataset.class_count, 1));
    assert_true(split.sample_count > 2 * BATCH && split.sample_count % BATCH != 0);
    brim_dataset_clear(&dataset);
}

static void open_split_engine(BrimEngine **engine)
{
    static BrimShape shapes[2] = {{BATCH, SIDE_PX, SIDE_PX}, {1, SIDE_PX, SIDE_PX}};
    const BrimLoaderConf conf = loader_conf(0);
    shapes[1].n = split.sample_count % BATCH;
    open_engine(engine, shapes, 2, brim_loader_target_cap(&conf), 0);
}

static void a_validation_ahead_comes_to_the_same(void **state)
{
    (void)state;
    Told told = {0}, ahead_told = {0};
    BrimValidation plain, ahead;
    int detections[PICTURES], ahead_detections[PICTURES];
    BrimEngine *engine = NULL;
    open_split_engine(&engine);
    for (int workers = 0; workers <= 2; workers += 2) {
        assert_ok(validate(engine, workers, false, &told, &plain, detections));
        assert_ok(validate(engine, workers, true, &ahead_told, &ahead, ahead_detections));
        assert_int_equal(plain.pictures, split.sample_count);
        assert_true(plain.detections > 0 && plain.losses[1] > 0);
        memset(plain.milliseconds, 0, sizeof plain.milliseconds);
        memset(ahead.milliseconds, 0, sizeof ahead.milliseconds);
        assert_memory_equal(&plain, &ahead, sizeof plain);
        assert_memory_equal(detections, ahead_detections, (size_t)split.sample_count * sizeof *detections);
        assert_int_equal(ahead_told.batches, told.batches);
    }
    brim_engine_close(&engine);
}

/* When the first batch is told the second one has crossed, and a validation that is stopped there leaves an
 * engine that goes on. */
static void the_next_batch_is_begun_before_one_is_told(void **state)
{
    (void)state;
    Told told = {0};
    BrimValidation found, again;
    int detections[PICTURES];
    BrimEngine *engine = NULL;
    open_split_engine(&engine);
    assert_ok(validate(engine, 0, true, &told, &found, detections));
    unsigned long one = told.pictures[1] - told.pictures[0];
    assert_true(one >= 4); /* pictures, targets, their count, and the settings */
    assert_int_equal(told.pictures[told.batches - 1], told.pictures[told.batches - 2]);
    told.stop_after = 1;
    assert_ok(validate(engine, 0, true, &told, &again, detections));
    assert_true(again.stopped);
    assert_int_equal(again.pictures, BATCH);
    told.stop_after = 0;
    assert_ok(validate(engine, 0, true, &told, &again, detections));
    assert_true(again.map50_95 == found.map50_95 && again.losses[0] == found.losses[0]);
    assert_int_equal(again.detections, found.detections);
    brim_engine_close(&engine);
}

static int set_up(void **state)
{
    (void)state;
    setenv("BRIM_FAKE_CARD", "lazy", 1);
    setenv("BRIM_FAKE_DNN", "engines=one", 1);
    setenv("XDG_CACHE_HOME", scratch_folder(), 1);
    open_split();
    return brim_model_load(&model, "yolov5n", CLASSES) != BRIM_OK;
}

static int tear_down(void **state)
{
    (void)state;
    brim_split_clear(&split);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_large_batch_crosses_whole),
        cmocka_unit_test(batches_in_turns_are_those_one_by_one),
        cmocka_unit_test(rows_below_the_threshold_stay_on_the_card),
        cmocka_unit_test(a_validation_ahead_comes_to_the_same),
        cmocka_unit_test(the_next_batch_is_begun_before_one_is_told),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
