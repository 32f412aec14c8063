/* The planner: sound, near the lower bound, repeatable, and the checker notices when a plan is not. */
#include "support/support.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "graph/step.h"
#include "plan/explain.h"

enum { GRAPHS = 4, CLASSES = 3, TARGET_CAP = 400 };

static const int block_16 = 16, block_8 = 8;

/* The graphs of one run: the step, the smaller last batch, validation with and without wide pictures. */
typedef struct Run {
    BrimGraph *graphs[GRAPHS];
    BrimPlan *plan;
} Run;

static void open_run(Run *run, const char *name, int batch, int imgsz_px, const int *block)
{
    static BrimModel model;
    BrimSizer sizer = brim_plan_plain_sizer(block);
    assert_ok(brim_model_load(&model, name, CLASSES));
    BrimStepConf conf = {.model = &model,
                         .hyper = brim_hyper_default(),
                         .batch = batch,
                         .height_px = imgsz_px,
                         .width_px = imgsz_px,
                         .target_cap = TARGET_CAP,
                         .training_run = true};
    assert_ok(brim_graph_training(&run->graphs[0], &conf));
    conf.batch = batch / 2 + 1;
    assert_ok(brim_graph_training(&run->graphs[1], &conf));
    conf.batch = 2 * batch;
    assert_ok(brim_graph_inference(&run->graphs[2], &conf));
    conf.height_px = imgsz_px / 2;
    assert_ok(brim_graph_inference(&run->graphs[3], &conf));
    for (int i = 0; i < GRAPHS; i++)
        assert_ok(brim_plan_measure(run->graphs[i], &sizer));
    assert_ok(brim_plan_make(&run->plan, run->graphs, GRAPHS));
}

static void close_run(Run *run)
{
    brim_plan_close(&run->plan);
    for (int i = 0; i < GRAPHS; i++)
        brim_graph_close(&run->graphs[i]);
}

static void check_model(const char *name, int batch, int imgsz_px, const int *block)
{
    Run run = {0};
    int64_t start_ns = brim_clock_ns();
    open_run(&run, name, batch, imgsz_px, block);
    double seconds = (double)(brim_clock_ns() - start_ns) / 1e9;
    assert_ok(brim_plan_check(run.plan, run.graphs, GRAPHS));
    const BrimPlacement *training = &run.plan->placements[0];
    print_message("%s batch %d, %d px, block %d: %.1f MiB, lower bound %.1f MiB, packed %s, %.2f s\n", name,
                  batch, imgsz_px, *block, (double)training->end_bytes / 0x1p20,
                  (double)training->lower_bound_bytes / 0x1p20, training->order, seconds);
    for (int i = 0; i < GRAPHS; i++)
        assert_int_equal(run.plan->placements[i].end_bytes, run.plan->placements[i].lower_bound_bytes);
    assert_int_equal(run.plan->arena_bytes, run.plan->lower_bound_bytes);
    close_run(&run);
}

static void test_models_meet_the_bound(void **state)
{
    (void)state;
    static const char *const names[] = {"yolov5n", "yolov5s", "yolov5m", "yolov5l", "yolov5x"};
    for (int i = 0; i < 5; i++) {
        check_model(names[i], 1, 320, &block_16);
        check_model(names[i], 16, 320, &block_8);
        check_model(names[i], 1, 640, &block_8);
        check_model(names[i], 16, 640, &block_16);
    }
}

static void test_same_plan_again(void **state)
{
    (void)state;
    Run one = {0}, two = {0};
    open_run(&one, "yolov5n", 4, 320, &block_16);
    open_run(&two, "yolov5n", 4, 320, &block_16);
    assert_int_equal(one.plan->arena_bytes, two.plan->arena_bytes);
    for (int i = 0; i < GRAPHS; i++) {
        const BrimPlacement *a = &one.plan->placements[i], *b = &two.plan->placements[i];
        assert_memory_equal(a->tensor_offset, b->tensor_offset,
                            (size_t)one.graphs[i]->tensor_count * sizeof *a->tensor_offset);
        assert_memory_equal(a->workspace_offset, b->workspace_offset,
                            (size_t)one.graphs[i]->op_count * sizeof *a->workspace_offset);
        assert_string_equal(a->order, b->order);
    }
    close_run(&two);
    close_run(&one);
}

/* A tensor of its own that comes and goes, touched by the training graph's nth op. */
static BrimTensorId transient_of(const BrimGraph *graph, BrimOpId op)
{
    for (int i = 0; i < BRIM_OP_OUT; i++) {
        BrimTensorId id = graph->ops[op].out[i];
        if (id != BRIM_NONE && graph->tensors[id].life == BRIM_LIFE_OPS &&
            graph->tensors[id].parent == BRIM_NONE)
            return id;
    }
    return BRIM_NONE;
}

/* Moves one tensor, sees the checker refuse with these words, and puts it back. */
static void refuse_place(Run *run, int graph, BrimTensorId id, size_t offset, const char *words)
{
    size_t *place = &run->plan->placements[graph].tensor_offset[id], before = *place;
    assert_ok(brim_plan_check(run->plan, run->graphs, GRAPHS));
    *place = offset;
    assert_refused(brim_plan_check(run->plan, run->graphs, GRAPHS), BRIM_ERROR_DEVICE, words);
    *place = before;
}

static void test_checker_refuses(void **state)
{
    (void)state;
    Run run = {0};
    open_run(&run, "yolov5n", 2, 128, &block_16);
    const size_t *offsets = run.plan->placements[0].tensor_offset;
    const BrimGraph *graph = run.graphs[0];
    BrimTensorId a = transient_of(graph, 0), b = transient_of(graph, 1); /* op 1 reads what op 0 wrote */
    assert_true(a != BRIM_NONE && b != BRIM_NONE);
    refuse_place(&run, 0, b, offsets[a], "same bytes");
    refuse_place(&run, 0, b, offsets[a] + graph->tensors[a].bytes - BRIM_PLAN_ALIGNMENT, "same bytes");
    refuse_place(&run, 0, b, 0, "same bytes block");
    refuse_place(&run, 0, b, run.plan->arena_bytes - graph->tensors[b].bytes + BRIM_PLAN_ALIGNMENT, "arena");
    refuse_place(&run, 0, b, SIZE_MAX - 63, "arena");
    refuse_place(&run, 0, b, offsets[b] + 4, "aligned");
    refuse_place(&run, 1, 1, run.plan->placements[1].tensor_offset[1] + BRIM_PLAN_ALIGNMENT,
                 "moves between graphs");

    /* Op 0 no longer writes what op 1 reads. */
    run.graphs[0]->ops[0].out[0] = BRIM_NONE;
    assert_refused(brim_plan_check(run.plan, run.graphs, GRAPHS), BRIM_ERROR_DEVICE, "nothing has written");
    run.graphs[0]->ops[0].out[0] = a;
    assert_ok(brim_plan_check(run.plan, run.graphs, GRAPHS));
    close_run(&run);
}

static void test_workspaces_have_places(void **state)
{
    (void)state;
    Run run = {0};
    open_run(&run, "yolov5n", 2, 128, &block_16);
    BrimGraph *graph = run.graphs[0];
    brim_plan_close(&run.plan);
    for (BrimOpId op = 0; op < graph->op_count; op += 3)
        graph->ops[op].workspace_bytes = 1000 * ((size_t)op % 7 + 1);
    assert_ok(brim_plan_make(&run.plan, run.graphs, GRAPHS));
    assert_ok(brim_plan_check(run.plan, run.graphs, GRAPHS));
    BrimTensorId written = transient_of(graph, 0);
    size_t *place = &run.plan->placements[0].workspace_offset[0];
    *place = run.plan->placements[0].tensor_offset[written];
    assert_refused(brim_plan_check(run.plan, run.graphs, GRAPHS), BRIM_ERROR_DEVICE, "workspace same bytes");
    close_run(&run);
}

static void test_plan_in_words(void **state)
{
    (void)state;
    Run run = {0};
    char *text = NULL;
    char figure[64];
    size_t sum = 0;
    open_run(&run, "yolov5n", 4, 320, &block_16);
    assert_ok(brim_plan_explain(run.plan, run.graphs[run.plan->largest_graph], &text));
    snprintf(figure, sizeof figure, "= %zu bytes", run.plan->arena_bytes);
    assert_non_null(strstr(text, figure));
    for (BrimPurpose purpose = 0; purpose < BRIM_PURPOSE_COUNT; purpose++) {
        assert_non_null(strstr(text, brim_purpose_text(purpose)));
        sum += run.plan->purpose_bytes[purpose];
    }
    assert_int_equal(sum, run.plan->lower_bound_bytes); /* what is alive at the fullest moment */
    brim_mem_give(text);

    assert_ok(brim_plan_fits(run.plan, run.plan->arena_bytes));
    snprintf(figure, sizeof figure, "%.1f MiB given", (double)run.plan->arena_bytes / 0x1p20);
    assert_refused(brim_plan_fits(run.plan, run.plan->arena_bytes - 1), BRIM_ERROR_FIT, figure);
    close_run(&run);
}

static void test_read_before_written_is_refused(void **state)
{
    (void)state;
    Run run = {0};
    open_run(&run, "yolov5n", 2, 128, &block_16);
    brim_plan_close(&run.plan);
    run.graphs[0]->ops[0].out[0] = BRIM_NONE;
    assert_refused(brim_plan_make(&run.plan, run.graphs, GRAPHS), BRIM_ERROR_ARGUMENT,
                   "before anything wrote");
    assert_null(run.plan);
    close_run(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_models_meet_the_bound), cmocka_unit_test(test_same_plan_again),
        cmocka_unit_test(test_checker_refuses),       cmocka_unit_test(test_workspaces_have_places),
        cmocka_unit_test(test_plan_in_words),         cmocka_unit_test(test_read_before_written_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
