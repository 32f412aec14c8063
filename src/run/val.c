/* A validation from its options to its folder. */
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "report/folder.h"
#include "report/results_json.h"
#include "run/ranges.h"
#include "run/remarks.h"
#include "run/val_run.h"

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
    const BrimRange ranges[] = {{"batch-size", options->batch_size, 1, BRIM_MOST_BATCH},
                                {"max-det", options->max_det, 1, BRIM_MOST_DETECTIONS},
                                {"workers", options->workers, -1, BRIM_MOST_WORKERS},
                                {"threads", options->threads, 0, BRIM_MOST_THREADS}};
    BrimStatus status = brim_imgsz_check(options->imgsz);
    return status == BRIM_OK ? brim_ranges_check(ranges, sizeof ranges / sizeof ranges[0]) : status;
}

static BrimStatus choose_split(const BrimValRun *run, const BrimPathList **paths)
{
    const char *task = run->options->task ? run->options->task : "";
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

static BrimStatus read_inputs(BrimValRun *run)
{
    BrimStatus status;
    const BrimValOptions *options = run->options;
    const BrimPathList *paths;
    BRIM_TRY(check_options(options));
    BRIM_TRY(brim_detector_read(&run->detector, options->weights, options->device, options->threads));
    run->detector.conf_thres = options->conf_thres;
    brim_device_remark(&run->detector.device, options->threads, run->listener, run->self);
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
    run->imgsz_px = brim_imgsz_round(options->imgsz, &run->detector.file.model, run->listener, run->self);
fail:
    return status;
}

/* ---- results ---- */

static void tell(const BrimValRun *run, BrimEvent *event)
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

static void tell_classes(const BrimValRun *run)
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

static void tell_results(const BrimValRun *run)
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

static BrimStatus write_results(const BrimValRun *run)
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

static void run_close(BrimValRun *run)
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
    BrimValRun run = {.options = options, .listener = listener, .self = self, .start_ns = brim_clock_ns()};
    BRIM_TRY(read_inputs(&run));
    BRIM_TRY(brim_val_plan(&run));
    BRIM_TRY(brim_detector_start(&run.detector));
    BRIM_TRY(brim_report_folder(options->project, options->name, options->exist_ok, &run.folder));
    brim_detector_show(&run.detector, "val", run.folder, listener, self);
    BRIM_TRY(brim_validator_run(run.validator, run.detector.engine, run.loader, &run.found));
    if (run.found.stopped) {
        if (!options->exist_ok)
            rmdir(run.folder); /* nothing is in it yet */
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
