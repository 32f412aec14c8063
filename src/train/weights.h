/* Parameters of an engine: initialised as YOLOv5 does, loaded from and saved to named host tensors. */
#ifndef BRIM_TRAIN_WEIGHTS_H
#define BRIM_TRAIN_WEIGHTS_H

#include "exchange/tensors.h"
#include "train/engine.h"

/* What a transfer found. */
typedef struct BrimTransfer {
    int loaded; /* tensors of the model's state_dict that the file had in the same shape */
    int total;  /* tensors of the model's state_dict, counted as YOLOv5 counts them */
} BrimTransfer;

/* Fresh weights: Kaiming uniform convolutions, BN (1, 0, 0, 0.9), Detect biases from the class count and strides. */
BrimStatus brim_weights_init(BrimEngine *engine, const BrimModel *model, uint64_t seed);

/* Overwrites the weights whose names and shapes the file has; the others stay. prefix: "" or, in the file, what stands
 * before each name. */
BrimStatus brim_weights_load(BrimEngine *engine, const BrimModel *model, const BrimTensorFile *file,
                             const char *prefix, BrimTransfer *transfer);

/* Rounds the weights (not the EMA) through 16 bits, as YOLOv5 does once before the first step. */
BrimStatus brim_weights_round(BrimEngine *engine);

/* Makes the EMA a copy of the weights. */
BrimStatus brim_weights_start_ema(BrimEngine *engine);

/* Declares in the file all tensors of a state: of those in the engine whose names begin with `state` ("", "ema/",
 * "momentum/", "gradient/"), under `prefix` + the rest of the name. */
BrimStatus brim_weights_declare(BrimEngine *engine, const char *state, const char *prefix, BrimTensorFile *file);

/* Puts back what was saved so: every tensor of the state must be in the file. */
BrimStatus brim_weights_restore(BrimEngine *engine, const char *state, const char *prefix, const BrimTensorFile *file);

#endif
