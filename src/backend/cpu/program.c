/* A graph made ready: a convolution by oneDNN for each op that is one, the passes' functions for the others.
 */
#include "backend/cpu/cpu.h"

#include <omp.h>
#include <string.h>

#include "backend/cpu/filter.h"
#include "backend/host/head.h"
#include "backend/host/transfer.h"
#include "backend/host/update.h"
#include "base/clock.h"
#include "base/round.h"
#include "element/batchnorm.h"

static void *data_of(const BrimProgram *program, BrimTensorId id)
{
    return brim_operand_data(program->graph, program->placement, program->backend->arena.data, id);
}

static BrimStatus load_conv(BrimProgram *program, BrimOpId id)
{
    const BrimOp *op = &program->graph->ops[id];
    const BrimConvTask task = brim_cpu_conv_task(program->backend, program->graph, id);
    BrimConvBuffers buffers = {.workspace = (char *)program->backend->arena.data +
                                            program->placement->workspace_offset[id]};
    switch (task.way) {
    case BRIM_CONV_FORWARD:
        buffers.x = data_of(program, op->in[0]);
        buffers.w = data_of(program, op->in[1]);
        buffers.bias = data_of(program, op->in[2]);
        buffers.y = data_of(program, op->out[0]);
        break;
    case BRIM_CONV_BACKWARD_DATA:
        buffers.y = data_of(program, op->in[0]);
        buffers.w = data_of(program, op->in[1]);
        buffers.x = data_of(program, op->out[0]);
        break;
    case BRIM_CONV_BACKWARD_WEIGHTS:
        buffers.x = data_of(program, op->in[0]);
        buffers.y = data_of(program, op->in[1]);
        buffers.w = data_of(program, op->out[0]);
        buffers.bias = data_of(program, op->out[1]);
        break;
    }
    return brim_onednn_conv_open(&program->convs[id], program->backend->onednn, &task, &buffers);
}

/* The optimizer walks over whole blocks: what lies between and behind the members' elements must be zero. */
void brim_cpu_settle(BrimProgram *program)
{
    const BrimResidence residence = {program->graph, program->placement, program->backend->arena.data,
                                     program->backend->passes->block};
    brim_transfer_zero_pads(&residence);
    for (BrimTensorId id = 0; id < program->graph->tensor_count; id++) {
        const BrimTensor *tensor = &program->graph->tensors[id];
        if (tensor->life != BRIM_LIFE_ALWAYS || tensor->form != BRIM_FORM_FILTER)
            continue;
        const BrimFilter filter = brim_filter(tensor, data_of(program, id), program->backend->passes->block);
        brim_filter_zero_pads(&filter);
    }
}

BrimStatus brim_cpu_load(BrimBackend *backend, const BrimGraph *graph, const BrimPlacement *placement,
                         BrimProgram **program)
{
    BrimStatus status = BRIM_OK;
    *program = NULL;
    status = brim_host_arena_holds(&backend->arena, placement->end_bytes);
    if (status != BRIM_OK)
        return status;
    BrimProgram *made = brim_mem_take(BRIM_MEM_BACKEND, 1, sizeof *made);
    if (!made)
        return BRIM_ERROR_MEMORY;
    made->backend = backend;
    made->graph = graph;
    made->placement = placement;
    made->convs = brim_mem_take(BRIM_MEM_BACKEND, (size_t)graph->op_count, sizeof *made->convs);
    made->skip = brim_mem_take(BRIM_MEM_BACKEND, (size_t)graph->op_count, sizeof *made->skip);
    if (!made->convs || !made->skip)
        status = BRIM_ERROR_MEMORY;
    omp_set_num_threads(backend->threads);
    for (BrimOpId id = 0; id < graph->op_count && status == BRIM_OK; id++) {
        BrimOpKind kind = graph->ops[id].kind;
        made->skip[id] = brim_cpu_fused_activation(graph, id);
        if (brim_op_is_conv(kind))
            status = load_conv(made, id);
    }
    if (status == BRIM_OK && backend->arena.taken)
        brim_cpu_settle(made);
    if (status != BRIM_OK)
        brim_cpu_unload(&made);
    *program = made;
    return status;
}

void brim_cpu_unload(BrimProgram **program)
{
    BrimProgram *gone = *program;
    if (!gone)
        return;
    for (BrimOpId id = 0; gone->convs && id < gone->graph->op_count; id++)
        brim_onednn_conv_close(&gone->convs[id]);
    brim_mem_give(gone->convs);
    brim_mem_give(gone->skip);
    brim_mem_give(gone);
    *program = NULL;
}

/* gamma * rstd goes into the filter; what is left of the mean, and beta, into the bias. */
static void fold(const BrimCall *call)
{
    const BrimTensor *tensors = call->graph->tensors;
    const BrimFilter from =
        brim_filter(&tensors[call->op->in[0]], brim_call_in(call, 0), call->channel_block);
    const BrimFilter to =
        brim_filter(&tensors[call->op->out[0]], brim_call_out(call, 0), call->channel_block);
    const float *gamma = brim_call_in(call, 1), *beta = brim_call_in(call, 2);
    const float *mean = brim_call_in(call, 3), *variance = brim_call_in(call, 4);
    float *bias = brim_call_out(call, 1);
    int padded = brim_round_up_int(from.out, call->channel_block);
    /* The factors stand where the bias will, which comes last. */
    for (int o = 0; o < padded; o++)
        bias[o] = o < from.out ? gamma[o] * brim_batchnorm_rstd((double)variance[o]) : 0.0f;
    brim_filter_scale(&to, &from, bias);
    for (int o = 0; o < from.out; o++)
        bias[o] = beta[o] - mean[o] * bias[o];
}

/* Those that are done by code shared with the other backends on the host. */
static void run_on_host(const BrimCall *call)
{
    switch (call->op->kind) {
    case BRIM_OP_LOSS:
        brim_head_loss(call);
        break;
    case BRIM_OP_DECODE:
        brim_head_decode(call);
        break;
    case BRIM_OP_GRADIENT_NORM:
        brim_update_norm(call);
        break;
    case BRIM_OP_OPTIMIZE:
        brim_update_optimize(call);
        break;
    case BRIM_OP_AVERAGE:
        brim_update_average(call);
        break;
    default:
        fold(call);
        break;
    }
}

static BrimStatus run_op(BrimProgram *program, const BrimCall *call)
{
    void (*pass)(const BrimCall *call) = program->backend->passes->run[call->op->kind];
    if (program->convs[call->op_id])
        return brim_onednn_conv_run(program->convs[call->op_id], call->scalars->accumulate);
    if (pass)
        pass(call);
    else
        run_on_host(call);
    return BRIM_OK;
}

BrimStatus brim_cpu_run(BrimProgram *program, BrimPart part, const BrimStepScalars *scalars)
{
    BrimStatus status = BRIM_OK;
    const BrimGraph *graph = program->graph;
    BrimCall call = {.graph = graph,
                     .placement = program->placement,
                     .arena = program->backend->arena.data,
                     .channel_block = program->backend->passes->block,
                     .scalars = scalars};
    omp_set_num_threads(program->backend->threads);
    memset(program->times_ns, 0, sizeof program->times_ns);
    int64_t before_ns = brim_clock_ns();
    for (call.op_id = 0; call.op_id < graph->op_count && status == BRIM_OK; call.op_id++) {
        call.op = &graph->ops[call.op_id];
        if (call.op->part != part || program->skip[call.op_id])
            continue;
        status = run_op(program, &call);
        int64_t now_ns = brim_clock_ns();
        program->times_ns[call.op->kind] += now_ns - before_ns;
        before_ns = now_ns;
    }
    return status;
}
