/* A plan in words. */
#include "plan/explain.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/plural.h"
#include "plan/lifetime.h"

enum { TEXT_BYTES = 8192, LARGEST = 10 };

static double mib(size_t bytes)
{
    return (double)bytes / 0x1p20;
}

static void say(char *text, const char *format, ...)
{
    size_t length = strlen(text);
    va_list args;
    va_start(args, format);
    vsnprintf(text + length, TEXT_BYTES - length, format, args);
    va_end(args);
}

static void list_largest(const BrimGraph *graph, const BrimBuffer *buffers, BrimOpId peak, char *text)
{
    BrimTensorId shown[LARGEST];
    for (int row = 0; row < LARGEST; row++) {
        BrimTensorId best = BRIM_NONE;
        for (BrimTensorId id = 0; id < graph->tensor_count; id++) {
            const BrimTensor *tensor = &graph->tensors[id];
            bool known = false;
            for (int i = 0; i < row && !known; i++)
                known = shown[i] == id;
            if (known || !brim_lifetime_holds(graph, buffers, id, peak))
                continue;
            if (best == BRIM_NONE || tensor->bytes > graph->tensors[best].bytes)
                best = id;
        }
        if (best == BRIM_NONE)
            return;
        shown[row] = best;
        say(text, "  %9.2f MiB  %-20s %s\n", mib(graph->tensors[best].bytes),
            brim_purpose_text(graph->tensors[best].purpose), graph->tensors[best].name);
    }
}

static void list_purposes(const BrimPlan *plan, char *text)
{
    size_t sum = 0;
    for (BrimPurpose purpose = 0; purpose < BRIM_PURPOSE_COUNT; purpose++) {
        sum += plan->purpose_bytes[purpose];
        say(text, "  %9.2f MiB  %s\n", mib(plan->purpose_bytes[purpose]), brim_purpose_text(purpose));
    }
    say(text, "  %9.2f MiB  gaps\n", mib(plan->arena_bytes - sum));
}

/* The moment at which the most is alive. */
static BrimStatus tell_peak(const BrimPlacement *placement, const BrimGraph *graph, char *text)
{
    const BrimOp *peak = &graph->ops[placement->peak_op];
    size_t count = (size_t)graph->tensor_count + (size_t)graph->op_count;
    BrimBuffer *buffers = brim_mem_take(BRIM_MEM_GRAPH, count + 1, sizeof *buffers);
    BrimStatus status = buffers ? brim_lifetimes_find(graph, buffers) : BRIM_ERROR_MEMORY;
    if (status == BRIM_OK) {
        say(text,
            "at its fullest in op %d of %d (%s, layer %d) for %d picture%s of %d x %d px; the largest "
            "tensors then:\n",
            placement->peak_op, graph->op_count, brim_op_text(peak->kind), peak->layer, graph->batch,
            brim_plural(graph->batch, "s"), graph->width_px, graph->height_px);
        list_largest(graph, buffers, placement->peak_op, text);
    }
    brim_mem_give(buffers);
    return status;
}

BrimStatus brim_plan_explain(const BrimPlan *plan, const BrimGraph *graph, char **text)
{
    const BrimPlacement *placement = &plan->placements[plan->largest_graph];
    char *words = *text = brim_mem_take(BRIM_MEM_GRAPH, TEXT_BYTES, 1);
    if (!words)
        return BRIM_ERROR_MEMORY;
    say(words, "arena %.2f MiB = %zu bytes, exact; lower bound %.2f MiB (%.2f%% above it), packed %s\n",
        mib(plan->arena_bytes), plan->arena_bytes, mib(plan->lower_bound_bytes),
        100.0 * ((double)plan->arena_bytes / (double)plan->lower_bound_bytes - 1), placement->order);
    list_purposes(plan, words);
    BrimStatus status = graph->op_count > 0 ? tell_peak(placement, graph, words) : BRIM_OK;
    if (status != BRIM_OK) {
        brim_mem_give(words);
        *text = NULL;
    }
    return status;
}

BrimStatus brim_plan_fits(const BrimPlan *plan, size_t budget_bytes)
{
    if (plan->arena_bytes <= budget_bytes)
        return BRIM_OK;
    return brim_fail(BRIM_ERROR_FIT,
                     "the plan needs %.1f MiB, %.1f MiB are given; at its fullest %.1f MiB are kept for the backward pass",
                     mib(plan->arena_bytes), mib(budget_bytes), mib(plan->purpose_bytes[BRIM_PURPOSE_KEPT]));
}
