/* How good detections are, as YOLOv5 v7.0 measures it: matches with the labels, precision, recall, AP, and
 * who is taken for whom. All memory is taken when opened. Knows no network and no pictures. */
#ifndef BRIM_TRAIN_METRICS_H
#define BRIM_TRAIN_METRICS_H

#include "base/memory.h"
#include "train/match.h"

typedef struct BrimMetricsConf {
    int class_count;
    int max_det;     /* detections of a picture at most */
    int most_labels; /* labels of a picture at most */
    int pictures;    /* at most */
} BrimMetricsConf;

/* Precision, recall and F1 are read at the confidence where the mean F1 of the classes, smoothed, is highest.
 */
typedef struct BrimClassMetrics {
    int labels;
    int pictures; /* that have such a label */
    double precision, recall, f1;
    double ap[BRIM_IOU_COUNT]; /* by the IoU threshold */
    double ap50, ap50_95;      /* ap[0], and the mean of ap */
} BrimClassMetrics;

/* Means over the classes that have labels; zeros where nothing was detected rightly. */
typedef struct BrimMeanMetrics {
    double precision, recall, map50, map50_95;
    double fitness;    /* 0.1 mAP50 + 0.9 mAP50-95 */
    double confidence; /* where precision and recall are read */
} BrimMeanMetrics;

typedef struct BrimMetrics BrimMetrics;

BrimStatus brim_metrics_open(BrimMetrics **metrics, const BrimMetricsConf *conf);
void brim_metrics_close(BrimMetrics **metrics);

/* Bytes that brim_metrics_open takes, for the plan. */
size_t brim_metrics_bytes(const BrimMetricsConf *conf);

/* Forgets everything that was added. */
void brim_metrics_reset(BrimMetrics *metrics);

/* One picture's detections, the most confident first, and its labels, both in px of the picture. */
void brim_metrics_add(BrimMetrics *metrics, const BrimDetection *detections, int detection_count,
                      const BrimTruth *truths, int truth_count);

/* The figures of all that was added. */
void brim_metrics_compute(BrimMetrics *metrics, BrimMeanMetrics *means);

/* Of one class, after compute; false for a class without labels. */
bool brim_metrics_class(const BrimMetrics *metrics, int class_index, BrimClassMetrics *figures);

/* Detections added, and at which IoU thresholds (bits 0 to 9) the detection of that number is right. */
int64_t brim_metrics_detections(const BrimMetrics *metrics);
unsigned brim_metrics_correct(const BrimMetrics *metrics, int64_t detection);

/* [class_count + 1][class_count + 1]: rows are what was detected, columns what the label says, the last of
 * each is the background. Detections above confidence 0.25, matches above IoU 0.45. */
const int64_t *brim_metrics_confusion(const BrimMetrics *metrics);

#endif
