/* results.json. */
#include "report/results_json.h"

#include "report/json.h"

enum { DOUBLE_DIGITS = 17 };

static json_t *settings(const BrimValidationReport *report)
{
    const BrimValOptions *options = report->options;
    return json_pack("{s:o, s:o, s:s, s:o, s:o, s:i, s:i, s:f, s:f, s:i, s:b, s:f}", "weights",
                     brim_json_text(options->weights), "data", brim_json_text(options->data), "task",
                     options->task, "model", brim_json_text(report->model), "device",
                     brim_json_text(report->device), "imgsz", report->imgsz_px, "batch_size",
                     options->batch_size, "conf_thres", options->conf_thres, "iou_thres", options->iou_thres,
                     "max_det", options->max_det, "rect", 1, "pad", 0.5);
}

static json_t *class_figures(const BrimValidationReport *report)
{
    json_t *rows = json_array();
    for (int i = 0; i < report->class_count; i++) {
        BrimClassMetrics figures;
        if (!brim_metrics_class(brim_validator_metrics(report->validator), i, &figures))
            continue;
        json_t *ap = json_array();
        for (int k = 0; k < BRIM_IOU_COUNT; k++)
            json_array_append_new(ap, json_real(figures.ap[k]));
        json_array_append_new(rows, json_pack("{s:i, s:o, s:i, s:i, s:f, s:f, s:f, s:f, s:f, s:o}", "class",
                                              i, "name", brim_json_text(report->class_names[i]), "pictures",
                                              figures.pictures, "labels", figures.labels, "precision",
                                              figures.precision, "recall", figures.recall, "f1", figures.f1,
                                              "mAP50", figures.ap50, "mAP50-95", figures.ap50_95,
                                              "AP_by_IoU_0.50_to_0.95", ap));
    }
    return rows;
}

static json_t *confusion(const BrimValidationReport *report)
{
    json_t *rows = json_array();
    const int64_t *cells = brim_metrics_confusion(brim_validator_metrics(report->validator));
    int width = report->class_count + 1;
    for (int row = 0; row < width; row++) {
        json_t *columns = json_array();
        for (int column = 0; column < width; column++)
            json_array_append_new(columns, json_integer(cells[row * width + column]));
        json_array_append_new(rows, columns);
    }
    return json_pack("{s:s, s:s, s:f, s:f, s:o}", "rows", "detected class, background last", "columns",
                     "labelled class, background last", "conf_thres", 0.25, "iou_thres", 0.45, "counts",
                     rows);
}

static json_t *names(const BrimValidationReport *report)
{
    json_t *list = json_array();
    for (int i = 0; i < report->class_count; i++)
        json_array_append_new(list, brim_json_text(report->class_names[i]));
    return list;
}

/* How many boxes each picture got, by its path. */
static json_t *by_picture(const BrimValidationReport *report)
{
    json_t *rows = json_array();
    for (int i = 0; i < report->split->sample_count; i++)
        json_array_append_new(rows, json_pack("{s:o, s:i}", "image",
                                              brim_json_text(report->split->samples[i].picture_path),
                                              "detections", brim_validator_detections(report->validator, i)));
    return rows;
}

BrimStatus brim_results_json(const char *path, const BrimValidationReport *report)
{
    const BrimValidation *found = report->validation;
    json_t *speed = json_pack("{s:f, s:f, s:f}", "read", found->milliseconds[0], "network",
                              found->milliseconds[1], "nms", found->milliseconds[2]);
    json_t *memory = json_pack("{s:I, s:I, s:I}", "arena", (json_int_t)report->arena_bytes, "planned",
                               (json_int_t)report->planned_bytes, "peak", (json_int_t)report->peak_bytes);
    json_t *root = json_pack(
        "{s:i, s:i, s:I, s:f, s:f, s:f, s:f, s:f, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "pictures",
        found->pictures, "labels", found->labels, "detections", (json_int_t)found->detections, "precision",
        found->precision, "recall", found->recall, "mAP50", found->map50, "mAP50-95", found->map50_95,
        "fitness", found->fitness, "classes", class_figures(report), "names", names(report),
        "confusion_matrix", confusion(report), "by_picture", by_picture(report), "speed_ms_per_picture",
        speed, "memory_bytes", memory, "settings", settings(report), "brim", BRIM_VERSION);
    return brim_json_write(path, root, DOUBLE_DIGITS);
}
