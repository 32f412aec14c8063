/* Starts the kernels of GRADIENT_NORM, OPTIMIZE, AVERAGE and FOLD. Parameters are runs of floats here: whole
 * blocks, pads included. */
#include <assert.h>

#include "backend/cuda/cuda.h"
#include "backend/operand.h"

enum {
    UPDATE_THREADS = 256,
    FOLD_THREADS = 128,
    QUAD = 4,              /* elements that a thread takes at a time */
    PART_FLOATS = 1 << 14, /* gradients in one part of their sum, at least */
    MOST_PARTS = 1024
};

static_assert((int)BRIM_KERNEL_WEIGHTS == (int)BRIM_GROUP_WEIGHT, "the group that decays is the weights'");

static int64_t block_floats(const BrimGraph *graph, BrimTensorId id)
{
    return (int64_t)(graph->tensors[id].bytes / sizeof(float));
}

/* Of the sum. By size alone, so that the norm is the same on every card. */
static int32_t block_parts(const BrimGraph *graph, BrimTensorId id)
{
    int64_t parts = (block_floats(graph, id) + PART_FLOATS - 1) / PART_FLOATS;
    return (int32_t)(parts < MOST_PARTS ? parts : MOST_PARTS);
}

size_t brim_cuda_update_workspace(const BrimGraph *graph, const BrimOp *op)
{
    size_t parts = 0;
    int count = op->kind == BRIM_OP_GRADIENT_NORM ? brim_operand_count(op->in, 0, BRIM_OP_IN) : 0;
    for (int i = 0; i < count; i++)
        parts += (size_t)block_parts(graph, op->in[i]);
    return parts * sizeof(double);
}

static BrimStatus run_norm(const BrimCudaCall *call)
{
    BrimStatus status = BRIM_OK;
    const BrimCudaDevice *device = &call->backend->device;
    BrimNormArgs args = {.partial = brim_cuda_workspace(call),
                         .norm = brim_cuda_out(call, 0),
                         .scalars = brim_cuda_scalars(call)};
    for (int i = 0; i < brim_operand_count(call->op->in, 0, BRIM_OP_IN); i++) {
        args.gradients = brim_cuda_in(call, i);
        args.count = block_floats(call->graph, call->op->in[i]);
        args.blocks = block_parts(call->graph, call->op->in[i]);
        if (args.blocks == 0)
            continue;
        BRIM_TRY(brim_cuda_launch(device, BRIM_KERNEL_norm_partial, args.blocks, UPDATE_THREADS, &args));
        args.first += args.blocks;
    }
    args.blocks = args.first;
    BRIM_TRY(brim_cuda_launch(device, BRIM_KERNEL_norm_finish, 1, UPDATE_THREADS, &args));
fail:
    return status;
}

/* A grid over quads of `count` elements; nothing is started for none. */
static BrimStatus launch_over(const BrimCudaCall *call, BrimKernel kernel, int64_t count, const void *args)
{
    const BrimCudaDevice *device = &call->backend->device;
    if (count == 0)
        return BRIM_OK;
    return brim_cuda_launch(device, kernel, brim_cuda_blocks(device, count / QUAD, UPDATE_THREADS),
                            UPDATE_THREADS, args);
}

static BrimStatus run_optimize(const BrimCudaCall *call)
{
    const BrimOp *op = call->op;
    const BrimTensor *tensors = call->graph->tensors;
    if (op->out[3] != BRIM_NONE && tensors[op->out[3]].bytes * 2 != tensors[op->in[0]].bytes)
        return brim_fail(BRIM_ERROR_UNSUPPORTED,
                         "%s has %zu bytes, not half of the %zu of %s: their filters do not stand "
                         "in the same places",
                         tensors[op->out[3]].name, tensors[op->out[3]].bytes, tensors[op->in[0]].bytes,
                         tensors[op->in[0]].name);
    BrimOptimizeArgs args = {.g = brim_cuda_in(call, 1),
                             .norm = brim_cuda_in(call, 3),
                             .w = brim_cuda_out(call, 0),
                             .m = brim_cuda_out(call, 1),
                             .ema = brim_cuda_out(call, 2),
                             .half = brim_cuda_out(call, 3),
                             .count = block_floats(call->graph, op->in[0]),
                             .group = op->group,
                             .scalars = brim_cuda_scalars(call)};
    return launch_over(call, BRIM_KERNEL_optimize, args.count, &args);
}

static BrimStatus run_average(const BrimCudaCall *call)
{
    BrimAverageArgs args = {.values = brim_cuda_in(call, 0),
                            .ema = brim_cuda_out(call, 0),
                            .count = block_floats(call->graph, call->op->in[0]),
                            .scalars = brim_cuda_scalars(call)};
    return launch_over(call, BRIM_KERNEL_average, args.count, &args);
}

static int padded(int channels)
{
    return (channels + BRIM_CUDA_PAD - 1) / BRIM_CUDA_PAD * BRIM_CUDA_PAD;
}

static BrimStatus run_fold(const BrimCudaCall *call)
{
    const BrimTensor *w = &call->graph->tensors[call->op->in[0]];
    BrimFoldArgs args = {.w = brim_cuda_in(call, 0),
                         .gamma = brim_cuda_in(call, 1),
                         .beta = brim_cuda_in(call, 2),
                         .mean = brim_cuda_in(call, 3),
                         .var = brim_cuda_in(call, 4),
                         .folded = brim_cuda_out(call, 0),
                         .bias = brim_cuda_out(call, 1),
                         .out = w->dims[0],
                         .padded_out = padded(w->dims[0]),
                         .filter_elements = w->dims[2] * w->dims[3] * padded(w->dims[1]),
                         .half = call->graph->tensors[call->op->out[0]].dtype == BRIM_F16};
    return brim_cuda_launch(&call->backend->device, BRIM_KERNEL_fold, args.padded_out, FOLD_THREADS, &args);
}

BrimStatus brim_cuda_run_update(const BrimCudaCall *call)
{
    switch (call->op->kind) {
    case BRIM_OP_GRADIENT_NORM:
        return run_norm(call);
    case BRIM_OP_OPTIMIZE:
        return run_optimize(call);
    case BRIM_OP_AVERAGE:
        return run_average(call);
    default:
        return run_fold(call);
    }
}
