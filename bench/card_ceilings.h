/* What a card reaches at most, measured on it: the lines that an op's bytes and operations a second are held
 * against. */
#ifndef BRIM_BENCH_CARD_CEILINGS_H
#define BRIM_BENCH_CARD_CEILINGS_H

#include <stdbool.h>

#include "backend/cuda/kernels/args.h"
#include "base/status.h"

typedef struct CardCeilings {
    double bytes_per_s;   /* of a copy within its memory, what is read and what is written */
    double flops_per_s;   /* of the fastest of a few large convolutions, as brim runs them */
    const char *flops_by; /* which */
} CardCeilings;

/* type: of what convolutions read; sums are fp32. quick: sizes for a card that is none. */
BrimStatus card_ceilings_measure(CardCeilings *ceilings, int card, BrimKernelType type, bool quick);

#endif
