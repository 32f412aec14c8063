/* All that a search looks at: the schemes of each precision with their demands, and what each needs at a
 * batch. Private to src/plan. */
#ifndef BRIM_PLAN_CANDIDATES_H
#define BRIM_PLAN_CANDIDATES_H

#include "plan/search.h"

enum { BRIM_CANDIDATES_MOST = 96, BRIM_BATCH_SIZES = 48 };

/* A scheme at every batch size. */
typedef struct BrimCandidate {
    int precision; /* index into the conf's precisions */
    int link;      /* of that precision's chain */
    BrimDemand *demand;
    BrimTime update;                /* of an update */
    double speed[BRIM_BATCH_SIZES]; /* pictures a second by index of batch size; 0 where it does not fit */
    bool measured[BRIM_BATCH_SIZES];
} BrimCandidate;

typedef struct BrimCandidates {
    const BrimSearchConf *conf;
    BrimChain *chains[BRIM_PRECISION_COUNT];
    BrimDemand *validation[BRIM_PRECISION_COUNT];
    size_t validation_bytes[BRIM_PRECISION_COUNT]; /* of one picture */
    int sizes[BRIM_BATCH_SIZES];                   /* ascending */
    int size_count;
    BrimCandidate list[BRIM_CANDIDATES_MOST];
    int count;
} BrimCandidates;

/* Opens chains and demands of the schemes that the conf asks to look at. */
BrimStatus brim_candidates_open(BrimCandidates *candidates, const BrimSearchConf *conf);
void brim_candidates_close(BrimCandidates *candidates);

const BrimScheme *brim_candidate_scheme(const BrimCandidates *candidates, const BrimCandidate *candidate);

/* The arena's lower bound: the training step's, or that of a validation of one picture where it is more. */
size_t brim_candidate_arena_bytes(const BrimCandidates *candidates, const BrimCandidate *candidate,
                                  int batch);
size_t brim_candidate_peak_bytes(const BrimCandidates *candidates, const BrimCandidate *candidate, int batch);

/* Time of a micro-batch with its share of the update. */
BrimTime brim_candidate_time(const BrimCandidates *candidates, const BrimCandidate *candidate, int batch);

/* The largest batch, up to twice the training's, whose validation needs no more than the training step does.
 */
int brim_candidate_validation_batch(const BrimCandidates *candidates, const BrimCandidate *candidate,
                                    int batch);

/* Puts what was timed in the place of the estimates, and scales the others. */
void brim_candidates_measure(BrimCandidates *candidates);

/* Packs the choice's graphs, checks the plan and takes its figures over. */
BrimStatus brim_choice_pack(BrimChoice *choice, const BrimSearchConf *conf);

/* ERROR_FIT in a sentence. */
BrimStatus brim_search_refuse(const BrimCandidates *candidates);

#endif
