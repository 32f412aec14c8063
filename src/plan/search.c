/* The choice among candidates. */
#include "plan/search.h"

#include "graph/basis.h"
#include "plan/candidates.h"

/* A candidate at one of the sizes; NULL: none. */
typedef struct Pick {
    const BrimCandidate *candidate;
    int size;
    double speed;
} Pick;

static const Pick none = {NULL, 0, 0};

/* Among those within a tie of the fastest: the smaller batch, or the larger where only small ones fit; then
 * the precision named first, then the faster. */
static bool better(const int *sizes, const Pick *a, const Pick *b)
{
    if (!b->candidate)
        return true;
    if (a->size != b->size)
        return (a->size < b->size) == (sizes[b->size] >= BRIM_SMALL_BATCH);
    if (a->candidate->precision != b->candidate->precision)
        return a->candidate->precision < b->candidate->precision;
    return a->speed > b->speed;
}

/* The best of the candidates that are not taken yet; of `only`, if that is not NULL. */
static Pick pick(const BrimCandidates *candidates, const bool *taken, const BrimCandidate *only)
{
    Pick best = none;
    double fastest = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < candidates->count; i++) {
            const BrimCandidate *candidate = &candidates->list[i];
            if (taken[i] || (only && only != candidate))
                continue;
            for (int size = 0; size < candidates->size_count; size++) {
                const Pick now = {candidate, size, candidate->speed[size]};
                if (pass == 0)
                    fastest = now.speed > fastest ? now.speed : fastest;
                else if (now.speed > 0 && now.speed >= (1 - BRIM_SEARCH_TIE) * fastest &&
                         better(candidates->sizes, &now, &best))
                    best = now;
            }
        }
    }
    return best;
}

/* Time that the recomputation costs. */
static double extra_time(const BrimCandidates *candidates, const BrimCandidate *candidate, int batch,
                         double ns)
{
    const BrimCandidate *all_kept = candidate;
    for (int i = 0; i < candidates->count; i++) {
        if (candidates->list[i].precision == candidate->precision && candidates->list[i].link == 0)
            all_kept = &candidates->list[i];
    }
    BrimTime time = brim_candidate_time(candidates, all_kept, batch);
    return ns / brim_time_ns(&time) - 1;
}

static BrimChoice describe(const BrimCandidates *candidates, const Pick *picked)
{
    int batch = candidates->sizes[picked->size];
    const BrimCandidate *candidate = picked->candidate;
    BrimTime time = brim_candidate_time(candidates, candidate, batch);
    BrimChoice choice = {.micro_batch = batch,
                         .accumulate = brim_accumulate(batch),
                         .validation_batch = brim_candidate_validation_batch(candidates, candidate, batch),
                         .scheme = *brim_candidate_scheme(candidates, candidate),
                         .arena_bytes = brim_candidate_arena_bytes(candidates, candidate, batch),
                         .peak_bytes = brim_candidate_peak_bytes(candidates, candidate, batch),
                         .pictures_per_s = picked->speed,
                         .measured = candidate->measured[picked->size],
                         .extra_time = extra_time(candidates, candidate, batch, brim_time_ns(&time)),
                         .bound = brim_time_bound(&time)};
    choice.bound_share = time.ns[choice.bound] / brim_time_ns(&time);
    bool training_decides = brim_demand_bytes(candidate->demand, batch) == choice.arena_bytes;
    brim_demand_purposes(training_decides ? candidate->demand : candidates->validation[candidate->precision],
                         training_decides ? batch : 1, choice.purpose_bytes);
    return choice;
}

/* Packs the best until one fits to the byte: a packing above its lower bound can be over the budget. */
static BrimStatus settle(BrimCandidates *candidates, bool *taken, BrimChoice *choice)
{
    for (;;) {
        Pick picked = pick(candidates, taken, NULL);
        if (!picked.candidate)
            return brim_search_refuse(candidates);
        *choice = describe(candidates, &picked);
        BrimStatus status = brim_choice_pack(choice, candidates->conf);
        if (status != BRIM_OK)
            return status;
        if (choice->peak_bytes <= candidates->conf->budget_bytes) {
            taken[picked.candidate - candidates->list] = true;
            return BRIM_OK;
        }
        candidates->list[picked.candidate - candidates->list].speed[picked.size] = 0;
    }
}

/* Runners-up, the fastest first. */
static void list_others(BrimSearch *search, const BrimCandidates *candidates, bool *taken)
{
    while (search->count < BRIM_SEARCH_MOST) {
        Pick best = none;
        for (int i = 0; i < candidates->count; i++) {
            Pick now = pick(candidates, taken, &candidates->list[i]);
            if (now.candidate && now.speed > best.speed)
                best = now;
        }
        if (!best.candidate)
            return;
        taken[best.candidate - candidates->list] = true;
        search->choices[search->count++] = describe(candidates, &best);
    }
}

static BrimStatus run_on(BrimSearch *search, const BrimSearchConf *conf)
{
    BrimStatus status;
    bool taken[BRIM_CANDIDATES_MOST] = {false};
    BrimCandidates *candidates = brim_mem_take(BRIM_MEM_GRAPH, 1, sizeof *candidates);
    if (!candidates)
        return BRIM_ERROR_MEMORY;
    BRIM_TRY(brim_candidates_open(candidates, conf));
    BRIM_TRY(settle(candidates, taken, &search->choices[0]));
    search->count = 1;
    list_others(search, candidates, taken);
fail:
    brim_candidates_close(candidates);
    brim_mem_give(candidates);
    return status;
}

BrimStatus brim_search_run(BrimSearch *search, const BrimSearchConf *conf)
{
    BrimStatus status = BRIM_OK;
    BrimBasis *bases[BRIM_PRECISION_COUNT] = {NULL};
    BrimSearchConf sharing = *conf;
    sharing.subject.bases = bases;
    *search = (BrimSearch){.count = 0};
    for (int i = 0; i < conf->precision_count && status == BRIM_OK; i++)
        status = brim_basis_open(&bases[conf->precisions[i]], conf->subject.model, true, conf->precisions[i]);
    if (status == BRIM_OK)
        status = run_on(search, &sharing);
    for (int i = 0; i < BRIM_PRECISION_COUNT; i++)
        brim_basis_close(&bases[i]);
    return status;
}
