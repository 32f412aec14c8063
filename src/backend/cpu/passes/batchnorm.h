/* What the BatchNorm passes share: an op's operands by name, and what a channel block needs of them. */
#ifndef BRIM_BACKEND_CPU_PASSES_BATCHNORM_H
#define BRIM_BACKEND_CPU_PASSES_BATCHNORM_H

#include "backend/cpu/passes/list.h"
#include "backend/cpu/passes/units.h"

enum { SUM_PIXELS = 64 }; /* pixels that are summed in one go: short sums lose less */

/* Operands of a BN op; those that it does not have are empty. Vectors of channels are padded. */
typedef struct BnNames {
    BrimFeature y, residual, grad_sum;
    BrimFeature grads[BRIM_MAX_GRADS], dests[BRIM_MAX_DESTS];
    int grad_count, dest_count;
    const float *gamma, *beta, *mean, *rstd;
    bool activation;
} BnNames;

/* A convolution's output, in the one form or the other. */
typedef struct Output {
    const Vector *wide;
    const VectorNarrow *narrow;
} Output;

static inline Output bn_output(const BnNames *bn, const Unit *unit)
{
    return (Output){unit_data(&bn->y, unit), unit_narrow(&bn->y, unit)};
}

/* Pixel i of it; `narrow` is known where the loop is compiled. */
static inline __attribute__((always_inline)) Vector output_at(const Output *y, int i, bool narrow)
{
    return narrow ? vector_widen(y->narrow[i]) : y->wide[i];
}

/* Of one channel block. z = (y - mean) * slope + beta; xhat = (y - mean) * rstd. */
typedef struct Channels {
    Vector mean, rstd, slope, beta;
} Channels;

static inline BnNames bn_names(const BrimCall *call)
{
    return (BnNames){.y = brim_call_in_feature(call, 0),
                     .gamma = brim_call_in(call, 1),
                     .beta = brim_call_in(call, 2),
                     .activation = call->op->activation};
}

static inline Channels bn_channels(const BnNames *bn, const Unit *unit)
{
    Channels channels = {.mean = unit_channels(bn->mean, unit),
                         .rstd = unit_channels(bn->rstd, unit),
                         .beta = unit_channels(bn->beta, unit)};
    channels.slope = channels.rstd * unit_channels(bn->gamma, unit);
    return channels;
}

#endif
