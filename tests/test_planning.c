/* Training queries: profiles, budgets and devices; what is refused, and with which words; the answer as JSON
 * and as a map. */
#include "support/support.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/file.h"
#include "base/process.h"
#include "plan/ledger.h"
#include "report/choices_json.h"
#include "report/plan_map.h"
#include "run/planning_sheet.h"
#include "train/engine.h"

static BrimTrainingQuery query_for(const char *model, const char *gpu)
{
    BrimTrainingQuery query = brim_training_query_defaults();
    query.model = model;
    query.gpu = gpu;
    return query;
}

static void test_profiles(void **state)
{
    static const struct {
        const char *name;
        double fraction;
        bool amp;
    } cases[] = {{"high-performance", 0.9, true}, {"balanced", 0.8, true}, {"conservative", 0.6, false}};
    (void)state;
    for (int i = 0; i < 3; i++) {
        BrimTrainingConfig config;
        BrimTrainingQuery query = query_for("yolov5s", "RTX 3050 Laptop");
        query.profile = cases[i].name;
        assert_ok(brim_get_training_config(&query, &config));
        assert_int_equal(config.amp, cases[i].amp);
        assert_string_equal(config.precision, cases[i].amp ? "amp" : "fp32");
        assert_string_equal(config.device, "GeForce RTX 3050 Laptop GPU");
        assert_int_equal(config.capacity_bytes, (uint64_t)3902 << 20);
        assert_true((double)config.predicted_bytes <= cases[i].fraction * (double)config.capacity_bytes);
        assert_int_equal(config.img_size, 640);
        assert_true(config.workers >= 1 && config.batch_size >= 1 && config.pictures_per_s > 0);
        assert_int_equal(config.accumulate, brim_accumulate(config.batch_size));
    }
    /* Where fp32 does not fit, the conservative profile takes 16 bits as well. */
    BrimTrainingConfig config;
    BrimTrainingQuery query = query_for("yolov5s", "RTX 3050 Laptop");
    query.profile = "conservative";
    query.batch_size = 32;
    query.memory_bytes = 1800000000;
    assert_ok(brim_get_training_config(&query, &config));
    assert_true(config.amp);
    assert_int_equal(config.batch_size, 32);
}

static void test_workers(void **state)
{
    const BrimProfile *high, *balanced, *conservative;
    (void)state;
    assert_ok(brim_profile_find(&high, "high-performance"));
    assert_ok(brim_profile_find(&balanced, ""));
    assert_ok(brim_profile_find(&conservative, "conservative"));
    /* 100 pictures a second of 640 px are 1.6 cores' work. */
    assert_int_equal(brim_planning_workers(high, 100, 640, 16), 2);
    assert_int_equal(brim_planning_workers(high, 2000, 640, 16), 16);
    assert_int_equal(brim_planning_workers(balanced, 2000, 640, 16), 8);
    assert_int_equal(brim_planning_workers(conservative, 2000, 640, 16), 2);
    assert_int_equal(brim_planning_workers(balanced, 2000, 640, 1), 1);
    assert_int_equal(brim_planning_workers(balanced, 0.01, 640, 16), 1);
}

/* The budget is the least of the fraction, what is free, and the memory that was named. */
static void test_budgets(void **state)
{
    static BrimPlanning planning;
    (void)state;
    BrimTrainingQuery query = query_for("yolov5n", "RTX 3050 Laptop");
    query.fraction = 0.5;
    assert_ok(brim_planning_open(&planning, &query, false));
    assert_int_equal(planning.budget_bytes, ((uint64_t)3902 << 20) / 2);
    brim_planning_close(&planning);
    query.memory_bytes = (uint64_t)1 << 30;
    assert_ok(brim_planning_open(&planning, &query, false));
    assert_int_equal(planning.budget_bytes, (uint64_t)1 << 30);
    brim_planning_close(&planning);
    query.fraction = 1;
    query.memory_bytes = 0;
    assert_ok(brim_planning_open(&planning, &query, true));
    assert_int_equal(planning.device.capacity_bytes, (uint64_t)4095 << 20);
    assert_true(planning.budget_bytes < planning.device.capacity_bytes * 82 / 100);
    brim_planning_close(&planning);
    query = query_for("yolov5n", NULL);
    query.imgsz = 64;
    assert_ok(brim_planning_open(&planning, &query, false));
    assert_true(planning.budget_bytes <= brim_process_capacity_bytes());
    assert_int_equal(planning.workers, 0);
    assert_string_equal(planning.device.name, "cpu");
    brim_planning_close(&planning);
}

/* On this machine's CPU the arena is the one that the engine takes for the same batches, to the byte. */
static void test_engine_takes_what_was_chosen(void **state)
{
    static BrimPlanning planning;
    static const char *const precisions[] = {"fp32", "amp"};
    (void)state;
    for (int i = 0; i < 2; i++) {
        BrimEngine *engine = NULL;
        BrimTrainingQuery query = query_for("yolov5n", NULL);
        query.device = "cpu";
        query.imgsz = 160;
        query.batch_size = 6;
        query.precision = precisions[i];
        query.memory_bytes = brim_process_resident_bytes() + ((uint64_t)150 << 20);
        assert_ok(brim_planning_open(&planning, &query, false));
        const BrimChoice *choice = &planning.search.choices[0];
        const BrimShape train = {choice->micro_batch, 160, 160}, infer = {choice->validation_batch, 160, 160};
        BrimEngineConf conf = {.backend = &brim_backend_cpu,
                               .model = &planning.model,
                               .hyper = brim_hyper_default(),
                               .train = &train,
                               .train_count = 1,
                               .train_target_cap = train.n * BRIM_TARGETS_PER_PICTURE,
                               .precision = choice->scheme.precision,
                               .infer = &infer,
                               .infer_count = 1,
                               .infer_target_cap = infer.n * BRIM_TARGETS_PER_PICTURE};
        memcpy(conf.recompute, choice->scheme.recompute, sizeof conf.recompute);
        assert_ok(brim_engine_open(&engine, &conf));
        assert_int_equal(brim_engine_plan(engine)->arena_bytes, choice->arena_bytes);
        brim_engine_close(&engine);
        brim_planning_close(&planning);
    }
}

/* bfloat16 takes the bytes and the time of fp16. */
static void test_bf16_is_planned_as_amp(void **state)
{
    BrimTrainingConfig amp, bf16;
    BrimTrainingQuery query = query_for("yolov5n", "RTX 3050 Laptop");
    (void)state;
    query.precision = "amp";
    assert_ok(brim_get_training_config(&query, &amp));
    query.precision = "bf16";
    assert_ok(brim_get_training_config(&query, &bf16));
    assert_string_equal(bf16.precision, "bf16");
    assert_true(bf16.amp);
    assert_int_equal(bf16.batch_size, amp.batch_size);
    assert_int_equal(bf16.predicted_bytes, amp.predicted_bytes);
    assert_true(bf16.pictures_per_s == amp.pictures_per_s);
}

static void refuse(BrimTrainingQuery query, BrimStatus status, const char *words)
{
    BrimTrainingConfig config;
    assert_refused(brim_get_training_config(&query, &config), status, words);
    assert_null(strchr(brim_last_error(), '\n'));
}

static void test_refused(void **state)
{
    const BrimTrainingQuery good = query_for("yolov5n", "RTX 3050 Laptop");
    BrimTrainingQuery bad;
    (void)state;
#define WITH(field, value) (bad = good, bad.field = (value), bad)
    refuse(WITH(model, "yolov5z"), BRIM_ERROR_INPUT, "yolov5z");
    refuse(WITH(model, NULL), BRIM_ERROR_ARGUMENT, "no model");
    refuse(WITH(gpu, "RTX 9090"), BRIM_ERROR_INPUT, "no card \"RTX 9090\"");
    refuse(WITH(fraction, 1.5), BRIM_ERROR_ARGUMENT, "a fraction of 1.5");
    refuse(WITH(fraction, -0.5), BRIM_ERROR_ARGUMENT, "a fraction of -0.5");
    refuse(WITH(fraction, 0.0 / 0.0), BRIM_ERROR_ARGUMENT, "a fraction of");
    refuse(WITH(imgsz, 650), BRIM_ERROR_ARGUMENT, "multiple of 32; 640 is near");
    refuse(WITH(imgsz, 33), BRIM_ERROR_ARGUMENT, "multiple of 32; 32 is near");
    refuse(WITH(imgsz, 8191), BRIM_ERROR_ARGUMENT, "multiple of 32; 8192 is near");
    refuse(WITH(precision, "fp16"), BRIM_ERROR_ARGUMENT, "auto, fp32, amp and bf16");
    refuse(WITH(profile, "fast"), BRIM_ERROR_ARGUMENT, "high-performance, balanced and conservative");
    refuse(WITH(batch_size, 0), BRIM_ERROR_ARGUMENT, "a batch of 0");
    refuse(WITH(batch_size, -2), BRIM_ERROR_ARGUMENT, "a batch of -2");
    refuse(WITH(memory_bytes, 1), BRIM_ERROR_FIT, "MiB more would do");
    refuse(WITH(class_count, -1), BRIM_ERROR_ARGUMENT, "classes");
    bad = query_for("yolov5n", "Tesla T4");
    bad.precision = "bf16";
    refuse(bad, BRIM_ERROR_UNSUPPORTED, "Tesla T4 has 7.5: choose amp");
    bad = good;
    bad.gpu = NULL;
    bad.device = "0";
    refuse(bad, BRIM_ERROR_UNSUPPORTED, "--gpu NAME");
#undef WITH
}

/* Wherever memory runs out, the answer is that, and nothing stays behind. */
static void test_memory_runs_out(void **state)
{
    enum { STRIDE = 7 };
    BrimTrainingConfig config;
    BrimTrainingQuery query = query_for("yolov5n", "RTX 3050 Laptop");
    size_t held = brim_mem_held_bytes(BRIM_MEM_TAG_COUNT);
    BrimStatus status = BRIM_ERROR_MEMORY;
    (void)state;
    query.imgsz = 64;
    query.batch_size = 32;
    query.memory_bytes = (uint64_t)190 << 20; /* so little that mixed schemes are looked at */
    for (uint64_t nth = 1; status != BRIM_OK; nth += STRIDE) {
        brim_mem_fail_at(nth);
        status = brim_get_training_config(&query, &config);
        brim_mem_fail_at(0);
        assert_true(status == BRIM_OK || status == BRIM_ERROR_MEMORY);
        assert_int_equal(brim_mem_held_bytes(BRIM_MEM_TAG_COUNT), held);
    }
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    assert_non_null(text);
    return text;
}

static void check_choice_json(const json_t *choice, const BrimChoice *expected)
{
    json_int_t sum = 0;
    size_t index;
    json_t *row;
    assert_string_equal(text_of(choice, "model"), "yolov5n");
    assert_int_equal(json_integer_value(json_object_get(choice, "imgsz_px")), 640);
    assert_int_equal(json_integer_value(json_object_get(choice, "micro_batch")), expected->micro_batch);
    assert_int_equal(json_integer_value(json_object_get(choice, "accumulate")), expected->accumulate);
    assert_int_equal(json_integer_value(json_object_get(choice, "peak_bytes")),
                     (json_int_t)expected->peak_bytes);
    assert_true(json_real_value(json_object_get(choice, "pictures_per_s")) > 0);
    json_array_foreach(json_object_get(choice, "purposes"), index, row)
    {
        const char *truth = text_of(row, "truth");
        sum += json_integer_value(json_object_get(row, "bytes"));
        assert_true(strcmp(truth, "exact") == 0 || strcmp(truth, "measured") == 0 ||
                    strcmp(truth, "estimated") == 0);
    }
    assert_int_equal(sum, (json_int_t)expected->peak_bytes);
    assert_true(index >= 8);
}

/* Eight rows are always there, whatever is nothing; what was asked for op by op is exact, a cap is not. */
static void test_ledger(void **state)
{
    static const char *const names[] = {"weights", "gradients",         "optimizer", "EMA",  "activations",
                                        "staging", "library workspace", "context",   "gaps", "loading"};
    BrimLedgerRow rows[BRIM_LEDGER_MOST];
    BrimChoice choice = {.packed = true, .micro_batch = 2};
    BrimPlanDevice device = {.context_bytes = 0};
    (void)state;
    assert_int_equal(brim_ledger_fill(&choice, &device, rows), 8);
    choice.gap_bytes = 5;
    device.picture_bytes = 7;
    device.library_bytes = 9;
    assert_int_equal(brim_ledger_fill(&choice, &device, rows), 10);
    for (int i = 0; i < 10; i++)
        assert_string_equal(rows[i].name, names[i]);
    assert_int_equal(rows[6].bytes, 9);
    assert_int_equal(rows[6].truth, BRIM_TRUTH_ESTIMATED);
    assert_int_equal(rows[8].bytes, 5);
    assert_int_equal(rows[8].truth, BRIM_TRUTH_EXACT);
    assert_int_equal(rows[9].bytes, 14);
}

static void test_json(void **state)
{
    static BrimPlanning planning;
    (void)state;
    const BrimTrainingQuery query = query_for("yolov5n", "RTX 3050 Laptop");
    assert_ok(brim_planning_open(&planning, &query, false));
    const BrimPlanSheet sheet = brim_planning_sheet(&planning);
    json_t *root = brim_choices_json_open(&sheet);
    brim_choices_json_add(root, &sheet, planning.search.count);
    brim_choices_json_add_unfit(root, "yolov5x", "it is too large");
    const json_t *choices = json_object_get(root, "choices");
    assert_string_equal(text_of(root, "schema"), "brim-plan-1");
    assert_int_equal(json_array_size(choices), planning.search.count);
    for (int i = 0; i < planning.search.count; i++)
        check_choice_json(json_array_get(choices, (size_t)i), &planning.search.choices[i]);
    assert_true(json_is_true(json_object_get(json_array_get(choices, 0), "chosen")));
    assert_false(json_is_true(json_object_get(json_array_get(choices, 1), "chosen")));
    assert_string_equal(text_of(json_array_get(json_object_get(root, "unfit"), 0), "model"), "yolov5x");
    json_decref(root);
    brim_planning_close(&planning);
}

/* A map has a rectangle for every tensor that has room of its own. */
static void test_map(void **state)
{
    static BrimPlanning planning;
    BrimGraph *graphs[2] = {NULL, NULL};
    BrimPlan *plan = NULL;
    char *text = NULL;
    size_t bytes = 0;
    int spans = 0, paths = 0;
    (void)state;
    const BrimTrainingQuery query = query_for("yolov5n", "RTX 3050 Laptop");
    assert_ok(brim_planning_open(&planning, &query, false));
    const BrimSubject subject = {
        .model = &planning.model, .imgsz_px = planning.imgsz_px, .sizer = planning.device.sizer};
    assert_ok(brim_choice_plan(&planning.search.choices[0], &subject, graphs, &plan));
    const char *path = scratch_path("map.svg");
    assert_ok(brim_plan_map_write(path, "a <title> & more", plan, graphs[0], 0));
    assert_ok(brim_file_read(path, (size_t)64 << 20, &text, &bytes));
    assert_non_null(strstr(text, "<svg"));
    assert_non_null(strstr(text, "</svg>"));
    for (BrimTensorId id = 0; id < graphs[0]->tensor_count; id++)
        spans += graphs[0]->tensors[id].parent == BRIM_NONE;
    for (const char *at = text; (at = strstr(at, "<path")) || (at = NULL); at++)
        paths++;
    assert_true(paths >= spans);
    assert_int_equal(brim_plan_map_write("/nowhere/at/all.svg", "", plan, graphs[0], 0), BRIM_ERROR_IO);
    brim_mem_give(text);
    brim_plan_close(&plan);
    brim_graph_close(&graphs[0]);
    brim_graph_close(&graphs[1]);
    brim_planning_close(&planning);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_profiles), cmocka_unit_test(test_workers),
        cmocka_unit_test(test_budgets),  cmocka_unit_test(test_engine_takes_what_was_chosen),
        cmocka_unit_test(test_refused),  cmocka_unit_test(test_bf16_is_planned_as_amp),
        cmocka_unit_test(test_memory_runs_out),
        cmocka_unit_test(test_ledger),   cmocka_unit_test(test_json),
        cmocka_unit_test(test_map),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
