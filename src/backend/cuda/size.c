/* Which engine does each convolution, and what it needs. */
#include "backend/cuda/program.h"

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
                             .type = brim_cuda_type(graph->tensors[op->in[0]].dtype)};
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
           a->kernel == b->kernel && a->stride == b->stride && a->padding == b->padding && a->type == b->type;
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

/* An engine was chosen for this batch, and a larger one may get another: cuDNN's part follows no law. */
BrimStatus brim_cuda_workspace_of(void *self, const BrimGraph *graph, BrimOpId id, BrimWorkspace *workspace)
{
    const BrimOp *op = &graph->ops[id];
    BrimStatus status;
    BRIM_TRY(brim_cuda_rooms(graph, id, workspace));
    if (brim_op_is_conv(op->kind)) {
        BrimCudaConvEntry *entry;
        const BrimCudaConvTask task = brim_cuda_conv_task(graph, op);
        BRIM_TRY(brim_cuda_conv_find(self, &task, &entry));
        if (entry->workspace_bytes > 0)
            workspace->fixed_bytes += entry->workspace_bytes + BRIM_CUDA_DNN_ALIGNMENT - BRIM_PLAN_ALIGNMENT;
    }
fail:
    return status;
}
