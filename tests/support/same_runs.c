/* Checkpoints of runs, side by side. */
#include "support/same_runs.h"

#include <stdio.h>
#include <string.h>

#include "data/demo.h"
#include "exchange/safetensors.h"
#include "support/support.h"

int draw_small_pictures(int train_count, int val_count, int side_px)
{
    return brim_demo_write(scratch_path("demo"), train_count, val_count, side_px, 1) != BRIM_OK;
}

BrimTrainOptions small_run_in(const char *folder, const char *name)
{
    static char data[1200], project[1200];
    BrimTrainOptions options = brim_train_defaults();
    snprintf(data, sizeof data, "%s/demo/data.yaml", folder);
    snprintf(project, sizeof project, "%s/runs", folder);
    options.data = data;
    options.project = project;
    options.name = name;
    options.weights = "";
    options.cfg = "yolov5n";
    options.exist_ok = true;
    options.imgsz = 64;
    options.workers = 0;
    options.seed = 7;
    options.noautoanchor = true;
    return options;
}

const char *path_in_run(char path[RUN_PATH_BYTES], const char *name, const char *file)
{
    snprintf(path, RUN_PATH_BYTES, "%s/runs/%s/%s", scratch_folder(), name, file);
    return path;
}

BrimTrainOptions resume_of(const char *name)
{
    static char last[RUN_PATH_BYTES];
    BrimTrainOptions options = brim_train_defaults();
    options.resume = path_in_run(last, name, "weights/last.safetensors");
    return options;
}

void load_run(BrimTensorFile *file, const char *name, const char *which)
{
    char path[RUN_PATH_BYTES], below[64];
    snprintf(below, sizeof below, "weights/%s.safetensors", which);
    assert_ok(brim_safetensors_load(file, path_in_run(path, name, below)));
}

bool see_step(SeenSteps *seen, const BrimEvent *event)
{
    if (event->kind != BRIM_EVENT_STEP)
        return true;
    if (seen->count < SEEN_STEPS)
        memcpy(seen->losses[seen->count], event->losses, sizeof event->losses);
    return ++seen->count != seen->stop_after;
}

void assert_same_losses(const SeenSteps *got, const SeenSteps *expected)
{
    assert_int_equal(got->count, expected->count);
    for (int step = 0; step < SEEN_STEPS; step++)
        if (memcmp(got->losses[step], expected->losses[step], sizeof got->losses[step]) != 0)
            fail_msg("the losses of step %d differ", step);
}

static void assert_same_tensors(const BrimTensorFile *a, const BrimTensorFile *b)
{
    assert_int_equal(a->tensor_count, b->tensor_count);
    for (int i = 0; i < a->tensor_count; i++) {
        const BrimHostTensor *x = &a->tensors[i];
        const BrimHostTensor *y = brim_tensors_find(b, x->name);
        assert_non_null(y);
        assert_int_equal(x->bytes, y->bytes);
        if (memcmp(x->data, y->data, x->bytes) != 0)
            fail_msg("%s differs", x->name);
    }
}

void assert_same_runs(const char *a, const char *b)
{
    BrimTensorFile first = {0}, second = {0};
    load_run(&first, a, "last");
    load_run(&second, b, "last");
    assert_same_tensors(&first, &second);
    brim_tensors_clear(&first);
    brim_tensors_clear(&second);
}
