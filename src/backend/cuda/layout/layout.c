/* How tensors lie on a card: features as NHWC with pixels of whole groups of 8 channels, the network's
 * picture and the filters over it in cells of 2 x 2 pixels. */
#include "backend/cuda/layout/layout.h"

#include "base/round.h"

/* ---- space to depth: who lies so (depth.c says why) ---- */

/* A picture, or filters over one, of whole cells. */
static bool fits(const BrimGraph *graph, BrimTensorId id)
{
    if (id == BRIM_NONE)
        return false;
    const BrimTensor *tensor = &graph->tensors[id];
    const int32_t *dims = tensor->dims;
    bool picture = tensor->form == BRIM_FORM_PLAIN && dims[2] % BRIM_CUDA_CELL_PX == 0 &&
                   dims[3] % BRIM_CUDA_CELL_PX == 0;
    bool filter = tensor->form == BRIM_FORM_FILTER && dims[2] == BRIM_CUDA_DEPTH_KERNEL &&
                  dims[3] == BRIM_CUDA_DEPTH_KERNEL;
    return (picture || filter) && dims[1] <= BRIM_CUDA_DEPTH_ELEMENTS;
}

static int fitting(const BrimGraph *graph, const BrimTensorId *operands, int count)
{
    int found = 0;
    for (int i = 0; i < count; i++)
        found += fits(graph, operands[i]);
    return found;
}

/* A picture is read, and filters are written by FOLD and as gradients alone, so that what other ops write is
 * not looked at, nor ops of features' gradients: a plan asks for each of its graphs. */
static bool touches_none(const BrimGraph *graph, const BrimOp *op)
{
    bool backward = op->kind == BRIM_OP_BN_BACKWARD_REDUCE || op->kind == BRIM_OP_BN_BACKWARD_APPLY ||
                    op->kind == BRIM_OP_ADD || op->kind == BRIM_OP_POOL_BACKWARD ||
                    op->kind == BRIM_OP_UPSAMPLE_BACKWARD;
    return backward || fitting(graph, op->in, BRIM_OP_IN) == 0;
}

/* The op touches nothing of the kind, or takes it as it lies. */
static bool agrees(const BrimGraph *graph, const BrimOp *op)
{
    bool like = op->stride == BRIM_CUDA_DEPTH_STRIDE && op->padding == BRIM_CUDA_DEPTH_PADDING;
    switch (op->kind) {
    case BRIM_OP_INPUT:
    case BRIM_OP_FOLD:
        return true;
    case BRIM_OP_CONV_FORWARD:
        return fits(graph, op->in[0]) == fits(graph, op->in[1]) && (like || !fits(graph, op->in[0]));
    case BRIM_OP_CONV_BACKWARD_WEIGHTS:
        return fits(graph, op->in[0]) == fits(graph, op->out[0]) && (like || !fits(graph, op->in[0]));
    default:
        return touches_none(graph, op);
    }
}

/* All that fit in a graph, or none: a convolution needs both of its operands so, and momentum and EMA, which
 * none reads, are to lie as the weights do. Graphs of a run agree, as their sides are multiples of the
 * model's strides; the planner would refuse them else. */
bool brim_cuda_space_to_depth(const BrimGraph *graph, BrimTensorId id)
{
    bool deep = fits(graph, id);
    for (BrimOpId op = 0; op < graph->op_count && deep; op++)
        deep = agrees(graph, &graph->ops[op]);
    return deep;
}

int brim_cuda_depth_place(int w, int i)
{
    int y = i / w, x = i % w, cell = y / BRIM_CUDA_CELL_PX * (w / BRIM_CUDA_CELL_PX) + x / BRIM_CUDA_CELL_PX;
    return cell * BRIM_CUDA_CELL_PX * BRIM_CUDA_CELL_PX + y % BRIM_CUDA_CELL_PX * BRIM_CUDA_CELL_PX +
           x % BRIM_CUDA_CELL_PX;
}

/* ---- sizes ---- */

BrimTensorId brim_cuda_whole(const BrimGraph *graph, BrimTensorId id)
{
    while (graph->tensors[id].parent != BRIM_NONE &&
           graph->tensors[graph->tensors[id].parent].form != BRIM_FORM_BLOCK)
        id = graph->tensors[id].parent;
    return id;
}

int brim_cuda_padded(int channels)
{
    return brim_round_up_int(channels, BRIM_CUDA_PAD);
}

int brim_cuda_pixel_elements(const BrimGraph *graph, BrimTensorId id)
{
    BrimTensorId whole = brim_cuda_whole(graph, id);
    return brim_cuda_space_to_depth(graph, whole) ? BRIM_CUDA_DEPTH_ELEMENTS
                                                  : brim_cuda_padded(graph->tensors[whole].dims[1]);
}

BrimKernelType brim_cuda_type(BrimDtype dtype)
{
    return dtype == BRIM_F16 ? BRIM_KERNEL_F16 : dtype == BRIM_BF16 ? BRIM_KERNEL_BF16 : BRIM_KERNEL_F32;
}

size_t brim_cuda_tensor_bytes(void *self, const BrimGraph *graph, BrimTensorId id)
{
    (void)self;
    const BrimTensor *tensor = &graph->tensors[id];
    const int32_t *dims = tensor->dims;
    size_t elements = brim_tensor_elements(tensor);
    switch (tensor->form) {
    case BRIM_FORM_FEATURE:
    case BRIM_FORM_PLAIN:
        elements =
            (size_t)dims[0] * (size_t)dims[2] * (size_t)dims[3] * (size_t)brim_cuda_pixel_elements(graph, id);
        break;
    case BRIM_FORM_FILTER:
        elements = (size_t)brim_cuda_padded(dims[0]) * (size_t)dims[2] * (size_t)dims[3] *
                   (size_t)brim_cuda_pixel_elements(graph, id);
        break;
    case BRIM_FORM_VECTOR:
        elements = (size_t)brim_cuda_padded(dims[0]);
        break;
    default:
        break;
    }
    return elements * brim_dtype_bytes(tensor->dtype);
}

static BrimStatus rooms(void *self, const BrimGraph *graph, BrimOpId id, BrimWorkspace *workspace)
{
    (void)self;
    return brim_cuda_rooms(graph, id, workspace);
}

/* Kernels, fills and copies, without those of a bias, which three convolutions of a model have. One launch
 * does OPTIMIZE of all groups and AVERAGE behind it. */
static const uint8_t starts[BRIM_OP_KIND_COUNT] = {
    [BRIM_OP_INPUT] = 1,
    [BRIM_OP_CONV_FORWARD] = 1,
    [BRIM_OP_CONV_BACKWARD_DATA] = 1,
    [BRIM_OP_CONV_BACKWARD_WEIGHTS] = 2,
    [BRIM_OP_BN_FORWARD] = 3,
    [BRIM_OP_BN_RECOMPUTE] = 1,
    [BRIM_OP_BN_BACKWARD_REDUCE] = 2,
    [BRIM_OP_BN_BACKWARD_APPLY] = 1,
    [BRIM_OP_ACT_FORWARD] = 1,
    [BRIM_OP_COPY] = 1,
    [BRIM_OP_ADD] = 1,
    [BRIM_OP_POOL_FORWARD] = 1,
    [BRIM_OP_POOL_BACKWARD] = 1,
    [BRIM_OP_UPSAMPLE_FORWARD] = 1,
    [BRIM_OP_UPSAMPLE_BACKWARD] = 1,
    [BRIM_OP_LOSS] = 5,
    [BRIM_OP_GRADIENT_NORM] = 2,
    [BRIM_OP_AVERAGE] = 1,
    [BRIM_OP_FOLD] = 1,
    [BRIM_OP_DECODE] = 1,
};

BrimPlanBackend brim_cuda_layout(void)
{
    return (BrimPlanBackend){.sizer = {.tensor_bytes = brim_cuda_tensor_bytes, .workspace = rooms},
                             .starts = starts};
}
