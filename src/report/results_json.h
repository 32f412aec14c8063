/* results.json of a validation: every figure, how it came about, and what the run took. */
#ifndef BRIM_REPORT_RESULTS_JSON_H
#define BRIM_REPORT_RESULTS_JSON_H

#include "train/validate.h"

typedef struct BrimValidationReport {
    const BrimValOptions *options;
    const char *model;  /* "yolov5n" */
    const char *device; /* as the backend describes it */
    int imgsz_px;
    const BrimValidation *validation;
    const BrimValidator *validator;
    const BrimSplit *split;
    char *const *class_names;
    int class_count;
    uint64_t arena_bytes, planned_bytes, peak_bytes;
} BrimValidationReport;

/* Writes the file atomically. */
BrimStatus brim_results_json(const char *path, const BrimValidationReport *report);

#endif
