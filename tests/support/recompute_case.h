/* One step's gradients, whatever its backward pass computes again. */
#ifndef BRIM_TESTS_RECOMPUTE_CASE_H
#define BRIM_TESTS_RECOMPUTE_CASE_H

#include "graph/recompute.h"
#include "train/engine.h"

typedef struct RecomputeCase {
    const BrimBackendClass *backend;
    BrimPrecision precision;
    uint8_t recompute[BRIM_MAX_LAYERS];
} RecomputeCase;

/* One step's gradients, all blocks behind one another; what is kept for the backward pass, and the
 * arena. */
typedef struct RecomputeOutcome {
    char *gradients;
    size_t bytes, kept_bytes, arena_bytes;
    float loss;
} RecomputeOutcome;

/* The model for three classes; fills the pictures. */
void recompute_load(BrimModel *model, const char *name);

void recompute_set_all(RecomputeCase *test, BrimRecompute recompute);

/* The gradients are given back by the caller. */
RecomputeOutcome recompute_run(const RecomputeCase *test, const BrimModel *model);

/* ||a - b|| / ||b|| of the gradients. */
double recompute_distance(const RecomputeOutcome *a, const RecomputeOutcome *b);

/* Every level has the loss and the gradients of the step that keeps everything, to the last bit where exact,
 * and keeps less than the level before. */
void recompute_levels(const BrimBackendClass *backend, BrimPrecision precision, bool exact);

#endif
