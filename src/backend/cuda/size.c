/* How large everything is on the card, and which engine does each convolution. */
#include "backend/cuda/program.h"

/* ---- tensors ---- */

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

/* ---- convolutions ---- */

static BrimCudaImage image_of(const BrimGraph *graph, BrimTensorId id)
{
    BrimKernelFeature feature = brim_cuda_shape(graph, id);
    return (BrimCudaImage){feature.n, feature.padded, feature.h, feature.w, feature.pitch};
}

BrimCudaConvTask brim_cuda_conv_task(const BrimGraph *graph, const BrimOp *op)
{
    BrimTensorId x = op->in[0], y = op->out[0];
    BrimCudaConvTask task = {.way = BRIM_CUDA_FORWARD,
                             .kernel = op->kernel,
                             .stride = op->stride,
                             .padding = op->padding,
                             .half = graph->tensors[op->in[0]].dtype == BRIM_F16};
    if (op->kind == BRIM_OP_CONV_BACKWARD_DATA) {
        task.way = BRIM_CUDA_BACKWARD_DATA;
        x = op->out[0];
        y = op->in[0];
    } else if (op->kind == BRIM_OP_CONV_BACKWARD_WEIGHTS) {
        task.way = BRIM_CUDA_BACKWARD_WEIGHTS;
        y = op->in[1];
    }
    task.x = image_of(graph, x);
    task.y = image_of(graph, y);
    if (brim_cuda_space_to_depth(graph, x))
        brim_cuda_depth_task(&task);
    return task;
}

static bool same_image(const BrimCudaImage *a, const BrimCudaImage *b)
{
    return a->n == b->n && a->c == b->c && a->h == b->h && a->w == b->w && a->pitch == b->pitch;
}

static bool same_task(const BrimCudaConvTask *a, const BrimCudaConvTask *b)
{
    return a->way == b->way && same_image(&a->x, &b->x) && same_image(&a->y, &b->y) &&
           a->kernel == b->kernel && a->stride == b->stride && a->padding == b->padding && a->half == b->half;
}

/* What a convolution's engine may take of the arena while it runs. More is faster for some shapes, and
 * decides the peak of none: it lives for one op. */
static const size_t workspace_cap_bytes = (size_t)64 << 20;

/* Many convolutions of a model are of one shape, and so are those of its graphs: each is opened once. */
BrimStatus brim_cuda_conv_find(BrimBackend *backend, const BrimCudaConvTask *task, BrimCudaConvEntry **entry)
{
    for (int i = 0; i < backend->conv_count; i++) {
        *entry = &backend->convs[i];
        if (same_task(&(*entry)->task, task))
            return BRIM_OK;
    }
    if (backend->conv_count == backend->conv_room) {
        int room = 2 * backend->conv_room + 64;
        BrimCudaConvEntry *larger =
            brim_mem_grow(BRIM_MEM_BACKEND, backend->convs, (size_t)room, sizeof *backend->convs);
        if (!larger)
            return BRIM_ERROR_MEMORY;
        backend->convs = larger;
        backend->conv_room = room;
    }
    *entry = &backend->convs[backend->conv_count];
    **entry = (BrimCudaConvEntry){.task = *task};
    BrimStatus status = brim_cuda_conv_open(&(*entry)->conv, backend->dnn, task, workspace_cap_bytes,
                                            backend->arena == 0, &(*entry)->workspace_bytes);
    if (status == BRIM_OK)
        backend->conv_count++;
    return status;
}

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

/* In its workspace a gradient of a filter in half comes first, from where it is added up in fp32. */
size_t brim_cuda_filter_room(const BrimGraph *graph, const BrimOp *op)
{
    if (op->kind != BRIM_OP_CONV_BACKWARD_WEIGHTS)
        return 0;
    bool half = graph->tensors[op->in[0]].dtype == BRIM_F16;
    size_t elements = brim_cuda_tensor_bytes(NULL, graph, op->out[0]) / sizeof(float);
    size_t bytes = elements * (half ? 2 : sizeof(float));
    return (bytes + 255) / 256 * 256;
}

static BrimStatus conv_workspace(BrimBackend *backend, const BrimGraph *graph, const BrimOp *op,
                                 size_t *bytes)
{
    BrimCudaConvEntry *entry;
    const BrimCudaConvTask task = brim_cuda_conv_task(graph, op);
    BrimStatus status = brim_cuda_conv_find(backend, &task, &entry);
    if (status == BRIM_OK)
        *bytes = brim_cuda_filter_room(graph, op) + entry->workspace_bytes + brim_cuda_bias_room(graph, op);
    return status;
}

BrimStatus brim_cuda_workspace_bytes(void *self, const BrimGraph *graph, BrimOpId id, size_t *bytes)
{
    const BrimOp *op = &graph->ops[id];
    BrimStatus status;
    *bytes = 0;
    BRIM_TRY(check_parts(graph, op->in, BRIM_OP_IN));
    BRIM_TRY(check_parts(graph, op->out, BRIM_OP_OUT));
    switch (op->kind) {
    case BRIM_OP_CONV_FORWARD:
    case BRIM_OP_CONV_BACKWARD_DATA:
    case BRIM_OP_CONV_BACKWARD_WEIGHTS:
        return conv_workspace(self, graph, op, bytes);
    case BRIM_OP_BN_FORWARD:
    case BRIM_OP_BN_BACKWARD_REDUCE:
        *bytes = brim_cuda_bn_workspace(graph, op);
        break;
    case BRIM_OP_LOSS:
        *bytes = brim_cuda_head_workspace(graph, op);
        break;
    case BRIM_OP_GRADIENT_NORM:
        *bytes = brim_cuda_update_workspace(graph, op);
        break;
    default:
        break;
    }
fail:
    return status;
}
