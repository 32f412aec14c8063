/* BN_*: operands to the kernels of kernels/batchnorm.cu and batchnorm_backward.cu, and the room for their
 * partial sums, and for what several cards exchange. */
#include "backend/cuda/lanes.h"

enum { FINISH_THREADS = 128, EXCHANGE_THREADS = 128 };

BrimCudaExchange brim_cuda_bn_exchange(const BrimCudaCall *call)
{
    CUdeviceptr workspace = (CUdeviceptr)(uintptr_t)brim_cuda_workspace(call);
    return (BrimCudaExchange){.start = workspace + brim_cuda_bn_partial_bytes(call->graph, call->op),
                              .doubles = brim_cuda_bn_exchange_doubles(call->graph, call->op)};
}

/* What all cards left; and this one's place in it, NULL for a card alone. */
static double *all_figures(const BrimCudaCall *call)
{
    return (double *)(uintptr_t)brim_cuda_bn_exchange(call).start;
}

static double *own_figures(const BrimCudaCall *call)
{
    size_t before = (size_t)call->backend->rank * brim_cuda_bn_exchange_doubles(call->graph, call->op);
    return brim_cuda_bn_shares(call->op) ? all_figures(call) + before : NULL;
}

/* As many as suit the card, and no more than there is room for. */
static int32_t parts_of(const BrimCudaCall *call, const BrimKernelFeature *y, int resident)
{
    int64_t most = brim_cuda_bn_parts(call->graph, call->op);
    int64_t blocks = brim_cuda_lanes_blocks(call, y, resident);
    return (int32_t)(blocks < most ? blocks : most);
}

static BrimStatus check(const BrimCudaCall *call)
{
    if (call->op->kind != BRIM_OP_BN_FORWARD || call->op->out[BRIM_OUT_BN_NARROW] == BRIM_NONE)
        return BRIM_OK;
    return brim_fail(BRIM_ERROR_UNSUPPORTED,
                     "op %d, %s: the cuda backend keeps in no other type than it computes in: choose "
                     "--precision fp32, amp or bf16",
                     (int)call->id, brim_op_text(call->op->kind));
}

static BrimStatus apply(const BrimCudaCall *call, const BrimBnApplyArgs *args)
{
    const BrimKernelFeature both[] = {args->y, args->res};
    BrimStatus status;
    BRIM_TRY(brim_cuda_lanes_check(call, args->y.type, both, 2));
    BRIM_TRY(brim_cuda_lanes_check(call, args->y.type, args->dests, args->dest_count));
    BRIM_TRY(brim_cuda_lanes_launch_blocks(call, BRIM_KERNEL_bn_apply, &args->y,
                                           brim_cuda_lanes_blocks(call, &args->y, BRIM_BN_APPLY_RESIDENT),
                                           args));
fail:
    return status;
}

/* Mean, rstd and running figures of y, or what this card has to say for them, in two kernels. */
static BrimStatus measure(const BrimCudaCall *call)
{
    BrimBnStatisticsArgs args = {.y = brim_cuda_feature(call, call->op->in[0]),
                                 .partial = brim_cuda_workspace(call),
                                 .old_running_mean = brim_cuda_in(call, 3),
                                 .old_running_var = brim_cuda_in(call, 4),
                                 .mean = brim_cuda_out(call, 0),
                                 .rstd = brim_cuda_out(call, 1),
                                 .running_mean = brim_cuda_out(call, 2),
                                 .running_var = brim_cuda_out(call, 3),
                                 .own = own_figures(call)};
    BrimStatus status;
    BRIM_TRY(brim_cuda_lanes_check(call, args.y.type, &args.y, 1));
    args.blocks = parts_of(call, &args.y, BRIM_BN_STATISTICS_RESIDENT);
    BRIM_TRY(
        brim_cuda_lanes_launch_blocks(call, BRIM_KERNEL_bn_statistics_partial, &args.y, args.blocks, &args));
    BRIM_TRY(brim_cuda_launch(&call->backend->device, BRIM_KERNEL_bn_statistics_finish, args.y.padded,
                              FINISH_THREADS, &args));
fail:
    return status;
}

static BrimStatus launch_exchanged(const BrimCudaCall *call, BrimKernel kernel, int channels,
                                   const void *args)
{
    return brim_cuda_launch(&call->backend->device, kernel,
                            (channels + EXCHANGE_THREADS - 1) / EXCHANGE_THREADS, EXCHANGE_THREADS, args);
}

static BrimStatus combine(const BrimCudaCall *call)
{
    const BrimKernelFeature y = brim_cuda_feature(call, call->op->in[0]);
    const BrimBnCombineArgs args = {.all = all_figures(call),
                                    .cards = call->op->cards,
                                    .c = y.c,
                                    .padded = y.padded,
                                    .pixels = brim_cuda_lanes_pixels(&y),
                                    .old_running_mean = brim_cuda_in(call, 3),
                                    .old_running_var = brim_cuda_in(call, 4),
                                    .mean = brim_cuda_out(call, 0),
                                    .rstd = brim_cuda_out(call, 1),
                                    .running_mean = brim_cuda_out(call, 2),
                                    .running_var = brim_cuda_out(call, 3)};
    return launch_exchanged(call, BRIM_KERNEL_bn_combine, args.padded, &args);
}

static BrimStatus sum_up(const BrimCudaCall *call)
{
    const BrimKernelFeature y = brim_cuda_feature(call, call->op->in[0]);
    const BrimBnSumsArgs args = {.all = all_figures(call),
                                 .cards = call->op->cards,
                                 .c = y.c,
                                 .padded = y.padded,
                                 .sums = brim_cuda_out(call, 2)};
    return launch_exchanged(call, BRIM_KERNEL_bn_sums, args.c, &args);
}

static BrimStatus apply_measured(const BrimCudaCall *call)
{
    BrimBnApplyArgs args = {.y = brim_cuda_feature(call, call->op->in[0]),
                            .res = brim_cuda_feature(call, call->op->in[5]),
                            .activation = call->op->activation,
                            .gamma = brim_cuda_in(call, 1),
                            .beta = brim_cuda_in(call, 2),
                            .mean = brim_cuda_out(call, 0),
                            .rstd = brim_cuda_out(call, 1)};
    args.dest_count = brim_cuda_out_run(call, BRIM_OUT_BN_DESTS, args.dests, BRIM_KERNEL_DESTS);
    return apply(call, &args);
}

static BrimStatus run_recompute(const BrimCudaCall *call)
{
    BrimBnApplyArgs args = {.y = brim_cuda_feature(call, call->op->in[0]),
                            .res = brim_cuda_feature(call, call->op->in[5]),
                            .activation = call->op->activation,
                            .gamma = brim_cuda_in(call, 1),
                            .beta = brim_cuda_in(call, 2),
                            .mean = brim_cuda_in(call, 3),
                            .rstd = brim_cuda_in(call, 4)};
    args.dest_count = brim_cuda_out_run(call, 0, args.dests, BRIM_KERNEL_DESTS);
    return apply(call, &args);
}

static BrimBnReduceArgs reduce_args(const BrimCudaCall *call)
{
    BrimBnReduceArgs args = {.y = brim_cuda_feature(call, call->op->in[0]),
                             .grad_sum = brim_cuda_feature(call, call->op->out[3]),
                             .activation = call->op->activation,
                             .gamma = brim_cuda_in(call, 1),
                             .beta = brim_cuda_in(call, 2),
                             .mean = brim_cuda_in(call, 3),
                             .rstd = brim_cuda_in(call, 4),
                             .partial = brim_cuda_workspace(call),
                             .dgamma = brim_cuda_out(call, 0),
                             .dbeta = brim_cuda_out(call, 1),
                             .sums = brim_cuda_out(call, 2),
                             .own = own_figures(call),
                             .scalars = brim_cuda_scalars(call)};
    args.grad_count = brim_cuda_in_run(call, BRIM_IN_GRADS, args.grads, BRIM_KERNEL_GRADS);
    args.dest_count = brim_cuda_out_run(call, BRIM_OUT_BN_DESTS, args.dests, BRIM_KERNEL_DESTS);
    return args;
}

static BrimStatus run_reduce(const BrimCudaCall *call)
{
    BrimBnReduceArgs args = reduce_args(call);
    const BrimKernelFeature both[] = {args.y, args.grad_sum};
    BrimStatus status;
    BRIM_TRY(brim_cuda_lanes_check(call, args.y.type, both, 2));
    BRIM_TRY(brim_cuda_lanes_check(call, args.y.type, args.grads, args.grad_count));
    BRIM_TRY(brim_cuda_lanes_check(call, args.y.type, args.dests, args.dest_count));
    args.blocks = parts_of(call, &args.y, BRIM_BN_REDUCE_RESIDENT);
    BRIM_TRY(brim_cuda_lanes_launch_blocks(call, BRIM_KERNEL_bn_reduce_partial, &args.y, args.blocks, &args));
    BRIM_TRY(brim_cuda_launch(&call->backend->device, BRIM_KERNEL_bn_reduce_finish, args.y.c, FINISH_THREADS,
                              &args));
fail:
    return status;
}

static BrimStatus run_slope(const BrimCudaCall *call)
{
    BrimBnSlopeArgs args = {.y = brim_cuda_feature(call, call->op->in[0]),
                            .grad = brim_cuda_feature(call, call->op->in[6]),
                            .dy = brim_cuda_feature(call, call->op->out[0]),
                            .activation = call->op->activation,
                            .gamma = brim_cuda_in(call, 1),
                            .beta = brim_cuda_in(call, 2),
                            .mean = brim_cuda_in(call, 3),
                            .rstd = brim_cuda_in(call, 4),
                            .sums = brim_cuda_in(call, 5)};
    args.pixels = brim_cuda_lanes_pixels(&args.y) * (call->op->cards > 1 ? call->op->cards : 1);
    const BrimKernelFeature all[] = {args.y, args.grad, args.dy};
    BrimStatus status;
    BRIM_TRY(brim_cuda_lanes_check(call, args.y.type, all, 3));
    BRIM_TRY(brim_cuda_lanes_launch_blocks(call, BRIM_KERNEL_bn_slope, &args.y,
                                           brim_cuda_lanes_blocks(call, &args.y, BRIM_BN_APPLY_RESIDENT),
                                           &args));
fail:
    return status;
}

BrimStatus brim_cuda_bn_before(const BrimCudaCall *call)
{
    BrimStatus status;
    BRIM_TRY(check(call));
    BRIM_TRY(call->op->kind == BRIM_OP_BN_FORWARD ? measure(call) : run_reduce(call));
fail:
    return status;
}

BrimStatus brim_cuda_bn_after(const BrimCudaCall *call)
{
    BrimStatus status = BRIM_OK;
    const bool forward = call->op->kind == BRIM_OP_BN_FORWARD;
    if (brim_cuda_bn_shares(call->op))
        BRIM_TRY(forward ? combine(call) : sum_up(call));
    if (forward)
        BRIM_TRY(apply_measured(call));
fail:
    return status;
}

BrimStatus brim_cuda_run_bn(const BrimCudaCall *call)
{
    BrimStatus status;
    BRIM_TRY(check(call));
    if (call->op->kind == BRIM_OP_BN_RECOMPUTE)
        return run_recompute(call);
    if (call->op->kind == BRIM_OP_BN_BACKWARD_APPLY)
        return run_slope(call);
    BRIM_TRY(brim_cuda_bn_before(call));
    BRIM_TRY(brim_cuda_bn_after(call));
fail:
    return status;
}
