/* Training on a card that makes its own pictures, on a false one (tests/fake_cuda/fake_cuda.h): the losses of
 * a run whose host makes them, wherever the decoded pictures are kept; in the memory that was planned; given
 * back. */
#include "support/card_counts.h"
#include "support/same_runs.h"
#include "support/split.h"
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"
#include "data/demo.h"
#include "train/trainer.h"

#define CARD "memory=2G,free=1900M,context=100M,module=4M,late=64K,grain=2M,sms=4,cc=8.6,lazy,name=Tested"

enum { EPOCHS = 2, STEPS = EPOCHS * 3, MIB = 1 << 20 };

/* And pictures of 98 px: some are scaled in their letterbox. */
static int set_up(void **state)
{
    (void)state;
    return draw_small_pictures(11, 2, 98);
}

static int check_given_back(void **state)
{
    (void)state;
    assert_int_equal(card_taken_bytes(), 0);
    return 0;
}

/* ---- a whole run ---- */

typedef struct Seen {
    SeenSteps steps;
    uint64_t planned_bytes;
    char augments[160]; /* the remark that says who does */
} Seen;

static bool watch(void *self, const BrimEvent *event)
{
    Seen *seen = self;
    if (event->kind == BRIM_EVENT_PLAN)
        seen->planned_bytes = event->memory_planned_bytes;
    if (event->kind == BRIM_EVENT_REMARK && strstr(event->text, "augments"))
        snprintf(seen->augments, sizeof seen->augments, "%s", event->text);
    return see_step(&seen->steps, event);
}

static void train(const char *cache, uint64_t memory_bytes, int workers, Seen *seen)
{
    BrimTrainOptions options = small_run_in(scratch_folder(), "exp");
    /* Half of the pictures in mosaics, and everything else that is drawn. */
    options.hyp = scratch_file(
        "hyp.yaml", "mosaic: 0.5\nmixup: 0.5\ndegrees: 10\nshear: 4\nflipud: 0.4\nperspective: 0.0005\n");
    options.device = "0";
    options.cache = cache;
    options.epochs = EPOCHS;
    options.batch_size = 4; /* 11 pictures: two whole batches and one of three */
    options.imgsz = 32;
    options.workers = workers;
    options.threads = 2;
    options.memory_bytes = memory_bytes;
    *seen = (Seen){0};
    assert_ok(brim_train(&options, watch, seen));
    assert_int_equal(seen->steps.count, STEPS);
    assert_true(card_peak_bytes() <= seen->planned_bytes);
}

/* The kernel's pixels are the loader's, so the losses are, to the last bit. */
static void test_training(void **state)
{
    (void)state;
    Seen host, ram, device, little;
    train("none", 0, 0, &host);
    /* Once for each program that is loaded, before memory is measured. */
    int early = (int)card_launches("brim_augment");
    train("ram", 0, 0, &ram);
    assert_int_equal(card_launches("brim_augment"), 2 * early + STEPS);
    assert_same_losses(&ram.steps, &host.steps);
    assert_non_null(
        strstr(ram.augments, "the card augments: 1 MiB of decoded pictures are in the host's memory"));
    train("device", 0, 2, &device);
    assert_int_equal(card_launches("brim_augment"), 3 * early + 2 * STEPS);
    assert_same_losses(&device.steps, &host.steps);
    assert_non_null(strstr(device.augments, "are in its memory"));
    assert_int_equal(device.planned_bytes - host.planned_bytes, 2 * MIB); /* a step of cuMemAlloc's */
    train("device", host.planned_bytes + MIB, 0, &little);
    assert_non_null(strstr(little.augments, "no room to keep 1 MiB"));
    assert_same_losses(&little.steps, &host.steps);
    /* It was planned twice, and made no picture. */
    assert_int_equal((card_launches("brim_augment") - 2 * STEPS) % early, 0);
}

/* ---- where pictures go ---- */

/* Opened and started, not run. Returns what was planned; `augments` is the remark of who augments. */
static size_t start(BrimTrainerConf *conf, size_t budget_bytes, char *augments, size_t bytes)
{
    Seen seen = {0};
    BrimTrainer *trainer;
    conf->budget_bytes = budget_bytes;
    conf->listener = watch;
    conf->listener_self = &seen;
    assert_ok(brim_trainer_open(&trainer, conf));
    size_t planned = brim_trainer_planned_bytes(trainer);
    assert_ok(brim_trainer_start(trainer, NULL));
    assert_true(card_taken_bytes() <= planned);
    brim_trainer_close(&trainer);
    snprintf(augments, bytes, "%s", seen.augments);
    return planned;
}

/* Pictures in the host's memory take of the card's what maps them, once that is more than a page. */
static void test_tables(void **state)
{
    (void)state;
    BrimKeep keep = {
        .picture_bytes = (size_t)455 * MIB, .in_host = true, .most_pictures = 16, .most_px = 1280};
    size_t few = brim_backend_cuda.keep_bytes(&keep);
    keep.picture_bytes = (size_t)3639 * MIB; /* seven of tables */
    assert_int_equal(brim_backend_cuda.keep_bytes(&keep), few + 8 * MIB);
    keep.in_host = false;
    assert_true(brim_backend_cuda.keep_bytes(&keep) >= keep.picture_bytes);
}

/* On the card where the budget allows, then in the host's memory, then nowhere; each as it was planned. */
static void test_places(void **state)
{
    (void)state;
    BrimSplit train_split, val_split;
    BrimModel model;
    char said[160];
    drawn_split(&train_split, 260, 64);
    drawn_split(&val_split, 2, 64);
    assert_ok(brim_model_load(&model, "yolov5n", BRIM_DEMO_CLASS_COUNT));
    BrimTrainerConf conf = {.backend = &brim_backend_cuda,
                            .model = &model,
                            .hyper = brim_hyper_default(),
                            .train = &train_split,
                            .val = &val_split,
                            .epochs = 1,
                            .batch = 2,
                            .imgsz_px = 64,
                            .cache_bytes = 64 * MIB};
    size_t alone = start(&conf, 0, said, sizeof said);
    assert_string_equal(said, "");
    conf.keep = BRIM_TRAINER_KEEP_DEVICE;
    assert_int_equal(start(&conf, alone + 4 * MIB, said, sizeof said), alone + 4 * MIB);
    assert_string_equal(said, "the card augments: 3 MiB of decoded pictures are in its memory");
    assert_int_equal(start(&conf, alone + 3 * MIB, said, sizeof said), alone + 2 * MIB);
    assert_string_equal(said,
                        "the card augments: 3 MiB of decoded pictures are in the host's memory, since the "
                        "card has no room for them");
    conf.cache_bytes = MIB; /* less than the pictures */
    assert_int_equal(start(&conf, alone + 3 * MIB, said, sizeof said), alone);
    assert_string_equal(said, "no room to keep 3 MiB of decoded pictures: the host augments");
    conf.keep = BRIM_TRAINER_KEEP_HOST;
    assert_int_equal(start(&conf, 0, said, sizeof said), alone);
    conf.backend = &brim_backend_cpu; /* which keeps none, and says nothing of it */
    conf.keep = BRIM_TRAINER_KEEP_DEVICE;
    BrimTrainer *trainer;
    assert_ok(brim_trainer_open(&trainer, &conf));
    brim_trainer_close(&trainer);
    brim_split_clear(&train_split);
    brim_split_clear(&val_split);
}

/* ---- the contract ---- */

enum { SIDE = 32 };

typedef struct Open {
    BrimModel model;
    BrimEngine *engine;
} Open;

static void open_engine(Open *open, int target_cap)
{
    static const BrimShape train_shape = {2, SIDE, SIDE};
    assert_ok(brim_model_load(&open->model, "yolov5n", BRIM_DEMO_CLASS_COUNT));
    const BrimEngineConf conf = {.backend = &brim_backend_cuda,
                                 .model = &open->model,
                                 .hyper = brim_hyper_default(),
                                 .train = &train_shape,
                                 .train_count = 1,
                                 .train_target_cap = target_cap};
    assert_ok(brim_engine_open(&open->engine, &conf));
}

/* What does not fit is refused with figures, and nothing is kept; the host's needs next to nothing of the
 * card. */
static void test_budget(void **state)
{
    (void)state;
    Open open;
    open_engine(&open, 8);
    const BrimKeep large = {.picture_bytes = (size_t)100 * MIB, .most_pictures = 2, .most_px = 2 * SIDE};
    const BrimKeep host = {
        .picture_bytes = (size_t)100 * MIB, .in_host = true, .most_pictures = 2, .most_px = 2 * SIDE};
    size_t planned = brim_engine_planned_bytes(open.engine);
    assert_refused(brim_engine_keep(open.engine, &large, planned + (size_t)101 * MIB), BRIM_ERROR_FIT,
                   "102.0 MiB fit given");
    assert_int_equal(brim_engine_planned_bytes(open.engine), planned);
    assert_ok(brim_engine_keep(open.engine, &host, planned + (size_t)101 * MIB));
    assert_int_equal(brim_engine_planned_bytes(open.engine), planned + 2 * MIB);
    assert_ok(brim_engine_keep(open.engine, &large, planned + (size_t)102 * MIB));
    assert_int_equal(brim_engine_planned_bytes(open.engine), planned + (size_t)102 * MIB);
    brim_engine_close(&open.engine);
}

/* A picture beyond the room, and batches that were not planned: of more pictures, or larger ones. */
static void test_refused(void **state)
{
    (void)state;
    static const struct {
        int pictures, px;
    } rooms[] = {{1, 2 * SIDE}, {2, 2 * SIDE - 1}};
    static BrimAugmentTask tasks[2];
    const BrimBatch batch = {.n = 2, .height_px = SIDE, .width_px = SIDE, .tasks = tasks};
    for (int i = 0; i < 2; i++) {
        Open open;
        uint8_t rgb[12] = {0};
        float items[4];
        const BrimKeep keep = {
            .picture_bytes = 24, .most_pictures = rooms[i].pictures, .most_px = rooms[i].px};
        open_engine(&open, 8);
        assert_ok(brim_engine_keep(open.engine, &keep, 0));
        assert_ok(brim_engine_start(open.engine));
        assert_ok(brim_engine_put_picture(open.engine, 12, &(BrimPicture){2, 2, rgb}));
        assert_refused(brim_engine_put_picture(open.engine, 13, &(BrimPicture){2, 2, rgb}),
                       BRIM_ERROR_ARGUMENT, "12 bytes at 13 of 24");
        assert_refused(brim_engine_gradient(open.engine, &batch, &(BrimStepScalars){0}, items),
                       BRIM_ERROR_ARGUMENT, "a batch of 2 pictures can be made");
        brim_engine_close(&open.engine);
    }
}

static BrimStatus put(void *self, size_t start_bytes, const BrimPicture *picture)
{
    return brim_engine_put_picture(self, start_bytes, picture);
}

/* The pictures that a step was run on. */
static void assert_made(const Open *open, const BrimBatch *expected)
{
    static uint8_t made[2 * SIDE * SIDE * 3];
    BrimTensorId pictures = brim_graph_find(brim_engine_graph(open->engine), "pictures");
    assert_ok(brim_engine_read(open->engine, pictures, made));
    assert_memory_equal(made, expected->pictures, sizeof made);
}

/* Steps on what the card made, in either memory: the loader's own pictures, and no host memory taken. */
static void check_steps(const BrimSplit *split, bool in_host)
{
    Open open;
    BrimLoader *here, *apart;
    BrimLoaderConf conf = training_conf(split);
    conf.imgsz_px = SIDE;
    conf.batch = 2;
    open_engine(&open, brim_loader_target_cap(&conf));
    assert_ok(brim_loader_open(&here, &conf));
    conf.pixels_apart = true;
    conf.workers = 2;
    assert_ok(brim_loader_open(&apart, &conf));
    const BrimKeep keep = {.picture_bytes = brim_loader_kept_bytes(&conf),
                           .in_host = in_host,
                           .most_pictures = 2,
                           .most_px = 2 * SIDE};
    assert_ok(brim_engine_keep(open.engine, &keep, 0));
    assert_ok(brim_engine_start(open.engine));
    assert_ok(brim_loader_keep(apart, put, open.engine));
    assert_ok(brim_loader_start(here, 1, 0));
    assert_ok(brim_loader_start(apart, 1, 0));
    for (int i = 0; i < brim_loader_batch_count(apart); i++) {
        const BrimBatch *batch, *expected;
        float items[4];
        uint64_t takes = brim_mem_takes();
        assert_ok(brim_loader_next(apart, &batch));
        assert_ok(brim_engine_gradient(open.engine, batch, &(BrimStepScalars){0}, items));
        assert_int_equal(brim_mem_takes(), takes);
        assert_ok(brim_loader_next(here, &expected));
        assert_made(&open, expected);
    }
    brim_loader_close(&here);
    brim_loader_close(&apart);
    brim_engine_close(&open.engine);
}

static void test_steps(void **state)
{
    (void)state;
    BrimSplit split;
    drawn_split(&split, 6, 98);
    check_steps(&split, false);
    check_steps(&split, true);
    brim_split_clear(&split);
}

int main(void)
{
    setenv("BRIM_FAKE_CARD", CARD, 1);
    /* Else the engines that lose, which are timed in the first run alone, have been loaded there. */
    setenv("BRIM_FAKE_DNN", "engines=one", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_training, check_given_back),
        cmocka_unit_test(test_tables),
        cmocka_unit_test_teardown(test_places, check_given_back),
        cmocka_unit_test_teardown(test_steps, check_given_back),
        cmocka_unit_test_teardown(test_budget, check_given_back),
        cmocka_unit_test_teardown(test_refused, check_given_back),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
