/* The arena laid out: what lives always, what lasts a session, and what the packer placed. */
#include "plan/plan.h"

#include <string.h>

#include "base/round.h"
#include "plan/lifetime.h"

static bool owns_storage(const BrimTensor *tensor)
{
    return tensor->parent == BRIM_NONE;
}

/* ALWAYS tensors come first in every graph and must be the same in all of them. */
static BrimStatus check_agreement(BrimGraph *const *graphs, int graph_count)
{
    for (int i = 1; i < graph_count; i++) {
        for (BrimTensorId id = 0; id < graphs[0]->tensor_count; id++) {
            const BrimTensor *a = &graphs[0]->tensors[id];
            if (a->life != BRIM_LIFE_ALWAYS)
                continue;
            const BrimTensor *b = id < graphs[i]->tensor_count ? &graphs[i]->tensors[id] : NULL;
            if (!b || b->life != BRIM_LIFE_ALWAYS || b->bytes != a->bytes || strcmp(a->name, b->name) != 0)
                return brim_fail(BRIM_ERROR_ARGUMENT, "tensor %s is not the same in all graphs of the run",
                                 a->name);
        }
    }
    return BRIM_OK;
}

/* Tensors of one life behind one another from `start`; returns where they end. */
static size_t place_in_a_row(const BrimGraph *graph, BrimPlacement *placement, BrimLife life, size_t start)
{
    for (BrimTensorId id = 0; id < graph->tensor_count; id++) {
        if (graph->tensors[id].life != life || !owns_storage(&graph->tensors[id]))
            continue;
        placement->tensor_offset[id] = start;
        start += brim_round_up(graph->tensors[id].bytes, BRIM_PLAN_ALIGNMENT);
    }
    return start;
}

/* Gathers the buffers that live, packs them above `base`, and hands the offsets back. */
static BrimStatus pack_ops(const BrimGraph *graph, BrimPlacement *placement, BrimBuffer *buffers, size_t base)
{
    int count = graph->tensor_count + graph->op_count;
    int *source = brim_mem_take(BRIM_MEM_GRAPH, (size_t)count + 1, sizeof *source);
    if (!source)
        return BRIM_ERROR_MEMORY;
    int alive = 0;
    for (int i = 0; i < count; i++) {
        bool tensor = i < graph->tensor_count;
        buffers[i].bytes =
            tensor ? graph->tensors[i].bytes : graph->ops[i - graph->tensor_count].workspace_bytes;
        if (buffers[i].first < 0)
            continue;
        source[alive] = i;
        buffers[alive++] = buffers[i];
    }
    size_t top = 0, lower = 0;
    BrimStatus status = brim_pack(buffers, alive, BRIM_PLAN_ALIGNMENT, &top, &placement->order);
    if (status == BRIM_OK)
        status = brim_pack_lower_bound(buffers, alive, BRIM_PLAN_ALIGNMENT, &lower, &placement->peak_op);
    for (int i = 0; i < alive && status == BRIM_OK; i++) {
        bool tensor = source[i] < graph->tensor_count;
        size_t *offset = tensor ? &placement->tensor_offset[source[i]]
                                : &placement->workspace_offset[source[i] - graph->tensor_count];
        *offset = base + buffers[i].offset;
    }
    placement->end_bytes = base + top;
    placement->lower_bound_bytes = base + lower;
    brim_mem_give(source);
    return status;
}

/* Members of blocks and parts of features point into what holds them. */
static void place_parts(const BrimGraph *graph, BrimPlacement *placement)
{
    for (BrimTensorId id = 0; id < graph->tensor_count; id++) {
        const BrimTensor *tensor = &graph->tensors[id];
        if (!owns_storage(tensor))
            placement->tensor_offset[id] =
                placement->tensor_offset[brim_graph_storage(graph, id)] + tensor->offset_bytes;
    }
}

static BrimStatus place_graph(const BrimGraph *graph, BrimPlacement *placement, size_t *always_bytes)
{
    BrimStatus status;
    size_t tensors = (size_t)graph->tensor_count, ops = (size_t)graph->op_count;
    BrimBuffer *buffers = brim_mem_take(BRIM_MEM_GRAPH, tensors + ops + 1, sizeof *buffers);
    placement->order = "nothing to pack";
    placement->tensor_offset = brim_mem_take(BRIM_MEM_GRAPH, tensors, sizeof *placement->tensor_offset);
    placement->workspace_offset = brim_mem_take(BRIM_MEM_GRAPH, ops, sizeof *placement->workspace_offset);
    if (!buffers || !placement->tensor_offset || !placement->workspace_offset) {
        status = BRIM_ERROR_MEMORY;
        goto fail;
    }
    *always_bytes = place_in_a_row(graph, placement, BRIM_LIFE_ALWAYS, 0);
    size_t base = place_in_a_row(graph, placement, BRIM_LIFE_SESSION, *always_bytes);
    BRIM_TRY(brim_lifetimes_find(graph, buffers));
    BRIM_TRY(pack_ops(graph, placement, buffers, base));
    place_parts(graph, placement);
fail:
    brim_mem_give(buffers);
    return status;
}

/* What is alive at the peak. */
static BrimStatus sum_purposes(const BrimGraph *graph, BrimOpId peak, size_t *purpose_bytes)
{
    size_t count = (size_t)graph->tensor_count + (size_t)graph->op_count;
    BrimBuffer *buffers = brim_mem_take(BRIM_MEM_GRAPH, count + 1, sizeof *buffers);
    BrimStatus status = buffers ? brim_lifetimes_find(graph, buffers) : BRIM_ERROR_MEMORY;
    for (BrimTensorId id = 0; id < graph->tensor_count && status == BRIM_OK; id++) {
        const BrimTensor *tensor = &graph->tensors[id];
        if (brim_lifetime_holds(graph, buffers, id, peak))
            purpose_bytes[tensor->purpose] += brim_round_up(tensor->bytes, BRIM_PLAN_ALIGNMENT);
    }
    if (graph->op_count && status == BRIM_OK)
        purpose_bytes[BRIM_PURPOSE_WORKSPACE] +=
            brim_round_up(graph->ops[peak].workspace_bytes, BRIM_PLAN_ALIGNMENT);
    brim_mem_give(buffers);
    return status;
}

BrimStatus brim_plan_make(BrimPlan **plan, BrimGraph *const *graphs, int graph_count)
{
    BrimStatus status;
    int largest = 0;
    *plan = NULL;
    if (graph_count < 1 || graph_count > BRIM_PLAN_MAX_GRAPHS)
        return brim_fail(BRIM_ERROR_ARGUMENT, "%d graphs; a plan holds 1 to %d", graph_count,
                         BRIM_PLAN_MAX_GRAPHS);
    BRIM_TRY(check_agreement(graphs, graph_count));
    *plan = brim_mem_take(BRIM_MEM_GRAPH, 1, sizeof **plan);
    if (!*plan)
        return BRIM_ERROR_MEMORY;
    (*plan)->graph_count = graph_count;
    for (int i = 0; i < graph_count; i++) {
        BrimPlacement *placement = &(*plan)->placements[i];
        BRIM_TRY(place_graph(graphs[i], placement, &(*plan)->always_bytes));
        if (placement->end_bytes > (*plan)->placements[largest].end_bytes)
            largest = i;
        if (placement->lower_bound_bytes > (*plan)->lower_bound_bytes)
            (*plan)->lower_bound_bytes = placement->lower_bound_bytes;
    }
    (*plan)->largest_graph = largest;
    (*plan)->arena_bytes = (*plan)->placements[largest].end_bytes;
    BRIM_TRY(sum_purposes(graphs[largest], (*plan)->placements[largest].peak_op, (*plan)->purpose_bytes));
    return BRIM_OK;
fail:
    brim_plan_close(plan);
    return status;
}

void brim_plan_close(BrimPlan **plan)
{
    if (!*plan)
        return;
    for (int i = 0; i < (*plan)->graph_count; i++) {
        brim_mem_give((*plan)->placements[i].tensor_offset);
        brim_mem_give((*plan)->placements[i].workspace_offset);
    }
    brim_mem_give(*plan);
    *plan = NULL;
}
