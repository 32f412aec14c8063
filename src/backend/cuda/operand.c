/* From an operand's id to its bytes on the card. Features lie as NHWC with pixels of whole groups of 8
 * channels, but for the picture (depth.c). */
#include "backend/cuda/cuda.h"

/* Channels before a part, of all that it lies in. */
static size_t first_channel(const BrimGraph *graph, BrimTensorId id, BrimTensorId whole)
{
    size_t channel = 0;
    for (; id != whole; id = graph->tensors[id].parent)
        channel += (size_t)graph->tensors[id].channel;
    return channel;
}

size_t brim_cuda_offset(const BrimGraph *graph, const BrimPlacement *placement, BrimTensorId id)
{
    BrimTensorId whole = brim_cuda_whole(graph, id);
    const BrimTensor *tensor = &graph->tensors[whole];
    size_t within = first_channel(graph, id, whole) * brim_dtype_bytes(tensor->dtype);
    if (tensor->parent != BRIM_NONE)
        return placement->tensor_offset[tensor->parent] + tensor->offset_bytes + within;
    return placement->tensor_offset[whole] + within;
}

void *brim_cuda_data(const BrimCudaCall *call, BrimTensorId id)
{
    if (id == BRIM_NONE)
        return NULL;
    return (void *)(uintptr_t)(call->backend->arena + brim_cuda_offset(call->graph, call->placement, id));
}

void *brim_cuda_workspace(const BrimCudaCall *call)
{
    return (void *)(uintptr_t)(call->backend->arena + call->placement->workspace_offset[call->id]);
}

BrimKernelScalars *brim_cuda_scalars(const BrimCudaCall *call)
{
    return (BrimKernelScalars *)(uintptr_t)call->backend->device_scalars;
}

BrimKernelFeature brim_cuda_shape(const BrimGraph *graph, BrimTensorId id)
{
    BrimTensorId whole = brim_cuda_whole(graph, id);
    const BrimTensor *tensor = &graph->tensors[id];
    int pitch = brim_cuda_pixel_elements(graph, id);
    BrimKernelFeature feature = {.n = tensor->dims[0],
                                 .c = tensor->dims[1],
                                 .h = tensor->dims[2],
                                 .w = tensor->dims[3],
                                 .pitch = pitch,
                                 .padded = id == whole ? pitch : tensor->dims[1],
                                 .type = (int32_t)brim_cuda_type(tensor->dtype)};
    if (brim_cuda_space_to_depth(graph, id))
        brim_cuda_depth_shape(&feature);
    return feature;
}

BrimKernelFeature brim_cuda_feature(const BrimCudaCall *call, BrimTensorId id)
{
    if (id == BRIM_NONE)
        return (BrimKernelFeature){.data = NULL};
    BrimKernelFeature feature = brim_cuda_shape(call->graph, id);
    feature.data = brim_cuda_data(call, id);
    return feature;
}

static int take_run(const BrimCudaCall *call, const BrimTensorId *operands, int count,
                    BrimKernelFeature *features)
{
    for (int i = 0; i < count; i++)
        features[i] = brim_cuda_feature(call, operands[i]);
    return count;
}

int brim_cuda_in_run(const BrimCudaCall *call, int first, BrimKernelFeature *features, int room)
{
    int most = BRIM_OP_IN - first < room ? BRIM_OP_IN - first : room;
    return take_run(call, call->op->in + first, brim_operand_count(call->op->in + first, 0, most), features);
}

int brim_cuda_out_run(const BrimCudaCall *call, int first, BrimKernelFeature *features, int room)
{
    int most = BRIM_OP_OUT - first < room ? BRIM_OP_OUT - first : room;
    return take_run(call, call->op->out + first, brim_operand_count(call->op->out + first, 0, most),
                    features);
}
