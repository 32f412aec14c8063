/* One op about to run in host memory, and its operands. Knows where things lie; runs nothing. */
#ifndef BRIM_BACKEND_HOST_CALL_H
#define BRIM_BACKEND_HOST_CALL_H

#include "backend/backend.h"
#include "backend/operand.h"

typedef struct BrimCall {
    const BrimGraph *graph;
    const BrimPlacement *placement;
    void *arena;
    int channel_block; /* of FORM_FEATURE */
    const BrimStepScalars *scalars;
    BrimOpId op_id;
    const BrimOp *op;
} BrimCall;

/* Operand i's first byte; NULL where there is none. */
static inline void *brim_call_in(const BrimCall *call, int i)
{
    return brim_operand_data(call->graph, call->placement, call->arena, call->op->in[i]);
}

static inline void *brim_call_out(const BrimCall *call, int i)
{
    return brim_operand_data(call->graph, call->placement, call->arena, call->op->out[i]);
}

/* Operand i as a feature; .data is NULL where there is none. */
static inline BrimFeature brim_call_in_feature(const BrimCall *call, int i)
{
    return brim_operand_feature(call->graph, call->placement, call->arena, call->op->in[i],
                                call->channel_block);
}

static inline BrimFeature brim_call_out_feature(const BrimCall *call, int i)
{
    return brim_operand_feature(call->graph, call->placement, call->arena, call->op->out[i],
                                call->channel_block);
}

/* A run of features from operand `first` on: dests, or the terms of a sum. At most `room`; returns how many.
 */
static inline int brim_call_in_run(const BrimCall *call, int first, BrimFeature *features, int room)
{
    int count =
        brim_operand_count(call->op->in + first, 0, BRIM_OP_IN - first < room ? BRIM_OP_IN - first : room);
    for (int i = 0; i < count; i++)
        features[i] = brim_call_in_feature(call, first + i);
    return count;
}

static inline int brim_call_out_run(const BrimCall *call, int first, BrimFeature *features, int room)
{
    int count =
        brim_operand_count(call->op->out + first, 0, BRIM_OP_OUT - first < room ? BRIM_OP_OUT - first : room);
    for (int i = 0; i < count; i++)
        features[i] = brim_call_out_feature(call, first + i);
    return count;
}

/* The op's workspace, of the size that was measured. */
static inline void *brim_call_workspace(const BrimCall *call)
{
    return (char *)call->arena + call->placement->workspace_offset[call->op_id];
}

#endif
