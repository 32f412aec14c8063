/* Starts the kernels of GRADIENT_NORM, OPTIMIZE, AVERAGE and FOLD. Parameters are runs of floats here: whole
 * blocks, pads included. */
#include <assert.h>

#include "backend/cuda/cuda.h"
#include "backend/operand.h"

enum {
    UPDATE_THREADS = 256,
    FOLD_THREADS = 128,
    QUAD = 4 /* elements that a thread takes at a time */
};

static_assert((int)BRIM_KERNEL_BLOCKS >= BRIM_OP_IN,
              "a norm is that of as many blocks as an op has operands");
static_assert((int)BRIM_KERNEL_WEIGHTS == (int)BRIM_GROUP_WEIGHT, "the group that decays is the weights'");

static int64_t block_floats(const BrimGraph *graph, BrimTensorId id)
{
    return (int64_t)(graph->tensors[id].bytes / sizeof(float));
}

static BrimStatus run_norm(const BrimCudaCall *call)
{
    BrimStatus status = BRIM_OK;
    const BrimCudaDevice *device = &call->backend->device;
    BrimNormArgs args = {.partial = brim_cuda_workspace(call),
                         .norm = brim_cuda_out(call, 0),
                         .scalars = brim_cuda_scalars(call)};
    for (int i = 0; i < brim_operand_count(call->op->in, 0, BRIM_OP_IN); i++) {
        BrimNormBlock *block = &args.blocks[args.block_count++];
        *block = (BrimNormBlock){.gradients = brim_cuda_in(call, i),
                                 .count = block_floats(call->graph, call->op->in[i]),
                                 .first = args.parts,
                                 .parts = brim_cuda_norm_parts(call->graph, call->op->in[i])};
        args.parts += block->parts;
    }
    if (args.parts > 0)
        BRIM_TRY(brim_cuda_launch(device, BRIM_KERNEL_norm_partial, args.parts, UPDATE_THREADS, &args));
    BRIM_TRY(brim_cuda_launch(device, BRIM_KERNEL_norm_finish, 1, UPDATE_THREADS, &args));
fail:
    return status;
}

/* ---- one launch for the steps that follow each other ---- */

/* The norm that an op's gradients have; an AVERAGE has none, and goes with any. */
static BrimTensorId norm_of(const BrimOp *op)
{
    return op->kind == BRIM_OP_OPTIMIZE ? op->in[3] : BRIM_NONE;
}

static bool walks(const BrimOp *op)
{
    return op->kind == BRIM_OP_OPTIMIZE || op->kind == BRIM_OP_AVERAGE;
}

/* Whether two ops, one right after the other, may go in one launch. A thread comes to the same elements of
 * each block, in the ops' order, so that it would be right even where one reads what the other wrote. */
static bool go_together(const BrimOp *op, const BrimOp *next)
{
    bool same = norm_of(next) == BRIM_NONE || norm_of(next) == norm_of(op);
    return walks(op) && walks(next) && op->part == next->part && same;
}

/* The first of the ops that go with this one. */
static BrimOpId first_of_run(const BrimGraph *graph, BrimOpId id)
{
    while (id > 0 && go_together(&graph->ops[id - 1], &graph->ops[id]))
        id--;
    return id;
}

static BrimStatus check_narrow(const BrimGraph *graph, const BrimOp *op)
{
    const BrimTensor *narrow = &graph->tensors[op->out[3]], *w = &graph->tensors[op->in[0]];
    if (narrow->bytes * 2 == w->bytes)
        return BRIM_OK;
    return brim_fail(BRIM_ERROR_UNSUPPORTED,
                     "%s has %zu bytes, not half of the %zu of %s: their filters do not stand "
                     "in the same places",
                     narrow->name, narrow->bytes, w->bytes, w->name);
}

static BrimOptimizeBlock block_of(const BrimCudaCall *call, const BrimOp *op)
{
    BrimOptimizeBlock block = {.w = brim_cuda_data(call, op->in[0]),
                               .count = block_floats(call->graph, op->in[0]),
                               .group = op->group};
    if (op->kind == BRIM_OP_AVERAGE) {
        block.ema = brim_cuda_data(call, op->out[0]);
        return block;
    }
    block.g = brim_cuda_data(call, op->in[1]);
    block.m = brim_cuda_data(call, op->out[1]);
    block.ema = brim_cuda_data(call, op->out[2]);
    block.narrow = brim_cuda_data(call, op->out[3]);
    if (block.narrow)
        block.type = (int32_t)brim_cuda_type(call->graph->tensors[op->out[3]].dtype);
    return block;
}

/* Starts the op with those that follow it; nothing for one that was started with those before it. */
static BrimStatus run_steps(const BrimCudaCall *call)
{
    BrimStatus status = BRIM_OK;
    const BrimGraph *graph = call->graph;
    const BrimCudaDevice *device = &call->backend->device;
    BrimOptimizeArgs args = {.norm = brim_cuda_data(call, norm_of(call->op)),
                             .scalars = brim_cuda_scalars(call)};
    int64_t most = 0;
    if ((call->id - first_of_run(graph, call->id)) % BRIM_KERNEL_BLOCKS != 0)
        return BRIM_OK;
    for (BrimOpId id = call->id; args.block_count < BRIM_KERNEL_BLOCKS; id++) {
        const BrimOp *op = &graph->ops[id];
        if (op->kind == BRIM_OP_OPTIMIZE && op->out[3] != BRIM_NONE)
            BRIM_TRY(check_narrow(graph, op));
        args.blocks[args.block_count] = block_of(call, op);
        most = args.blocks[args.block_count].count > most ? args.blocks[args.block_count].count : most;
        args.block_count++;
        if (id + 1 == graph->op_count || !go_together(op, &graph->ops[id + 1]))
            break;
    }
    if (most > 0)
        status =
            brim_cuda_launch(device, BRIM_KERNEL_optimize,
                             brim_cuda_blocks(device, most / QUAD, UPDATE_THREADS), UPDATE_THREADS, &args);
fail:
    return status;
}

static BrimStatus run_fold(const BrimCudaCall *call)
{
    const BrimTensor *w = &call->graph->tensors[call->op->in[0]];
    int tap_elements = brim_cuda_pixel_elements(call->graph, call->op->in[0]);
    BrimFoldArgs args = {.w = brim_cuda_in(call, 0),
                         .gamma = brim_cuda_in(call, 1),
                         .beta = brim_cuda_in(call, 2),
                         .mean = brim_cuda_in(call, 3),
                         .var = brim_cuda_in(call, 4),
                         .folded = brim_cuda_out(call, 0),
                         .bias = brim_cuda_out(call, 1),
                         .out = w->dims[0],
                         .padded_out = brim_cuda_padded(w->dims[0]),
                         .filter_elements = w->dims[2] * w->dims[3] * tap_elements,
                         .type = brim_cuda_type(call->graph->tensors[call->op->out[0]].dtype)};
    return brim_cuda_launch(&call->backend->device, BRIM_KERNEL_fold, args.padded_out, FOLD_THREADS, &args);
}

BrimStatus brim_cuda_run_update(const BrimCudaCall *call)
{
    switch (call->op->kind) {
    case BRIM_OP_GRADIENT_NORM:
        return run_norm(call);
    case BRIM_OP_OPTIMIZE:
    case BRIM_OP_AVERAGE:
        return run_steps(call);
    default:
        return run_fold(call);
    }
}
