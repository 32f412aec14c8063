/* Every byte of a run gets its place before the first step. A plan covers all graphs of a run (the training step, the
 * step of the epoch's last, smaller batch, validation at each of its picture shapes) in one arena:
 *
 *   [ always: weights, gradients, momentum, EMA, ... ][ the ops' tensors and workspaces of whichever graph runs ]
 *                                                     [ session: folded weights ][ ops' tensors of inference ]
 *
 * Knows tensors and lifetimes; runs nothing and needs no device. */
#ifndef BRIM_PLAN_PLAN_H
#define BRIM_PLAN_PLAN_H

#include "graph/graph.h"

enum { BRIM_PLAN_ALIGNMENT = 64, BRIM_PLAN_MAX_GRAPHS = 256 };

/* Where the tensors and workspaces of one graph lie, in bytes from the arena's start. */
typedef struct BrimPlacement {
    size_t *tensor_offset;    /* per tensor id; members and parts of features hold their own first byte's storage */
    size_t *workspace_offset; /* per op id; 0 where the op needs none */
    size_t end_bytes;         /* what this graph needs of the arena */
    size_t lower_bound_bytes; /* the most that is alive at once: no plan can be smaller */
    const char *order;        /* the greedy order that won, for example "by size" */
    BrimOpId peak_op;         /* where the most is alive */
} BrimPlacement;

typedef struct BrimPlan {
    size_t arena_bytes;
    size_t always_bytes;
    size_t lower_bound_bytes; /* of the whole arena */
    int graph_count;
    int largest_graph; /* the one that decides the arena */
    BrimPlacement placements[BRIM_PLAN_MAX_GRAPHS];
    size_t purpose_bytes[BRIM_PURPOSE_COUNT]; /* at the peak of the largest graph, sums to at most arena_bytes */
} BrimPlan;

/* Asks for sizes: a backend, or the plain sizer where there is none. */
typedef struct BrimSizer {
    void *self;
    /* Storage of a tensor that is no part of a feature, in bytes. */
    size_t (*tensor_bytes)(void *self, const BrimGraph *graph, BrimTensorId id);
    /* What an op needs while it runs, in *workspace, which is zero; an error where it cannot run here. */
    BrimStatus (*workspace)(void *self, const BrimGraph *graph, BrimOpId id, BrimWorkspace *workspace);
} BrimSizer;

/* Fills bytes, offset_bytes, workspace and workspace_bytes of a graph. */
BrimStatus brim_plan_measure(BrimGraph *graph, const BrimSizer *sizer);

/* Sizes without a backend: features in blocks of `block` channels, no workspaces. */
BrimSizer brim_plan_plain_sizer(const int *block);

/* Places all graphs, which have been measured and agree on their ALWAYS tensors by id. */
BrimStatus brim_plan_make(BrimPlan **plan, BrimGraph *const *graphs, int graph_count);
void brim_plan_close(BrimPlan **plan);

/* Says ERROR_FIT with the figures when the arena is larger than budget_bytes. */
BrimStatus brim_plan_fits(const BrimPlan *plan, size_t budget_bytes);

/* The independent checker, which shares no code with the planner: bounds, alignment, no two tensors that live at the
 * same time in the same bytes, parts inside their parents, every operand written before it is read. */
BrimStatus brim_plan_check(const BrimPlan *plan, BrimGraph *const *graphs, int graph_count);

#endif
