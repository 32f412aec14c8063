/* Cards side by side. */
#include "support/crew_case.h"

#include <math.h>
#include <string.h>

#include "support/support.h"
#include "train/weights.h"

enum { TARGET_CAP = 16, SEED = 7 };

const int both_cards[CARDS] = {0, 1};
const BrimStepScalars crew_scalars = {.learning_rate = {0.01f, 0.01f, 0.01f},
                                      .momentum = 0.9f,
                                      .weight_decay = 5e-4f,
                                      .clip_norm = 10,
                                      .ema_decay = 0.5f};
BrimModel crew_model;

int crew_model_load(void)
{
    return brim_model_load(&crew_model, "yolov5n", CLASSES) != BRIM_OK;
}

BrimBatch crew_batch(const uint8_t *pictures, int n, const float *targets, int target_count)
{
    return (BrimBatch){.n = n,
                       .height_px = SIDE_PX,
                       .width_px = SIDE_PX,
                       .pictures = pictures,
                       .targets = targets,
                       .target_count = target_count};
}

BrimEngineConf crew_conf(const BrimShape *shapes, int count)
{
    BrimEngineConf conf = {.backend = &brim_backend_cuda,
                           .model = &crew_model,
                           .hyper = brim_hyper_default(),
                           .train = shapes,
                           .train_count = count,
                           .train_target_cap = TARGET_CAP};
    brim_hyper_scale(&conf.hyper, crew_model.level_count, crew_model.class_count, SIDE_PX);
    return conf;
}

BrimCrew *crew_open(const BrimEngineConf *conf, int cards)
{
    BrimCrew *crew = NULL;
    assert_ok(brim_crew_open(&crew, conf, both_cards, cards));
    assert_int_equal(brim_crew_count(crew), cards);
    assert_ok(brim_crew_start(crew));
    assert_ok(brim_weights_init(brim_crew_lead(crew), &crew_model, SEED));
    assert_ok(brim_weights_start_ema(brim_crew_lead(crew)));
    assert_ok(brim_crew_share(crew));
    return crew;
}

static bool is_running(const BrimTensor *tensor)
{
    return strstr(tensor->name, "running_") != NULL;
}

bool is_weight(const BrimTensor *tensor)
{
    return tensor->purpose == BRIM_PURPOSE_WEIGHTS && !is_running(tensor);
}

bool is_statistic(const BrimTensor *tensor)
{
    return tensor->purpose == BRIM_PURPOSE_WEIGHTS && is_running(tensor);
}

bool is_gradient(const BrimTensor *tensor)
{
    return tensor->purpose == BRIM_PURPOSE_GRADIENTS;
}

bool is_momentum(const BrimTensor *tensor)
{
    return tensor->purpose == BRIM_PURPOSE_OPTIMIZER;
}

bool is_average(const BrimTensor *tensor)
{
    return tensor->purpose == BRIM_PURPOSE_EMA && !is_running(tensor);
}

/* Members of the parameters' blocks. */
static bool is_member(const BrimTensor *tensor)
{
    return tensor->life == BRIM_LIFE_ALWAYS && tensor->parent != BRIM_NONE && tensor->form != BRIM_FORM_BLOCK;
}

/* Bytes of a tensor that is wanted, in its plain form; 0 of one that is not. */
static size_t wanted_bytes(const BrimTensor *tensor, CrewWanted *wanted)
{
    if (!is_member(tensor) || !wanted(tensor))
        return 0;
    return brim_tensor_elements(tensor) * brim_dtype_bytes(tensor->dtype);
}

void *crew_read(BrimEngine *engine, CrewWanted *wanted, size_t *bytes)
{
    const BrimGraph *graph = brim_engine_graph(engine);
    *bytes = 0;
    for (BrimTensorId id = 0; id < graph->tensor_count; id++)
        *bytes += wanted_bytes(&graph->tensors[id], wanted);
    assert_true(*bytes > 0);
    char *values = brim_mem_take(BRIM_MEM_OTHER, *bytes, 1), *at = values;
    assert_non_null(values);
    for (BrimTensorId id = 0; id < graph->tensor_count; id++) {
        if (wanted_bytes(&graph->tensors[id], wanted) > 0)
            assert_ok(brim_engine_read(engine, id, at));
        at += wanted_bytes(&graph->tensors[id], wanted);
    }
    return values;
}

bool same_bits(BrimEngine *one, BrimEngine *other, CrewWanted *wanted)
{
    size_t bytes, other_bytes;
    void *a = crew_read(one, wanted, &bytes), *b = crew_read(other, wanted, &other_bytes);
    assert_int_equal(bytes, other_bytes);
    bool same = memcmp(a, b, bytes) == 0;
    brim_mem_give(a);
    brim_mem_give(b);
    return same;
}

void assert_same_bits(BrimEngine *one, BrimEngine *other, CrewWanted *wanted)
{
    assert_true(same_bits(one, other, wanted));
}

double crew_distance(BrimEngine *one, BrimEngine *other, CrewWanted *wanted)
{
    size_t bytes, other_bytes;
    float *a = crew_read(one, wanted, &bytes), *b = crew_read(other, wanted, &other_bytes);
    assert_int_equal(bytes, other_bytes);
    double far = relative_distance(b, a, bytes / sizeof *a);
    brim_mem_give(a);
    brim_mem_give(b);
    assert_true(isfinite(far));
    return far;
}
