/* How many times too large a step makes its gradients, so that small ones survive as halves and large ones do
 * not overflow: torch.cuda.amp.GradScaler's rule. Arithmetic alone; knows no device. */
#ifndef BRIM_TRAIN_SCALER_H
#define BRIM_TRAIN_SCALER_H

#include <stdbool.h>
#include <stdint.h>

/* What belongs into a checkpoint, and whether the scale adapts, which the precision says. */
typedef struct BrimScaler {
    bool fixed;      /* the scale stays: elements have fp32's range */
    float scale;     /* BrimStepScalars.loss_scale, the same for all micro-batches that one update sums */
    int32_t streak;  /* steps since the scale changed or one was skipped */
    int64_t skipped; /* updates whose gradients were no finite numbers */
} BrimScaler;

/* One that adapts; and one that stays 1 and only counts. */
BrimScaler brim_scaler(void);
BrimScaler brim_scaler_fixed(void);

/* To be told after each update, with the norm that GRADIENT_NORM left: norm, factor. True where the optimizer
 * stepped; false where it skipped the step. */
bool brim_scaler_updated(BrimScaler *scaler, const float norm[2]);

#endif
