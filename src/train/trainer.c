/* The training loop. */
#include "train/trainer.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/plural.h"
#include "exchange/safetensors.h"
#include "train/trainer_state.h"
#include "train/weights.h"

/* fp32 has no use for one, and keeps it in checkpoints as it begins. */
static BrimScaler scaler_of(BrimPrecision precision)
{
    const BrimPrecisionTraits *traits = brim_precision_traits(precision);
    bool fixed = traits->feature != BRIM_F32 && !traits->loss_scaled;
    return fixed ? brim_scaler_fixed() : brim_scaler();
}

BrimStatus brim_trainer_open(BrimTrainer **trainer, const BrimTrainerConf *conf)
{
    BrimStatus status;
    *trainer = brim_mem_take(BRIM_MEM_TRAIN, 1, sizeof **trainer);
    if (!*trainer)
        return BRIM_ERROR_MEMORY;
    (*trainer)->conf = *conf;
    (*trainer)->started_epoch = -1;
    (*trainer)->position = (BrimPosition){.last_update = -1, .scaler = scaler_of(conf->precision)};
    BRIM_TRY(brim_trainer_open_parts(*trainer));
    brim_schedule_open(&(*trainer)->schedule, &conf->hyper, conf->epochs,
                       brim_loader_batch_count((*trainer)->train_loader), conf->batch, conf->cosine);
    return BRIM_OK;
fail:
    brim_trainer_close(trainer);
    return status;
}

void brim_trainer_close(BrimTrainer **trainer)
{
    if (!*trainer)
        return;
    brim_saver_close(&(*trainer)->saver); /* where a card fell off, the files of the last whole epoch */
    brim_trainer_close_parts(*trainer);
    brim_mem_give(*trainer);
    *trainer = NULL;
}

const BrimEngine *brim_trainer_engine(const BrimTrainer *trainer)
{
    return trainer->engine;
}

size_t brim_trainer_planned_bytes(const BrimTrainer *trainer)
{
    return brim_engine_planned_bytes(trainer->engine);
}

uint64_t brim_trainer_peak_bytes(BrimTrainer *trainer)
{
    return brim_engine_peak_bytes(trainer->engine);
}

/* ---- starting ---- */

BrimStatus brim_trainer_start(BrimTrainer *trainer, const BrimTensorFile *start)
{
    BrimStatus status;
    const BrimTrainerConf *conf = &trainer->conf;
    BRIM_TRY(brim_crew_start(trainer->crew));
    BRIM_TRY(brim_trainer_save_open(trainer));
    BRIM_TRY(brim_weights_init(trainer->engine, conf->model, conf->seed));
    if (start) {
        BrimTransfer transfer;
        BRIM_TRY(brim_weights_load(trainer->engine, conf->model, start, "", &transfer));
        brim_trainer_remark(trainer, "Transferred %d/%d items", transfer.loaded, transfer.total);
    }
    BRIM_TRY(brim_weights_start_ema(trainer->engine));
    BRIM_TRY(brim_weights_round(trainer->engine));
    BRIM_TRY(brim_crew_share(trainer->crew));
    BRIM_TRY(brim_trainer_keep_fill(trainer));
fail:
    return status;
}

BrimStatus brim_trainer_resume(BrimTrainer *trainer, const BrimTensorFile *checkpoint)
{
    BrimStatus status;
    BRIM_TRY(brim_crew_start(trainer->crew));
    BRIM_TRY(brim_trainer_save_open(trainer));
    BRIM_TRY(brim_checkpoint_restore(trainer->engine, checkpoint, &trainer->position));
    BRIM_TRY(brim_crew_share(trainer->crew));
    trainer->schedule.last_update = trainer->position.last_update;
    trainer->schedule.updates = trainer->position.updates;
    trainer->skipped_told = trainer->position.scaler.skipped;
    if (trainer->position.epoch >= trainer->conf.epochs)
        return brim_fail(BRIM_ERROR_INPUT,
                         "this run has finished its %d epoch%s; a new one can start from its weights, with "
                         "--weights and its "
                         "best.safetensors",
                         trainer->conf.epochs, brim_plural(trainer->conf.epochs, "s"));
    BRIM_TRY(brim_trainer_keep_fill(trainer));
fail:
    return status;
}

/* ---- an epoch ---- */

static BrimStatus start_loader(BrimTrainer *trainer, int epoch, int batch)
{
    bool started = batch == 0 && trainer->started_epoch == epoch;
    trainer->started_epoch = batch == 0 ? epoch : -1;
    return started ? BRIM_OK : brim_loader_start(trainer->train_loader, epoch, batch);
}

static BrimStatus run_batches(BrimTrainer *trainer)
{
    BrimStatus status = BRIM_OK;
    BrimPosition *position = &trainer->position;
    int batches = brim_loader_batch_count(trainer->train_loader);
    if (position->batch == 0) {
        memset(position->loss_sums, 0, sizeof position->loss_sums);
    }
    trainer->epoch_start_ns = brim_clock_ns();
    trainer->epoch_pictures = 0;
    trainer->fetch_wait_ns = 0;
    trainer->copy_start_ns = brim_crew_waited_ns(trainer->crew);
    trainer->wait_share = NAN;
    trainer->next = NULL; /* a loader that starts anew drops what was taken of it */
    brim_trainer_tell(trainer,
                      &(BrimEvent){.kind = BRIM_EVENT_EPOCH, .epoch = position->epoch, .batches = batches});
    if (position->batch < batches) /* a run that was stopped before its validation has none left */
        BRIM_TRY(start_loader(trainer, position->epoch, position->batch));
    while (position->batch < batches && !trainer->stop) {
        BRIM_TRY(brim_trainer_run_batch(trainer));
        BRIM_TRY(brim_trainer_saved(trainer, false));
    }
fail:
    return status;
}

static bool out_of_patience(const BrimTrainer *trainer)
{
    const BrimPosition *position = &trainer->position;
    return trainer->conf.patience > 0 && position->epoch - 1 - position->best_epoch >= trainer->conf.patience;
}

/* Validates, tells, and writes the checkpoints of a finished epoch. */
static BrimStatus finish_epoch(BrimTrainer *trainer)
{
    BrimStatus status;
    BrimPosition *position = &trainer->position;
    BrimValidation found;
    BRIM_TRY(brim_trainer_save_ahead(trainer)); /* the card copies while it validates */
    int64_t start_ns = brim_clock_ns();
    BRIM_TRY(brim_validator_run(trainer->validator, trainer->engine, trainer->val_loader, &found));
    trainer->validation_ns = brim_clock_ns() - start_ns;
    if (found.stopped) {
        trainer->stop = true;
        return BRIM_OK; /* the position still says that this epoch wants its validation */
    }
    if (position->epoch + 1 < trainer->conf.epochs && brim_engine_is_apart(trainer->engine))
        BRIM_TRY(start_loader(trainer, position->epoch + 1, 0)); /* its threads need not wait for the files */
    brim_trainer_tell_epoch(trainer, &found);
    brim_trainer_tell_skipped(trainer);
    bool better = found.fitness >= position->best_fitness; /* the later one of equals, as YOLOv5 keeps it */
    if (better) {
        position->best_epoch = position->epoch;
        position->best_fitness = found.fitness;
    }
    position->epoch++;
    position->batch = 0;
    position->gradients_wait = false; /* YOLOv5 drops what an epoch leaves behind without a step */
    BRIM_TRY(brim_trainer_save_epoch(trainer, better));
    bool last = position->epoch == trainer->conf.epochs || out_of_patience(trainer);
    if (last) /* nothing is computed meanwhile */
        BRIM_TRY(brim_trainer_saved(trainer, true));
fail:
    return status;
}

/* Validates best.safetensors once more, class by class: the figures of the model that the user takes away. */
static BrimStatus validate_best(BrimTrainer *trainer)
{
    BrimStatus status;
    BrimTensorFile best = {0};
    BrimValidation found;
    char *path = brim_path_join(trainer->weights_folder, brim_checkpoint_name(false));
    if (!path)
        return BRIM_ERROR_MEMORY;
    BRIM_TRY(brim_validator_ahead(trainer->validator, trainer->val_loader));
    BRIM_TRY(brim_safetensors_load(&best, path));
    BRIM_TRY(brim_weights_restore(trainer->engine, "ema/", "", &best));
    BRIM_TRY(brim_validator_run(trainer->validator, trainer->engine, trainer->val_loader, &found));
    if (found.stopped) /* everything is saved already */
        goto fail;
    brim_trainer_tell_best(trainer, &found);
fail:
    brim_tensors_clear(&best);
    brim_mem_give(path);
    return status;
}

BrimStatus brim_trainer_run(BrimTrainer *trainer)
{
    BrimStatus status = BRIM_OK;
    while (trainer->position.epoch < trainer->conf.epochs) {
        BRIM_TRY(run_batches(trainer));
        if (!trainer->stop)
            BRIM_TRY(finish_epoch(trainer));
        if (trainer->stop) {
            BRIM_TRY(brim_trainer_save_stopped(trainer));
            return brim_fail(BRIM_STOPPED, "stopped in epoch %d after %d batch%s", trainer->position.epoch,
                             trainer->position.batch, brim_plural(trainer->position.batch, "es"));
        }
        if (out_of_patience(trainer)) {
            brim_trainer_remark(trainer,
                                "Stopped early: no better result for %d epoch%s, best at epoch %d "
                                "(--patience changes it)",
                                trainer->conf.patience, brim_plural(trainer->conf.patience, "s"),
                                trainer->position.best_epoch);
            break;
        }
    }
    if (trainer->weights_folder)
        BRIM_TRY(validate_best(trainer));
    brim_trainer_tell_all_skipped(trainer);
fail:
    return status;
}
