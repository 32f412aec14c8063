/* A whole training step on the reference backend: through the engine, and its gradient against central
 * differences.
 *
 * The loss itself has constants in its gradient on purpose (the IoU that objectness aims at, the weight of
 * the aspect term), so differences of the loss say nothing. What is differentiated instead is f(w) = <dheads,
 * heads(w)> with the loss's dheads held fixed: its gradient is what the backward pass makes of those dheads.
 */
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "graph/step.h"
#include "train/engine.h"
#include "train/weights.h"

enum { BATCH = 2, SIDE_PX = 64, TARGETS = 4, CLASSES = 3 };
enum { EVERY_NTH = 5 }; /* parameters that are checked: two forward passes each */
static const double MOST_OFF = 0.03;

static const float targets[TARGETS * 6] = {0, 0, 0.4f, 0.5f, 0.6f, 0.5f, 0, 1, 0.7f, 0.2f, 0.2f, 0.3f,
                                           1, 2, 0.3f, 0.3f, 0.3f, 0.2f, 1, 0, 0.6f, 0.7f, 0.8f, 0.9f};
static uint8_t pictures[BATCH * SIDE_PX * SIDE_PX * 3];
static BrimModel model;
static const BrimShape shape = {BATCH, SIDE_PX, SIDE_PX};
static const BrimBatch batch = {.n = BATCH,
                                .height_px = SIDE_PX,
                                .width_px = SIDE_PX,
                                .pictures = pictures,
                                .targets = targets,
                                .target_count = TARGETS};

/* Smooth stripes, so that pictures look like something. */
static void draw_pictures(void)
{
    for (int i = 0; i < BATCH * SIDE_PX * SIDE_PX * 3; i++)
        pictures[i] = (uint8_t)(128 + 90 * sin(i / 3 * 0.11 + i % 3) * cos(i / (3 * SIDE_PX) * 0.23));
}

static BrimEngine *open_engine(void)
{
    BrimEngine *engine = NULL;
    BrimEngineConf conf = {.backend = &brim_backend_reference,
                           .model = &model,
                           .hyper = brim_hyper_default(),
                           .train = &shape,
                           .train_count = 1,
                           .train_target_cap = TARGETS,
                           .infer = &shape,
                           .infer_count = 1,
                           .infer_target_cap = TARGETS};
    brim_hyper_scale(&conf.hyper, model.level_count, model.class_count, SIDE_PX);
    assert_ok(brim_engine_open(&engine, &conf));
    assert_ok(brim_engine_start(engine));
    assert_ok(brim_weights_init(engine, &model, 7));
    assert_ok(brim_weights_start_ema(engine));
    return engine;
}

static void test_engine_trains(void **state)
{
    (void)state;
    float items[4], norm[2], first = 0;
    const float *predictions = NULL;
    int rows = 0;
    BrimEngine *engine = open_engine();
    BrimStepScalars scalars = {.learning_rate = {0.002f, 0.002f, 0.002f},
                               .momentum = 0.5f,
                               .clip_norm = 10,
                               .weight_decay = 5e-4f,
                               .ema_decay = 0.5f};
    uint64_t takes = brim_mem_takes();
    for (int step = 0; step < 8; step++) {
        assert_ok(brim_engine_gradient(engine, &batch, &scalars, items));
        assert_ok(brim_engine_update(engine, &scalars, norm));
        assert_true(isfinite(items[3]) && isfinite(norm[0]) && norm[0] > 0);
        first = step == 0 ? items[3] : first;
    }
    assert_true(items[3] < first);
    assert_ok(brim_engine_fold(engine));
    assert_ok(brim_engine_infer(engine, &batch, &predictions, &rows, items));
    assert_int_equal(brim_mem_takes(), takes);
    assert_int_equal(rows, brim_graph_prediction_rows(&model, SIDE_PX, SIDE_PX));
    assert_true(isfinite(items[3]));
    for (int i = 0; i < BATCH * rows * (5 + CLASSES); i++)
        assert_true(isfinite(predictions[i]));
    brim_engine_close(&engine);
}

/* A training graph, loaded twice at the same places: whole, and up to the loss. */
typedef struct Step {
    BrimBackend *backend;
    BrimGraph *graph, upto_loss;
    BrimPlan *plan;
    BrimProgram *whole, *forward;
    const BrimOp *loss;
} Step;

static void open_step(Step *step)
{
    const BrimBackendClass *class = &brim_backend_reference;
    BrimStepConf conf = {.model = &model,
                         .hyper = brim_hyper_default(),
                         .batch = BATCH,
                         .height_px = SIDE_PX,
                         .width_px = SIDE_PX,
                         .target_cap = TARGETS,
                         .training_run = true};
    assert_ok(class->open(&step->backend, 0, 0));
    assert_ok(brim_graph_training(&step->graph, &conf));
    BrimSizer sizer = class->sizer(step->backend);
    assert_ok(brim_plan_measure(step->graph, &sizer));
    assert_ok(brim_plan_make(&step->plan, &step->graph, 1));
    assert_ok(brim_plan_check(step->plan, &step->graph, 1));
    assert_ok(class->take_arena(step->backend, step->plan->arena_bytes));
    step->upto_loss = *step->graph;
    for (step->loss = step->graph->ops; step->loss->kind != BRIM_OP_LOSS; step->loss++)
        ;
    step->upto_loss.op_count = (int32_t)(step->loss - step->graph->ops) + 1;
    assert_ok(class->load(step->backend, step->graph, &step->plan->placements[0], &step->whole));
    assert_ok(class->load(step->backend, &step->upto_loss, &step->plan->placements[0], &step->forward));
}

static void close_step(Step *step)
{
    brim_backend_reference.unload(&step->forward);
    brim_backend_reference.unload(&step->whole);
    brim_backend_reference.close(&step->backend);
    brim_plan_close(&step->plan);
    brim_graph_close(&step->graph);
}

static float *take_tensor(const BrimGraph *graph, BrimTensorId id)
{
    float *values = brim_mem_take(BRIM_MEM_OTHER, brim_tensor_elements(&graph->tensors[id]), sizeof *values);
    assert_non_null(values);
    return values;
}

static float *read_tensor(Step *step, BrimTensorId id)
{
    float *values = take_tensor(step->graph, id);
    assert_ok(brim_backend_reference.read(step->whole, id, values));
    return values;
}

/* Random weights of the size that He's initialisation gives, BN off its neutral values. */
static void fill_parameters(Step *step)
{
    const BrimGraph *graph = step->graph;
    for (BrimTensorId id = 0; id < graph->tensor_count; id++) {
        const BrimTensor *tensor = &graph->tensors[id];
        if (tensor->purpose != BRIM_PURPOSE_WEIGHTS || tensor->form == BRIM_FORM_BLOCK)
            continue;
        BrimRandom random = brim_random(3, (uint64_t)id);
        size_t count = brim_tensor_elements(tensor);
        float *values = take_tensor(graph, id);
        bool scale = strstr(tensor->name, "bn.weight") || strstr(tensor->name, "running_var");
        double spread = tensor->form == BRIM_FORM_FILTER ? sqrt(2.0 * tensor->dims[0] / (double)count) : 0.2;
        for (size_t i = 0; i < count; i++)
            values[i] = (float)((scale ? 1 : 0) + spread * brim_random_normal(&random));
        assert_ok(brim_backend_reference.write(step->whole, id, values));
        brim_mem_give(values);
    }
    const int32_t count = TARGETS;
    assert_ok(brim_backend_reference.write(step->whole, brim_graph_find(graph, "pictures"), pictures));
    assert_ok(brim_backend_reference.write(step->whole, brim_graph_find(graph, "targets"), targets));
    assert_ok(brim_backend_reference.write(step->whole, brim_graph_find(graph, "target_count"), &count));
}

/* The heads with a parameter moved by `by` times the direction. */
static void heads_after(Step *step, BrimTensorId id, const float *at, const float *direction, double by,
                        float *heads[BRIM_MAX_LEVELS])
{
    float *moved = take_tensor(step->graph, id);
    for (size_t i = 0; i < brim_tensor_elements(&step->graph->tensors[id]); i++)
        moved[i] = (float)(at[i] + by * direction[i]);
    assert_ok(brim_backend_reference.write(step->whole, id, moved));
    assert_ok(brim_backend_reference.run(step->forward, BRIM_PART_GRADIENT, &(BrimStepScalars){0}));
    for (int level = 0; level < model.level_count; level++)
        heads[level] = read_tensor(step, step->loss->in[BRIM_IN_HEADS + level]);
    assert_ok(brim_backend_reference.write(step->whole, id, at));
    brim_mem_give(moved);
}

/* d f / d direction by a central difference; f is linear in the heads, so only their difference counts. */
static double difference(Step *step, BrimTensorId id, const float *direction, double by,
                         float *const dheads[BRIM_MAX_LEVELS])
{
    double sum = 0;
    float *up[BRIM_MAX_LEVELS], *down[BRIM_MAX_LEVELS], *at = read_tensor(step, id);
    heads_after(step, id, at, direction, by, up);
    heads_after(step, id, at, direction, -by, down);
    for (int level = 0; level < model.level_count; level++) {
        const BrimTensor *head = &step->graph->tensors[step->loss->in[BRIM_IN_HEADS + level]];
        for (size_t i = 0; i < brim_tensor_elements(head); i++)
            sum += dheads[level][i] * ((double)up[level][i] - down[level][i]);
        brim_mem_give(up[level]);
        brim_mem_give(down[level]);
    }
    brim_mem_give(at);
    return sum / (2 * by);
}

/* How far gradient and difference are apart along a random direction, in units of what a gradient of this
 * norm shows in a random direction on average. */
static double check_parameter(Step *step, BrimTensorId id, float *const dheads[BRIM_MAX_LEVELS])
{
    char name[BRIM_NAME_BYTES + 16];
    const BrimTensor *tensor = &step->graph->tensors[id];
    snprintf(name, sizeof name, "gradient/%s", tensor->name);
    BrimTensorId gradient_id = brim_graph_find(step->graph, name);
    assert_int_not_equal(gradient_id, BRIM_NONE);
    size_t count = brim_tensor_elements(tensor);
    float *gradient = read_tensor(step, gradient_id), *direction = take_tensor(step->graph, id);
    BrimRandom random = brim_random(5, (uint64_t)id);
    double along = 0, norm = 0;
    for (size_t i = 0; i < count; i++) {
        direction[i] = (float)brim_random_normal(&random);
        along += (double)gradient[i] * direction[i];
        norm += (double)gradient[i] * gradient[i];
    }
    /* Small beside the parameters' own spread: with BN over few cells the step is far from linear. */
    double by = tensor->form == BRIM_FORM_FILTER ? 3e-4 * sqrt(2.0 * tensor->dims[0] / (double)count) : 3e-4;
    double found = difference(step, id, direction, by, dheads);
    double off = fabs(found - along) / sqrt(norm);
    if (!(off < MOST_OFF))
        fail_msg("%s: gradient %g along a direction, difference %g", tensor->name, along, found);
    brim_mem_give(gradient);
    brim_mem_give(direction);
    return off;
}

static void test_gradient_of_the_whole_step(void **state)
{
    (void)state;
    Step step = {0};
    float *dheads[BRIM_MAX_LEVELS];
    double worst = 0;
    open_step(&step);
    fill_parameters(&step);
    assert_ok(brim_backend_reference.run(step.forward, BRIM_PART_GRADIENT, &(BrimStepScalars){0}));
    for (int level = 0; level < model.level_count; level++)
        dheads[level] = read_tensor(&step, step.loss->out[BRIM_OUT_DHEADS + level]);
    assert_ok(brim_backend_reference.run(step.whole, BRIM_PART_GRADIENT, &(BrimStepScalars){0}));
    for (BrimTensorId id = 0; id < step.graph->tensor_count; id++) {
        const BrimTensor *tensor = &step.graph->tensors[id];
        bool statistic = strstr(tensor->name, "running_") != NULL;
        if (tensor->purpose != BRIM_PURPOSE_WEIGHTS || tensor->form == BRIM_FORM_BLOCK || statistic)
            continue;
        if (id % EVERY_NTH)
            continue;
        double off = check_parameter(&step, id, dheads);
        worst = off > worst ? off : worst;
    }
    print_message("gradients and differences are at most %.2g of a typical slope apart\n", worst);
    for (int level = 0; level < model.level_count; level++)
        brim_mem_give(dheads[level]);
    close_step(&step);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gradient_of_the_whole_step),
        cmocka_unit_test(test_engine_trains),
    };
    if (brim_model_load(&model, "yolov5n", CLASSES) != BRIM_OK)
        return 1;
    draw_pictures();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
