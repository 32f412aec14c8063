/* YOLOv5n on two pictures of 320 px, as the fixture has them. */
#include "support/golden_step.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "exchange/safetensors.h"
#include "support/precision_case.h"
#include "support/support.h"
#include "train/weights.h"

#define FOLDER "reference/golden/3_train/"

enum { BATCH = 2, SIDE_PX = 320, TARGET_CAP = 16 };

typedef struct Trained {
    const GoldenStepCase *test;
    BrimModel model;
    BrimEngine *engine;
    BrimTensorFile init;
    BrimBatch batch;
    uint8_t *pictures;
} Trained;

static BrimTensorId tensor_id(const Trained *trained, const char *prefix, const char *name)
{
    char full[2 * BRIM_NAME_BYTES];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    return brim_graph_find(brim_engine_graph(trained->engine), full);
}

/* The fixture's pictures are floats, plane by plane; all are whole numbers / 255. */
static void unpack_pictures(Trained *trained, const float *input)
{
    size_t plane = SIDE_PX * SIDE_PX;
    for (size_t i = 0; i < BATCH * 3 * plane; i++) {
        size_t image = i / (3 * plane), colour = i / plane % 3, pixel = i % plane;
        trained->pictures[(image * plane + pixel) * 3 + colour] = (uint8_t)lrintf(input[i] * 255);
    }
}

static void open_trained(Trained *trained, const GoldenStepCase *test)
{
    static const BrimShape shape = {BATCH, SIDE_PX, SIDE_PX};
    BrimTransfer transfer;
    *trained = (Trained){.test = test};
    load_golden(&trained->init, FOLDER "n3_320_init.safetensors");
    assert_ok(brim_model_load(&trained->model, "yolov5n", 3));
    BrimEngineConf conf = {.backend = test->backend,
                           .precision = test->precision,
                           .threads = 2,
                           .model = &trained->model,
                           .hyper = brim_hyper_default(),
                           .train = &shape,
                           .train_count = 1,
                           .train_target_cap = TARGET_CAP};
    brim_hyper_scale(&conf.hyper, 3, 3, SIDE_PX);
    assert_ok(brim_engine_open(&trained->engine, &conf));
    assert_ok(brim_engine_start(trained->engine));
    assert_ok(brim_weights_load(trained->engine, &trained->model, &trained->init, "init/", &transfer));
    assert_int_equal(transfer.loaded, transfer.total);
    assert_ok(brim_weights_start_ema(trained->engine));
    trained->pictures = brim_mem_take(BRIM_MEM_OTHER, BATCH * 3 * SIDE_PX, SIDE_PX);
    unpack_pictures(trained, golden_floats(&trained->init, "input"));
    trained->batch = (BrimBatch){.n = BATCH,
                                 .height_px = SIDE_PX,
                                 .width_px = SIDE_PX,
                                 .pictures = trained->pictures,
                                 .targets = golden_floats(&trained->init, "targets"),
                                 .target_count = (int)golden(&trained->init, "targets")->dims[0]};
}

static void close_trained(Trained *trained)
{
    brim_engine_close(&trained->engine);
    brim_tensors_clear(&trained->init);
    brim_mem_give(trained->pictures);
}

static float *read_tensor(const Trained *trained, BrimTensorId id)
{
    if (id == BRIM_NONE)
        fail_msg("the graph lacks a tensor");
    size_t count = brim_tensor_elements(&brim_engine_graph(trained->engine)->tensors[id]);
    float *values = brim_mem_take(BRIM_MEM_OTHER, count, sizeof *values);
    assert_ok(brim_engine_read(trained->engine, id, values));
    return values;
}

/* What the loss scale made the gradients larger by. */
static float scale_of(const Trained *trained)
{
    return trained->test->loss_scale > 0 ? trained->test->loss_scale : 1;
}

static BrimStepScalars scalars_of(const Trained *trained, int step, float learning_rate)
{
    BrimStepScalars scalars = {.momentum = 0.937f,
                               .weight_decay = 0.0005f,
                               .clip_norm = 10,
                               .loss_scale = trained->test->loss_scale,
                               .ema_decay = (float)(0.9999 * (1 - exp(-(step + 1) / 2000.0)))};
    for (int i = 0; i < BRIM_GROUP_COUNT; i++)
        scalars.learning_rate[i] = learning_rate;
    return scalars;
}

/* Each tensor of the file under `prefix` against the engine's under `state`, which is `scale` times as large:
 * by
 * ||a - b|| / ||b||, each, and all of them as one. */
static int compare_file(const Trained *trained, const BrimTensorFile *file, const char *prefix,
                        const char *state, float scale, double each, double all)
{
    int compared = 0;
    double worst = 0, off_sum = 0, sum = 0;
    for (int i = 0; i < file->tensor_count; i++) {
        const BrimHostTensor *expected = &file->tensors[i];
        if (strncmp(expected->name, prefix, strlen(prefix)) != 0 ||
            strstr(expected->name, "num_batches_tracked"))
            continue;
        float *got = read_tensor(trained, tensor_id(trained, state, expected->name + strlen(prefix)));
        const float *values = expected->data;
        double off = 0, square = 0;
        for (size_t at = 0; at < expected->bytes / sizeof *got; at++) {
            double difference = (double)got[at] / (double)scale - (double)values[at];
            off += difference * difference;
            square += (double)values[at] * (double)values[at];
        }
        if (!(sqrt(off / square) <= each))
            fail_msg("%s is off by %.3g, allowed %.3g", expected->name, sqrt(off / square), each);
        worst = sqrt(off / square) > worst ? sqrt(off / square) : worst;
        off_sum += off;
        sum += square;
        brim_mem_give(got);
        compared++;
    }
    print_message("%s: %d tensors, the worst off by %.2g, all by %.2g\n", prefix, compared, worst,
                  sqrt(off_sum / sum));
    if (!(sqrt(off_sum / sum) <= all))
        fail_msg("%s: all are off by %.3g, allowed %.3g", prefix, sqrt(off_sum / sum), all);
    return compared;
}

GoldenStepCase golden_step_fp32(const BrimBackendClass *backend)
{
    return (GoldenStepCase){.backend = backend,
                            .loss = 1e-5,
                            .gradients = 1e-3,
                            .gradient = 1e-3,
                            .norm = 1e-4,
                            .statistics = 1e-4,
                            .later_loss = 1e-3,
                            .later_norm = 1e-2,
                            .change = 1e-2};
}

void golden_first_step(void **state)
{
    const GoldenStepCase *test = *state;
    Trained trained;
    BrimTensorFile step;
    float items[4];
    skip_unless_computed_in(test->backend, test->precision);
    load_golden(&step, FOLDER "n3_320_step1.safetensors");
    open_trained(&trained, test);
    const BrimStepScalars scalars = scalars_of(&trained, 0, 0.01f);
    assert_ok(brim_engine_gradient(trained.engine, &trained.batch, &scalars, items));
    assert_floats_near("items", items, golden_floats(&step, "loss_items_box_obj_cls"), 3, 0, test->loss);
    assert_floats_near("total", items + 3, golden_floats(&step, "loss_total"), 1, 0, test->loss);
    assert_int_equal(compare_file(&trained, &step, "grad/", "gradient/", scale_of(&trained), test->gradient,
                                  test->gradients),
                     177);
    assert_int_equal(compare_file(&trained, &step, "bn1/", "", 1, test->statistics, test->statistics), 114);
    close_trained(&trained);
    brim_tensors_clear(&step);
}

void golden_accumulation(void **state)
{
    const GoldenStepCase *test = *state;
    Trained trained;
    float items[4], norm[2];
    open_trained(&trained, test);
    BrimStepScalars scalars = scalars_of(&trained, 0, 0);
    assert_ok(brim_engine_gradient(trained.engine, &trained.batch, &scalars, items));
    assert_ok(brim_engine_update(trained.engine, &scalars, norm));
    float once = norm[0];
    scalars.accumulate = true;
    assert_ok(brim_engine_gradient(trained.engine, &trained.batch, &scalars, items));
    assert_ok(brim_engine_update(trained.engine, &scalars, norm));
    assert_float_equal(norm[0], 2 * once, 1e-5f * once);
    assert_float_equal(norm[0], 11.0335217f, 11.03 * test->norm);
    assert_float_equal(norm[1] * scale_of(&trained), 0.9063288f, test->norm);
    close_trained(&trained);
}

void golden_repeats(void **state)
{
    const GoldenStepCase *test = *state;
    float first[4], again[4], norm[2][2];
    for (int run = 0; run < 2; run++) {
        Trained trained;
        open_trained(&trained, test);
        const BrimStepScalars scalars = scalars_of(&trained, 0, 0.01f);
        uint64_t takes = brim_mem_takes();
        for (int i = 0; i < 2; i++) {
            assert_ok(brim_engine_gradient(trained.engine, &trained.batch, &scalars, run ? again : first));
            assert_ok(brim_engine_update(trained.engine, &scalars, norm[run]));
        }
        assert_true(brim_mem_takes() == takes);
        close_trained(&trained);
    }
    assert_memory_equal(first, again, sizeof first);
    assert_memory_equal(norm[0], norm[1], sizeof norm[0]);
}

/* Sums over all tensors of a state, of what differs and of what changed. */
typedef struct Distance {
    double off, change;
    int tensors;
} Distance;

/* Adds the sampled elements of one tensor. */
static void add_sample(const Trained *trained, const char *state, const char *name, const json_t *facts,
                       Distance *distance)
{
    char start_name[2 * BRIM_NAME_BYTES];
    const json_t *sample = json_object_get(facts, "sample");
    BrimTensorId id = tensor_id(trained, state, name);
    float *got = read_tensor(trained, id);
    size_t count = brim_tensor_elements(&brim_engine_graph(trained->engine)->tensors[id]);
    size_t samples = json_array_size(sample);
    snprintf(start_name, sizeof start_name, "init/%s", name);
    const float *start = golden_floats(&trained->init, start_name);
    bool momentum = strcmp(state, "momentum/") == 0; /* which starts at zero */
    for (size_t i = 0; i < samples; i++) {
        size_t at = i * count / samples;
        double expected = json_number_value(json_array_get(sample, i));
        double off = got[at] - expected, change = expected - (momentum ? 0.0 : (double)start[at]);
        distance->off += off * off * (double)count / (double)samples;
        distance->change += change * change * (double)count / (double)samples;
    }
    distance->tensors++;
    brim_mem_give(got);
}

static void compare_samples(const Trained *trained, const json_t *root, const char *key, const char *state)
{
    const char *name;
    json_t *facts;
    Distance distance = {0};
    json_object_foreach(json_object_get(root, key), name, facts)
    {
        /* The running statistics change so much more that weights would not count beside them. */
        if (!strstr(name, "num_batches_tracked") && !strstr(name, "anchors") && !strstr(name, "running_"))
            add_sample(trained, state, name, facts, &distance);
    }
    double relative = sqrt(distance.off / distance.change);
    print_message("%s: %d tensors, off by %.2g of the change\n", key, distance.tensors, relative);
    assert_int_equal(distance.tensors, 177);
    if (!(relative <= trained->test->change))
        fail_msg("%s is off by %.3g of its change, allowed %.3g", key, relative, trained->test->change);
}

static void train_and_compare(const GoldenStepCase *test, const char *file, int steps, float learning_rate,
                              const char *const keys[3])
{
    Trained trained;
    float items[4], norm[2];
    json_t *root = load_golden_json(file);
    open_trained(&trained, test);
    for (int step = 0; step < steps; step++) {
        const BrimStepScalars scalars = scalars_of(&trained, step, learning_rate);
        const json_t *log = json_array_get(json_object_get(root, "log"), (size_t)step);
        assert_ok(brim_engine_gradient(trained.engine, &trained.batch, &scalars, items));
        assert_ok(brim_engine_update(trained.engine, &scalars, norm));
        double total = json_number_value(json_object_get(log, "total"));
        double expected = json_number_value(json_object_get(log, "grad_norm_before_clip"));
        assert_float_equal(items[3], total, test->later_loss * total);
        assert_float_equal(norm[0], expected, test->later_norm * expected);
    }
    compare_samples(&trained, root, keys[0], "");
    compare_samples(&trained, root, keys[1], "ema/");
    compare_samples(&trained, root, keys[2], "momentum/");
    close_trained(&trained);
    json_decref(root);
}

void golden_two_steps(void **state)
{
    static const char *const keys[] = {"after2", "ema2", "momentum_buffer_after2"};
    train_and_compare(*state, FOLDER "n3_320_two_steps_lr010.json", 2, 0.01f, keys);
}

void golden_five_small_steps(void **state)
{
    static const char *const keys[] = {"after5", "ema5", "momentum_buffer_after5"};
    train_and_compare(*state, FOLDER "n3_320_five_steps_small_lr.json", 5, 0.002f, keys);
}
