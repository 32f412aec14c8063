/* The independent checker: what a plan must keep, said again from nothing but the graphs, by the plainest
 * means. It shares no code with the planner on purpose. */
#include "plan/plan.h"

typedef struct Span {
    size_t start, end; /* bytes in the arena */
    int first, last;   /* ops */
    const char *name;
} Span;

/* The tensor whose bytes these are. */
static int whole_of(const BrimGraph *graph, int id)
{
    while (id >= 0 && graph->tensors[id].parent >= 0)
        id = graph->tensors[id].parent;
    return id;
}

/* One span a tensor, from the first op that touches it to the last; last -1 where none does. */
static void span_tensors(const BrimGraph *graph, const BrimPlacement *placement, Span *spans)
{
    for (int id = 0; id < graph->tensor_count; id++) {
        const BrimTensor *tensor = &graph->tensors[id];
        size_t start = placement->tensor_offset[id];
        bool whole = tensor->life != BRIM_LIFE_OPS;
        spans[id] = (Span){start, start + tensor->bytes, whole ? 0 : graph->op_count,
                           whole ? graph->op_count : -1, tensor->name};
    }
    for (int op = 0; op < graph->op_count; op++) {
        for (int i = 0; i < BRIM_OP_IN + BRIM_OP_OUT; i++) {
            int used =
                whole_of(graph, i < BRIM_OP_IN ? graph->ops[op].in[i] : graph->ops[op].out[i - BRIM_OP_IN]);
            if (used < 0)
                continue;
            spans[used].first = op < spans[used].first ? op : spans[used].first;
            spans[used].last = op > spans[used].last ? op : spans[used].last;
        }
    }
}

/* Everything that takes room of its own while some op runs. Returns how many. */
static int list_spans(const BrimGraph *graph, const BrimPlacement *placement, Span *spans)
{
    int count = 0;
    span_tensors(graph, placement, spans);
    for (int id = 0; id < graph->tensor_count; id++) {
        const BrimTensor *tensor = &graph->tensors[id];
        if (tensor->parent < 0 && tensor->bytes > 0 && spans[id].last >= 0)
            spans[count++] = spans[id];
    }
    for (int op = 0; op < graph->op_count; op++) {
        size_t start = placement->workspace_offset[op];
        if (graph->ops[op].workspace_bytes > 0)
            spans[count++] = (Span){start, start + graph->ops[op].workspace_bytes, op, op, "workspace"};
    }
    return count;
}

static BrimStatus check_spans(const Span *spans, int count, size_t arena_bytes)
{
    for (int i = 0; i < count; i++) {
        const Span *a = &spans[i];
        if (a->end > arena_bytes || a->end < a->start)
            return brim_fail(BRIM_ERROR_DEVICE, "plan: %s ends at byte %zu of an arena of %zu", a->name,
                             a->end, arena_bytes);
        if (a->start % BRIM_PLAN_ALIGNMENT)
            return brim_fail(BRIM_ERROR_DEVICE, "plan: %s at byte %zu is not aligned", a->name, a->start);
        for (int j = 0; j < i; j++) {
            const Span *b = &spans[j];
            bool together = a->first <= b->last && b->first <= a->last;
            if (together && a->start < b->end && b->start < a->end)
                return brim_fail(BRIM_ERROR_DEVICE, "plan: %s and %s lie in the same bytes at the same time",
                                 a->name, b->name);
        }
    }
    return BRIM_OK;
}

/* Whoever reads a tensor that lives among the ops finds that an earlier op wrote it, or a part of it. */
static BrimStatus check_order(const BrimGraph *graph, bool *written)
{
    for (int op = 0; op < graph->op_count; op++) {
        for (int i = 0; i < BRIM_OP_IN + BRIM_OP_OUT; i++) {
            bool reads = i < BRIM_OP_IN;
            int used = whole_of(graph, reads ? graph->ops[op].in[i] : graph->ops[op].out[i - BRIM_OP_IN]);
            if (used < 0)
                continue;
            if (reads && graph->tensors[used].life == BRIM_LIFE_OPS && !written[used])
                return brim_fail(BRIM_ERROR_DEVICE, "plan: op %d reads %s, which nothing has written", op,
                                 graph->tensors[used].name);
            written[used] = written[used] || !reads;
        }
    }
    return BRIM_OK;
}

/* Members and parts stay inside what holds them; ALWAYS tensors do not move from graph to graph. */
static BrimStatus check_parts(const BrimPlan *plan, BrimGraph *const *graphs, int index)
{
    const BrimGraph *graph = graphs[index];
    const BrimPlacement *placement = &plan->placements[index];
    for (int id = 0; id < graph->tensor_count; id++) {
        const BrimTensor *tensor = &graph->tensors[id];
        if (tensor->life == BRIM_LIFE_ALWAYS &&
            placement->tensor_offset[id] != plan->placements[0].tensor_offset[id])
            return brim_fail(BRIM_ERROR_DEVICE, "plan: %s moves between graphs", tensor->name);
        if (tensor->parent < 0)
            continue;
        const BrimTensor *parent = &graph->tensors[tensor->parent];
        bool block = parent->form == BRIM_FORM_BLOCK;
        bool inside = block ? placement->tensor_offset[id] >= placement->tensor_offset[tensor->parent] &&
                                  placement->tensor_offset[id] + tensor->bytes <=
                                      placement->tensor_offset[tensor->parent] + parent->bytes
                            : tensor->channel >= 0 && tensor->channel + tensor->dims[1] <= parent->dims[1];
        if (!inside)
            return brim_fail(BRIM_ERROR_DEVICE, "plan: %s reaches beyond %s", tensor->name, parent->name);
    }
    return BRIM_OK;
}

BrimStatus brim_plan_check(const BrimPlan *plan, BrimGraph *const *graphs, int graph_count)
{
    BrimStatus status = BRIM_OK;
    for (int i = 0; i < graph_count && status == BRIM_OK; i++) {
        int most = graphs[i]->tensor_count + graphs[i]->op_count;
        Span *spans = brim_mem_take(BRIM_MEM_GRAPH, (size_t)most + 1, sizeof *spans);
        bool *written = brim_mem_take(BRIM_MEM_GRAPH, (size_t)most + 1, sizeof *written);
        status = BRIM_ERROR_MEMORY;
        if (spans && written)
            status =
                check_spans(spans, list_spans(graphs[i], &plan->placements[i], spans), plan->arena_bytes);
        if (status == BRIM_OK)
            status = check_order(graphs[i], written);
        if (status == BRIM_OK)
            status = check_parts(plan, graphs, i);
        brim_mem_give(spans);
        brim_mem_give(written);
    }
    return status;
}
