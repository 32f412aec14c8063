/* Which batch, precision and recompute levels give the most pictures a second under a budget.
 *
 * Candidates are schemes (precision, recompute levels) times batch sizes. A scheme's graph is built once; its
 * memory and time at every batch follow from that (demand.h). The winner is then packed and checked for real,
 * so that its arena is exact. Deterministic: ties within 1% go to the smaller batch, then to the precision
 * named first, then to the faster scheme, then to the one that computes less again.
 *
 * Steps that were timed on the device count with what was measured; the estimates of the others are scaled by
 * the median of measured to estimated. */
#ifndef BRIM_PLAN_SEARCH_H
#define BRIM_PLAN_SEARCH_H

#include "plan/chain.h"
#include "plan/timing.h"

enum { BRIM_SEARCH_MOST = 6 };

/* Fewer pictures in a step are chosen only where so many do not fit, and then rather more of them: BN takes
 * its statistics from one micro-batch. */
enum { BRIM_SMALL_BATCH = 8 };

/* Ties: a candidate this near the fastest is as good. */
#define BRIM_SEARCH_TIE 0.01

typedef struct BrimSearchConf {
    BrimSubject subject;
    BrimPrecision precisions[BRIM_PRECISION_COUNT]; /* to choose from, the preferred one first */
    int precision_count;
    BrimPrecision
        narrow; /* the device's 16-bit one: a way out where only fp32 was asked for and does not fit */
    BrimRates rates[BRIM_PRECISION_COUNT]; /* by BrimPrecision */
    size_t beside_bytes;                   /* of the budget, but not the arena's: context, libraries */
    size_t picture_beside_bytes; /* the same for each picture of a batch: loader slots in host memory */
    size_t budget_bytes;
    int batch;      /* 0: to be chosen */
    int most_batch; /* then: at most; 0: the nominal batch. More would be faster, as launches are shared out,
                       but it is another training, of fewer updates: taken where it is asked for, not chosen
                     */
    const BrimTimings *timings; /* of this model, size and device; NULL: none */
} BrimSearchConf;

static inline int brim_search_most_batch(const BrimSearchConf *conf)
{
    return conf->most_batch ? conf->most_batch : BRIM_NOMINAL_BATCH;
}

/* A training step and what it takes. */
typedef struct BrimChoice {
    int micro_batch, accumulate;
    bool validation_decides; /* the arena is that of validating one picture: the step itself needs less */
    int validation_batch; /* at most twice micro_batch, and never more than the training step has room for */
    BrimScheme scheme;
    bool packed; /* arena_bytes is that of a checked plan; else its lower bound */
    size_t arena_bytes;
    size_t peak_bytes;                        /* the arena and what is beside it */
    size_t purpose_bytes[BRIM_PURPOSE_COUNT]; /* of the arena */
    size_t gap_bytes;                         /* of the arena: between tensors, at the peak */
    double pictures_per_s;
    bool measured;     /* pictures_per_s was, on the device; else it is estimated */
    double extra_time; /* against keeping everything with that batch and precision: 0.1 is 10% more */
    BrimBound bound;
    double bound_share; /* of the time */
} BrimChoice;

typedef struct BrimSearch {
    BrimChoice choices[BRIM_SEARCH_MOST]; /* the first is chosen; the others are the best of other schemes */
    int count;
} BrimSearch;

/* ERROR_FIT where no candidate fits: says what would (a smaller batch, 16 bits, smaller pictures, more
 * memory), with figures, and the largest tensors in the way. */
BrimStatus brim_search_run(BrimSearch *search, const BrimSearchConf *conf);

/* Builds, packs and checks the graphs of a choice: the training step, then the validation. The caller closes
 * all. */
BrimStatus brim_choice_plan(const BrimChoice *choice, const BrimSubject *subject, BrimGraph *graphs[2],
                            BrimPlan **plan);

/* Steps whose gradients are summed before an update, as YOLOv5 has it. */
int brim_accumulate(int micro_batch);

#endif
