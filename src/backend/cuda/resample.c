/* POOL_* and UPSAMPLE_*: operands to the kernels of kernels/pool.cu and kernels/resample.cu. */
#include "backend/cuda/kernels/pool.h"
#include "backend/cuda/lanes.h"

/* A block for each tile where the kernel goes by tiles, however many there are: they take their turns. */
static BrimStatus launch_pool(const BrimCudaCall *call, BrimKernel kernel, const BrimPoolArgs *args)
{
    const BrimKernelFeature *x = &args->x;
    if (args->kernel != BRIM_POOL_KERNEL)
        return brim_cuda_lanes_launch(call, kernel, x, args);
    int pixels = brim_pool_longest(x->h, x->type) * brim_pool_longest(x->w, x->type);
    return brim_cuda_launch(&call->backend->device, kernel, brim_pool_tiles(x), (pixels + 31) / 32 * 32,
                            args);
}

static BrimStatus run_pool(const BrimCudaCall *call)
{
    const BrimOp *op = call->op;
    bool forward = op->kind == BRIM_OP_POOL_FORWARD;
    BrimPoolArgs args = {.x = brim_cuda_feature(call, op->in[0]), .kernel = op->kernel};
    if (forward) {
        args.y = brim_cuda_feature(call, op->out[0]);
    } else {
        args.dy = brim_cuda_feature(call, op->in[1]);
        args.dx = brim_cuda_feature(call, op->out[0]); /* the third operand is what it holds already */
    }
    const BrimKernelFeature all[] = {args.x, args.y, args.dy, args.dx};
    BrimStatus status;
    BRIM_TRY(brim_cuda_lanes_check(call, args.x.type, all, 4));
    BRIM_TRY(launch_pool(call, forward ? BRIM_KERNEL_pool_forward : BRIM_KERNEL_pool_backward, &args));
fail:
    return status;
}

static BrimStatus run_upsample(const BrimCudaCall *call)
{
    const BrimOp *op = call->op;
    bool forward = op->kind == BRIM_OP_UPSAMPLE_FORWARD;
    BrimUpsampleArgs args = {.x = brim_cuda_feature(call, forward ? op->in[0] : op->out[0])};
    if (forward)
        args.dest_count = brim_cuda_out_run(call, 0, args.dests, BRIM_KERNEL_DESTS);
    else
        args.dy = brim_cuda_feature(call, op->in[0]);
    const BrimKernelFeature both[] = {args.x, args.dy};
    BrimStatus status;
    BRIM_TRY(brim_cuda_lanes_check(call, args.x.type, both, 2));
    BRIM_TRY(brim_cuda_lanes_check(call, args.x.type, args.dests, args.dest_count));
    BRIM_TRY(brim_cuda_lanes_launch(
        call, forward ? BRIM_KERNEL_upsample_forward : BRIM_KERNEL_upsample_backward, &args.x, &args));
fail:
    return status;
}

BrimStatus brim_cuda_run_resample(const BrimCudaCall *call)
{
    bool pool = call->op->kind == BRIM_OP_POOL_FORWARD || call->op->kind == BRIM_OP_POOL_BACKWARD;
    return pool ? run_pool(call) : run_upsample(call);
}
