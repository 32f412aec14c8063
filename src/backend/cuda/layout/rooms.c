/* What brim's kernels need beside their operands while an op runs. */
#include <stdint.h>

#include "backend/cuda/kernels/loss.h"
#include "backend/cuda/layout/layout.h"

/* ---- convolutions ---- */

/* Concatenations are written in place, 16 bytes at a time. */
static BrimStatus check_parts(const BrimGraph *graph, const BrimTensorId *operands, int count)
{
    for (int i = 0; i < count; i++) {
        const BrimTensor *tensor = operands[i] == BRIM_NONE ? NULL : &graph->tensors[operands[i]];
        bool part = tensor && tensor->form == BRIM_FORM_FEATURE && tensor->parent != BRIM_NONE;
        if (part && (tensor->channel % BRIM_CUDA_PAD || tensor->dims[1] % BRIM_CUDA_PAD))
            return brim_fail(BRIM_ERROR_UNSUPPORTED,
                             "%s has %d channels from %d on within a concatenation: on a card both must be "
                             "multiples of %d; "
                             "another width_multiple, or --device cpu",
                             tensor->name, tensor->dims[1], tensor->channel, BRIM_CUDA_PAD);
    }
    return BRIM_OK;
}

size_t brim_cuda_filter_room(const BrimGraph *graph, const BrimOp *op)
{
    if (op->kind != BRIM_OP_CONV_BACKWARD_WEIGHTS)
        return 0;
    size_t elements = brim_cuda_tensor_bytes(NULL, graph, op->out[0]) / sizeof(float);
    size_t bytes = elements * brim_dtype_bytes(graph->tensors[op->in[0]].dtype);
    return (bytes + 255) / 256 * 256;
}

size_t brim_cuda_bias_room(const BrimGraph *graph, const BrimOp *op)
{
    if (op->kind != BRIM_OP_CONV_BACKWARD_WEIGHTS || op->out[1] == BRIM_NONE)
        return 0;
    size_t padded = (size_t)brim_cuda_padded(graph->tensors[op->in[1]].dims[1]);
    return BRIM_CUDA_BIAS_BLOCKS * padded * sizeof(float);
}

/* ---- BatchNorm ---- */

/* Blocks that share out a feature's pixels for sums. Each leaves two floats a channel, which are written and
 * read once more: with 32 pixels or more to a block that is at most an eighth of what is read anyway. They
 * are counted by the picture, so that what a batch needs follows from what one picture does. */
enum { PART_PIXELS = 32, PARTS_MAX = 512 };

static int parts_of_picture(const int32_t *dims)
{
    int parts = dims[2] * dims[3] / PART_PIXELS;
    return parts < 1 ? 1 : parts;
}

int brim_cuda_bn_parts(const BrimGraph *graph, const BrimOp *op)
{
    const int32_t *dims = graph->tensors[op->in[0]].dims;
    int64_t parts = (int64_t)dims[0] * parts_of_picture(dims);
    return parts < PARTS_MAX ? (int)parts : PARTS_MAX;
}

/* What a block leaves. */
static size_t part_bytes(const BrimGraph *graph, const BrimOp *op)
{
    return 2 * (size_t)brim_cuda_padded(graph->tensors[op->in[0]].dims[1]) * sizeof(float);
}

/* A multiple of 64: doubles can follow. */
size_t brim_cuda_bn_partial_bytes(const BrimGraph *graph, const BrimOp *op)
{
    return (size_t)brim_cuda_bn_parts(graph, op) * part_bytes(graph, op);
}

bool brim_cuda_bn_shares(const BrimOp *op)
{
    return (op->kind == BRIM_OP_BN_FORWARD || op->kind == BRIM_OP_BN_BACKWARD_REDUCE) && op->cards > 1;
}

size_t brim_cuda_bn_exchange_doubles(const BrimGraph *graph, const BrimOp *op)
{
    return brim_cuda_bn_shares(op) ? 2 * (size_t)brim_cuda_padded(graph->tensors[op->in[0]].dims[1]) : 0;
}

static BrimWorkspace bn_room(const BrimGraph *graph, const BrimOp *op)
{
    size_t cards = op->cards > 1 ? (size_t)op->cards : 0;
    return (BrimWorkspace){.fixed_bytes = cards * brim_cuda_bn_exchange_doubles(graph, op) * sizeof(double),
                           .picture_bytes = (size_t)parts_of_picture(graph->tensors[op->in[0]].dims) *
                                            part_bytes(graph, op),
                           .most_bytes = PARTS_MAX * part_bytes(graph, op)};
}

/* ---- the loss ---- */

/* `targets` has rows of six. */
BrimLossArgs brim_cuda_loss_shapes(const BrimGraph *graph, const BrimOp *op)
{
    BrimLossArgs args = {
        .head = {.level_count = graph->head.level_count, .anchor_count = graph->head.anchor_count},
        .target_cap = graph->tensors[op->in[0]].dims[0] / 6};
    for (int level = 0; level < args.head.level_count; level++) {
        const int32_t *dims = graph->tensors[op->in[BRIM_IN_HEADS + level]].dims;
        args.heads[level] = (BrimKernelFeature){.n = dims[0], .c = dims[1], .h = dims[2], .w = dims[3]};
    }
    return args;
}

/* Cells of all levels, and matches of all targets, grow with the batch. */
static BrimWorkspace loss_room(const BrimGraph *graph, const BrimOp *op)
{
    const BrimLossArgs args = brim_cuda_loss_shapes(graph, op);
    const BrimLossRoom room = brim_loss_room(&args);
    size_t picture_bytes = (room.end - room.chains) / (size_t)graph->batch;
    return (BrimWorkspace){.fixed_bytes = room.end - picture_bytes * (size_t)graph->batch,
                           .picture_bytes = picture_bytes,
                           .most_bytes = SIZE_MAX};
}

/* ---- the norm of the gradients ---- */

enum { NORM_PART_FLOATS = 1 << 14 /* at least */, NORM_PARTS_MAX = 1024 };

int brim_cuda_norm_parts(const BrimGraph *graph, BrimTensorId id)
{
    int64_t floats = (int64_t)(graph->tensors[id].bytes / sizeof(float));
    int64_t parts = (floats + NORM_PART_FLOATS - 1) / NORM_PART_FLOATS;
    return (int)(parts < NORM_PARTS_MAX ? parts : NORM_PARTS_MAX);
}

static size_t norm_room(const BrimGraph *graph, const BrimOp *op)
{
    size_t parts = 0;
    for (int i = 0; i < BRIM_OP_IN && op->in[i] != BRIM_NONE; i++)
        parts += (size_t)brim_cuda_norm_parts(graph, op->in[i]);
    return parts * sizeof(double);
}

/* ---- all ops ---- */

BrimStatus brim_cuda_rooms(const BrimGraph *graph, BrimOpId id, BrimWorkspace *workspace)
{
    const BrimOp *op = &graph->ops[id];
    BrimStatus status;
    *workspace = (BrimWorkspace){0};
    BRIM_TRY(check_parts(graph, op->in, BRIM_OP_IN));
    BRIM_TRY(check_parts(graph, op->out, BRIM_OP_OUT));
    switch (op->kind) {
    case BRIM_OP_CONV_BACKWARD_WEIGHTS:
        workspace->fixed_bytes = brim_cuda_filter_room(graph, op) + brim_cuda_bias_room(graph, op);
        break;
    case BRIM_OP_BN_FORWARD:
    case BRIM_OP_BN_BACKWARD_REDUCE:
        *workspace = bn_room(graph, op);
        break;
    case BRIM_OP_LOSS:
        *workspace = loss_room(graph, op);
        break;
    case BRIM_OP_GRADIENT_NORM:
        workspace->fixed_bytes = norm_room(graph, op);
        break;
    default:
        break;
    }
fail:
    return status;
}
