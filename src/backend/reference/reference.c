/* The reference backend: the device contract with the plainest layouts there are. Knows how a program is held
 * and started; what the ops compute is in the files beside it. */
#include <omp.h>
#include <stdio.h>
#include <string.h>

#include "backend/host/arena.h"
#include "backend/host/head.h"
#include "backend/host/transfer.h"
#include "backend/host/update.h"
#include "backend/reference/ops.h"
#include "base/clock.h"

enum { CHANNEL_BLOCK = 1 };

struct BrimBackend {
    int threads;
    BrimHostArena arena;
};

struct BrimProgram {
    BrimBackend *backend;
    const BrimGraph *graph;
    const BrimPlacement *placement;
    int64_t times_ns[BRIM_OP_KIND_COUNT];
};

static void (*const kernels[BRIM_OP_KIND_COUNT])(const BrimCall *call) = {
    [BRIM_OP_INPUT] = brim_reference_input,
    [BRIM_OP_CONV_FORWARD] = brim_reference_conv_forward,
    [BRIM_OP_CONV_BACKWARD_DATA] = brim_reference_conv_backward_data,
    [BRIM_OP_CONV_BACKWARD_WEIGHTS] = brim_reference_conv_backward_weights,
    [BRIM_OP_BN_FORWARD] = brim_reference_bn_forward,
    [BRIM_OP_BN_RECOMPUTE] = brim_reference_bn_recompute,
    [BRIM_OP_BN_BACKWARD_REDUCE] = brim_reference_bn_backward_reduce,
    [BRIM_OP_BN_BACKWARD_APPLY] = brim_reference_bn_backward_apply,
    [BRIM_OP_ACT_FORWARD] = brim_reference_act_forward,
    [BRIM_OP_COPY] = brim_reference_copy,
    [BRIM_OP_ADD] = brim_reference_add,
    [BRIM_OP_POOL_FORWARD] = brim_reference_pool_forward,
    [BRIM_OP_POOL_BACKWARD] = brim_reference_pool_backward,
    [BRIM_OP_UPSAMPLE_FORWARD] = brim_reference_upsample_forward,
    [BRIM_OP_UPSAMPLE_BACKWARD] = brim_reference_upsample_backward,
    [BRIM_OP_LOSS] = brim_head_loss,
    [BRIM_OP_GRADIENT_NORM] = brim_update_norm,
    [BRIM_OP_OPTIMIZE] = brim_update_optimize,
    [BRIM_OP_AVERAGE] = brim_update_average,
    [BRIM_OP_FOLD] = brim_reference_fold,
    [BRIM_OP_DECODE] = brim_head_decode,
};

static BrimStatus backend_open(BrimBackend **backend, int threads, int card)
{
    (void)card;
    *backend = brim_mem_take(BRIM_MEM_BACKEND, 1, sizeof **backend);
    if (!*backend)
        return BRIM_ERROR_MEMORY;
    (*backend)->threads = threads > 0 ? threads : brim_core_count();
    return BRIM_OK;
}

static void backend_close(BrimBackend **backend)
{
    if (!*backend)
        return;
    brim_mem_give((*backend)->arena.data);
    brim_mem_give(*backend);
    *backend = NULL;
}

static BrimStatus describe(BrimBackend *backend, BrimDeviceInfo *info)
{
    *info = (BrimDeviceInfo){.threads = backend->threads, .channel_block = CHANNEL_BLOCK, .host_memory = true};
    snprintf(info->name, sizeof info->name, "reference, plain C, nchw");
    return BRIM_OK;
}

static size_t tensor_bytes(void *self, const BrimGraph *graph, BrimTensorId id)
{
    (void)self;
    return brim_tensor_elements(&graph->tensors[id]) * brim_dtype_bytes(graph->tensors[id].dtype);
}

static BrimStatus workspace_of(void *self, const BrimGraph *graph, BrimOpId id, BrimWorkspace *workspace)
{
    (void)self;
    const BrimOp *op = &graph->ops[id];
    workspace->fixed_bytes = op->kind == BRIM_OP_LOSS            ? brim_head_loss_workspace_bytes(graph, op)
                             : op->kind == BRIM_OP_GRADIENT_NORM ? brim_update_workspace_bytes(graph, op)
                                                                 : 0;
    return BRIM_OK;
}

static BrimSizer sizer(BrimBackend *backend)
{
    return (BrimSizer){.self = backend, .tensor_bytes = tensor_bytes, .workspace = workspace_of};
}

static BrimStatus reserve_arena(BrimBackend *backend, size_t bytes)
{
    return brim_host_arena_reserve(&backend->arena, bytes);
}

static BrimStatus take_arena(BrimBackend *backend, size_t bytes)
{
    return brim_host_arena_take(&backend->arena, bytes);
}

static BrimResidence residence_of(const BrimProgram *program)
{
    return (BrimResidence){program->graph, program->placement, program->backend->arena.data, CHANNEL_BLOCK};
}

static void settle(BrimProgram *program)
{
    BrimResidence residence = residence_of(program);
    brim_transfer_zero_pads(&residence);
}

static BrimStatus load(BrimBackend *backend, const BrimGraph *graph, const BrimPlacement *placement,
                       BrimProgram **program)
{
    *program = NULL;
    BrimStatus status = brim_host_arena_holds(&backend->arena, placement->end_bytes);
    if (status != BRIM_OK)
        return status;
    *program = brim_mem_take(BRIM_MEM_BACKEND, 1, sizeof **program);
    if (!*program)
        return BRIM_ERROR_MEMORY;
    **program = (BrimProgram){.backend = backend, .graph = graph, .placement = placement};
    if (backend->arena.taken)
        settle(*program);
    return BRIM_OK;
}

static void unload(BrimProgram **program)
{
    brim_mem_give(*program);
    *program = NULL;
}

static BrimStatus run(BrimProgram *program, BrimPart part, const BrimStepScalars *scalars)
{
    BrimCall call = {.graph = program->graph,
                     .placement = program->placement,
                     .arena = program->backend->arena.data,
                     .channel_block = CHANNEL_BLOCK,
                     .scalars = scalars};
    omp_set_num_threads(program->backend->threads);
    memset(program->times_ns, 0, sizeof program->times_ns);
    for (call.op_id = 0; call.op_id < program->graph->op_count; call.op_id++) {
        call.op = &program->graph->ops[call.op_id];
        if (call.op->part != part)
            continue;
        int64_t start_ns = brim_clock_ns();
        kernels[call.op->kind](&call);
        program->times_ns[call.op->kind] += brim_clock_ns() - start_ns;
    }
    return BRIM_OK;
}

static BrimStatus write_tensor(BrimProgram *program, BrimTensorId id, const void *plain)
{
    BrimResidence residence = residence_of(program);
    brim_transfer_write(&residence, id, plain);
    return BRIM_OK;
}

static BrimStatus read_tensor(BrimProgram *program, BrimTensorId id, void *plain)
{
    BrimResidence residence = residence_of(program);
    brim_transfer_read(&residence, id, plain);
    return BRIM_OK;
}

static void read_member(const BrimProgram *program, BrimTensorId id, const void *block, void *plain)
{
    brim_transfer_read_member(program->graph, id, block, plain);
}

static const void *arena(BrimBackend *backend, size_t *bytes)
{
    *bytes = backend->arena.bytes;
    return backend->arena.data;
}

static void op_times(BrimProgram *program, int64_t *times_ns)
{
    memcpy(times_ns, program->times_ns, sizeof program->times_ns);
}

const BrimBackendClass brim_backend_reference = {
    .name = "reference",
    .open = backend_open,
    .close = backend_close,
    .describe = describe,
    .sizer = sizer,
    .reserve_arena = reserve_arena,
    .take_arena = take_arena,
    .settle = settle,
    .load = load,
    .unload = unload,
    .run = run,
    .write = write_tensor,
    .read = read_tensor,
    .read_member = read_member,
    .arena = arena,
    .op_times = op_times,
};
