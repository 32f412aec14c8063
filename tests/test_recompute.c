/* What the backward pass computes again must not change what it computes: the gradients of every level, and
 * of mixed ones, against those of the step that keeps everything. And each level must keep less than the one
 * before. */
#include "support/support.h"

#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "graph/recompute.h"
#include "train/engine.h"
#include "train/weights.h"

enum { BATCH = 2, SIDE_PX = 96, TARGETS = 4, CLASSES = 3, NAMES = 5 };

static const float targets[TARGETS * 6] = {0, 0, 0.4f, 0.5f, 0.6f, 0.5f, 0, 1, 0.7f, 0.2f, 0.2f, 0.3f,
                                           1, 2, 0.3f, 0.3f, 0.3f, 0.2f, 1, 0, 0.6f, 0.7f, 0.8f, 0.9f};
static uint8_t pictures[BATCH * SIDE_PX * SIDE_PX * 3];
static const BrimShape shape = {BATCH, SIDE_PX, SIDE_PX};
static const BrimBatch batch = {.n = BATCH,
                                .height_px = SIDE_PX,
                                .width_px = SIDE_PX,
                                .pictures = pictures,
                                .targets = targets,
                                .target_count = TARGETS};

typedef struct Case {
    const BrimBackendClass *backend;
    BrimPrecision precision;
    uint8_t recompute[BRIM_MAX_LAYERS];
} Case;

/* One step's gradients, all blocks behind one another; what the plan keeps for the backward pass and its
 * arena. */
typedef struct Outcome {
    char *gradients;
    size_t bytes, kept_bytes, arena_bytes;
    float loss;
} Outcome;

static void read_gradients(BrimEngine *engine, Outcome *outcome)
{
    static const char *const blocks[] = {"gradient/block.bias", "gradient/block.weight",
                                         "gradient/block.scale"};
    const BrimGraph *graph = brim_engine_graph(engine);
    for (int i = 0; i < 3; i++) {
        BrimTensorId id = brim_graph_find(graph, blocks[i]);
        assert_int_not_equal(id, BRIM_NONE);
        outcome->gradients =
            brim_mem_grow(BRIM_MEM_OTHER, outcome->gradients, outcome->bytes + graph->tensors[id].bytes, 1);
        assert_ok(brim_engine_read(engine, id, outcome->gradients + outcome->bytes));
        outcome->bytes += graph->tensors[id].bytes;
    }
}

static Outcome run_case(const Case *test, const BrimModel *model)
{
    Outcome outcome = {0};
    BrimEngine *engine = NULL;
    float items[4];
    BrimEngineConf conf = {.backend = test->backend,
                           .model = model,
                           .hyper = brim_hyper_default(),
                           .train = &shape,
                           .train_count = 1,
                           .train_target_cap = TARGETS,
                           .precision = test->precision};
    memcpy(conf.recompute, test->recompute, sizeof conf.recompute);
    brim_hyper_scale(&conf.hyper, model->level_count, model->class_count, SIDE_PX);
    assert_ok(brim_engine_open(&engine, &conf));
    assert_ok(brim_engine_start(engine));
    assert_ok(brim_weights_init(engine, model, 7));
    assert_ok(brim_weights_start_ema(engine));
    assert_ok(brim_engine_gradient(engine, &batch, &(BrimStepScalars){0}, items));
    outcome.loss = items[3];
    outcome.kept_bytes = brim_engine_plan(engine)->purpose_bytes[BRIM_PURPOSE_KEPT];
    outcome.arena_bytes = brim_engine_plan(engine)->arena_bytes;
    read_gradients(engine, &outcome);
    brim_engine_close(&engine);
    return outcome;
}

static double distance(const Outcome *a, const Outcome *b)
{
    assert_int_equal(a->bytes, b->bytes);
    return relative_distance((const float *)(const void *)a->gradients,
                             (const float *)(const void *)b->gradients, a->bytes / sizeof(float));
}

static void set_all(Case *test, BrimRecompute recompute)
{
    memset(test->recompute, (int)recompute, sizeof test->recompute);
}

static void load(BrimModel *model, const char *name)
{
    assert_ok(brim_model_load(model, name, CLASSES));
    for (size_t i = 0; i < sizeof pictures; i++)
        pictures[i] = (uint8_t)(i * i % 251);
}

/* Every level on both backends. On the cpu backend the bits are the same: whatever runs again runs as it ran
 * before. */
static void test_levels(void **state)
{
    static const BrimBackendClass *const backends[] = {&brim_backend_cpu, &brim_backend_reference};
    static const BrimRecompute levels[] = {BRIM_RECOMPUTE_ACTIVATIONS, BRIM_RECOMPUTE_INSIDE,
                                           BRIM_RECOMPUTE_LAYER};
    BrimModel model;
    (void)state;
    load(&model, "yolov5n");
    for (int i = 0; i < 2; i++) {
        Case test = {.backend = backends[i]};
        set_all(&test, BRIM_RECOMPUTE_NOTHING);
        Outcome all = run_case(&test, &model);
        size_t kept_before = all.kept_bytes;
        for (int level = 0; level < 3; level++) {
            set_all(&test, levels[level]);
            Outcome got = run_case(&test, &model);
            assert_true(got.loss == all.loss);
            double apart = distance(&got, &all);
            if (!(apart <= 1e-6))
                fail_msg("%s: level %d: gradients are %g apart", test.backend->name, levels[level], apart);
            if (test.backend == &brim_backend_cpu)
                assert_memory_equal(got.gradients, all.gradients, all.bytes);
            assert_true(got.kept_bytes < kept_before);
            kept_before = got.kept_bytes;
            brim_mem_give(got.gradients);
        }
        brim_mem_give(all.gradients);
    }
}

/* Levels drawn layer by layer, on models with every kind of layer. */
static void test_mixtures(void **state)
{
    static const char *const names[] = {"yolov5n", "yolov5n6", "yolov5s"};
    enum { MIXTURES = 6 };
    (void)state;
    for (int i = 0; i < 3; i++) {
        BrimModel model;
        Case test = {.backend = &brim_backend_cpu};
        load(&model, names[i]);
        if (SIDE_PX % brim_model_max_stride_px(&model))
            continue;
        Outcome plain = run_case(&test, &model);
        for (int mixture = 0; mixture < MIXTURES; mixture++) {
            BrimRandom random = brim_random(5, (uint64_t)mixture);
            for (int layer = 0; layer < BRIM_MAX_LAYERS; layer++)
                test.recompute[layer] = (uint8_t)brim_random_below(&random, BRIM_RECOMPUTE_LAYER + 1);
            Outcome got = run_case(&test, &model);
            assert_memory_equal(got.gradients, plain.gradients, plain.bytes);
            brim_mem_give(got.gradients);
        }
        brim_mem_give(plain.gradients);
    }
}

/* What is kept in 16 bits takes half the room, and moves the gradients by its rounding and no more. */
static void test_kept_in_16_bits(void **state)
{
    static const BrimBackendClass *const backends[] = {&brim_backend_cpu, &brim_backend_reference};
    BrimModel model;
    (void)state;
    load(&model, "yolov5n");
    Outcome narrow[2];
    for (int i = 0; i < 2; i++) {
        Case test = {.backend = backends[i]};
        Outcome wide = run_case(&test, &model);
        test.precision = BRIM_PRECISION_BF16_KEPT;
        narrow[i] = run_case(&test, &model);
        assert_true(narrow[i].loss == wide.loss);
        assert_true(narrow[i].kept_bytes < wide.kept_bytes * 6 / 10);
        double apart = distance(&narrow[i], &wide);
        if (!(apart > 0 && apart < 0.02))
            fail_msg("%s: gradients are %g apart", test.backend->name, apart);
        brim_mem_give(wide.gradients);
    }
    brim_mem_give(narrow[0].gradients);
    brim_mem_give(narrow[1].gradients);
}

/* A step of fp16 features is for cards: the engine refuses it where nothing would compute it. */
static void test_amp_needs_a_card(void **state)
{
    BrimModel model;
    BrimEngine *engine = NULL;
    (void)state;
    load(&model, "yolov5n");
    BrimEngineConf conf = {.backend = &brim_backend_cpu,
                           .model = &model,
                           .hyper = brim_hyper_default(),
                           .train = &shape,
                           .train_count = 1,
                           .train_target_cap = TARGETS,
                           .precision = BRIM_PRECISION_AMP};
    assert_int_equal(brim_engine_open(&engine, &conf), BRIM_ERROR_UNSUPPORTED);
    assert_null(engine);
}

/* Words and letters, there and back. */
static void test_text(void **state)
{
    static const struct {
        const char *text, *formatted;
    } cases[] = {{NULL, "activations"}, {"", "activations"}, {"nothing", "nothing"}, {"inside", "inside"},
                 {"blocks", "blocks"},  {"a", "activations"}, {"nnaal", "nnaal"},    {"lai", "lai"}};
    char text[BRIM_RECOMPUTE_TEXT_BYTES];
    uint8_t levels[BRIM_MAX_LAYERS], again[BRIM_MAX_LAYERS];
    BrimModel model;
    (void)state;
    load(&model, "yolov5n");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_ok(brim_recompute_parse(cases[i].text, &model, levels));
        brim_recompute_format(levels, &model, text);
        assert_string_equal(text, cases[i].formatted);
        assert_ok(brim_recompute_parse(text, &model, again));
        assert_memory_equal(levels, again, (size_t)model.layer_count);
    }
    assert_ok(brim_recompute_parse("blocks", &model, levels));
    assert_int_equal(levels[0], BRIM_RECOMPUTE_ACTIVATIONS); /* a convolution alone */
    assert_int_equal(levels[2], BRIM_RECOMPUTE_LAYER);       /* a C3 that the next layer reads */
    assert_int_equal(levels[4], BRIM_RECOMPUTE_INSIDE);      /* one that is read far away as well */
    assert_int_equal(brim_recompute_parse("some", &model, levels), BRIM_ERROR_ARGUMENT);
    assert_int_equal(brim_recompute_parse("aax", &model, levels), BRIM_ERROR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_mixtures),
        cmocka_unit_test(test_kept_in_16_bits),
        cmocka_unit_test(test_amp_needs_a_card),
        cmocka_unit_test(test_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
