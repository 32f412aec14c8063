/* What a training run holds between its options and its end. Private to train*.c. */
#ifndef BRIM_RUN_TRAIN_RUN_H
#define BRIM_RUN_TRAIN_RUN_H

#include "conf/dataset.h"
#include "graph/recompute.h"
#include "run/device.h"
#include "run/model_file.h"
#include "run/settings.h"
#include "run/show.h"
#include "train/trainer.h"

/* Everything that a training run holds. */
typedef struct BrimTrainRun {
    const BrimTrainOptions *options;
    BrimTrainOptions asked;   /* options before anything was chosen */
    BrimTrainOptions settled; /* options with what was chosen, or as the run that goes on had them */
    BrimSettings settings;    /* owns the texts of a resumed run's */
    bool resume;
    bool plan_only; /* the trainer is opened for its plan alone */
    bool chosen; /* asked and settled are filled */
    bool amp_unchecked; /* before precision is settled, brim_train_run_check_amp has to have its say */
    BrimListener listener;
    void *self;
    BrimDevice device;
    BrimHyper hyper;
    BrimDataset dataset;
    BrimSplit train, val;
    BrimModelFile start; /* weights to start from, or the checkpoint to go on with */
    BrimModel model;
    uint64_t beside_bytes; /* what the run was found to take beside its arena; 0 before it was opened */
    uint64_t searched_arena_bytes; /* as the search has it for what it chose, on a card without the rooms that engines of
                                      convolutions want; 0: nothing was searched */
    uint64_t
        budget_bytes; /* what the process may take: of --memory, the fraction, and what is free, the least */
    uint64_t reserve_bytes; /* what the fraction leaves free of the machine's memory */
    BrimPrecision precision;
    uint8_t recompute[BRIM_MAX_LAYERS];
    char recompute_text[BRIM_RECOMPUTE_TEXT_BYTES]; /* of `settled` */
    BrimTensorFile identity;
    char *cfg_text;
    char *folder; /* runs/train/exp */
    char *weights_folder;
    int lock; /* keeps other runs out of the folder; -1 before it is made */
    BrimTrainer *trainer;
    BrimShow show;
    int64_t start_ns;
} BrimTrainRun;

/* Reads and checks what the options name: data, hyper-parameters, weights, model, anchors. */
BrimStatus brim_train_run_read(BrimTrainRun *run);

/* Settles the budget, and batch, precision and recomputation where they are left to be chosen. */
BrimStatus brim_train_run_choose(BrimTrainRun *run);

/* Compares what the network makes of a training picture in fp32 and in a precision of 16 bits, with the weights that the
 * run starts from, in engines of its own within the budget. Where that is apart, a remark, and the run is one of fp32. To
 * be called when budget_bytes is settled, with no other engine open. */
BrimStatus brim_train_run_check_amp(BrimTrainRun *run, BrimPrecision precision);

/* Chooses once more, now that it is known what the run takes beside its arena. ERROR_FIT where there is
 * nothing to choose, or nothing fits. */
BrimStatus brim_train_run_choose_again(BrimTrainRun *run, uint64_t beside_bytes);

/* What the run takes with the batch that it has now beside its arena, or beside the arena that the search has for it; 0
 * where it cannot be planned. */
uint64_t brim_train_run_beside_bytes(BrimTrainRun *run);

/* False, with a remark, where another process has taken memory since the plan was made, and less is free than
 * the run is still to take. */
bool brim_train_run_still_fits(BrimTrainRun *run);

/* Plans the run. ERROR_FIT says what would fit. */
BrimStatus brim_train_run_open(BrimTrainRun *run, BrimListener listener, void *self);

/* Hands an event to the user's listener; false: stop. */
bool brim_train_run_tell(BrimTrainRun *run, const BrimEvent *event);

/* A text option that is there and not empty. */
static inline bool brim_given(const char *text)
{
    return text && text[0];
}

#endif
