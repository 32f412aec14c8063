/* The ops that are convolutions: cuDNN's part, and the kernels around it. */
#include "backend/cuda/lanes.h"
#include "backend/cuda/program.h"

enum { THREADS = 256 };

static CUdeviceptr pointer(const void *data)
{
    return (CUdeviceptr)(uintptr_t)data;
}

/* cuDNN's part of a workspace, from the first place of its own on. */
static CUdeviceptr own_room(const char *start)
{
    const CUdeviceptr alignment = BRIM_CUDA_DNN_ALIGNMENT;
    return (pointer(start) + alignment - 1) / alignment * alignment;
}

static BrimStatus forward(const BrimCudaCall *call, BrimCudaConv *conv)
{
    BrimStatus status =
        brim_cuda_conv_run(conv, pointer(brim_cuda_in(call, 0)), pointer(brim_cuda_out(call, 0)),
                           pointer(brim_cuda_in(call, 1)), own_room(brim_cuda_workspace(call)));
    if (status != BRIM_OK || call->op->in[2] == BRIM_NONE)
        return status;
    const BrimBiasArgs bias = {.y = brim_cuda_feature(call, call->op->out[0]), .bias = brim_cuda_in(call, 2)};
    return brim_cuda_lanes_launch(call, BRIM_KERNEL_bias, &bias.y, &bias);
}

static BrimStatus backward_data(const BrimCudaCall *call, BrimCudaConv *conv)
{
    return brim_cuda_conv_run(conv, pointer(brim_cuda_out(call, 0)), pointer(brim_cuda_in(call, 0)),
                              pointer(brim_cuda_in(call, 1)), own_room(brim_cuda_workspace(call)));
}

static BrimStatus bias_gradient(const BrimCudaCall *call, float *partial)
{
    BrimStatus status;
    const BrimCudaDevice *device = &call->backend->device;
    const BrimBiasGradientArgs args = {.dy = brim_cuda_feature(call, call->op->in[1]),
                                       .partial = partial,
                                       .dbias = brim_cuda_out(call, 1),
                                       .blocks = BRIM_CUDA_BIAS_BLOCKS,
                                       .scalars = brim_cuda_scalars(call)};
    BRIM_TRY(brim_cuda_lanes_launch_blocks(call, BRIM_KERNEL_bias_gradient_partial, &args.dy,
                                           BRIM_CUDA_BIAS_BLOCKS, &args));
    BRIM_TRY(brim_cuda_launch(device, BRIM_KERNEL_bias_gradient_finish, args.dy.c, BRIM_CUDA_BIAS_BLOCKS,
                              &args)); /* a block a channel */
fail:
    return status;
}

/* cuDNN writes the gradient beside the sum, where it is added to what earlier micro-batches left, in fp32. */
static BrimStatus backward_weights(const BrimCudaCall *call, BrimCudaConv *conv)
{
    BrimStatus status;
    const BrimCudaDevice *device = &call->backend->device;
    char *filter = brim_cuda_workspace(call);
    char *bias = filter + brim_cuda_filter_room(call->graph, call->op);
    char *own = bias + brim_cuda_bias_room(call->graph, call->op);
    const BrimFilterGradientArgs args = {
        .from = filter,
        .dw = brim_cuda_out(call, 0),
        .count = (int64_t)(brim_cuda_tensor_bytes(NULL, call->graph, call->op->out[0]) / sizeof(float)),
        .type = brim_cuda_type(call->graph->tensors[call->op->in[0]].dtype),
        .scalars = brim_cuda_scalars(call)};
    BRIM_TRY(brim_cuda_conv_run(conv, pointer(brim_cuda_in(call, 0)), pointer(brim_cuda_in(call, 1)),
                                pointer(filter), own_room(own)));
    BRIM_TRY(brim_cuda_launch(device, BRIM_KERNEL_filter_gradient,
                              brim_cuda_blocks(device, args.count, THREADS), THREADS, &args));
    if (call->op->out[1] != BRIM_NONE)
        BRIM_TRY(bias_gradient(call, (float *)(void *)bias));
fail:
    return status;
}

BrimStatus brim_cuda_run_conv(const BrimCudaCall *call, BrimCudaConv *conv)
{
    switch (call->op->kind) {
    case BRIM_OP_CONV_FORWARD:
        return forward(call, conv);
    case BRIM_OP_CONV_BACKWARD_DATA:
        return backward_data(call, conv);
    default:
        return backward_weights(call, conv);
    }
}
