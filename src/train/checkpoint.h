/* A trainer's whole state as named tensors and metadata, so that a resumed run equals the unbroken one to the last bit.
 *
 *   best.safetensors   tensors of the EMA under their state_dict names: the model to use
 *   last.safetensors   the same, and "train/..." weights, "momentum/...", "gradient/..." where gradients wait for their
 *                      update, and the loop's position in the metadata ("state.*") */
#ifndef BRIM_TRAIN_CHECKPOINT_H
#define BRIM_TRAIN_CHECKPOINT_H

#include "exchange/tensors.h"
#include "train/engine.h"
#include "train/position.h"

/* Both files can be written of it while the engine goes on: the engine's snapshot, and what is said of it. */
typedef struct BrimCheckpointCopy {
    BrimEngine *engine;
    BrimTensorFile tensors;  /* of last.safetensors, declared: first those of best.safetensors */
    BrimTensorFile metadata; /* of last.safetensors, and no tensors: first that of best.safetensors */
    int model_tensors, model_metadata;
    bool started;
} BrimCheckpointCopy;

/* What the file is called that holds the whole state, or the model alone. */
const char *brim_checkpoint_name(bool whole);

/* Writes the file atomically: the model alone, or with position everything. identity: metadata to carry, or NULL. */
BrimStatus brim_checkpoint_save(BrimEngine *engine, const BrimTensorFile *identity, const BrimPosition *position,
                                const char *path);

/* Of an engine with snapshots. As often as there is something to write, `take` copies its state, or waits for
 * what `start` began of that: between the two nothing may change it. `save`, for which another thread may be
 * there, writes a file of it, the same to the last byte as brim_checkpoint_save's where no gradients wait. */
BrimStatus brim_checkpoint_copy_open(BrimCheckpointCopy *copy, BrimEngine *engine);
BrimStatus brim_checkpoint_copy_start(BrimCheckpointCopy *copy);
BrimStatus brim_checkpoint_copy_take(BrimCheckpointCopy *copy, const BrimTensorFile *identity,
                                     const BrimPosition *position);
BrimStatus brim_checkpoint_copy_save(const BrimCheckpointCopy *copy, bool whole, const char *path);
void brim_checkpoint_copy_clear(BrimCheckpointCopy *copy);

/* Puts a full checkpoint back into the engine. ERROR_INPUT where the file holds the model alone. */
BrimStatus brim_checkpoint_restore(BrimEngine *engine, const BrimTensorFile *file, BrimPosition *position);

#endif
