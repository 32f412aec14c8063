/* Learning rates, momentum, accumulation and the EMA's decay, batch by batch. */
#include "train/schedule.h"

#include <math.h>

#define CLIP_NORM    10.0f  /* clip_grad_norm_ in YOLOv5's train.py */
#define EMA_DECAY    0.9999 /* ModelEMA, utils/torch_utils.py */
#define EMA_RAMP     2000.0
#define LEAST_WARMUP 100 /* batches */

void brim_schedule_open(BrimSchedule *schedule, const BrimHyper *hyper, int epochs, int batches, int batch,
                        bool cosine)
{
    *schedule = (BrimSchedule){.hyper = *hyper,
                               .epochs = epochs,
                               .batches = batches,
                               .batch = batch,
                               .cosine = cosine,
                               .last_update = -1};
    int64_t warmup =
        (int64_t)nearbyint(hyper->warmup_epochs * batches); /* Python rounds halves to even, as this does */
    schedule->warmup_batches = warmup > LEAST_WARMUP ? warmup : LEAST_WARMUP;
}

int brim_schedule_largest_batch(const BrimHyper *hyper, int pictures)
{
    int largest = (int)(fmax(hyper->warmup_epochs, 1) * pictures / LEAST_WARMUP);
    return largest < 1 ? 1 : largest < pictures ? largest : pictures;
}

/* The learning rate of an epoch as a part of lr0: from 1 to lrf. */
static double epoch_factor(const BrimSchedule *schedule, int epoch)
{
    double lrf = schedule->hyper.lrf;
    if (schedule->cosine)
        return (1 - cos(epoch * acos(-1.0) / schedule->epochs)) / 2 * (lrf - 1) + 1;
    return (1 - (double)epoch / schedule->epochs) * (1.0 - lrf) + lrf;
}

/* From `start` to `end` over the warmup. */
static double warmup_value(const BrimSchedule *schedule, int64_t number, double start, double end)
{
    return (end - start) / (double)schedule->warmup_batches * (double)number + start;
}

static void set_rates(const BrimSchedule *schedule, int epoch, int64_t number, BrimScheduleStep *step)
{
    const BrimHyper *hyper = &schedule->hyper;
    if (number <= schedule->warmup_batches) {
        double end = hyper->lr0 * epoch_factor(schedule, epoch);
        for (int group = 0; group < BRIM_GROUP_COUNT; group++)
            step->learning_rate[group] = warmup_value(schedule, number, 0, end);
        step->learning_rate[BRIM_GROUP_BIAS] = warmup_value(schedule, number, hyper->warmup_bias_lr, end);
        step->momentum = warmup_value(schedule, number, hyper->warmup_momentum, hyper->momentum);
        return;
    }
    /* YOLOv5's scheduler steps at the end of an epoch and lags by one. In the epoch where the warmup ends,
     * the rate that the warmup came to stays. */
    bool warmup_ended_here = (int64_t)epoch * schedule->batches <= schedule->warmup_batches;
    double rate = hyper->lr0 * epoch_factor(schedule, warmup_ended_here ? epoch : epoch - 1);
    for (int group = 0; group < BRIM_GROUP_COUNT; group++)
        step->learning_rate[group] = rate;
    step->momentum = hyper->momentum;
}

static int accumulated(const BrimSchedule *schedule, int64_t number)
{
    double full = (double)BRIM_NOMINAL_BATCH / schedule->batch;
    double now =
        nearbyint(number < schedule->warmup_batches ? warmup_value(schedule, number, 1, full) : full);
    return now > 1 ? (int)now : 1;
}

/* The hyper-parameter is meant for the nominal batch. */
static double scaled_decay(const BrimSchedule *schedule)
{
    int full = accumulated(schedule, schedule->warmup_batches);
    return schedule->hyper.weight_decay * ((double)schedule->batch * full / BRIM_NOMINAL_BATCH);
}

static void set_scalars(BrimScheduleStep *step, bool accumulate)
{
    step->scalars = (BrimStepScalars){.accumulate = accumulate,
                                      .momentum = (float)step->momentum,
                                      .weight_decay = (float)step->weight_decay,
                                      .clip_norm = CLIP_NORM,
                                      .ema_decay = (float)step->ema_decay};
    for (int group = 0; group < BRIM_GROUP_COUNT; group++)
        step->scalars.learning_rate[group] = (float)step->learning_rate[group];
}

void brim_schedule_at(const BrimSchedule *schedule, int epoch, int index, BrimScheduleStep *step)
{
    int64_t number = (int64_t)epoch * schedule->batches + index;
    set_rates(schedule, epoch, number, step);
    step->weight_decay = scaled_decay(schedule);
    step->ema_decay = EMA_DECAY * (1 - exp(-(double)(schedule->updates + 1) / EMA_RAMP));
    step->accumulate = accumulated(schedule, number);
    step->update = number - schedule->last_update >= step->accumulate;
    set_scalars(step, index > 0 && number - schedule->last_update > 1);
}

void brim_schedule_updated(BrimSchedule *schedule, int epoch, int index)
{
    schedule->last_update = (int64_t)epoch * schedule->batches + index;
    schedule->updates++;
}
