/* What changes from batch to batch in a training run: learning rates, momentum, when the optimizer steps, the
 * EMA's decay. YOLOv5's train.py, iteration by iteration. Knows no device and no data. */
#ifndef BRIM_TRAIN_SCHEDULE_H
#define BRIM_TRAIN_SCHEDULE_H

#include "backend/backend.h"

typedef struct BrimSchedule {
    BrimHyper hyper;
    int epochs, batches, batch; /* batches: in an epoch; batch: pictures in one */
    bool cosine;                /* learning rates fall along a cosine, else along a line */
    int64_t warmup_batches;
    /* What a resumed run puts back: */
    int64_t last_update; /* number of the batch after which the optimizer stepped last, from 0; -1 before the
                            first */
    int64_t updates;     /* steps so far */
} BrimSchedule;

/* What holds for one batch. Figures in double are exact to YOLOv5's; scalars has them as devices take them.
 */
typedef struct BrimScheduleStep {
    BrimStepScalars scalars; /* accumulate: these gradients join those of the batch before */
    double learning_rate[BRIM_GROUP_COUNT];
    double momentum, weight_decay, ema_decay;
    int accumulate; /* batches that one optimizer step sums */
    bool update;    /* the optimizer steps after this batch */
} BrimScheduleStep;

void brim_schedule_open(BrimSchedule *schedule, const BrimHyper *hyper, int epochs, int batches, int batch,
                        bool cosine);

/* The largest batch with which a training on so many pictures warms up in the epochs that it is given, or in
 * one: since it warms up for 100 batches at least, larger ones would spend more of the training on that. At
 * least 1. */
int brim_schedule_largest_batch(const BrimHyper *hyper, int pictures);

/* The step of batch `index` of an epoch, both from 0. Changes nothing. Gradients that an epoch leaves behind
 * without a step are dropped: the first batch of an epoch never accumulates. */
void brim_schedule_at(const BrimSchedule *schedule, int epoch, int index, BrimScheduleStep *step);

/* To be told after each optimizer step. */
void brim_schedule_updated(BrimSchedule *schedule, int epoch, int index);

#endif
