/* Validation: batches through the folded model, NMS, matching with the labels, AP. Knows no files. */
#ifndef BRIM_TRAIN_VALIDATE_H
#define BRIM_TRAIN_VALIDATE_H

#include "train/engine.h"
#include "train/metrics.h"
#include "train/nms.h"

typedef struct BrimValidateConf {
    const BrimSplit *split;
    int class_count;
    double conf_thres, iou_thres; /* YOLOv5: 0.001 and 0.6 */
    int max_det;                  /* 300 */
    int threads;                  /* for NMS; 0: as many as cores */
    const BrimLoaderConf *loader; /* for the opening: the loader of a device of its own, which computes a batch while
                                     the one before is measured; NULL: one after the other */
    BrimListener listener;        /* VALIDATING events; may be NULL */
    void *listener_self;
} BrimValidateConf;

typedef struct BrimValidation {
    double precision, recall, map50, map50_95; /* means over the classes that have labels */
    double fitness;                            /* 0.1 mAP50 + 0.9 mAP50-95 */
    double losses[3];       /* box, obj, cls: mean over the batches; 0 where no loss was planned */
    double milliseconds[3]; /* per picture: reading, network, NMS; of the first two what is waited for */
    int pictures, labels;
    int64_t detections;
    bool stopped; /* the listener said so; the figures are not whole */
} BrimValidation;

typedef struct BrimValidator BrimValidator;

/* Takes what a validation needs: room for the detections' statistics and NMS. rows: predictions of the
 * largest picture. */
BrimStatus brim_validator_open(BrimValidator **validator, const BrimValidateConf *conf, int rows);
void brim_validator_close(BrimValidator **validator);

/* Bytes that brim_validator_open takes, for the plan. */
size_t brim_validator_bytes(const BrimValidateConf *conf, int rows);

/* Lets the loader's threads begin with the pictures of the next run, which else starts it. */
BrimStatus brim_validator_ahead(BrimValidator *validator, BrimLoader *loader);

/* Folds the engine's parameters and runs the loader's epoch 0 through it. */
BrimStatus brim_validator_run(BrimValidator *validator, BrimEngine *engine, BrimLoader *loader,
                              BrimValidation *result);

/* What a listener hears of a run's result, and of one class of it: the figures, without names and epochs.
 * False for a class without labels. */
BrimEvent brim_validation_event(const BrimValidation *validation);
bool brim_validator_class_event(const BrimValidator *validator, int class_index, BrimEvent *event);

/* Detections of a sample of the split in that run. */
int brim_validator_detections(const BrimValidator *validator, int sample);

/* All of its figures, for the confusion matrix. */
const BrimMetrics *brim_validator_metrics(const BrimValidator *validator);

#endif
