/* Predictions of one picture to detections: confidence threshold, then non-maximum suppression, as YOLOv5
 * v7.0 does except for its limit on wall-clock time. All memory is taken when opened. */
#ifndef BRIM_TRAIN_NMS_H
#define BRIM_TRAIN_NMS_H

#include "base/memory.h"
#include "train/detection.h"

enum { BRIM_NMS_CANDIDATES = 30000 }; /* boxes that enter at most, the most confident ones (v7.0: max_nms) */

typedef struct BrimNmsConf {
    double conf_thres, iou_thres; /* what is above them counts: strictly */
    int max_det;                  /* detections of a picture at most */
    bool multi_label;             /* a box stands for each class above conf_thres, not for the best alone */
    bool agnostic;                /* boxes suppress those of other classes too */
    const int *classes;           /* only these; NULL: all */
    int class_filter_count;
} BrimNmsConf;

typedef struct BrimNms BrimNms;

/* rows: predictions of the largest picture. One BrimNms serves one thread. */
BrimStatus brim_nms_open(BrimNms **nms, const BrimNmsConf *conf, int rows, int class_count);
void brim_nms_close(BrimNms **nms);

/* Bytes that brim_nms_open takes, for the plan. */
size_t brim_nms_bytes(const BrimNmsConf *conf, int rows, int class_count);

/* predictions: [rows, 5 + class_count] of x, y, w, h, objectness, classes. detections has room for max_det;
 * their number is returned, the most confident first, equal ones by row and class. */
int brim_nms_run(BrimNms *nms, const float *predictions, int rows, BrimDetection *detections);

#endif
