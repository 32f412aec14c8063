/* YOLOv5's own heads, predictions and detections of YOLOv5n's published weights, for any backend and
 * precision. Tests skip where the shared data is absent. */
#ifndef BRIM_TESTS_GOLDEN_INFERENCE_H
#define BRIM_TESTS_GOLDEN_INFERENCE_H

#include "train/engine.h"

typedef struct GoldenPictureCase {
    const char *name; /* of the picture, "bus_rect640" */
    const BrimBackendClass *backend;
    BrimPrecision precision;
    /* How far each number may be off: */
    double logit, box_px, score;
    double sum;      /* the sum over all rows of a column, as a part of what it adds up */
    double iou;      /* a detection's box covers that of YOLOv5's by more */
    bool sure_alone; /* only detections of 0.25 and more are compared: those of 0.001 are too near each other
                        to be the same in 16 bits */
} GoldenPictureCase;

/* What fp32 comes to on any backend. */
GoldenPictureCase golden_picture_fp32(const char *name, const BrimBackendClass *backend);

/* The test of a case, which is the state that it begins with. */
void golden_picture(void **state);

#endif
