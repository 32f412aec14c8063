/* Schemes and batch sizes to look at, and what they need. */
#include "plan/candidates.h"

/* Mixed schemes of a chain that are built when the batch is to be chosen: where it is given, the first that
 * fits is found among all of them. */
enum { MIXED_SAMPLES = 8 };

int brim_accumulate(int micro_batch)
{
    int times = (2 * BRIM_NOMINAL_BATCH + micro_batch) / (2 * micro_batch);
    return times > 1 ? times : 1;
}

/* Every size up to 8, then steps that grow with it: the speed hardly changes in between. */
static int next_size(int size)
{
    int step = 1;
    while (step < 32 && size >= 8 * step)
        step *= 2;
    return size + step;
}

static void list_sizes(BrimCandidates *candidates)
{
    const BrimSearchConf *conf = candidates->conf;
    int64_t picture_bytes = (int64_t)conf->subject.imgsz_px * conf->subject.imgsz_px * 3;
    int most = brim_search_most_batch(conf);
    for (int size = 1; size <= most && size * picture_bytes <= INT32_MAX; size = next_size(size))
        candidates->sizes[candidates->size_count++] = size;
    if (conf->batch) {
        candidates->sizes[0] = conf->batch;
        candidates->size_count = 1;
    }
}

static bool fits(const BrimCandidates *candidates, const BrimCandidate *candidate, int batch)
{
    return brim_candidate_peak_bytes(candidates, candidate, batch) <= candidates->conf->budget_bytes;
}

/* The index of the first size that is not small. */
static int first_sensible(const BrimCandidates *candidates)
{
    int first = 0;
    while (first < candidates->size_count && candidates->sizes[first] < BRIM_SMALL_BATCH)
        first++;
    return first < candidates->size_count ? first : 0;
}

/* The sizes that fit, without small ones where a sensible one does. */
static void rate(const BrimCandidates *candidates, BrimCandidate *candidate)
{
    int fitting = 0, too_large = candidates->size_count, first = first_sensible(candidates);
    const BrimPrecision precision = candidates->conf->precisions[candidate->precision];
    candidate->update =
        brim_demand_time(candidate->demand, 1, BRIM_PART_UPDATE, &candidates->conf->rates[precision]);
    while (fitting < too_large) {
        int middle = (fitting + too_large) / 2;
        if (fits(candidates, candidate, candidates->sizes[middle]))
            fitting = middle + 1;
        else
            too_large = middle;
    }
    for (int i = fitting > first ? first : 0; i < fitting; i++) {
        int batch = candidates->sizes[i];
        BrimTime time = brim_candidate_time(candidates, candidate, batch);
        candidate->speed[i] = 1e9 * batch / brim_time_ns(&time);
    }
}

static BrimStatus add(BrimCandidates *candidates, int precision, int link)
{
    BrimCandidate *candidate = &candidates->list[candidates->count];
    *candidate = (BrimCandidate){.precision = precision, .link = link};
    BrimStatus status = brim_chain_demand(candidates->chains[precision], link, &candidate->demand);
    if (status != BRIM_OK)
        return status;
    rate(candidates, candidate);
    candidates->count++;
    return BRIM_OK;
}

/* True where no mixed scheme can win: nothing is faster than keeping everything at the largest batch, whether
 * that fits or not, and keeping everything at a batch that fits is as good. The four uniform schemes were
 * added last. */
static bool all_kept_suffices(const BrimCandidates *candidates)
{
    const BrimCandidate *all_kept = &candidates->list[candidates->count - BRIM_CHAIN_UNIFORM];
    int largest = candidates->sizes[candidates->size_count - 1];
    BrimTime time = brim_candidate_time(candidates, all_kept, largest);
    double speed = 0, most = 1e9 * largest / brim_time_ns(&time);
    for (int i = first_sensible(candidates); i < candidates->size_count; i++)
        speed = all_kept->speed[i] > speed ? all_kept->speed[i] : speed;
    return speed >= (1 - BRIM_SEARCH_TIE) * most;
}

/* The mixed schemes between those with one level everywhere: a few of them, evenly. */
static BrimStatus add_sample(BrimCandidates *candidates, int precision)
{
    BrimStatus status = BRIM_OK;
    int mixed = brim_chain_count(candidates->chains[precision]) - BRIM_CHAIN_UNIFORM;
    int samples = mixed < MIXED_SAMPLES ? mixed : MIXED_SAMPLES;
    for (int i = 1; i <= samples && status == BRIM_OK; i++)
        status = add(candidates, precision, BRIM_CHAIN_UNIFORM + mixed * i / samples - 1);
    return status;
}

/* The mixed schemes that a bisection for the first that fits the given batch goes past: it is among them. */
static BrimStatus add_first_fit(BrimCandidates *candidates, int precision)
{
    BrimStatus status = BRIM_OK;
    int low = BRIM_CHAIN_UNIFORM, high = brim_chain_count(candidates->chains[precision]) - 1;
    if (high < low)
        return BRIM_OK;
    status = add(candidates, precision, high);
    while (low < high && status == BRIM_OK) {
        int middle = (low + high) / 2;
        status = add(candidates, precision, middle);
        if (status == BRIM_OK &&
            fits(candidates, &candidates->list[candidates->count - 1], candidates->conf->batch))
            high = middle;
        else
            low = middle + 1;
    }
    return status;
}

static BrimStatus open_precision(BrimCandidates *candidates, int index)
{
    BrimStatus status;
    BrimGraph *graph = NULL;
    const BrimSearchConf *conf = candidates->conf;
    BrimPrecision precision = conf->precisions[index];
    const BrimScheme plain = brim_scheme_uniform(precision, BRIM_RECOMPUTE_NOTHING);
    BRIM_TRY(brim_chain_open(&candidates->chains[index], &conf->subject, precision, &conf->rates[precision]));
    BRIM_TRY(brim_scheme_validation(&conf->subject, &plain, 1, &graph));
    BRIM_TRY(brim_demand_open(&candidates->validation[index], graph));
    candidates->validation_bytes[index] = brim_demand_bytes(candidates->validation[index], 1);
    for (int link = 0; link < BRIM_CHAIN_UNIFORM; link++)
        BRIM_TRY(add(candidates, index, link));
    if (!all_kept_suffices(candidates))
        BRIM_TRY(conf->batch ? add_first_fit(candidates, index) : add_sample(candidates, index));
fail:
    brim_graph_close(&graph);
    return status;
}

/* Where a sensible batch fits with some candidate, small ones of the others are out of the question. */
static void drop_small(BrimCandidates *candidates)
{
    int first = first_sensible(candidates);
    bool any = false;
    for (int i = 0; i < candidates->count; i++)
        any = any || candidates->list[i].speed[first] > 0;
    for (int i = 0; i < candidates->count && any; i++)
        for (int size = 0; size < first; size++)
            candidates->list[i].speed[size] = 0;
}

BrimStatus brim_candidates_open(BrimCandidates *candidates, const BrimSearchConf *conf)
{
    BrimStatus status = BRIM_OK;
    candidates->conf = conf;
    list_sizes(candidates);
    for (int i = 0; i < conf->precision_count && status == BRIM_OK; i++)
        status = open_precision(candidates, i);
    drop_small(candidates);
    brim_candidates_measure(candidates);
    return status;
}

void brim_candidates_close(BrimCandidates *candidates)
{
    for (int i = 0; i < BRIM_PRECISION_COUNT; i++) {
        brim_chain_close(&candidates->chains[i]);
        brim_demand_close(&candidates->validation[i]);
    }
}

const BrimScheme *brim_candidate_scheme(const BrimCandidates *candidates, const BrimCandidate *candidate)
{
    return brim_chain_scheme(candidates->chains[candidate->precision], candidate->link);
}

size_t brim_candidate_arena_bytes(const BrimCandidates *candidates, const BrimCandidate *candidate, int batch)
{
    size_t training = brim_demand_bytes(candidate->demand, batch);
    size_t validation = candidates->validation_bytes[candidate->precision];
    return training > validation ? training : validation;
}

size_t brim_candidate_peak_bytes(const BrimCandidates *candidates, const BrimCandidate *candidate, int batch)
{
    const BrimSearchConf *conf = candidates->conf;
    return brim_candidate_arena_bytes(candidates, candidate, batch) + conf->beside_bytes +
           (size_t)batch * conf->picture_beside_bytes;
}

BrimTime brim_candidate_time(const BrimCandidates *candidates, const BrimCandidate *candidate, int batch)
{
    const BrimRates *rates = &candidates->conf->rates[candidates->conf->precisions[candidate->precision]];
    BrimTime time = brim_demand_time(candidate->demand, batch, BRIM_PART_GRADIENT, rates);
    for (int bound = 0; bound < BRIM_BOUND_COUNT; bound++)
        time.ns[bound] += candidate->update.ns[bound] / brim_accumulate(batch);
    return time;
}

int brim_candidate_validation_batch(const BrimCandidates *candidates, const BrimCandidate *candidate,
                                    int batch)
{
    BrimDemand *demand = candidates->validation[candidate->precision];
    size_t room = brim_demand_bytes(candidate->demand, batch);
    const BrimSubject *subject = &candidates->conf->subject;
    int most = brim_graph_most_inferred(subject->model, subject->imgsz_px), low = 1,
        high = 2 * batch < most ? 2 * batch : most;
    while (low < high) {
        int middle = (low + high + 1) / 2;
        if (brim_demand_bytes(demand, middle) <= room)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}
