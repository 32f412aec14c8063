/* Steps that were timed on the device, and what they say of the steps that were not. */
#ifndef BRIM_PLAN_TIMING_H
#define BRIM_PLAN_TIMING_H

#include "plan/scheme.h"

typedef struct BrimTiming {
    BrimScheme scheme;
    int batch;
    double pictures_per_s; /* 0: it was tried and cannot run */
} BrimTiming;

/* In the order in which they were taken. */
typedef struct BrimTimings {
    BrimTiming *list;
    int count, room;
    int layer_count; /* of the model: levels behind it do not matter */
} BrimTimings;

/* Adds one, or replaces that of the same scheme and batch. */
BrimStatus brim_timings_set(BrimTimings *timings, const BrimScheme *scheme, int batch, double pictures_per_s);

/* NULL where that scheme was not timed with that batch. timings may be NULL. */
const BrimTiming *brim_timings_find(const BrimTimings *timings, const BrimScheme *scheme, int batch);

void brim_timings_clear(BrimTimings *timings);

#endif
