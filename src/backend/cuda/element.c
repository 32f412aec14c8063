/* INPUT, ACT_FORWARD, COPY and ADD: operands to the kernels of kernels/element.cu. */
#include "backend/cuda/lanes.h"

static BrimStatus run_input(const BrimCudaCall *call)
{
    BrimTensorId x = call->op->out[0];
    const BrimInputArgs args = {.pictures = brim_cuda_in(call, 0),
                                .x = brim_cuda_feature(call, x),
                                .space_to_depth = brim_cuda_space_to_depth(call->graph, x)};
    int channels = call->graph->tensors[x].dims[1];
    BrimStatus status;
    BRIM_TRY(brim_cuda_lanes_check(call, args.x.type, &args.x, 1));
    if (channels != 3 || (!args.space_to_depth && args.x.pitch != BRIM_CUDA_PAD)) {
        status = brim_fail(BRIM_ERROR_UNSUPPORTED, "op %d, INPUT: pictures have 3 channels, not %d",
                           (int)call->id, channels);
        goto fail;
    }
    BRIM_TRY(brim_cuda_lanes_launch(call, BRIM_KERNEL_input, &args.x, &args));
fail:
    return status;
}

/* dests = act(x) + res; a COPY is that without both. */
static BrimStatus run_act(const BrimCudaCall *call)
{
    const BrimOp *op = call->op;
    bool copy = op->kind == BRIM_OP_COPY;
    BrimActArgs args = {.x = brim_cuda_feature(call, op->in[0]), .activation = !copy && op->activation};
    if (!copy)
        args.res = brim_cuda_feature(call, op->in[1]);
    args.dest_count = brim_cuda_out_run(call, 0, args.dests, BRIM_KERNEL_DESTS);
    const BrimKernelFeature both[] = {args.x, args.res};
    BrimStatus status;
    BRIM_TRY(brim_cuda_lanes_check(call, args.x.type, both, 2));
    BRIM_TRY(brim_cuda_lanes_check(call, args.x.type, args.dests, args.dest_count));
    BRIM_TRY(brim_cuda_lanes_launch(call, BRIM_KERNEL_act, &args.x, &args));
fail:
    return status;
}

static BrimStatus run_add(const BrimCudaCall *call)
{
    BrimAddArgs args = {.y = brim_cuda_feature(call, call->op->out[0])};
    args.grad_count = brim_cuda_in_run(call, 0, args.grads, BRIM_KERNEL_GRADS);
    BrimStatus status;
    BRIM_TRY(brim_cuda_lanes_check(call, args.y.type, &args.y, 1));
    BRIM_TRY(brim_cuda_lanes_check(call, args.y.type, args.grads, args.grad_count));
    BRIM_TRY(brim_cuda_lanes_launch(call, BRIM_KERNEL_add, &args.y, &args));
fail:
    return status;
}

BrimStatus brim_cuda_run_element(const BrimCudaCall *call)
{
    switch (call->op->kind) {
    case BRIM_OP_INPUT:
        return run_input(call);
    case BRIM_OP_ADD:
        return run_add(call);
    default:
        return run_act(call);
    }
}
