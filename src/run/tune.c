/* Which steps are timed, and in which order. */
#include "run/tune.h"

#include <stdio.h>

#include "run/bench_row.h"
#include "run/remarks.h"
#include "run/timings_file.h"

/* So near the best by its estimate, scaled by what was timed, a step is worth timing; nearer ones of other
 * schemes, and the best scheme's own with other batches, whose speed says where it goes. */
#define WORTH_TIMING    0.9
#define NEIGHBOUR_WORTH 0.75

enum { MOST_TRIALS = 16 };

typedef struct Tune {
    BrimPlanning *planning;
    const BrimSearchConf *conf;
    BrimListener listener;
    void *self;
    BrimDeviceInfo info; /* of the device that was timed */
} Tune;

/* ---- one step ---- */

/* Gradients are summed over several steps before an update, so that a step bears only its share of one. */
static double speed_of(const BrimBenchRow *row, double update_ms)
{
    double step_ms = row->median_ms - update_ms + update_ms / brim_accumulate(row->batch);
    return 1e3 * row->batch / step_ms;
}

static void tell(const Tune *tune, const BrimChoice *choice, double pictures_per_s)
{
    char scheme[BRIM_SCHEME_TEXT_BYTES], speed[64];
    snprintf(speed, sizeof speed, pictures_per_s > 0 ? "%.1f pictures/s" : "cannot be run", pictures_per_s);
    brim_remark(tune->listener, tune->self, "timed: batch %d, %s, computing again %s: %s (estimated %.1f)",
                choice->micro_batch, brim_precision_traits(choice->scheme.precision)->text,
                brim_scheme_text(&tune->planning->model, &choice->scheme, scheme), speed,
                choice->pictures_per_s);
}

static BrimStatus keep(const Tune *tune, const BrimChoice *choice, double pictures_per_s)
{
    BrimPlanning *planning = tune->planning;
    const BrimTiming timing = {choice->scheme, choice->micro_batch, pictures_per_s};
    const BrimTimingsKey key = {planning->device.identity, &planning->model, planning->imgsz_px};
    BrimStatus status =
        brim_timings_set(&planning->timings, &timing.scheme, timing.batch, timing.pictures_per_s);
    if (status == BRIM_OK && pictures_per_s > 0 && brim_timings_keep(&key, &timing) != BRIM_OK)
        brim_remark(tune->listener, tune->self, "what was timed is not kept: %s", brim_last_error());
    return status;
}

/* A timed step is none of the run's own. */
static bool pass_on(void *self, const BrimEvent *event)
{
    const Tune *tune = self;
    BrimEvent told = *event;
    if (told.kind == BRIM_EVENT_STEP)
        told.kind = BRIM_EVENT_TUNING;
    return !tune->listener || tune->listener(tune->self, &told);
}

static BrimStatus time_choice(Tune *tune, const BrimChoice *choice)
{
    BrimBenchRow row;
    double update_ms = 0;
    const BrimPlanning *planning = tune->planning;
    const BrimBenchRowConf conf = {.device = planning->where,
                                   .model = &planning->model,
                                   .precision = choice->scheme.precision,
                                   .recompute = choice->scheme.recompute,
                                   .imgsz_px = planning->imgsz_px,
                                   .threads = planning->threads,
                                   .batch = choice->micro_batch,
                                   .training = true,
                                   .warmup = 1,
                                   .limit_bytes = planning->budget_bytes,
                                   .update_ms = &update_ms,
                                   .listener = pass_on,
                                   .listener_self = tune};
    BrimStatus status = brim_bench_row_run(&conf, &row, &tune->info);
    if (status != BRIM_OK)
        return status;
    double speed = row.verdict == BRIM_BENCH_NONE ? speed_of(&row, update_ms) : 0;
    tell(tune, choice, speed);
    return keep(tune, choice, speed);
}

/* ---- which step ---- */

static BrimStatus search(const Tune *tune, int batch, BrimSearch *found)
{
    BrimSearchConf conf = *tune->conf;
    conf.timings = &tune->planning->timings;
    if (batch)
        conf.batch = batch;
    return brim_search_run(found, &conf);
}

/* The first that was not timed and promises so many pictures a second; NULL: none. */
static const BrimChoice *untimed(const BrimSearch *found, double least)
{
    for (int i = 0; i < found->count; i++) {
        const BrimChoice *choice = &found->choices[i];
        if (!choice->measured && choice->pictures_per_s >= least)
            return choice;
    }
    return NULL;
}

/* The best with half and with twice the batch; NULL where they were timed, do not fit or are out of the
 * question. */
static const BrimChoice *untimed_neighbour(const Tune *tune, const BrimChoice *best, BrimSearch *found)
{
    const int batches[] = {best->micro_batch / 2, 2 * best->micro_batch};
    const int most = brim_search_most_batch(tune->conf);
    for (int i = 0; i < 2 && !tune->conf->batch; i++) {
        if (batches[i] < BRIM_SMALL_BATCH || batches[i] > most ||
            search(tune, batches[i], found) != BRIM_OK)
            continue;
        const BrimChoice *choice = untimed(found, NEIGHBOUR_WORTH * best->pictures_per_s);
        if (choice == &found->choices[0])
            return choice;
    }
    return NULL;
}

BrimStatus brim_tune(BrimPlanning *planning, const BrimSearchConf *conf, BrimListener listener, void *self)
{
    BrimStatus status;
    Tune tune = {planning, conf, listener, self, {.threads = 0}};
    BrimSearch *beside = brim_mem_take(BRIM_MEM_GRAPH, 1, sizeof *beside);
    if (!beside)
        return BRIM_ERROR_MEMORY;
    for (int trial = 0;; trial++) {
        BRIM_TRY(search(&tune, 0, &planning->search));
        const BrimChoice *best = &planning->search.choices[0];
        const BrimChoice *next =
            best->measured ? untimed(&planning->search, WORTH_TIMING * best->pictures_per_s) : best;
        if (!next)
            next = untimed_neighbour(&tune, best, beside);
        if (!next || trial == MOST_TRIALS)
            break;
        BRIM_TRY(time_choice(&tune, next));
    }
fail:
    brim_mem_give(beside);
    return status;
}
