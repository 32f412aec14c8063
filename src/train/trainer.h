/* The training loop: batches to losses to updates, validation after each epoch, checkpoints. Tells what
 * happens through events; writes no file but checkpoints. */
#ifndef BRIM_TRAIN_TRAINER_H
#define BRIM_TRAIN_TRAINER_H

#include "exchange/tensors.h"
#include "train/crew.h"

/* Where a device of its own memory has the training pictures that it augments. */
typedef enum BrimTrainerKeep {
    BRIM_TRAINER_KEEP_NONE, /* nowhere: the host augments */
    BRIM_TRAINER_KEEP_HOST, /* in pinned memory of the host, within cache_bytes */
    BRIM_TRAINER_KEEP_DEVICE /* in its own, where the plan leaves room; else as above */
} BrimTrainerKeep;

typedef struct BrimTrainerConf {
    const BrimBackendClass *backend;
    int card;         /* of several */
    const int *cards; /* that train as one, card the first of them; NULL: card alone */
    int card_count;
    const BrimModel *model;
    BrimHyper hyper; /* as the user gave it, gains not scaled */
    const BrimSplit *train;
    const BrimSplit *val;
    int epochs, batch, imgsz_px; /* batch: of all cards together */
    int workers, threads, patience;
    uint64_t seed;
    bool cosine;
    BrimPrecision precision;
    bool sync_bn; /* several cards have BatchNorm's statistics in common */
    uint8_t recompute[BRIM_MAX_LAYERS]; /* BrimRecompute of each layer */
    size_t cache_bytes;             /* most that decoded pictures may take */
    BrimTrainerKeep keep;           /* as far as device and room allow */
    size_t budget_bytes;            /* 0: no limit */
    bool plan_only;                 /* it is never started, and takes no host memory for checkpoints and pictures */
    char *const *class_names;       /* for the figures of each class; NULL: none */
    const BrimTensorFile *identity; /* its metadata goes into every checkpoint: model, classes, options */
    BrimListener listener;
    void *listener_self;
} BrimTrainerConf;

typedef struct BrimTrainer BrimTrainer;

/* Opens loaders and plans. ERROR_FIT when the plan is over the budget. Takes no arena. */
BrimStatus brim_trainer_open(BrimTrainer **trainer, const BrimTrainerConf *conf);
void brim_trainer_close(BrimTrainer **trainer);

/* Takes the arena; weights fresh, then overlaid with those of `start` (a checkpoint's tensors, or NULL). */
BrimStatus brim_trainer_start(BrimTrainer *trainer, const BrimTensorFile *start);

/* Takes the arena; everything as `checkpoint` (a last.safetensors) left it. */
BrimStatus brim_trainer_resume(BrimTrainer *trainer, const BrimTensorFile *checkpoint);

/* Where last.safetensors and best.safetensors are written; the text must outlive the trainer. Without it none
 * are. To be called before the start. */
void brim_trainer_save_to(BrimTrainer *trainer, const char *weights_folder);

/* Trains to the last epoch, early stopping, or a listener's false (then a checkpoint is written and
 * BRIM_STOPPED returned). At the end the best checkpoint is validated once more: a RESULTS event of epoch -1,
 * and its classes. */
BrimStatus brim_trainer_run(BrimTrainer *trainer);

const BrimEngine *brim_trainer_engine(const BrimTrainer *trainer);

/* Memory of the whole process as planned: the arena, loader slots, picture cache, and what it was before the
 * opening. */
size_t brim_trainer_planned_bytes(const BrimTrainer *trainer);

/* The most of the device's memory that this process was seen to take; 0 where unknown. */
uint64_t brim_trainer_peak_bytes(BrimTrainer *trainer);

#endif
