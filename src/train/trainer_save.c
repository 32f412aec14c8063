/* A trainer's checkpoints: written by the loop itself, or, where the device computes in memory of its own, by
 * a thread while the next epoch is computed. On the CPU the copy that this takes would come on top of the
 * arena, and the thread would take a core from the step. */
#include "base/file.h"
#include "train/trainer_state.h"

bool brim_trainer_saves_apart(const BrimTrainer *trainer)
{
    return trainer->conf.backend->memory != NULL;
}

BrimStatus brim_trainer_save_open(BrimTrainer *trainer)
{
    if (!trainer->weights_folder || !brim_trainer_saves_apart(trainer))
        return BRIM_OK;
    return brim_saver_open(&trainer->saver, trainer->engine);
}

void brim_trainer_save_to(BrimTrainer *trainer, const char *weights_folder)
{
    trainer->weights_folder = weights_folder;
}

static void take_position(BrimTrainer *trainer)
{
    trainer->position.last_update = trainer->schedule.last_update;
    trainer->position.updates = trainer->schedule.updates;
}

static BrimStatus tell_saved(BrimTrainer *trainer, bool whole)
{
    char *path = brim_path_join(trainer->weights_folder, brim_checkpoint_name(whole));
    if (!path)
        return BRIM_ERROR_MEMORY;
    brim_trainer_tell(trainer, &(BrimEvent){.kind = BRIM_EVENT_SAVED, .text = path});
    brim_mem_give(path);
    return BRIM_OK;
}

static BrimStatus save(BrimTrainer *trainer, bool whole)
{
    char *path = brim_path_join(trainer->weights_folder, brim_checkpoint_name(whole));
    if (!path)
        return BRIM_ERROR_MEMORY;
    take_position(trainer);
    BrimStatus status = brim_checkpoint_save(trainer->engine, trainer->conf.identity,
                                             whole ? &trainer->position : NULL, path);
    brim_mem_give(path);
    return status == BRIM_OK ? tell_saved(trainer, whole) : status;
}

BrimStatus brim_trainer_saved(BrimTrainer *trainer, bool wait)
{
    BrimStatus status;
    if (!trainer->saving || (!wait && brim_saver_is_writing(trainer->saver)))
        return BRIM_OK;
    trainer->saving = false;
    int written = brim_saver_wait(trainer->saver);
    for (int i = 0; i < written; i++)
        BRIM_TRY(tell_saved(trainer, i == 1 || !trainer->saving_best));
    BRIM_TRY(brim_saver_status(trainer->saver));
fail:
    return status;
}

/* Where files are still being written of the copy before, it waits for brim_trainer_save_epoch: rather than
 * the validation for them. */
BrimStatus brim_trainer_save_ahead(BrimTrainer *trainer)
{
    BrimStatus status;
    BRIM_TRY(brim_trainer_saved(trainer, false));
    if (trainer->saver && !trainer->saving)
        BRIM_TRY(brim_saver_copy(trainer->saver));
fail:
    return status;
}

/* The best model is on the disk before the file that says how good it was: a run that ends between the two goes
 * on from the epoch before, and comes to it again. */
BrimStatus brim_trainer_save_epoch(BrimTrainer *trainer, bool best)
{
    BrimStatus status = BRIM_OK;
    if (!trainer->weights_folder)
        return BRIM_OK;
    if (!trainer->saver) {
        if (best)
            BRIM_TRY(save(trainer, false));
        return save(trainer, true);
    }
    BRIM_TRY(brim_trainer_saved(trainer, true));
    take_position(trainer);
    BRIM_TRY(brim_saver_begin(trainer->saver, trainer->conf.identity, &trainer->position,
                              trainer->weights_folder, best));
    trainer->saving = true;
    trainer->saving_best = best;
fail:
    return status;
}

BrimStatus brim_trainer_save_stopped(BrimTrainer *trainer)
{
    BrimStatus status = BRIM_OK;
    BRIM_TRY(brim_trainer_saved(trainer, true));
    if (trainer->position.gradients_wait)
        BRIM_TRY(brim_crew_gather(trainer->crew));
    if (trainer->weights_folder)
        BRIM_TRY(save(trainer, true));
fail:
    return status;
}
