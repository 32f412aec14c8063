/* Heads of an op as the loss and the decoding see them. */
#include "backend/host/head.h"

#include "element/sgd.h"

static BrimHeadView head_at(const BrimCall *call, BrimTensorId id)
{
    return brim_operand_head(call->graph, call->placement, call->arena, id, call->channel_block);
}

/* `targets` has rows of six. */
static int target_cap(const BrimGraph *graph, const BrimOp *loss)
{
    return graph->tensors[loss->in[0]].dims[0] / 6;
}

size_t brim_head_loss_workspace_bytes(const BrimGraph *graph, const BrimOp *op)
{
    BrimHeadView heads[BRIM_MAX_LEVELS];
    for (int i = 0; i < graph->head.level_count; i++) {
        const int32_t *dims = graph->tensors[op->in[BRIM_IN_HEADS + i]].dims;
        heads[i] = (BrimHeadView){.n = dims[0], .channels = dims[1], .h = dims[2], .w = dims[3], .block = 1};
    }
    return brim_loss_workspace_bytes(&graph->head, heads, target_cap(graph, op));
}

void brim_head_loss(const BrimCall *call)
{
    BrimHeadView heads[BRIM_MAX_LEVELS], dheads[BRIM_MAX_LEVELS];
    bool gradient = call->op->out[BRIM_OUT_DHEADS] != BRIM_NONE;
    for (int i = 0; i < call->graph->head.level_count; i++) {
        heads[i] = head_at(call, call->op->in[BRIM_IN_HEADS + i]);
        if (gradient)
            dheads[i] = head_at(call, call->op->out[BRIM_OUT_DHEADS + i]);
    }
    const int32_t *count = brim_call_in(call, 1);
    brim_loss_run(&call->graph->head, heads, brim_call_in(call, 0), *count, target_cap(call->graph, call->op),
                  brim_call_workspace(call), brim_call_out(call, 0),
                  brim_sgd_loss_scale(call->scalars->loss_scale), gradient ? dheads : NULL);
}

void brim_head_decode(const BrimCall *call)
{
    BrimHeadView heads[BRIM_MAX_LEVELS];
    for (int i = 0; i < call->graph->head.level_count; i++)
        heads[i] = head_at(call, call->op->in[i]);
    brim_decode_run(&call->graph->head, heads, brim_call_out(call, 0));
}
