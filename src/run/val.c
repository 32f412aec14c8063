/* A validation from its options to its folder. */
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "conf/dataset.h"
#include "report/folder.h"
#include "report/results_json.h"
#include "run/detector.h"
#include "run/planning.h"
#include "run/remarks.h"
#include "train/validate.h"

typedef struct ValRun {
    const BrimValOptions *options;
    BrimListener listener;
    void *self;
    BrimDetector detector;
    BrimDataset dataset;
    BrimSplit split;
    int imgsz_px;
    BrimLoader *loader;
    BrimValidator *validator;
    BrimValidation found;
    char *folder;
    int64_t start_ns;
} ValRun;

BrimValOptions brim_val_defaults(void)
{
    return (BrimValOptions){.weights = "yolov5s.pt",
                            .project = "runs/val",
                            .name = "exp",
                            .task = "val",
                            .batch_size = 32,
                            .imgsz = 640,
                            .workers = -1,
                            .conf_thres = 0.001,
                            .iou_thres = 0.6,
                            .max_det = 300};
}

/* ---- what the options name ---- */

static BrimStatus check_options(const BrimValOptions *options)
{
    if (!options->data || !options->data[0])
        return brim_fail(BRIM_ERROR_ARGUMENT, "no data set given; --data FILE.yaml names one");
    if (options->batch_size < 1 || options->imgsz < 1 || options->max_det < 1)
        return brim_fail(BRIM_ERROR_ARGUMENT, "batch size, imgsz and max-det start at 1");
    return BRIM_OK;
}

static BrimStatus choose_split(const ValRun *run, const BrimPathList **paths)
{
    const char *task = run->options->task;
    *paths = strcmp(task, "val") == 0     ? &run->dataset.val
             : strcmp(task, "test") == 0  ? &run->dataset.test
             : strcmp(task, "train") == 0 ? &run->dataset.train
                                          : NULL;
    if (!*paths)
        return brim_fail(BRIM_ERROR_ARGUMENT, "no task \"%s\"; there are val, test and train", task);
    if ((*paths)->count == 0)
        return brim_fail(BRIM_ERROR_INPUT, "%s: no `%s:` pictures to validate on", run->options->data, task);
    return BRIM_OK;
}

static BrimStatus read_inputs(ValRun *run)
{
    BrimStatus status;
    const BrimValOptions *options = run->options;
    const BrimPathList *paths;
    BRIM_TRY(check_options(options));
    BRIM_TRY(brim_detector_read(&run->detector, options->weights, options->device, options->threads));
    run->detector.conf_thres = options->conf_thres;
    brim_device_remark(&run->detector.device, run->listener, run->self);
    BRIM_TRY(brim_dataset_load(&run->dataset, options->data));
    int trained = run->detector.file.model.class_count;
    if (trained != run->dataset.class_count)
        return brim_fail(BRIM_ERROR_INPUT,
                         "%s is for %d classes, %s has %d; give weights and data that belong together",
                         options->weights, trained, options->data, run->dataset.class_count);
    BRIM_TRY(brim_detector_name(&run->detector, run->dataset.class_names));
    BRIM_TRY(choose_split(run, &paths));
    BRIM_TRY(brim_split_scan(&run->split, paths, run->dataset.class_count, options->threads));
    brim_remark_split(&run->split, options->task, run->listener, run->self);
    run->imgsz_px = brim_detector_imgsz(&run->detector, options->imgsz, run->listener, run->self);
fail:
    return status;
}

/* ---- the plan ---- */

/* As in training: threads that load take their time from a CPU that computes, and a card wants a batch at
 * hand. */
static int chosen_workers(const ValRun *run)
{
    const BrimProfile *balanced;
    if (run->options->workers >= 0 || !brim_device_is_card(&run->detector.device) ||
        brim_profile_find(&balanced, NULL) != BRIM_OK)
        return run->options->workers < 0 ? 0 : run->options->workers;
    return brim_planning_workers(balanced, HUGE_VAL, run->imgsz_px, brim_core_count());
}

static BrimLoaderConf loader_conf(const ValRun *run, int batch)
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

static BrimValidateConf validate_conf(const ValRun *run, const BrimLoaderConf *loader)
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
static BrimStatus list_shapes(const ValRun *run, BrimShape **shapes, int *count, int *most_rows)
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
static BrimStatus plan_batch(ValRun *run, int batch, size_t budget_bytes, int *most_rows)
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

/* Bytes that a validation with that batch would need, 0 where it cannot be planned at all. */
static size_t needed_bytes(ValRun *run, int batch)
{
    int rows;
    return plan_batch(run, batch, 0, &rows) == BRIM_OK ? brim_detector_planned_bytes(&run->detector) : 0;
}

/* The sentence for a run over its budget: what it needs, and the largest batch that would fit. */
static BrimStatus say_what_fits(ValRun *run)
{
    const BrimValOptions *options = run->options;
    size_t needed = needed_bytes(run, options->batch_size), fitting = 0;
    int fits = 0, too_large = options->batch_size;
    while (too_large - fits > 1) {
        int middle = (fits + too_large) / 2;
        size_t bytes = needed_bytes(run, middle);
        bool good = bytes && bytes <= options->memory_bytes;
        fitting = good ? bytes : fitting;
        *(good ? &fits : &too_large) = middle;
    }
    if (fits)
        return brim_fail(BRIM_ERROR_FIT,
                         "the validation needs %.0f MiB, %.0f MiB are given; --batch-size %d fits, with "
                         "%.0f MiB",
                         (double)needed / 0x1p20, (double)options->memory_bytes / 0x1p20, fits,
                         (double)fitting / 0x1p20);
    return brim_fail(BRIM_ERROR_FIT,
                     "the validation needs %.0f MiB, %.0f MiB are given, and %.0f MiB would be needed "
                     "even with --batch-size 1; a smaller --imgsz needs less",
                     (double)needed / 0x1p20, (double)options->memory_bytes / 0x1p20,
                     (double)needed_bytes(run, 1) / 0x1p20);
}

static BrimStatus open_run(ValRun *run)
{
    BrimStatus status;
    int rows;
    const BrimLoaderConf loader = loader_conf(run, run->options->batch_size);
    const BrimValidateConf validate = validate_conf(run, &loader);
    status = plan_batch(run, run->options->batch_size, (size_t)run->options->memory_bytes, &rows);
    if (status == BRIM_ERROR_FIT)
        return say_what_fits(run);
    if (status == BRIM_OK)
        status = brim_detector_tell_plan(&run->detector, run->listener, run->self);
    return status == BRIM_OK ? brim_validator_open(&run->validator, &validate, rows) : status;
}

/* ---- results ---- */

static void tell(const ValRun *run, BrimEvent *event)
{
    event->imgsz_px = run->imgsz_px;
    event->batch = run->options->batch_size;
    event->arena_bytes = brim_engine_plan(run->detector.engine)->arena_bytes;
    event->memory_planned_bytes = brim_detector_planned_bytes(&run->detector);
    event->memory_peak_bytes = brim_engine_peak_bytes(run->detector.engine);
    event->seconds = (double)(brim_clock_ns() - run->start_ns) / 1e9;
    if (run->listener)
        run->listener(run->self, event);
}

static void tell_classes(const ValRun *run)
{
    int classes = run->dataset.class_count;
    bool wanted = (run->options->verbose || classes < 50) && classes > 1;
    for (int i = 0; i < classes && wanted; i++) {
        BrimEvent event;
        if (!brim_validator_class_event(run->validator, i, &event))
            continue;
        event.text = run->detector.file.class_names[i];
        tell(run, &event);
    }
}

static void tell_results(const ValRun *run)
{
    const BrimValidation *found = &run->found;
    BrimEvent event = brim_validation_event(found);
    tell(run, &event);
    tell_classes(run);
    brim_remark(run->listener, run->self,
                "Speed: %.1fms read, %.1fms network, %.1fms NMS per image at shape (%d, 3, %d, %d)",
                found->milliseconds[0], found->milliseconds[1], found->milliseconds[2],
                run->options->batch_size, run->imgsz_px, run->imgsz_px);
    if (found->labels == 0)
        brim_remark(run->listener, run->self, "no labels were found in %s: there is nothing to compare with",
                    run->options->task);
}

static BrimStatus write_results(const ValRun *run)
{
    char *path = brim_path_join(run->folder, "results.json");
    if (!path)
        return BRIM_ERROR_MEMORY;
    const BrimValidationReport report = {.options = run->options,
                                         .model = run->detector.file.model.name,
                                         .device = brim_engine_device(run->detector.engine)->name,
                                         .imgsz_px = run->imgsz_px,
                                         .validation = &run->found,
                                         .validator = run->validator,
                                         .split = &run->split,
                                         .class_names = run->detector.file.class_names,
                                         .class_count = run->dataset.class_count,
                                         .arena_bytes = brim_engine_plan(run->detector.engine)->arena_bytes,
                                         .planned_bytes = brim_detector_planned_bytes(&run->detector),
                                         .peak_bytes = brim_engine_peak_bytes(run->detector.engine)};
    BrimStatus status = brim_results_json(path, &report);
    if (status == BRIM_OK)
        tell(run, &(BrimEvent){.kind = BRIM_EVENT_SAVED, .text = path});
    brim_mem_give(path);
    return status;
}

static void run_close(ValRun *run)
{
    brim_validator_close(&run->validator);
    brim_loader_close(&run->loader);
    brim_detector_close(&run->detector);
    brim_split_clear(&run->split);
    brim_dataset_clear(&run->dataset);
    brim_mem_give(run->folder);
}

BrimStatus brim_val(const BrimValOptions *options, BrimListener listener, void *self)
{
    BrimStatus status;
    ValRun run = {.options = options, .listener = listener, .self = self, .start_ns = brim_clock_ns()};
    BRIM_TRY(read_inputs(&run));
    BRIM_TRY(open_run(&run));
    BRIM_TRY(brim_detector_start(&run.detector));
    BRIM_TRY(brim_report_folder(options->project, options->name, options->exist_ok, &run.folder));
    brim_detector_show(&run.detector, "val", run.folder, listener, self);
    BRIM_TRY(brim_validator_run(run.validator, run.detector.engine, run.loader, &run.found));
    if (run.found.stopped) {
        status = brim_fail(BRIM_STOPPED, "stopped after %d of %d pictures; no results were written",
                           run.found.pictures, run.split.sample_count);
        goto fail;
    }
    tell_results(&run);
    BRIM_TRY(write_results(&run));
    tell(&run, &(BrimEvent){.kind = BRIM_EVENT_DONE, .text = run.folder});
fail:
    run_close(&run);
    return status;
}
