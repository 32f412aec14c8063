/* Hyper-parameters under YOLOv5's names; defaults are its hyp.scratch-low values. Immutable once loaded. */
#ifndef BRIM_CONF_HYPER_H
#define BRIM_CONF_HYPER_H

#include "base/memory.h"

/* name, default, lowest, highest, what it is */
#define BRIM_HYPER_LIST(X)                                                                                     \
    X(lr0, 0.01, 0, 10, "initial learning rate")                                                               \
    X(lrf, 0.01, 0, 1, "final learning rate as a part of lr0")                                                 \
    X(momentum, 0.937, 0, 1, "SGD momentum (Nesterov)")                                                        \
    X(weight_decay, 0.0005, 0, 1, "weight decay at the nominal batch of 64")                                   \
    X(warmup_epochs, 3.0, 0, 100, "warmup in epochs, fractions allowed")                                       \
    X(warmup_momentum, 0.8, 0, 1, "momentum at the start of warmup")                                           \
    X(warmup_bias_lr, 0.1, 0, 10, "bias learning rate at the start of warmup")                                 \
    X(box, 0.05, 0, 1000, "box loss gain")                                                                     \
    X(cls, 0.5, 0, 1000, "class loss gain")                                                                    \
    X(cls_pw, 1.0, 0, 1000, "weight of positives in the class BCE")                                            \
    X(obj, 1.0, 0, 1000, "objectness loss gain")                                                               \
    X(obj_pw, 1.0, 0, 1000, "weight of positives in the objectness BCE")                                       \
    X(iou_t, 0.20, 0, 1, "kept for the file format; v7.0 does not read it")                                    \
    X(anchor_t, 4.0, 1, 100, "largest ratio of label to anchor side")                                          \
    X(fl_gamma, 0.0, 0, 10, "focal loss gamma, 0 is off")                                                      \
    X(label_smoothing, 0.0, 0, 1, "label smoothing epsilon")                                                   \
    X(hsv_h, 0.015, 0, 1, "hue jitter, a fraction")                                                            \
    X(hsv_s, 0.7, 0, 1, "saturation jitter, a fraction")                                                       \
    X(hsv_v, 0.4, 0, 1, "value jitter, a fraction")                                                            \
    X(degrees, 0.0, 0, 180, "rotation, +- degrees")                                                            \
    X(translate, 0.1, 0, 1, "translation, +- fraction of the picture")                                         \
    X(scale, 0.5, 0, 1, "scale, +- gain")                                                                      \
    X(shear, 0.0, 0, 90, "shear, +- degrees")                                                                  \
    X(perspective, 0.0, 0, 0.001, "perspective, +- fraction")                                                  \
    X(flipud, 0.0, 0, 1, "probability of a flip up-down")                                                      \
    X(fliplr, 0.5, 0, 1, "probability of a flip left-right")                                                   \
    X(mosaic, 1.0, 0, 1, "probability of a mosaic of four")                                                    \
    X(mixup, 0.0, 0, 1, "probability of mixup")                                                                \
    X(copy_paste, 0.0, 0, 1, "copy-paste probability; needs segments, which brim does not read")

typedef struct BrimHyper {
#define X(name, standard, low, high, text) double name;
    BRIM_HYPER_LIST(X)
#undef X
} BrimHyper;

/* The pictures of an update that these are made for: gradients are summed over as many, roughly. */
enum { BRIM_NOMINAL_BATCH = 64 };

/* YOLOv5's hyp.scratch-low. */
BrimHyper brim_hyper_default(void);

/* Overlays *hyper, which the caller starts from the defaults, with a yaml file of `name: value` lines. An unknown key or
 * a value out of range is ERROR_INPUT that names file, line and key, and leaves *hyper as it was. */
BrimStatus brim_hyper_load(BrimHyper *hyper, const char *path);
BrimStatus brim_hyper_parse(BrimHyper *hyper, const char *name, const char *text, size_t bytes);

/* ERROR_INPUT that names the first that is out of its range: for those that came by another way than a yaml
 * file. */
BrimStatus brim_hyper_check(const BrimHyper *hyper);

/* The gains as train.py scales them before training: box by 3 / levels, cls by classes / 80 * 3 / levels,
 * obj by (imgsz / 640)^2 * 3 / levels. */
void brim_hyper_scale(BrimHyper *hyper, int level_count, int class_count, int imgsz_px);

#endif
