/* Runs whose folders and files have odd names, or none, and the plan of a run that would go on. */
#include "support/same_runs.h"
#include "support/support.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "report/folder.h"
#include "report/latest.h"

/* Of a file, so that its weights' model is called as their file is. */
static const char tiny_model[] = "nc: 2\n"
                                 "depth_multiple: 1.0\n"
                                 "width_multiple: 1.0\n"
                                 "anchors:\n"
                                 "  - [10, 12]\n"
                                 "backbone:\n"
                                 "  - [-1, 1, Conv, [16, 3, 2]]\n"
                                 "  - [-1, 1, Conv, [16, 3, 2]]\n"
                                 "  - [-1, 1, Conv, [16, 3, 2]]\n"
                                 "head:\n"
                                 "  - [[2], 1, Detect, [nc, anchors]]\n";

static char *tiny_path;

static BrimTrainOptions tiny_run(const char *name)
{
    BrimTrainOptions options = small_run_in(scratch_folder(), name);
    options.cfg = tiny_path;
    options.device = "cpu";
    options.epochs = 1;
    options.batch_size = 2;
    return options;
}

typedef struct Planned {
    int plans;
    uint64_t arena_bytes, planned_bytes;
} Planned;

static bool note_plan(void *self, const BrimEvent *event)
{
    Planned *planned = self;
    if (event->kind == BRIM_EVENT_PLAN)
        *planned = (Planned){planned->plans + 1, event->arena_bytes, event->memory_planned_bytes};
    return event->kind != BRIM_EVENT_STEP;
}

/* What it was trained with counts, not what else is said; and its folder is left as it is. */
static void a_run_that_would_go_on_is_planned(void **state)
{
    (void)state;
    Planned run = {0}, plan = {0};
    char path[RUN_PATH_BYTES];
    BrimTrainOptions options = tiny_run("stopped");
    assert_int_equal(brim_train(&options, note_plan, &run), BRIM_STOPPED);
    assert_int_equal(unlink(path_in_run(path, "stopped", "plan.txt")), 0);
    options = resume_of("stopped");
    options.imgsz = 640;
    assert_ok(brim_plan(&options, note_plan, &plan));
    assert_int_equal(plan.plans, 1);
    assert_int_equal(plan.arena_bytes, run.arena_bytes);
    assert_false(brim_file_exists(path_in_run(path, "stopped", "plan.txt")));
    options.resume = "/nowhere/weights/last.safetensors";
    assert_refused(brim_plan(&options, note_plan, &plan), BRIM_ERROR_INPUT, "/nowhere/weights/last.safetensors");
}

/* Latin-1, say, which no JSON holds. */
static void runs_and_weights_may_be_called_as_they_like(void **state)
{
    (void)state;
    char *text, path[RUN_PATH_BYTES], odd[1300], folder[1100], results[1300];
    size_t bytes;
    BrimTrainOptions options = tiny_run("m\xfcll");
    assert_ok(brim_train(&options, NULL, NULL));
    assert_ok(brim_file_read(path_in_run(path, options.name, "opt.yaml"), 1 << 16, &text, &bytes));
    assert_non_null(strstr(text, "name: \"m?ll\"\n"));
    brim_mem_give(text);
    path_in_run(path, options.name, "weights/best.safetensors");
    snprintf(odd, sizeof odd, "%s/m\xfcll.safetensors", scratch_folder());
    assert_int_equal(rename(path, odd), 0);
    BrimValOptions val = brim_val_defaults();
    snprintf(folder, sizeof folder, "%s/val", scratch_folder());
    val.data = options.data;
    val.weights = odd;
    val.device = "cpu";
    val.imgsz = 64;
    val.project = folder;
    assert_ok(brim_val(&val, NULL, NULL));
    snprintf(results, sizeof results, "%s/exp/results.json", folder);
    assert_ok(brim_file_read(results, 1 << 20, &text, &bytes));
    assert_non_null(strstr(text, "\"model\": \"m?ll"));
    brim_mem_give(text);
}

/* What a pattern would make of it is no matter. */
static void the_latest_run_is_found_in_any_folder(void **state)
{
    (void)state;
    char *latest, weights[1200], project[1100], last[1300];
    snprintf(project, sizeof project, "%s/a[b]*?\\c", scratch_folder());
    snprintf(weights, sizeof weights, "%s/exp/weights", project);
    snprintf(last, sizeof last, "%s/last.safetensors", weights);
    assert_ok(brim_folder_make(weights));
    assert_refused(brim_report_latest(project, &latest), BRIM_ERROR_INPUT, "no run in");
    assert_ok(brim_file_write(last, "x", 1));
    assert_ok(brim_report_latest(project, &latest));
    assert_string_equal(latest, last);
    brim_mem_give(latest);
}

static void a_run_has_a_folder_with_a_name(void **state)
{
    (void)state;
    char *path, name[1100];
    assert_refused(brim_report_folder("runs", "", false, &path), BRIM_ERROR_ARGUMENT, "--name");
    assert_refused(brim_report_folder(NULL, "exp", false, &path), BRIM_ERROR_ARGUMENT, "--project");
    assert_null(path);
    snprintf(name, sizeof name, "%s/alone", scratch_folder());
    assert_ok(brim_folder_make(""));
    assert_ok(brim_report_folder("", name, false, &path)); /* the folder that the process is in */
    assert_string_equal(path, name);
    assert_true(brim_folder_exists(name));
    brim_mem_give(path);
}

static int set_up(void **state)
{
    (void)state;
    tiny_path = brim_path_join(scratch_folder(), "tiny.yaml");
    return !tiny_path || brim_file_write(tiny_path, tiny_model, strlen(tiny_model)) != BRIM_OK ||
           draw_small_pictures(4, 2, 64);
}

static int tear_down(void **state)
{
    (void)state;
    brim_mem_give(tiny_path);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_that_would_go_on_is_planned),
        cmocka_unit_test(runs_and_weights_may_be_called_as_they_like),
        cmocka_unit_test(the_latest_run_is_found_in_any_folder),
        cmocka_unit_test(a_run_has_a_folder_with_a_name),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
