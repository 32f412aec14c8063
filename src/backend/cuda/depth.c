/* Space to depth: how the network's picture lies, and the filters over it.
 *
 * YOLOv5's first convolution has 3 channels to read, a kernel of 6, stride 2 and padding 2. In pixels of 8
 * channels the picture is the largest tensor of a step, and most of it zeros. Here a pixel has 4, and pixels
 * come in cells of 2 x 2. A cell is a pixel of 16 channels then, and the convolution one of kernel 3, stride
 * 1, padding 1: with a = 2 p + q, q of 0 and 1,
 *
 *     y(i) = sum of w(a) x(2 i + a - 2) over a = sum of w(2 p + q) x(2 (i + p - 1) + q) over p, q
 *
 * down and across alike. As x is read at cell i + p - 1, place q of it, so is w at cell p, place q: a
 * filter's taps lie as a picture's pixels do. All states of a filter lie so from the first byte; who takes
 * them element by element, as the optimizer does, need not know. */
#include "backend/cuda/depth.h"

enum { CELL_PX = 2, KERNEL = 6, STRIDE = 2, PADDING = 2 };

/* A picture, or filters over one, of whole cells. */
static bool fits(const BrimGraph *graph, BrimTensorId id)
{
    if (id == BRIM_NONE)
        return false;
    const BrimTensor *tensor = &graph->tensors[id];
    const int32_t *dims = tensor->dims;
    bool picture = tensor->form == BRIM_FORM_PLAIN && dims[2] % CELL_PX == 0 && dims[3] % CELL_PX == 0;
    bool filter = tensor->form == BRIM_FORM_FILTER && dims[2] == KERNEL && dims[3] == KERNEL;
    return (picture || filter) && dims[1] <= BRIM_CUDA_DEPTH_ELEMENTS;
}

static int fitting(const BrimGraph *graph, const BrimTensorId *operands, int count)
{
    int found = 0;
    for (int i = 0; i < count; i++)
        found += fits(graph, operands[i]);
    return found;
}

/* The op touches nothing of the kind, or takes it as it lies. */
static bool agrees(const BrimGraph *graph, const BrimOp *op)
{
    bool forward = op->kind == BRIM_OP_CONV_FORWARD, weights = op->kind == BRIM_OP_CONV_BACKWARD_WEIGHTS;
    int count = fitting(graph, op->in, BRIM_OP_IN) + fitting(graph, op->out, BRIM_OP_OUT);
    if (op->kind == BRIM_OP_INPUT || op->kind == BRIM_OP_FOLD)
        return true;
    if ((forward || weights) && op->stride == STRIDE && op->padding == PADDING && fits(graph, op->in[0]) &&
        fits(graph, forward ? op->in[1] : op->out[0]))
        return count == 2;
    return count == 0;
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
    int y = i / w, x = i % w, cell = y / CELL_PX * (w / CELL_PX) + x / CELL_PX;
    return cell * CELL_PX * CELL_PX + y % CELL_PX * CELL_PX + x % CELL_PX;
}

void brim_cuda_depth_shape(BrimKernelFeature *feature)
{
    feature->h /= CELL_PX;
    feature->w /= CELL_PX;
    feature->c = feature->pitch = feature->padded = CELL_PX * CELL_PX * BRIM_CUDA_DEPTH_ELEMENTS;
}

void brim_cuda_depth_task(BrimCudaConvTask *task)
{
    task->kernel = KERNEL / CELL_PX;
    task->stride = STRIDE / CELL_PX;
    task->padding = PADDING / CELL_PX;
}
