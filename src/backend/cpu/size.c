/* How large everything is: layouts of tensors, workspaces of ops, and which channel block the backend takes.
 */
#include "backend/cpu/cpu.h"

#include <omp.h>

#include "backend/cpu/filter.h"
#include "backend/host/head.h"
#include "backend/host/update.h"
#include "base/round.h"

/* True when every part of a feature starts and ends on a block of channels. */
static bool parts_fit(const BrimGraph *graph, int block)
{
    for (BrimTensorId id = 0; id < graph->tensor_count; id++) {
        const BrimTensor *tensor = &graph->tensors[id];
        bool part = tensor->form == BRIM_FORM_FEATURE && tensor->parent != BRIM_NONE;
        if (part && (tensor->channel % block || tensor->dims[1] % block))
            return false;
    }
    return true;
}

/* The first graph decides: a concatenation of, say, 24 and 24 channels cannot be written in place in blocks
 * of 16. */
static void choose_passes(BrimBackend *backend, const BrimGraph *graph)
{
#ifdef BRIM_PASSES_X86
    if (!backend->chosen && backend->passes->block == 16 && !parts_fit(graph, 16))
        backend->passes = &brim_passes_avx2;
#endif
    (void)graph;
    backend->chosen = true;
}

size_t brim_cpu_tensor_bytes(void *self, const BrimGraph *graph, BrimTensorId id)
{
    BrimBackend *backend = self;
    choose_passes(backend, graph);
    const BrimTensor *tensor = &graph->tensors[id];
    size_t block = (size_t)backend->passes->block, elements = brim_tensor_elements(tensor);
    if (tensor->form == BRIM_FORM_FILTER) {
        const BrimFilter filter = brim_filter(tensor, NULL, backend->passes->block);
        return brim_filter_bytes(&filter);
    }
    if (tensor->form == BRIM_FORM_FEATURE)
        elements = elements / (size_t)tensor->dims[1] * brim_round_up((size_t)tensor->dims[1], block);
    if (tensor->form == BRIM_FORM_VECTOR)
        elements = brim_round_up(elements, block);
    return elements * brim_dtype_bytes(tensor->dtype);
}

bool brim_cpu_fused_activation(const BrimGraph *graph, BrimOpId id)
{
    if (id == 0)
        return false;
    const BrimOp *op = &graph->ops[id], *before = &graph->ops[id - 1];
    return op->kind == BRIM_OP_ACT_FORWARD && op->activation && op->in[1] == BRIM_NONE &&
           op->out[0] == op->in[0] && op->out[1] == BRIM_NONE && before->kind == BRIM_OP_CONV_FORWARD &&
           before->part == op->part && before->out[0] == op->in[0];
}

BrimConvTask brim_cpu_conv_task(const BrimBackend *backend, const BrimGraph *graph, BrimOpId id)
{
    const BrimOp *op = &graph->ops[id];
    BrimConvTask task = {
        .kernel = op->kernel, .stride = op->stride, .padding = op->padding, .block = backend->passes->block};
    BrimTensorId x = op->in[0], y = op->out[0];
    if (op->kind == BRIM_OP_CONV_FORWARD) {
        task.way = BRIM_CONV_FORWARD;
        task.bias = op->in[2] != BRIM_NONE;
        task.silu = id + 1 < graph->op_count && brim_cpu_fused_activation(graph, id + 1);
    } else if (op->kind == BRIM_OP_CONV_BACKWARD_DATA) {
        task.way = BRIM_CONV_BACKWARD_DATA;
        x = op->out[0];
        y = op->in[0];
    } else {
        task.way = BRIM_CONV_BACKWARD_WEIGHTS;
        task.bias = op->out[1] != BRIM_NONE;
        y = op->in[1];
    }
    const int32_t *in = graph->tensors[x].dims, *out = graph->tensors[y].dims;
    task.n = in[0];
    task.in_channels = in[1];
    task.in_height = in[2];
    task.in_width = in[3];
    task.out_channels = out[1];
    task.out_height = out[2];
    task.out_width = out[3];
    task.pictures = graph->tensors[x].form == BRIM_FORM_PLAIN;
    return task;
}

/* oneDNN takes whole features only: a part of one would fall to its reference implementation. */
static bool touches_part(const BrimGraph *graph, const BrimOp *op)
{
    for (int i = 0; i < BRIM_OP_IN; i++) {
        for (int side = 0; side < 2; side++) {
            BrimTensorId id = side ? op->out[i] : op->in[i];
            if (id != BRIM_NONE && graph->tensors[id].form == BRIM_FORM_FEATURE &&
                graph->tensors[id].parent != BRIM_NONE)
                return true;
        }
    }
    return false;
}

static BrimStatus conv_workspace_bytes(BrimBackend *backend, const BrimGraph *graph, BrimOpId id,
                                       size_t *bytes)
{
    const BrimConvTask task = brim_cpu_conv_task(backend, graph, id);
    if (touches_part(graph, &graph->ops[id]))
        return brim_fail(BRIM_ERROR_UNSUPPORTED, "layer %d: a convolution of a part of a tensor",
                         graph->ops[id].layer);
    if (task.pictures != (task.in_channels == BRIM_PICTURE_CHANNELS))
        return brim_fail(BRIM_ERROR_UNSUPPORTED, "layer %d: a convolution of %d channels of %s",
                         graph->ops[id].layer, task.in_channels, task.pictures ? "pictures" : "features");
    omp_set_num_threads(backend->threads);
    return brim_onednn_workspace(backend->onednn, &task, bytes);
}

BrimStatus brim_cpu_workspace(void *self, const BrimGraph *graph, BrimOpId id, BrimWorkspace *workspace)
{
    BrimBackend *backend = self;
    size_t *bytes = &workspace->fixed_bytes;
    const BrimOp *op = &graph->ops[id];
    choose_passes(backend, graph);
    if (id == 0 && !parts_fit(graph, backend->passes->block))
        return brim_fail(
            BRIM_ERROR_UNSUPPORTED,
            "a concatenation of channels that are no multiples of %d; another width multiple can help",
            backend->passes->block);
    if (brim_op_is_conv(op->kind))
        return conv_workspace_bytes(backend, graph, id, bytes);
    if (op->kind == BRIM_OP_LOSS)
        *bytes = brim_head_loss_workspace_bytes(graph, op);
    else if (op->kind == BRIM_OP_GRADIENT_NORM)
        *bytes = brim_update_workspace_bytes(graph, op);
    else
        *bytes = brim_passes_workspace_bytes(graph, op, backend->passes->block);
    return BRIM_OK;
}
