/* A detection from its options to its folder. Pictures go one by one, in the order of their paths. */
#include <stdio.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/plural.h"
#include "base/round.h"
#include "conf/dataset.h"
#include "data/resize.h"
#include "report/folder.h"
#include "run/detect_run.h"
#include "run/ranges.h"
#include "run/remarks.h"

/* Of the largest picture, per pixel: its RGB, and the 32-bit surface on which its boxes are drawn. */
enum { PICTURE_BYTES_PER_PX = 3 + 4 };

BrimDetectOptions brim_detect_defaults(void)
{
    return (BrimDetectOptions){.weights = "yolov5s.pt",
                               .project = "runs/detect",
                               .name = "exp",
                               .imgsz = 640,
                               .conf_thres = 0.25,
                               .iou_thres = 0.45,
                               .max_det = 1000};
}

/* ---- what the options name ---- */

static BrimStatus check_classes(const BrimDetectRun *run)
{
    const BrimDetectOptions *options = run->options;
    int count = run->detector.file.model.class_count;
    for (int i = 0; options->classes && i < options->class_count; i++)
        if (options->classes[i] < 0 || options->classes[i] >= count)
            return brim_fail(BRIM_ERROR_ARGUMENT, "--classes %d: %s has classes 0 to %d", options->classes[i],
                             options->weights, count - 1);
    return BRIM_OK;
}

/* Names of the weights, else of the data.yaml where one is given. */
static BrimStatus name_classes(BrimDetectRun *run)
{
    BrimStatus status = BRIM_OK;
    BrimDataset dataset = {0};
    const char *data = run->options->data;
    const BrimModelFile *file = &run->detector.file;
    bool from_data = data && data[0] && file->class_name_count != file->model.class_count;
    if (from_data)
        BRIM_TRY(brim_dataset_load(&dataset, data));
    if (from_data && dataset.class_count != file->model.class_count)
        status = brim_fail(BRIM_ERROR_INPUT, "%s is for %d classes, %s has %d", run->options->weights,
                           file->model.class_count, data, dataset.class_count);
    else
        status = brim_detector_name(&run->detector, from_data ? dataset.class_names : NULL);
fail:
    brim_dataset_clear(&dataset);
    return status;
}

static BrimStatus read_inputs(BrimDetectRun *run)
{
    BrimStatus status;
    const BrimDetectOptions *options = run->options;
    const BrimRange ranges[] = {{"max-det", options->max_det, 1, BRIM_MOST_DETECTIONS},
                                {"threads", options->threads, 0, BRIM_MOST_THREADS}};
    BRIM_TRY(brim_imgsz_check(options->imgsz));
    BRIM_TRY(brim_ranges_check(ranges, sizeof ranges / sizeof ranges[0]));
    BRIM_TRY(brim_detect_source_find(&run->source, options->source, run->listener, run->self));
    BRIM_TRY(brim_detector_read(&run->detector, options->weights, options->device, options->threads));
    run->detector.conf_thres = options->conf_thres;
    brim_device_remark(&run->detector.device, options->threads, run->listener, run->self);
    BRIM_TRY(name_classes(run));
    BRIM_TRY(check_classes(run));
    run->imgsz_px = brim_imgsz_round(options->imgsz, &run->detector.file.model, run->listener, run->self);
fail:
    return status;
}

/* ---- the plan ---- */

static BrimNmsConf nms_conf(const BrimDetectOptions *options)
{
    return (BrimNmsConf){.conf_thres = options->conf_thres,
                         .iou_thres = options->iou_thres,
                         .max_det = options->max_det,
                         .agnostic = options->agnostic_nms,
                         .classes = options->classes,
                         .class_filter_count = options->class_count};
}

static int most_rows(const BrimDetectRun *run)
{
    return brim_graph_prediction_rows(&run->detector.file.model, run->imgsz_px, run->imgsz_px);
}

/* What is taken beside the network: the largest picture, its way into the frame, NMS. */
static size_t beside_bytes(const BrimDetectRun *run)
{
    BrimNmsConf nms = nms_conf(run->options);
    size_t frame = (size_t)run->imgsz_px * (size_t)run->imgsz_px * 3;
    return run->source.most_px * PICTURE_BYTES_PER_PX + 2 * frame +
           brim_resize_scratch_bytes(run->source.longest_px, run->imgsz_px) +
           brim_nms_bytes(&nms, most_rows(run), run->detector.file.model.class_count) +
           (size_t)run->options->max_det * sizeof(BrimDetection);
}

static BrimStatus plan(BrimDetectRun *run, size_t budget_bytes)
{
    BrimShape *shapes = NULL;
    int count, stride_px = brim_model_max_stride_px(&run->detector.file.model);
    BrimStatus status = brim_detect_source_shapes(&run->source, run->imgsz_px, stride_px, &shapes, &count);
    if (status == BRIM_OK)
        status = brim_detector_plan(&run->detector, shapes, count, beside_bytes(run), budget_bytes);
    brim_mem_give(shapes);
    return status;
}

/* The sentence for a run over its budget: what it needs, and the largest --imgsz that would fit. */
static BrimStatus say_what_fits(BrimDetectRun *run)
{
    char needs[64] = "more"; /* where it cannot be planned at all */
    const size_t given = run->detector.budget_bytes;
    size_t least = 0;
    int stride_px = brim_model_max_stride_px(&run->detector.file.model), fits = 0;
    for (int imgsz_px = run->imgsz_px; !fits; imgsz_px = brim_round_up_int(imgsz_px / 2, stride_px)) {
        bool first = imgsz_px == run->imgsz_px && !least;
        run->imgsz_px = imgsz_px;
        least = plan(run, 0) == BRIM_OK ? brim_detector_planned_bytes(&run->detector) : 0;
        if (first && least)
            snprintf(needs, sizeof needs, "%.0f MiB", (double)least / 0x1p20);
        fits = least && least <= given ? imgsz_px : 0;
        if (imgsz_px == stride_px)
            break;
    }
    if (fits)
        return brim_fail(BRIM_ERROR_FIT, "the detection needs %s, %.0f MiB are given; --imgsz %d fits", needs,
                         (double)given / 0x1p20, fits);
    if (!least) /* its own words say why */
        return brim_fail_within(BRIM_ERROR_FIT,
                                "the detection needs more than the %.0f MiB given: ", (double)given / 0x1p20);
    return brim_fail(BRIM_ERROR_FIT,
                     "the detection needs %s, %.0f MiB are given, and no --imgsz fits; a smaller model or "
                     "smaller pictures need less",
                     needs, (double)given / 0x1p20);
}

static BrimStatus take_room(BrimDetectRun *run)
{
    BrimStatus status;
    BrimNmsConf nms = nms_conf(run->options);
    BRIM_TRY(brim_picture_make(&run->scaled, run->imgsz_px, run->imgsz_px));
    BRIM_TRY(brim_picture_make(&run->frame, run->imgsz_px, run->imgsz_px));
    BRIM_TRY(brim_nms_open(&run->nms, &nms, most_rows(run), run->detector.file.model.class_count));
    run->resize_scratch =
        brim_mem_take(BRIM_MEM_DATA, brim_resize_scratch_bytes(run->source.longest_px, run->imgsz_px), 1);
    run->detections = brim_mem_take(BRIM_MEM_TRAIN, (size_t)run->options->max_det, sizeof *run->detections);
    if (!run->resize_scratch || !run->detections)
        return BRIM_ERROR_MEMORY;
    if (run->options->save_json)
        status = brim_predictions_open(&run->predictions);
fail:
    return status;
}

static BrimStatus open_run(BrimDetectRun *run)
{
    BrimStatus status;
    BRIM_TRY(brim_detector_set_budget(&run->detector, run->options->memory_bytes));
    status = plan(run, run->detector.budget_bytes);
    if (status == BRIM_ERROR_FIT)
        return say_what_fits(run);
    BRIM_TRY(status);
    BRIM_TRY(brim_detector_tell_plan(&run->detector, run->listener, run->self));
    BRIM_TRY(brim_detector_start(&run->detector));
    BRIM_TRY(brim_engine_fold(run->detector.engine));
    BRIM_TRY(take_room(run));
fail:
    return status;
}

/* ---- from start to end ---- */

static BrimStatus make_folder(BrimDetectRun *run)
{
    BrimStatus status;
    const BrimDetectOptions *options = run->options;
    BRIM_TRY(brim_report_folder(options->project, options->name, options->exist_ok, &run->folder));
    run->labels_folder = brim_path_join(run->folder, "labels");
    if (!run->labels_folder)
        return BRIM_ERROR_MEMORY;
    if (options->save_txt)
        status = brim_folder_make(run->labels_folder);
fail:
    return status;
}

static void tell_speed(const BrimDetectRun *run)
{
    double per_ns = 1e-6 / (run->seen > 0 ? run->seen : 1);
    if (run->source.unreadable)
        brim_remark(run->listener, run->self, "%d picture%s could not be read, and %s skipped",
                    run->source.unreadable, brim_plural(run->source.unreadable, "s"),
                    run->source.unreadable == 1 ? "was" : "were");
    brim_remark(run->listener, run->self,
                "Speed: %.1fms read, %.1fms network, %.1fms NMS per image at shape (1, 3, %d, %d)",
                (double)run->spent_ns[0] * per_ns, (double)run->spent_ns[1] * per_ns,
                (double)run->spent_ns[2] * per_ns, run->imgsz_px, run->imgsz_px);
}

/* What was found so far is written, also when the run was stopped. */
static BrimStatus save_predictions(const BrimDetectRun *run)
{
    if (!run->predictions)
        return BRIM_OK;
    char *path = brim_path_join(run->folder, "predictions.json");
    BrimStatus status = path ? brim_predictions_save(run->predictions, path) : BRIM_ERROR_MEMORY;
    if (status == BRIM_OK && run->listener)
        run->listener(run->self, &(BrimEvent){.kind = BRIM_EVENT_SAVED, .text = path});
    brim_mem_give(path);
    return status;
}

static BrimStatus look(BrimDetectRun *run)
{
    BrimStatus status = BRIM_OK;
    for (int i = 0; i < run->source.count && status == BRIM_OK; i++)
        status = brim_detect_picture(run, i);
    if (status != BRIM_OK && status != BRIM_STOPPED)
        return status;
    BrimStatus saved = save_predictions(run);
    if (saved != BRIM_OK || status == BRIM_STOPPED)
        return saved != BRIM_OK ? saved : status;
    tell_speed(run);
    if (run->seen == 0)
        return brim_fail(BRIM_ERROR_INPUT, "none of the pictures of %s could be read", run->options->source);
    return BRIM_OK;
}

static void run_close(BrimDetectRun *run)
{
    brim_predictions_close(&run->predictions);
    brim_nms_close(&run->nms);
    brim_mem_give(run->detections);
    brim_mem_give(run->resize_scratch);
    brim_picture_clear(&run->scaled);
    brim_picture_clear(&run->frame);
    brim_detector_close(&run->detector);
    brim_detect_source_clear(&run->source);
    brim_mem_give(run->labels_folder);
    brim_mem_give(run->folder);
}

BrimStatus brim_detect(const BrimDetectOptions *options, BrimListener listener, void *self)
{
    BrimStatus status;
    int64_t start_ns = brim_clock_ns();
    BrimDetectRun run = {.options = options, .listener = listener, .self = self};
    BRIM_TRY(read_inputs(&run));
    BRIM_TRY(open_run(&run));
    BRIM_TRY(make_folder(&run));
    brim_detector_show(&run.detector, "detect", run.folder, listener, self);
    BRIM_TRY(look(&run));
    if (listener)
        listener(self, &(BrimEvent){.kind = BRIM_EVENT_DONE,
                                    .text = run.folder,
                                    .pictures = run.seen,
                                    .seconds = (double)(brim_clock_ns() - start_ns) / 1e9});
fail:
    run_close(&run);
    return status;
}
