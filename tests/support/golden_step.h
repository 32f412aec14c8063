/* YOLOv5's own training steps of YOLOv5n, for any backend and precision: loss, gradients, BN statistics,
 * weights, momentum and EMA. Tests skip where the shared data is absent. */
#ifndef BRIM_TESTS_GOLDEN_STEP_H
#define BRIM_TESTS_GOLDEN_STEP_H

#include "train/engine.h"

/* Where the steps are computed, and how far they may be from YOLOv5's, which were computed in fp32: relative
 * differences of numbers, ||a - b|| / ||b|| of tensors. */
typedef struct GoldenStepCase {
    const BrimBackendClass *backend;
    BrimPrecision precision;
    float loss_scale;              /* 0: 1 */
    double loss;                   /* of the first step */
    double gradients;              /* of all tensors as one */
    double gradient;               /* of each */
    double norm;                   /* of the gradients of two micro-batches, and their clip factor */
    double statistics;             /* of each of BN's, after a step */
    double later_loss, later_norm; /* of each further step */
    double change;                 /* of what weights, momentum and EMA changed by over all steps */
} GoldenStepCase;

/* What fp32 comes to on any of them. */
GoldenStepCase golden_step_fp32(const BrimBackendClass *backend);

/* Tests of a case, which is the state that they begin with.
 *
 * The first step: losses, the gradients of all 177 parameters, and BN's statistics. */
void golden_first_step(void **state);

/* A second micro-batch adds its gradients: the same one twice gives twice the gradient. */
void golden_accumulation(void **state);

/* Nothing is taken in a step, and the same steps give the same bits. */
void golden_repeats(void **state);

/* Steps with their updates, of which YOLOv5 logged norms and sampled the state behind the last. */
void golden_two_steps(void **state);
void golden_five_small_steps(void **state);

#endif
