/* What was timed on the device, among estimates. */
#include "plan/candidates.h"

#include <stdlib.h>

enum { MOST_RATIOS = 256 };

/* Measured over estimated, of the candidates of a precision; -1: of all. */
typedef struct Ratios {
    double list[MOST_RATIOS];
    int count;
} Ratios;

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The batch need not be one of those looked at, nor fit: its estimate is as good. */
static void add_ratios(const BrimCandidates *candidates, const BrimCandidate *candidate, Ratios *ratios)
{
    const BrimTimings *timings = candidates->conf->timings;
    const BrimScheme *scheme = brim_candidate_scheme(candidates, candidate);
    for (int i = 0; i < timings->count && ratios->count < MOST_RATIOS; i++) {
        const BrimTiming *timing = &timings->list[i];
        if (timing->pictures_per_s <= 0 || brim_timings_find(timings, scheme, timing->batch) != timing)
            continue;
        BrimTime time = brim_candidate_time(candidates, candidate, timing->batch);
        ratios->list[ratios->count++] = timing->pictures_per_s * brim_time_ns(&time) / (1e9 * timing->batch);
    }
}

/* The median, so that one step timed beside another program does not bend all; 1 where nothing was timed. */
static double median_ratio(const BrimCandidates *candidates, int precision)
{
    Ratios ratios = {.count = 0};
    for (int i = 0; i < candidates->count; i++)
        if (precision < 0 || candidates->list[i].precision == precision)
            add_ratios(candidates, &candidates->list[i], &ratios);
    if (!ratios.count)
        return precision < 0 ? 1 : median_ratio(candidates, -1);
    qsort(ratios.list, (size_t)ratios.count, sizeof ratios.list[0], by_size);
    return ratios.list[(ratios.count - 1) / 2];
}

static void measure(const BrimCandidates *candidates, BrimCandidate *candidate, double ratio)
{
    const BrimScheme *scheme = brim_candidate_scheme(candidates, candidate);
    for (int size = 0; size < candidates->size_count; size++) {
        const BrimTiming *timing =
            brim_timings_find(candidates->conf->timings, scheme, candidates->sizes[size]);
        if (candidate->speed[size] <= 0)
            continue; /* it does not fit, or is too small */
        candidate->measured[size] = timing != NULL;
        candidate->speed[size] = timing ? timing->pictures_per_s : candidate->speed[size] * ratio;
    }
}

void brim_candidates_measure(BrimCandidates *candidates)
{
    double ratios[BRIM_PRECISION_COUNT];
    if (!candidates->conf->timings || !candidates->conf->timings->count)
        return;
    for (int i = 0; i < candidates->conf->precision_count; i++)
        ratios[i] = median_ratio(candidates, i);
    for (int i = 0; i < candidates->count; i++)
        measure(candidates, &candidates->list[i], ratios[candidates->list[i].precision]);
}
