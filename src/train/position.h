/* Where the training loop stands, and that as metadata of a checkpoint ("state.*"). Knows no engine. */
#ifndef BRIM_TRAIN_POSITION_H
#define BRIM_TRAIN_POSITION_H

#include "exchange/tensors.h"
#include "train/scaler.h"

typedef struct BrimPosition {
    int epoch, batch;    /* the batch that comes next */
    int64_t last_update; /* batch number of the last optimizer step; -1 before the first */
    int64_t updates;     /* EMA updates so far */
    bool gradients_wait; /* accumulated and not yet stepped */
    BrimScaler scaler;   /* of mixed precision; as it began elsewhere */
    double loss_sums[3]; /* of the epoch so far */
    double best_fitness;
    int best_epoch;
} BrimPosition;

BrimStatus brim_position_describe(BrimTensorFile *file, const BrimPosition *position);

/* ERROR_INPUT that names the key where a file holds the model alone, or a number with which no loop can go
 * on. What files of before mixed precision do not say stays as *position has it. */
BrimStatus brim_position_read(BrimPosition *position, const BrimTensorFile *file);

#endif
