/* Bytes of every tensor and op of a graph. */
#include "plan/plan.h"

#include "base/round.h"

/* Members of a block stand behind one another in the order of their ids. */
static void measure_members(BrimGraph *graph)
{
    for (BrimTensorId id = graph->measured; id < graph->tensor_count; id++) {
        BrimTensor *tensor = &graph->tensors[id];
        if (tensor->parent == BRIM_NONE || graph->tensors[tensor->parent].form != BRIM_FORM_BLOCK)
            continue;
        tensor->offset_bytes = graph->tensors[tensor->parent].bytes;
        graph->tensors[tensor->parent].bytes += brim_round_up(tensor->bytes, BRIM_PLAN_ALIGNMENT);
    }
}

static void measure_tensors(BrimGraph *graph, const BrimSizer *sizer)
{
    for (BrimTensorId id = graph->measured; id < graph->tensor_count; id++) {
        BrimTensor *tensor = &graph->tensors[id];
        bool part = tensor->parent != BRIM_NONE && graph->tensors[tensor->parent].form != BRIM_FORM_BLOCK;
        tensor->bytes = part || tensor->form == BRIM_FORM_BLOCK ? 0 : sizer->tensor_bytes(sizer->self, graph, id);
    }
    measure_members(graph);
    for (BrimTensorId id = graph->measured; id < graph->tensor_count; id++) {
        BrimTensor *tensor = &graph->tensors[id];
        if (tensor->form == BRIM_FORM_BLOCK)
            tensor->dims[0] = (int32_t)(tensor->bytes / brim_dtype_bytes(tensor->dtype));
    }
}

BrimStatus brim_plan_measure(BrimGraph *graph, const BrimSizer *sizer)
{
    if (graph->batch < 1)
        return brim_fail(BRIM_ERROR_ARGUMENT, "a graph of %d pictures cannot be measured", (int)graph->batch);
    measure_tensors(graph, sizer);
    for (BrimOpId id = 0; id < graph->op_count; id++) {
        BrimOp *op = &graph->ops[id];
        op->workspace = (BrimWorkspace){0};
        BrimStatus status = sizer->workspace(sizer->self, graph, id, &op->workspace);
        if (status != BRIM_OK)
            return status;
        op->workspace_bytes = brim_workspace_bytes(&op->workspace, graph->batch);
    }
    return BRIM_OK;
}

static size_t plain_tensor_bytes(void *self, const BrimGraph *graph, BrimTensorId id)
{
    const BrimTensor *tensor = &graph->tensors[id];
    size_t block = (size_t)*(const int *)self;
    size_t elements = brim_tensor_elements(tensor);
    if (tensor->form == BRIM_FORM_FEATURE)
        elements = elements / (size_t)tensor->dims[1] * brim_round_up((size_t)tensor->dims[1], block);
    if (tensor->form == BRIM_FORM_VECTOR)
        elements = brim_round_up(elements, block);
    return elements * brim_dtype_bytes(tensor->dtype);
}

static BrimStatus plain_workspace(void *self, const BrimGraph *graph, BrimOpId id, BrimWorkspace *workspace)
{
    (void)self, (void)graph, (void)id, (void)workspace;
    return BRIM_OK;
}

BrimSizer brim_plan_plain_sizer(const int *block)
{
    return (BrimSizer){.self = (void *)(uintptr_t)block,
                       .tensor_bytes = plain_tensor_bytes,
                       .workspace = plain_workspace};
}
