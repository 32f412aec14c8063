/* A step of the loop: a batch, fetched while the one before it is computed, its gradient, and the update where
 * it is due. */
#include <math.h>

#include "base/clock.h"
#include "train/trainer_state.h"

/* One that adapts starts at 2^16: what overflows even so is no number at any scale. */
static const float LEAST_LOSS_SCALE = 0x1p-20f;

static bool in_16_bits(const BrimTrainer *trainer)
{
    return brim_precision_traits(trainer->conf.precision)->feature != BRIM_F32;
}

static BrimStatus check_loss(const BrimTrainer *trainer, float loss)
{
    if (isfinite(loss))
        return BRIM_OK;
    return brim_fail(
        BRIM_ERROR_INPUT,
        "the loss became %g in epoch %d, batch %d; a lower lr0 in --hyp, or longer warmup_epochs, helps%s",
        (double)loss, trainer->position.epoch, trainer->position.batch,
        in_16_bits(trainer) ? ", or --precision fp32" : "");
}

/* A step that the optimizer skips, its gradients being no numbers, counts as one: YOLOv5's schedule and EMA go on as
 * well. It is no failure as long as smaller gradients can help. */
static BrimStatus update(BrimTrainer *trainer, const BrimScheduleStep *step)
{
    float norm[2];
    BrimPosition *position = &trainer->position;
    BrimStatus status = brim_crew_update(trainer->crew, &step->scalars, norm);
    if (status != BRIM_OK)
        return status;
    brim_schedule_updated(&trainer->schedule, position->epoch, position->batch);
    if (!in_16_bits(trainer) || brim_scaler_updated(&position->scaler, norm) ||
        position->scaler.scale >= LEAST_LOSS_SCALE)
        return BRIM_OK;
    return brim_fail(BRIM_ERROR_INPUT,
                     "gradients are no numbers in 16 bits, however small they are made, in epoch %d, batch %d; "
                     "--precision fp32 trains without 16 bits",
                     position->epoch, position->batch);
}

int64_t brim_trainer_data_wait_ns(const BrimTrainer *trainer)
{
    return trainer->fetch_wait_ns + brim_crew_waited_ns(trainer->crew) - trainer->copy_start_ns;
}

/* The batch to train on: the one fetched ahead, else fetched now, while the device waits. */
static BrimStatus take_batch(BrimTrainer *trainer, const BrimBatch **batch)
{
    BrimStatus status = BRIM_OK;
    int64_t begin_ns = brim_clock_ns();
    *batch = trainer->next;
    trainer->next = NULL;
    if (!*batch) {
        status = brim_loader_next(trainer->train_loader, batch);
        trainer->fetch_wait_ns += brim_clock_ns() - begin_ns;
    }
    return status;
}

/* The epoch's next batch, while a device of its own computes. One that cannot be loaded is no error yet: the
 * batch before it is to be trained on and told first, and the loader says the same again when it is asked for
 * it again. When the last one is there the threads that load have nothing left to do but the validation's. */
static BrimStatus fetch_ahead(BrimTrainer *trainer)
{
    BrimStatus status = BRIM_OK;
    int left = brim_loader_batch_count(trainer->train_loader) - trainer->position.batch - 1;
    if (!brim_engine_is_apart(trainer->engine))
        return BRIM_OK;
    if (left > 0 && brim_loader_next(trainer->train_loader, &trainer->next) == BRIM_OK)
        status = brim_crew_ahead(trainer->crew, trainer->next);
    if (left <= 1 && status == BRIM_OK)
        status = brim_validator_ahead(trainer->validator, trainer->val_loader);
    return status;
}

/* Losses of a batch, and its counts: what they count is gone when the next one is fetched. */
static BrimStatus run_gradient(BrimTrainer *trainer, const BrimStepScalars *scalars, BrimBatch *counts,
                               float items[4])
{
    BrimStatus status;
    const BrimBatch *batch = NULL;
    BRIM_TRY(take_batch(trainer, &batch));
    *counts = (BrimBatch){.n = batch->n, .target_count = batch->target_count};
    BRIM_TRY(brim_crew_begin(trainer->crew, batch, scalars));
    BRIM_TRY(fetch_ahead(trainer));
    BRIM_TRY(brim_crew_finish(trainer->crew, items));
fail:
    return status;
}

BrimStatus brim_trainer_run_batch(BrimTrainer *trainer)
{
    BrimStatus status;
    BrimPosition *position = &trainer->position;
    BrimBatch batch;
    float items[4];
    BrimScheduleStep step;
    brim_schedule_at(&trainer->schedule, position->epoch, position->batch, &step);
    if (in_16_bits(trainer))
        step.scalars.loss_scale = position->scaler.scale;
    BRIM_TRY(run_gradient(trainer, &step.scalars, &batch, items));
    BRIM_TRY(check_loss(trainer, items[3]));
    position->gradients_wait = !step.update;
    if (step.update)
        BRIM_TRY(update(trainer, &step));
    for (int i = 0; i < 3; i++)
        position->loss_sums[i] += items[i];
    position->batch++;
    trainer->epoch_pictures += batch.n;
    brim_trainer_tell_step(trainer, &batch, &step);
fail:
    return status;
}
