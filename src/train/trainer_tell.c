/* A trainer's events: what the listener hears. */
#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/process.h"
#include "train/trainer_state.h"

void brim_trainer_tell(BrimTrainer *trainer, BrimEvent *event)
{
    event->epochs = trainer->conf.epochs;
    event->imgsz_px = trainer->conf.imgsz_px;
    event->arena_bytes = brim_engine_plan(trainer->engine)->arena_bytes;
    event->memory_planned_bytes = brim_trainer_planned_bytes(trainer);
    event->memory_peak_bytes = brim_engine_peak_bytes(trainer->engine);
    if (trainer->conf.listener && !trainer->conf.listener(trainer->conf.listener_self, event))
        trainer->stop = true;
}

void brim_trainer_remark(BrimTrainer *trainer, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    brim_trainer_tell(trainer, &(BrimEvent){.kind = BRIM_EVENT_REMARK, .text = text});
}

/* Mean losses of the epoch so far, and the learning rates. */
static void set_epoch_figures(const BrimTrainer *trainer, const BrimScheduleStep *step, BrimEvent *event)
{
    const BrimPosition *position = &trainer->position;
    event->epoch = position->epoch;
    event->batch = position->batch;
    event->batches = brim_loader_batch_count(trainer->train_loader);
    for (int i = 0; i < 3; i++) {
        event->losses[i] = (float)(position->loss_sums[i] / position->batch);
        event->learning_rates[i] = step->scalars.learning_rate[i];
    }
}

void brim_trainer_tell_step(BrimTrainer *trainer, const BrimBatch *batch, const BrimScheduleStep *step)
{
    double seconds = (double)(brim_clock_ns() - trainer->epoch_start_ns) / 1e9 + 1e-9;
    double rate = trainer->epoch_pictures / seconds;
    double per_epoch = trainer->conf.train->sample_count / rate + (double)trainer->validation_ns / 1e9;
    trainer->wait_share = (double)brim_trainer_data_wait_ns(trainer) / 1e9 / seconds;
    BrimEvent event = {.kind = BRIM_EVENT_STEP,
                       .instances = batch->target_count,
                       .pictures = batch->n,
                       .pictures_per_s = rate,
                       .wait_share = trainer->wait_share};
    set_epoch_figures(trainer, step, &event);
    event.seconds_left =
        per_epoch * (trainer->conf.epochs - event.epoch - (double)event.batch / event.batches);
    brim_trainer_tell(trainer, &event);
}

static BrimEvent results(const BrimTrainer *trainer, const BrimValidation *found)
{
    BrimEvent event = brim_validation_event(found);
    event.seconds = (double)(brim_clock_ns() - trainer->epoch_start_ns) / 1e9;
    return event;
}

void brim_trainer_tell_epoch(BrimTrainer *trainer, const BrimValidation *found)
{
    BrimScheduleStep step;
    BrimEvent event = results(trainer, found);
    brim_schedule_at(&trainer->schedule, trainer->position.epoch, trainer->position.batch - 1, &step);
    set_epoch_figures(trainer, &step, &event);
    event.wait_share = trainer->wait_share;
    brim_trainer_tell(trainer, &event);
}

void brim_trainer_tell_best(BrimTrainer *trainer, const BrimValidation *found)
{
    BrimEvent event = results(trainer, found);
    event.epoch = -1;
    brim_trainer_tell(trainer, &event);
    for (int i = 0; i < trainer->conf.model->class_count && trainer->conf.model->class_count > 1; i++) {
        if (!brim_validator_class_event(trainer->validator, i, &event))
            continue;
        event.epoch = -1;
        event.text = trainer->conf.class_names ? trainer->conf.class_names[i] : "";
        brim_trainer_tell(trainer, &event);
    }
}

static const char *steps_were(int64_t count)
{
    return count == 1 ? "step was" : "steps were";
}

void brim_trainer_tell_skipped(BrimTrainer *trainer)
{
    const BrimScaler *scaler = &trainer->position.scaler;
    int64_t fresh = scaler->skipped - trainer->skipped_told;
    trainer->skipped_told = scaler->skipped;
    if (fresh && scaler->fixed)
        brim_trainer_remark(trainer, "epoch %d: %lld %s skipped: gradients were no finite numbers",
                            trainer->position.epoch, (long long)fresh, steps_were(fresh));
    else if (fresh)
        brim_trainer_remark(
            trainer, "epoch %d: %lld %s skipped: gradients were too large for 16 bits; their scale is %g now",
            trainer->position.epoch, (long long)fresh, steps_were(fresh), (double)scaler->scale);
}

void brim_trainer_tell_all_skipped(BrimTrainer *trainer)
{
    int64_t skipped = trainer->position.scaler.skipped;
    if (skipped)
        brim_trainer_remark(trainer, "%lld %s skipped: gradients were %s", (long long)skipped, steps_were(skipped),
                            trainer->position.scaler.fixed ? "no finite numbers" : "too large for 16 bits");
}
