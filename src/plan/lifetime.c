/* Lifetimes from the order of the ops: from the first op that touches a tensor's storage to the last. A part
 * lives as long as the whole. */
#include "plan/lifetime.h"

static void touch(BrimBuffer *buffer, BrimOpId op)
{
    buffer->first = buffer->first < 0 ? op : buffer->first;
    buffer->last = op;
}

BrimStatus brim_lifetimes_find(const BrimGraph *graph, BrimBuffer *buffers)
{
    BrimBuffer *workspaces = buffers + graph->tensor_count;
    for (int i = 0; i < graph->tensor_count + graph->op_count; i++)
        buffers[i].first = buffers[i].last = -1;
    for (BrimOpId op = 0; op < graph->op_count; op++) {
        const BrimOp *code = &graph->ops[op];
        for (int i = 0; i < BRIM_OP_IN; i++) {
            BrimTensorId id = code->in[i] == BRIM_NONE ? BRIM_NONE : brim_graph_storage(graph, code->in[i]);
            if (id == BRIM_NONE || graph->tensors[id].life != BRIM_LIFE_OPS)
                continue;
            if (buffers[id].first < 0)
                return brim_fail(BRIM_ERROR_ARGUMENT, "op %d (%s) reads %s before anything wrote it", op,
                                 brim_op_text(code->kind), graph->tensors[id].name);
            touch(&buffers[id], op);
        }
        for (int i = 0; i < BRIM_OP_OUT; i++) {
            BrimTensorId id = code->out[i] == BRIM_NONE ? BRIM_NONE : brim_graph_storage(graph, code->out[i]);
            if (id != BRIM_NONE && graph->tensors[id].life == BRIM_LIFE_OPS)
                touch(&buffers[id], op);
        }
        if (code->workspace_bytes)
            touch(&workspaces[op], op);
    }
    return BRIM_OK;
}

bool brim_lifetime_holds(const BrimGraph *graph, const BrimBuffer *buffers, BrimTensorId id, BrimOpId op)
{
    const BrimTensor *tensor = &graph->tensors[id];
    if (tensor->parent != BRIM_NONE)
        return false;
    return tensor->life != BRIM_LIFE_OPS ||
           (buffers[id].first >= 0 && buffers[id].first <= op && op <= buffers[id].last);
}
