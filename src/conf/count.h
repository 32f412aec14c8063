/* What a model costs, known from its table alone: parameters, sizes, operations. */
#ifndef BRIM_CONF_COUNT_H
#define BRIM_CONF_COUNT_H

#include "conf/model.h"

typedef struct BrimLayerShape {
    int channels, height, width;
} BrimLayerShape;

typedef struct BrimLayerCount {
    int64_t parameters;
    int64_t buffer_elements; /* BN statistics and counters, Detect's anchors */
    int module_count;        /* as PyTorch's modules() counts them, but for the SiLU that all layers share */
    int shape_count;         /* 1; DETECT: one a level */
    BrimLayerShape shapes[BRIM_MAX_LEVELS]; /* DETECT: channels are anchors * (5 + classes) */
    int64_t output_elements;           /* of all shapes */
    double conv_macs;                  /* multiply-adds of convolutions, without bias */
    double v7_macs; /* what v7.0's figure counts: those, 4 for a BN element, 1 for an upsampled element */
} BrimLayerCount;

/* For one picture, whose sides are multiples of brim_model_max_stride_px. */
BrimLayerCount brim_layer_count(const BrimModel *model, int layer, int height_px, int width_px);

typedef struct BrimModelCount {
    int layers; /* the "214 layers" of YOLOv5's summary line: modules, containers among them */
    int64_t parameters;
    int64_t buffer_elements;
    double conv_macs;
    double gflops; /* the figure of YOLOv5's summary line: counted at 32 x 32 px (or the largest stride),
                      scaled */
} BrimModelCount;

BrimModelCount brim_model_count(const BrimModel *model, int height_px, int width_px);

#endif
