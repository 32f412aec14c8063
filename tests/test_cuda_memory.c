/* What is planned of a card's memory is what is taken of it, to the byte: on a false card that loads each
 * kernel and each of cuDNN's engines when it is first started, and gives out memory in pages of 2 MiB. On a
 * true card: `./run test-gpu`. */
#include "support/card_counts.h"
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cuda/layout/layout.h"
#include "train/engine.h"
#include "train/weights.h"

#define CARD "memory=4G,context=300M,module=6M,late=192K,grain=2M"

enum { BATCH = 2, SIDE_PX = 64, CLASSES = 2 };

static BrimModel model;
static uint8_t pictures[BATCH * SIDE_PX * SIDE_PX * 3];
static const float targets[] = {0, 0, 0.4f, 0.5f, 0.6f, 0.5f, 1, 1, 0.7f, 0.2f, 0.2f, 0.3f};
static const BrimShape shape = {BATCH, SIDE_PX, SIDE_PX};
static const BrimBatch batch = {.n = BATCH,
                                .height_px = SIDE_PX,
                                .width_px = SIDE_PX,
                                .pictures = pictures,
                                .targets = targets,
                                .target_count = 2};

static BrimEngineConf engine_conf(BrimPrecision precision, bool training)
{
    BrimEngineConf conf = {.backend = &brim_backend_cuda,
                           .model = &model,
                           .hyper = brim_hyper_default(),
                           .precision = precision,
                           .train = &shape,
                           .train_count = training,
                           .snapshots = training,
                           .train_target_cap = training ? 4 : 0,
                           .infer = &shape,
                           .infer_count = 1,
                           .infer_target_cap = training ? 4 : 0};
    brim_hyper_scale(&conf.hyper, model.level_count, model.class_count, SIDE_PX);
    return conf;
}

static void check_taken(BrimEngine *engine, const char *when)
{
    uint64_t free_bytes, taken_bytes;
    brim_engine_room(engine, &free_bytes, &taken_bytes);
    if (taken_bytes != brim_engine_planned_bytes(engine))
        fail_msg("%s: %llu bytes are taken, %zu were planned", when, (unsigned long long)taken_bytes,
                 brim_engine_planned_bytes(engine));
}

static void infer(BrimEngine *engine)
{
    int rows;
    float items[4];
    const float *predictions;
    assert_ok(brim_engine_fold(engine));
    for (int i = 0; i < 2; i++)
        assert_ok(brim_engine_infer(engine, &batch, &predictions, &rows, items));
}

/* Steps that are started op by op, recorded, and launched, and a validation after them. */
static void run(BrimEngine *engine)
{
    float items[4], norm[2];
    const BrimStepScalars scalars = {
        .learning_rate = {0.001f, 0.001f, 0.001f}, .momentum = 0.9f, .clip_norm = 10, .ema_decay = 0.99f};
    assert_ok(brim_weights_init(engine, &model, 7));
    assert_ok(brim_weights_start_ema(engine));
    for (int step = 0; step < 3; step++) {
        assert_ok(brim_engine_gradient(engine, &batch, &scalars, items));
        assert_ok(brim_engine_update(engine, &scalars, norm));
        check_taken(engine, "in a step");
    }
    infer(engine);
    check_taken(engine, "after a validation");
}

static void a_training_takes_what_was_planned(void **state)
{
    (void)state;
    static const BrimPrecision precisions[] = {BRIM_PRECISION_FP32, BRIM_PRECISION_AMP};
    for (int i = 0; i < 2; i++) {
        BrimEngine *engine = NULL;
        const BrimEngineConf conf = engine_conf(precisions[i], true);
        assert_ok(brim_engine_open(&engine, &conf));
        assert_ok(brim_engine_start(engine));
        check_taken(engine, "at the start");
        run(engine);
        assert_int_equal(brim_engine_peak_bytes(engine), brim_engine_planned_bytes(engine));
        brim_engine_close(&engine);
    }
}

/* The engines of convolutions are in the file now, so that none of them is timed any more. */
static void a_detection_takes_what_was_planned(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        BrimEngine *engine = NULL;
        const BrimEngineConf conf = engine_conf(BRIM_PRECISION_FP32, false);
        assert_ok(brim_engine_open(&engine, &conf));
        assert_ok(brim_engine_start(engine));
        assert_ok(brim_weights_init(engine, &model, 7));
        check_taken(engine, "at the start");
        infer(engine);
        check_taken(engine, "after an inference");
        brim_engine_close(&engine);
    }
}

/* A budget that is a byte too small is refused before the arena is taken, the exact one is enough. */
static void a_budget_is_held_to_the_byte(void **state)
{
    (void)state;
    BrimEngine *engine = NULL;
    BrimEngineConf conf = engine_conf(BRIM_PRECISION_FP32, true);
    assert_ok(brim_engine_open(&engine, &conf));
    conf.budget_bytes = brim_engine_planned_bytes(engine);
    brim_engine_close(&engine);
    assert_ok(brim_engine_open(&engine, &conf));
    assert_ok(brim_engine_start(engine));
    check_taken(engine, "with a budget");
    brim_engine_close(&engine);
    conf.budget_bytes--;
    assert_refused(brim_engine_open(&engine, &conf), BRIM_ERROR_FIT, "MiB");
    assert_null(engine);
}

static size_t plan_elsewhere(const BrimEngineConf *conf, BrimGraph **training)
{
    BrimPlan *plan = NULL;
    BrimGraph *graphs[2] = {NULL};
    const BrimSizer sizer = brim_cuda_layout().sizer;
    const BrimStepConf step = {.model = conf->model,
                               .hyper = conf->hyper,
                               .batch = BATCH,
                               .height_px = SIDE_PX,
                               .width_px = SIDE_PX,
                               .target_cap = conf->train_target_cap,
                               .training_run = true,
                               .precision = conf->precision};
    assert_ok(brim_graph_training(&graphs[0], &step));
    assert_ok(brim_graph_inference(&graphs[1], &step));
    for (int i = 0; i < 2; i++)
        assert_ok(brim_plan_measure(graphs[i], &sizer));
    assert_ok(brim_plan_make(&plan, graphs, 2));
    size_t arena_bytes = plan->arena_bytes;
    brim_plan_close(&plan);
    brim_graph_close(&graphs[1]);
    *training = graphs[0];
    return arena_bytes;
}

/* A plan that was made without the card is the card's own, but for the workspaces of cuDNN. */
static void a_plan_made_elsewhere_is_the_cards(void **state)
{
    (void)state;
    static const BrimPrecision precisions[] = {BRIM_PRECISION_FP32, BRIM_PRECISION_AMP};
    for (int i = 0; i < 2; i++) {
        size_t most = 0;
        BrimEngine *engine = NULL;
        BrimGraph *elsewhere = NULL;
        const BrimEngineConf conf = engine_conf(precisions[i], true);
        assert_ok(brim_engine_open(&engine, &conf));
        const BrimGraph *here = brim_engine_graph(engine);
        size_t planned = plan_elsewhere(&conf, &elsewhere), own = brim_engine_plan(engine)->arena_bytes;
        assert_int_equal(elsewhere->tensor_count, here->tensor_count);
        for (BrimTensorId id = 0; id < here->tensor_count; id++)
            assert_int_equal(elsewhere->tensors[id].bytes, here->tensors[id].bytes);
        for (BrimOpId id = 0; id < here->op_count; id++) {
            size_t ours = elsewhere->ops[id].workspace_bytes, all = here->ops[id].workspace_bytes;
            assert_true(brim_op_is_conv(here->ops[id].kind) ? ours <= all : ours == all);
            most = all - ours > most ? all - ours : most;
        }
        if (planned > own || own > planned + most)
            fail_msg("planned elsewhere %zu, by the card %zu, cuDNN needs %zu at most", planned, own, most);
        brim_graph_close(&elsewhere);
        brim_engine_close(&engine);
    }
}

int main(void)
{
    if (lacks_false_card())
        return 77;
    setenv("BRIM_FAKE_CARD", CARD, 1);
    setenv("XDG_CACHE_HOME", scratch_folder(), 1);
    if (brim_model_load(&model, "yolov5n", CLASSES) != BRIM_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_training_takes_what_was_planned),
        cmocka_unit_test(a_detection_takes_what_was_planned),
        cmocka_unit_test(a_budget_is_held_to_the_byte),
        cmocka_unit_test(a_plan_made_elsewhere_is_the_cards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
