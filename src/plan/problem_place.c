/* Places the buffers of a problem: greedy orders first, then the exact search until its time is up. */
#include "base/clock.h"
#include "plan/exact.h"
#include "plan/problem.h"

static BrimStatus improve(BrimProblem *problem, const BrimProblemLimits *limits, BrimProblemResult *result)
{
    BrimExactLimits exact_limits = {.nodes = INT64_MAX,
                                    .deadline_ns = brim_clock_ns() + (int64_t)(limits->seconds * 1e9)};
    BrimExactResult exact;
    BrimStatus status = brim_pack_exact(problem->buffers, problem->count, 1, result->top_bytes,
                                        limits->memory_bytes, &exact_limits, &exact);
    if (status != BRIM_OK)
        return status;
    result->lower_bytes = exact.lower_bytes;
    result->top_bytes = exact.top_bytes;
    result->nodes = exact.nodes;
    if (exact.improved)
        result->method = "exact search";
    return BRIM_OK;
}

/* Not where the bound is met, nor where it is enough, nor where nothing can be. */
static bool can_improve(const BrimProblemLimits *limits, const BrimProblemResult *result)
{
    size_t memory_bytes = limits->memory_bytes;
    if (memory_bytes)
        return result->top_bytes > memory_bytes && memory_bytes >= result->lower_bytes;
    return result->top_bytes > result->lower_bytes;
}

BrimStatus brim_problem_place(BrimProblem *problem, const BrimProblemLimits *limits,
                              BrimProblemResult *result)
{
    int64_t start_ns = brim_clock_ns();
    BrimStatus status;
    *result = (BrimProblemResult){.method = "nothing to pack"};
    BRIM_TRY(brim_pack_lower_bound(problem->buffers, problem->count, 1, &result->lower_bytes, NULL));
    result->alive_bytes = result->lower_bytes;
    BRIM_TRY(brim_pack(problem->buffers, problem->count, 1, &result->greedy_bytes, &result->method));
    result->top_bytes = result->greedy_bytes;
    if (limits->seconds > 0 && can_improve(limits, result))
        BRIM_TRY(improve(problem, limits, result));
    BRIM_TRY(brim_problem_check(problem, result->top_bytes));
    result->seconds = (double)(brim_clock_ns() - start_ns) * 1e-9;
    if (limits->memory_bytes && result->top_bytes > limits->memory_bytes)
        status =
            brim_fail(BRIM_ERROR_FIT, "the buffers do not fit in %zu bytes: lower bound %zu, best height %zu",
                      limits->memory_bytes, result->lower_bytes, result->top_bytes);
fail:
    return status;
}
