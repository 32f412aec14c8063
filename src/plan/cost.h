/* What ops cost: operations and bytes, and from a device's peaks the time that they take at least (a
 * roofline). */
#ifndef BRIM_PLAN_COST_H
#define BRIM_PLAN_COST_H

#include <stdint.h>

#include "graph/graph.h"

/* What an op does. */
typedef struct BrimCost {
    double flops; /* of convolutions, two a multiplication and addition; 0 for everything else */
    double bytes; /* operands, each read or written once */
} BrimCost;

BrimCost brim_cost_of(const BrimGraph *graph, BrimOpId id);
double brim_cost_flops(const BrimGraph *graph, BrimOpId id); /* those alone */

/* Bytes of an operand; a part of a feature counts for itself alone. 0 for BRIM_NONE. */
double brim_cost_operand_bytes(const BrimGraph *graph, BrimTensorId id);

/* A device: its peaks, and the part of them that kernels reach. */
typedef struct BrimRates {
    double flops_per_s, flops_share;
    double bytes_per_s, bytes_share;
    double launch_ns;      /* that a kernel takes beside its work: to start, and until its last block is done */
    const uint8_t *starts; /* kernels of an op, by its kind; NULL: one each */
} BrimRates;

/* The same as the time that one of each takes: a search asks for millions. */
typedef struct BrimPace {
    double flop_ns, byte_ns, launch_ns[BRIM_OP_KIND_COUNT];
} BrimPace;

BrimPace brim_pace(const BrimRates *rates);

/* What a run of ops waits for. */
typedef enum BrimBound {
    BRIM_BOUND_COMPUTE,
    BRIM_BOUND_MEMORY,
    BRIM_BOUND_LAUNCHES,
    BRIM_BOUND_COUNT
} BrimBound;

/* Time by what it was spent on: an op's operations or its bytes, whichever takes longer, and its launches. */
typedef struct BrimTime {
    double ns[BRIM_BOUND_COUNT];
} BrimTime;

static inline void brim_time_add(BrimTime *time, BrimOpKind kind, BrimCost cost, const BrimPace *pace)
{
    double compute = cost.flops * pace->flop_ns, memory = cost.bytes * pace->byte_ns;
    if (compute >= memory)
        time->ns[BRIM_BOUND_COMPUTE] += compute;
    else
        time->ns[BRIM_BOUND_MEMORY] += memory;
    time->ns[BRIM_BOUND_LAUNCHES] += pace->launch_ns[kind];
}

double brim_time_ns(const BrimTime *time);
BrimBound brim_time_bound(const BrimTime *time);

/* "compute", "memory", "launches" */
const char *brim_bound_text(BrimBound bound);

#endif
