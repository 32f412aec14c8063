/* Two pictures, and one step on them. */
#include "support/recompute_case.h"

#include <string.h>

#include "plan/lifetime.h"
#include "support/support.h"
#include "train/weights.h"

enum { BATCH = 2, TARGETS = 4, CLASSES = 3, SIDE_PX = 96, SIDE_OF_P6_PX = 128 };

static const float targets[TARGETS * 6] = {0, 0, 0.4f, 0.5f, 0.6f, 0.5f, 0, 1, 0.7f, 0.2f, 0.2f, 0.3f,
                                           1, 2, 0.3f, 0.3f, 0.3f, 0.2f, 1, 0, 0.6f, 0.7f, 0.8f, 0.9f};
static uint8_t pictures[BATCH * SIDE_OF_P6_PX * SIDE_OF_P6_PX * 3];

/* A few cells at the coarsest stride. */
static int side_of(const BrimModel *model)
{
    return SIDE_PX % brim_model_max_stride_px(model) == 0 ? SIDE_PX : SIDE_OF_P6_PX;
}

static void read_gradients(BrimEngine *engine, RecomputeOutcome *outcome)
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

/* What the backward pass finds: held while the loss is computed. Not the plan's figure at its peak, which
 * workspaces of a card's convolutions move about. */
static size_t kept_bytes(const BrimGraph *graph)
{
    size_t count = (size_t)graph->tensor_count + (size_t)graph->op_count, bytes = 0;
    BrimBuffer *buffers = brim_mem_take(BRIM_MEM_OTHER, count + 1, sizeof *buffers);
    BrimOpId loss = 0;
    assert_non_null(buffers);
    assert_ok(brim_lifetimes_find(graph, buffers));
    while (graph->ops[loss].kind != BRIM_OP_LOSS)
        loss++;
    for (BrimTensorId id = 0; id < graph->tensor_count; id++)
        if (graph->tensors[id].purpose == BRIM_PURPOSE_KEPT && brim_lifetime_holds(graph, buffers, id, loss))
            bytes += graph->tensors[id].bytes;
    brim_mem_give(buffers);
    return bytes;
}

RecomputeOutcome recompute_run(const RecomputeCase *test, const BrimModel *model)
{
    RecomputeOutcome outcome = {0};
    BrimEngine *engine = NULL;
    float items[4];
    const int side_px = side_of(model);
    const BrimShape shape = {BATCH, side_px, side_px};
    const BrimBatch batch = {.n = BATCH,
                             .height_px = side_px,
                             .width_px = side_px,
                             .pictures = pictures,
                             .targets = targets,
                             .target_count = TARGETS};
    BrimEngineConf conf = {.backend = test->backend,
                           .model = model,
                           .hyper = brim_hyper_default(),
                           .train = &shape,
                           .train_count = 1,
                           .train_target_cap = TARGETS,
                           .precision = test->precision};
    memcpy(conf.recompute, test->recompute, sizeof conf.recompute);
    brim_hyper_scale(&conf.hyper, model->level_count, model->class_count, side_px);
    assert_ok(brim_engine_open(&engine, &conf));
    assert_ok(brim_engine_start(engine));
    assert_ok(brim_weights_init(engine, model, 7));
    assert_ok(brim_weights_start_ema(engine));
    assert_ok(brim_engine_gradient(engine, &batch, &(BrimStepScalars){0}, items));
    outcome.loss = items[3];
    outcome.kept_bytes = kept_bytes(brim_engine_graph(engine));
    outcome.arena_bytes = brim_engine_plan(engine)->arena_bytes;
    read_gradients(engine, &outcome);
    brim_engine_close(&engine);
    return outcome;
}

double recompute_distance(const RecomputeOutcome *a, const RecomputeOutcome *b)
{
    assert_int_equal(a->bytes, b->bytes);
    return relative_distance((const float *)(const void *)a->gradients,
                             (const float *)(const void *)b->gradients, a->bytes / sizeof(float));
}

void recompute_set_all(RecomputeCase *test, BrimRecompute recompute)
{
    memset(test->recompute, (int)recompute, sizeof test->recompute);
}

void recompute_load(BrimModel *model, const char *name)
{
    assert_ok(brim_model_load(model, name, CLASSES));
    for (size_t i = 0; i < sizeof pictures; i++)
        pictures[i] = (uint8_t)(i * i % 251);
}

void recompute_levels(const BrimBackendClass *backend, BrimPrecision precision, bool exact)
{
    static const BrimRecompute levels[] = {BRIM_RECOMPUTE_ACTIVATIONS, BRIM_RECOMPUTE_INSIDE,
                                           BRIM_RECOMPUTE_LAYER};
    BrimModel model;
    RecomputeCase test = {.backend = backend, .precision = precision};
    recompute_load(&model, "yolov5n");
    recompute_set_all(&test, BRIM_RECOMPUTE_NOTHING);
    RecomputeOutcome all = recompute_run(&test, &model);
    size_t kept_before = all.kept_bytes;
    for (int level = 0; level < 3; level++) {
        recompute_set_all(&test, levels[level]);
        RecomputeOutcome got = recompute_run(&test, &model);
        assert_true(got.loss == all.loss);
        double apart = recompute_distance(&got, &all);
        if (!(apart <= 1e-6))
            fail_msg("%s: level %d: gradients are %g apart", backend->name, levels[level], apart);
        if (exact)
            assert_memory_equal(got.gradients, all.gradients, all.bytes);
        assert_true(got.kept_bytes < kept_before);
        kept_before = got.kept_bytes;
        brim_mem_give(got.gradients);
    }
    brim_mem_give(all.gradients);
}
