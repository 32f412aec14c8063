/* A validation's plan: its batches, what they need, and what would fit where that is too much. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "run/planning.h"
#include "run/val_run.h"

/* As in training: threads that load take their time from a CPU that computes, and a card wants a batch at
 * hand. */
static int chosen_workers(const BrimValRun *run)
{
    const BrimProfile *balanced;
    if (run->options->workers >= 0 || !brim_device_is_card(&run->detector.device) ||
        brim_profile_find(&balanced, NULL) != BRIM_OK)
        return run->options->workers < 0 ? 0 : run->options->workers;
    return brim_planning_workers(balanced, HUGE_VAL, run->imgsz_px, brim_core_count());
}

static BrimLoaderConf loader_conf(const BrimValRun *run, int batch)
{
    int workers = chosen_workers(run);
    return (BrimLoaderConf){.split = &run->split,
                            .imgsz_px = run->imgsz_px,
                            .batch = batch,
                            .stride_px = brim_model_max_stride_px(&run->detector.file.model),
                            .rectangular = true,
                            .pad = 0.5,
                            .hyper = brim_hyper_default(),
                            .workers = workers,
                            .threads = run->options->threads,
                            .slots = workers > 0 ? 2 : 1};
}

static BrimValidateConf validate_conf(const BrimValRun *run, const BrimLoaderConf *loader)
{
    return (BrimValidateConf){.split = &run->split,
                              .class_count = run->dataset.class_count,
                              .conf_thres = run->options->conf_thres,
                              .iou_thres = run->options->iou_thres,
                              .max_det = run->options->max_det,
                              .threads = run->options->threads,
                              .loader = run->detector.device.backend->fetch ? loader : NULL,
                              .listener = run->listener,
                              .listener_self = run->self};
}

/* The loader's shapes, each once; given back by the caller. most_rows: predictions of the largest picture. */
static BrimStatus list_shapes(const BrimValRun *run, BrimShape **shapes, int *count, int *most_rows)
{
    int batches = brim_loader_batch_count(run->loader);
    *count = *most_rows = 0;
    *shapes = brim_mem_take(BRIM_MEM_TRAIN, (size_t)batches, sizeof **shapes);
    if (!*shapes)
        return BRIM_ERROR_MEMORY;
    for (int i = 0; i < batches; i++) {
        BrimShape shape;
        bool known = false;
        brim_loader_batch_shape(run->loader, i, &shape.n, &shape.height_px, &shape.width_px);
        for (int j = 0; j < *count && !known; j++)
            known = memcmp(&(*shapes)[j], &shape, sizeof shape) == 0;
        if (known)
            continue;
        int rows = brim_graph_prediction_rows(&run->detector.file.model, shape.height_px, shape.width_px);
        *most_rows = rows > *most_rows ? rows : *most_rows;
        (*shapes)[(*count)++] = shape;
    }
    return BRIM_OK;
}

/* Opens the loader and plans with it; the predictions of the largest picture through most_rows. */
static BrimStatus plan_batch(BrimValRun *run, int batch, size_t budget_bytes, int *most_rows)
{
    BrimStatus status;
    BrimShape *shapes = NULL;
    int count;
    const BrimLoaderConf loader = loader_conf(run, batch);
    const BrimValidateConf validate = validate_conf(run, &loader);
    brim_loader_close(&run->loader);
    BRIM_TRY(brim_loader_open(&run->loader, &loader));
    BRIM_TRY(list_shapes(run, &shapes, &count, most_rows));
    size_t beside_bytes = brim_loader_slot_bytes(&loader) + brim_validator_bytes(&validate, *most_rows);
    BRIM_TRY(brim_detector_plan(&run->detector, shapes, count, beside_bytes, budget_bytes));
fail:
    brim_mem_give(shapes);
    return status;
}

static double mib(size_t bytes)
{
    return (double)bytes / 0x1p20;
}

/* Bytes that a validation with that batch would need, 0 where it cannot be planned at all. */
static size_t needed_bytes(BrimValRun *run, int batch)
{
    int rows;
    return plan_batch(run, batch, 0, &rows) == BRIM_OK ? brim_detector_planned_bytes(&run->detector) : 0;
}

/* The sentence for a run over its budget: what it needs, and the largest batch that would fit. */
static BrimStatus say_what_fits(BrimValRun *run)
{
    const int asked = run->options->batch_size;
    const size_t given = run->detector.budget_bytes;
    char needs[64] = "more"; /* where it cannot be planned at all */
    size_t needed = needed_bytes(run, asked), fitting = 0;
    int fits = 0, too_large = asked;
    if (needed)
        snprintf(needs, sizeof needs, "%.0f MiB", mib(needed));
    while (too_large - fits > 1) {
        int middle = (fits + too_large) / 2;
        size_t bytes = needed_bytes(run, middle);
        bool good = bytes && bytes <= given;
        fitting = good ? bytes : fitting;
        *(good ? &fits : &too_large) = middle;
    }
    if (fits)
        return brim_fail(BRIM_ERROR_FIT,
                         "the validation needs %s, %.0f MiB are given; --batch-size %d fits, with %.0f MiB",
                         needs, mib(given), fits, mib(fitting));
    size_t least = needed_bytes(run, 1);
    if (!least) /* its own words say why */
        return brim_fail_within(BRIM_ERROR_FIT,
                                "the validation needs more than the %.0f MiB given: ", mib(given));
    return brim_fail(BRIM_ERROR_FIT,
                     "the validation needs %s, %.0f MiB are given, and %.0f MiB would be needed even with "
                     "--batch-size 1; a smaller --imgsz needs less",
                     needs, mib(given), mib(least));
}

BrimStatus brim_val_plan(BrimValRun *run)
{
    BrimStatus status;
    int rows;
    const BrimLoaderConf loader = loader_conf(run, run->options->batch_size);
    const BrimValidateConf validate = validate_conf(run, &loader);
    BRIM_TRY(brim_detector_set_budget(&run->detector, run->options->memory_bytes));
    status = plan_batch(run, run->options->batch_size, run->detector.budget_bytes, &rows);
    if (status == BRIM_ERROR_FIT)
        return say_what_fits(run);
    BRIM_TRY(status);
    BRIM_TRY(brim_detector_tell_plan(&run->detector, run->listener, run->self));
    BRIM_TRY(brim_validator_open(&run->validator, &validate, rows));
fail:
    return status;
}
