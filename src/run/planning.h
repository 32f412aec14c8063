/* A training query answered: the model, the device, the budget and the search, for brim_get_training_config
 * and `brim plan MODEL` alike. */
#ifndef BRIM_RUN_PLANNING_H
#define BRIM_RUN_PLANNING_H

#include "backend/backend.h"
#include "plan/device.h"
#include "plan/search.h"
#include "run/device.h"

/* How much of a machine a run takes, by name. */
typedef struct BrimProfile {
    const char *name;
    double fraction;   /* of the device's memory */
    double core_share; /* of the cores, for threads that load pictures; at least one */
    int most_workers;
    bool safe_precision; /* 16 bits only where fp32 does not fit */
} BrimProfile;

/* NULL or "": balanced. ERROR_ARGUMENT lists the names. */
BrimStatus brim_profile_find(const BrimProfile **profile, const char *name);

typedef struct BrimPlanning {
    const BrimProfile *profile;
    BrimPlanDevice device;
    BrimDevice where;     /* in this machine; where `device` is a card of the table, of no meaning */
    BrimBackend *backend; /* whose sizer the device has; NULL for a card */
    BrimModel model;
    const uint8_t *recompute; /* levels that are not to be chosen; NULL: they are */
    int threads;              /* that compute, on the CPU; 0: as many as there are cores */
    int most_batch;           /* where it is to be chosen; 0: the nominal batch */
    uint64_t beside_bytes;    /* what a run was found to take beside its arena; 0: the device's estimate */
    int imgsz_px;
    double fraction;
    uint64_t budget_bytes;
    int workers;         /* for the chosen step */
    BrimTimings timings; /* of the model on the device, from earlier tuning and this */
    BrimSearch search;
} BrimPlanning;

/* Answers the query. windows: the card as Windows reports it. Statuses as brim_get_training_config has them;
 * what was filled before the error stays, for the caller to close. */
BrimStatus brim_planning_open(BrimPlanning *planning, const BrimTrainingQuery *query, bool windows);

/* The same where the caller has set model, recompute, threads, most_batch and beside_bytes; query->model does not count.
 */
BrimStatus brim_planning_open_model(BrimPlanning *planning, const BrimTrainingQuery *query);
void brim_planning_close(BrimPlanning *planning);

/* The least of the fraction (0: the profile's) of the capacity, what is free, and memory_bytes where that is
 * not 0. ERROR_ARGUMENT for a fraction that is none. */
BrimStatus brim_planning_budget(const BrimProfile *profile, double fraction, uint64_t capacity_bytes,
                                uint64_t free_bytes, uint64_t memory_bytes, uint64_t *budget_bytes);

/* Threads that keep up with so many pictures a second, at most what the profile allows of the cores. */
int brim_planning_workers(const BrimProfile *profile, double pictures_per_s, int imgsz_px, int cores);

#endif
