/* From one class's detections, ranked, to its average precision and its curves over the confidence. */
#ifndef BRIM_TRAIN_CURVE_H
#define BRIM_TRAIN_CURVE_H

#include <stdint.h>

#include "train/match.h"

enum { BRIM_CURVE_POINTS = 1000 }; /* confidences 0 to 1 at which the curves are read */

/* One detection of a validation. */
typedef struct BrimScored {
    float confidence;
    uint16_t class_index;
    uint16_t correct; /* bits by IoU threshold */
} BrimScored;

/* A class: `rows` of its detections in falling confidence, given as numbers of `scored`, and its labels. */
typedef struct BrimRankedClass {
    const BrimScored *scored;
    const uint32_t *rows;
    int64_t count;
    int labels;
} BrimRankedClass;

/* The confidence of a point. */
double brim_curve_confidence(int point);

/* Precision and recall at IoU 0.5 over the confidence, BRIM_CURVE_POINTS each; zeros without detections. */
void brim_curve_make(const BrimRankedClass *ranked, double *precision, double *recall);

/* Area under the envelope of precision over recall, read at 101 points as COCO does. */
double brim_curve_average_precision(const BrimRankedClass *ranked, int threshold);

/* The point where the box-filtered curve (a tenth of it wide) is highest, the first of equals. */
int brim_curve_peak(const double *curve);

#endif
