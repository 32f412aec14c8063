/* Checkpoints of runs, side by side. */
#include "support/same_runs.h"

#include <stdio.h>
#include <string.h>

#include "exchange/safetensors.h"
#include "support/support.h"

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

void load_run(BrimTensorFile *file, const char *project, const char *name, const char *which)
{
    char path[1200];
    snprintf(path, sizeof path, "%s/%s/weights/%s.safetensors", project, name, which);
    assert_ok(brim_safetensors_load(file, path));
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

void assert_same_runs(const char *project, const char *a, const char *b)
{
    BrimTensorFile first = {0}, second = {0};
    load_run(&first, project, a, "last");
    load_run(&second, project, b, "last");
    assert_same_tensors(&first, &second);
    brim_tensors_clear(&first);
    brim_tensors_clear(&second);
}
