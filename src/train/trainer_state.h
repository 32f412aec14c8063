/* What a trainer holds. Private to trainer*.c: opening, the loop, and the events. */
#ifndef BRIM_TRAIN_TRAINER_STATE_H
#define BRIM_TRAIN_TRAINER_STATE_H

#include "train/saver.h"
#include "train/schedule.h"
#include "train/trainer.h"
#include "train/validate.h"

struct BrimTrainer {
    BrimTrainerConf conf;
    const char *weights_folder; /* NULL: nothing is saved */
    BrimSaver *saver;           /* NULL: the loop writes by itself */
    bool saving;                /* it was given something that was not waited for, */
    bool saving_best;           /* the best model with it */
    BrimLoader *train_loader;
    BrimLoader *val_loader;
    BrimCrew *crew;
    BrimEngine *engine; /* the crew's lead, which validates and is saved */
    BrimValidator *validator;
    BrimSchedule schedule;
    BrimPosition position;
    size_t before_bytes;  /* the process as it was before the opening */
    size_t outside_bytes; /* that, slots, picture cache, validation's buffers: planned beside the arena */
    int64_t skipped_told; /* of position.scaler.skipped, those that a remark has told */
    int val_batch;        /* pictures of a validation's batch */
    BrimTrainerKeep keep; /* where training pictures are, as it came out */
    int64_t epoch_start_ns;
    int64_t fetch_wait_ns; /* of the epoch: that nothing ran while a batch was fetched */
    int64_t copy_start_ns; /* brim_crew_waited_ns when the epoch began */
    double wait_share;     /* of the epoch's time so far, as it was told last; NAN: not yet */
    const BrimBatch *next; /* fetched already, the loader's; NULL: not yet */
    int started_epoch;     /* that the loader's threads work for, from its first batch; -1: they do not yet */
    int64_t validation_ns; /* of the last validation, for the time left */
    int epoch_pictures;    /* trained on since the epoch, or what is left of it after a resume, began */
    bool stop;             /* the listener said so */
};

/* Opens loaders, engine and validator. */
BrimStatus brim_trainer_open_parts(BrimTrainer *trainer);
void brim_trainer_close_parts(BrimTrainer *trainer);

/* Kept pictures (trainer_keep.c): where, by what device and host allow; room for them beside the plan, ERROR_FIT where
 * there is none; and all of them decoded, once there is the room. */
void brim_trainer_keep_choose(BrimTrainer *trainer);
BrimStatus brim_trainer_keep_plan(BrimTrainer *trainer);
BrimStatus brim_trainer_keep_fill(BrimTrainer *trainer);

/* Checkpoints (trainer_save.c): whether a thread writes them, of a copy; what that takes, with the arena; the
 * copy, of an epoch's state that changes no more, begun before its validation; those of a finished epoch,
 * written or begun; that of a run that stops here, written. What was begun is told, or fails, when it has
 * been waited for: brim_trainer_saved does so; without `wait` it only looks. */
bool brim_trainer_saves_apart(const BrimTrainer *trainer);
BrimStatus brim_trainer_save_open(BrimTrainer *trainer);
BrimStatus brim_trainer_save_ahead(BrimTrainer *trainer);
BrimStatus brim_trainer_save_epoch(BrimTrainer *trainer, bool best);
BrimStatus brim_trainer_save_stopped(BrimTrainer *trainer);
BrimStatus brim_trainer_saved(BrimTrainer *trainer, bool wait);

/* The cards that train: those of the conf, or its one. */
const int *brim_trainer_cards(const BrimTrainerConf *conf, int *count);

/* A batch of the epoch (trainer_step.c), trained on, counted in the position, and told. */
BrimStatus brim_trainer_run_batch(BrimTrainer *trainer);

/* Loaders as the trainer opens them. */
BrimLoaderConf brim_trainer_loader_conf(const BrimTrainer *trainer, bool training);

/* Fills in what every event says and hands it to the listener; its false makes the trainer stop. */
void brim_trainer_tell(BrimTrainer *trainer, BrimEvent *event);
void brim_trainer_remark(BrimTrainer *trainer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Of the epoch so far, the time in which the device had nothing to do because a batch was not there. */
int64_t brim_trainer_data_wait_ns(const BrimTrainer *trainer);

/* After a batch, of which the counts alone hold; after an epoch's validation; after the best model's at the
 * end, with its classes. */
void brim_trainer_tell_step(BrimTrainer *trainer, const BrimBatch *batch, const BrimScheduleStep *step);
void brim_trainer_tell_epoch(BrimTrainer *trainer, const BrimValidation *found);
void brim_trainer_tell_best(BrimTrainer *trainer, const BrimValidation *found);

/* Steps that mixed precision skipped, if any: of the epoch that ended; of the whole run at its end. */
void brim_trainer_tell_skipped(BrimTrainer *trainer);
void brim_trainer_tell_all_skipped(BrimTrainer *trainer);

#endif
