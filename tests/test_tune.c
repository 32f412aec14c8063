/* Steps that were timed: the file they are kept in, what the search makes of them, and tuning on this
 * machine. */
#include "support/plant.h"
#include "support/support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cuda/layout/layout.h"
#include "plan/device.h"
#include "run/planning.h"
#include "run/timings_file.h"

static int make_cache(void **state)
{
    (void)state;
    return setenv("XDG_CACHE_HOME", new_tree(), 1);
}

/* ---- the file ---- */

static void test_file(void **state)
{
    static BrimModel model, other;
    BrimTimings timings = {.count = 0};
    const BrimTimingsKey key = {"cpu \"x\", 2 threads", &model, 64}, larger = {key.device, &model, 96},
                         elsewhere = {"cpu y", &model, 64}, of_other = {key.device, &other, 64};
    (void)state;
    assert_ok(brim_model_load(&model, "yolov5n", 3));
    assert_ok(brim_model_load(&other, "yolov5n", 4));
    assert_ok(brim_timings_load(&timings, &key)); /* no file yet */
    assert_int_equal(timings.count, 0);
    BrimTiming timing = {brim_scheme_uniform(BRIM_PRECISION_FP32, BRIM_RECOMPUTE_INSIDE), 8, 40.5};
    assert_ok(brim_timings_keep(&key, &timing));
    timing.pictures_per_s = 50.25; /* timed again: the later one stands */
    assert_ok(brim_timings_keep(&key, &timing));
    timing.batch = 16;
    timing.scheme.recompute[3] = BRIM_RECOMPUTE_LAYER;
    assert_ok(brim_timings_keep(&key, &timing));
    assert_ok(brim_timings_load(&timings, &key));
    assert_int_equal(timings.count, 2);
    assert_true(fabs(timings.list[0].pictures_per_s - 50.25) < 1e-6);
    assert_ptr_equal(brim_timings_find(&timings, &timing.scheme, 16), &timings.list[1]);
    assert_null(brim_timings_find(&timings, &timing.scheme, 8));
    brim_timings_clear(&timings);
    const BrimTimingsKey *others[] = {&larger, &elsewhere, &of_other};
    for (int i = 0; i < 3; i++) {
        assert_ok(brim_timings_load(&timings, others[i]));
        assert_int_equal(timings.count, 0);
    }
    brim_timings_clear(&timings);
}

static void test_broken_file(void **state)
{
    static BrimModel model;
    static const char *const broken[] = {"", "{", "[]", "{\"schema\": \"brim-timings-0\", \"timings\": []}",
                                         "{\"schema\": \"brim-timings-1\", \"timings\": 3}"};
    BrimTimings timings = {.count = 0};
    const BrimTimingsKey key = {"cpu", &model, 64};
    (void)state;
    assert_ok(brim_model_load(&model, "yolov5n", 3));
    const BrimTiming timing = {brim_scheme_uniform(BRIM_PRECISION_FP32, BRIM_RECOMPUTE_NOTHING), 8, 40};
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        plant("/brim/timings.json", "%s", broken[i]);
        assert_int_equal(brim_timings_load(&timings, &key), BRIM_ERROR_INPUT);
        assert_non_null(strstr(brim_last_error(), "timings.json"));
        assert_int_equal(timings.layer_count, model.layer_count); /* what is timed now can be told apart */
        assert_ok(brim_timings_keep(&key, &timing)); /* and it is whole again */
        assert_ok(brim_timings_load(&timings, &key));
        assert_int_equal(timings.count, 1);
        brim_timings_clear(&timings);
    }
}

/* ---- the search ---- */

/* In mixed precision, or with `precisions` 2 in that or fp32. */
static BrimSearch search_in(int precisions, const BrimTimings *timings, const BrimModel *model, int batch)
{
    static BrimSearch search;
    const BrimGpu *gpu = NULL;
    assert_ok(brim_gpu_find(&gpu, "RTX 3050 Laptop"));
    BrimPlanDevice device = brim_plan_device_of_gpu(gpu, false, brim_cuda_layout());
    BrimSearchConf conf = {.subject = {model, 64, device.sizer},
                           .precisions = {BRIM_PRECISION_AMP, BRIM_PRECISION_FP32},
                           .precision_count = precisions,
                           .narrow = BRIM_PRECISION_AMP,
                           .budget_bytes = (size_t)2 << 30,
                           .batch = batch,
                           .timings = timings};
    memcpy(conf.rates, device.rates, sizeof conf.rates);
    assert_ok(brim_search_run(&search, &conf));
    return search;
}

static BrimSearch search_with(const BrimTimings *timings, const BrimModel *model, int batch)
{
    return search_in(1, timings, model, batch);
}

/* The choice of a scheme, which is among them. */
static const BrimChoice *choice_of(const BrimSearch *search, const BrimScheme *scheme)
{
    for (int i = 0; i < search->count; i++)
        if (memcmp(&search->choices[i].scheme, scheme, sizeof *scheme) == 0)
            return &search->choices[i];
    fail_msg("a scheme is not among the choices");
    return NULL;
}

/* One slow measurement halves all other estimates; a fast one is chosen against them. */
static void test_search(void **state)
{
    static BrimModel model;
    BrimTimings timings = {.count = 0};
    (void)state;
    assert_ok(brim_model_load(&model, "yolov5n", 3));
    timings.layer_count = model.layer_count;
    BrimSearch plain = search_with(NULL, &model, 16);
    assert_false(plain.choices[0].measured);
    const BrimScheme *scheme = &plain.choices[0].scheme;
    double estimated = plain.choices[0].pictures_per_s;
    assert_ok(brim_timings_set(&timings, scheme, 16, estimated / 2));
    BrimSearch halved = search_with(&timings, &model, 16);
    assert_true(halved.choices[0].measured);
    assert_memory_equal(&halved.choices[0].scheme, scheme, sizeof *scheme);
    assert_true(fabs(halved.choices[0].pictures_per_s - estimated / 2) < 1e-6 * estimated);
    assert_false(halved.choices[1].measured);
    assert_true(fabs(halved.choices[1].pictures_per_s / plain.choices[1].pictures_per_s - 0.5) < 1e-6);
    /* The median of two is the lower one: what is off by much bends nothing. */
    const BrimScheme second = plain.choices[1].scheme;
    assert_ok(brim_timings_set(&timings, &second, 16, 10 * estimated));
    BrimSearch turned = search_with(&timings, &model, 16);
    assert_true(turned.choices[0].measured);
    assert_memory_equal(&turned.choices[0].scheme, &second, sizeof second);
    const BrimChoice *third = choice_of(&turned, &plain.choices[2].scheme);
    assert_false(third->measured);
    assert_true(fabs(third->pictures_per_s / plain.choices[2].pictures_per_s - 0.5) < 1e-6);
    /* What cannot run is never chosen. */
    assert_ok(brim_timings_set(&timings, &second, 16, 0));
    BrimSearch without = search_with(&timings, &model, 16);
    for (int i = 0; i < without.count; i++)
        assert_memory_not_equal(&without.choices[i].scheme, &second, sizeof second);
    brim_timings_clear(&timings);
}

/* What was timed in one precision says nothing of the other, where something of that was timed too. */
static void test_search_in_two_precisions(void **state)
{
    static BrimModel model;
    static const double slower[] = {[BRIM_PRECISION_AMP] = 0.5, [BRIM_PRECISION_FP32] = 0.25};
    bool timed[BRIM_PRECISION_COUNT] = {false};
    int compared[BRIM_PRECISION_COUNT] = {0};
    BrimTimings timings = {.count = 0};
    (void)state;
    assert_ok(brim_model_load(&model, "yolov5n", 3));
    timings.layer_count = model.layer_count;
    BrimSearch plain = search_in(2, NULL, &model, 16);
    for (int i = 0; i < plain.count; i++) {
        const BrimPrecision precision = plain.choices[i].scheme.precision;
        if (!timed[precision])
            assert_ok(brim_timings_set(&timings, &plain.choices[i].scheme, 16,
                                       plain.choices[i].pictures_per_s * slower[precision]));
        timed[precision] = true;
    }
    BrimSearch slowed = search_in(2, &timings, &model, 16);
    for (int i = 0; i < slowed.count; i++) {
        const BrimChoice *now = &slowed.choices[i], *before = choice_of(&plain, &now->scheme);
        const double ratio = now->pictures_per_s / before->pictures_per_s;
        assert_true(fabs(ratio - slower[now->scheme.precision]) < 1e-6);
        compared[now->scheme.precision] += !now->measured;
    }
    assert_true(compared[BRIM_PRECISION_AMP] > 0 && compared[BRIM_PRECISION_FP32] > 0);
    brim_timings_clear(&timings);
}

/* ---- this machine ---- */

typedef struct Heard {
    int timed, steps;
    bool stop;
} Heard;

static bool listen(void *self, const BrimEvent *event)
{
    Heard *heard = self;
    heard->timed += event->kind == BRIM_EVENT_REMARK && strncmp(event->text, "timed: ", 7) == 0;
    heard->steps += event->kind == BRIM_EVENT_TUNING;
    assert_int_not_equal(event->kind, BRIM_EVENT_STEP);
    return !heard->stop;
}

static BrimTrainingQuery small_query(Heard *heard)
{
    BrimTrainingQuery query = brim_training_query_defaults();
    query.model = "yolov5n";
    query.imgsz = 64;
    query.batch_size = 8;
    query.precision = "fp32";
    query.device = "cpu";
    query.tune = true;
    query.listener = listen;
    query.listener_self = heard;
    return query;
}

static void test_tune(void **state)
{
    BrimTrainingConfig config;
    Heard heard = {.stop = true};
    (void)state;
    BrimTrainingQuery query = small_query(&heard);
    assert_int_equal(brim_get_training_config(&query, &config), BRIM_STOPPED);
    heard = (Heard){.stop = false};
    assert_ok(brim_get_training_config(&query, &config));
    assert_true(heard.timed >= 1 && heard.steps > heard.timed);
    assert_true(config.measured && config.pictures_per_s > 0);
    assert_int_equal(config.batch_size, 8);
    double speed = config.pictures_per_s;
    /* Later plans know it, and tuning again has nothing left to time. */
    heard = (Heard){.stop = false};
    assert_ok(brim_get_training_config(&query, &config));
    assert_int_equal(heard.timed, 0);
    query.tune = false;
    assert_ok(brim_get_training_config(&query, &config));
    assert_true(config.measured);
    assert_true(fabs(config.pictures_per_s - speed) <= 1e-6 * speed);
    query.imgsz = 96; /* of another size nothing is known */
    assert_ok(brim_get_training_config(&query, &config));
    assert_false(config.measured);
}

static void test_refused(void **state)
{
    BrimTrainingConfig config;
    Heard heard = {.stop = false};
    (void)state;
    BrimTrainingQuery query = small_query(&heard);
    query.gpu = "RTX 3050 Laptop";
    query.precision = "amp";
    assert_int_equal(brim_get_training_config(&query, &config), BRIM_ERROR_UNSUPPORTED);
    assert_non_null(strstr(brim_last_error(), "not in this machine"));
}

/* Where nothing can be kept, tuning answers all the same. */
static void test_no_folder(void **state)
{
    static BrimModel model;
    const BrimTimingsKey key = {"cpu", &model, 64};
    BrimTimings timings = {.count = 0};
    (void)state;
    assert_ok(brim_model_load(&model, "yolov5n", 3));
    const BrimTiming timing = {brim_scheme_uniform(BRIM_PRECISION_FP32, BRIM_RECOMPUTE_NOTHING), 8, 40};
    setenv("XDG_CACHE_HOME", "relative", 1);
    unsetenv("HOME");
    assert_ok(brim_timings_load(&timings, &key));
    assert_int_equal(brim_timings_keep(&key, &timing), BRIM_ERROR_IO);
    setenv("XDG_CACHE_HOME", "/proc/nowhere", 1);
    assert_int_equal(brim_timings_keep(&key, &timing), BRIM_ERROR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_file, make_cache),
        cmocka_unit_test_setup(test_broken_file, make_cache),
        cmocka_unit_test(test_search),
        cmocka_unit_test(test_search_in_two_precisions),
        cmocka_unit_test_setup(test_tune, make_cache),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_no_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
