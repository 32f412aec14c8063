/* A graph made ready, and run: once op by op, then as a CUDA graph that was captured on the way. */
#include "backend/cuda/program.h"

#include <string.h>

static BrimStatus find_convs(BrimProgram *program)
{
    BrimStatus status = BRIM_OK;
    for (BrimOpId id = 0; id < program->graph->op_count && status == BRIM_OK; id++) {
        BrimCudaConvEntry *entry;
        const BrimOp *op = &program->graph->ops[id];
        if (op->kind != BRIM_OP_CONV_FORWARD && op->kind != BRIM_OP_CONV_BACKWARD_DATA &&
            op->kind != BRIM_OP_CONV_BACKWARD_WEIGHTS)
            continue;
        const BrimCudaConvTask task = brim_cuda_conv_task(program->graph, op);
        status = brim_cuda_conv_find(program->backend, &task, &entry);
        if (status == BRIM_OK)
            program->convs[id] = entry->conv;
    }
    return status;
}

BrimStatus brim_cuda_load(BrimBackend *backend, const BrimGraph *graph, const BrimPlacement *placement,
                          BrimProgram **program)
{
    BrimStatus status;
    *program = brim_mem_take(BRIM_MEM_BACKEND, 1, sizeof **program);
    if (!*program)
        return BRIM_ERROR_MEMORY;
    **program =
        (BrimProgram){.backend = backend, .graph = graph, .placement = placement, .next = backend->programs};
    backend->programs = *program;
    for (BrimOpId id = 0; id < graph->op_count; id++)
        (*program)->shares = (*program)->shares || brim_cuda_bn_shares(&graph->ops[id]);
    (*program)->convs = brim_mem_take(BRIM_MEM_BACKEND, (size_t)graph->op_count, sizeof *(*program)->convs);
    status = (*program)->convs ? BRIM_OK : BRIM_ERROR_MEMORY;
    if (status == BRIM_OK && backend->arena && placement->end_bytes > backend->arena_bytes)
        status = brim_fail(BRIM_ERROR_ARGUMENT, "a graph of %zu bytes for an arena of %zu",
                           placement->end_bytes, backend->arena_bytes);
    BRIM_TRY(status);
    BRIM_TRY(brim_cuda_device_enter(&backend->device));
    BRIM_TRY(find_convs(*program));
    BRIM_TRY(brim_cuda_staging_reserve(backend, graph));
    if (backend->times_ops)
        BRIM_TRY(brim_cuda_op_times_open(&(*program)->times, *program));
    BRIM_TRY(brim_cuda_warm(*program));
    if (backend->arena)
        brim_cuda_settle(*program);
    return BRIM_OK;
fail:
    brim_cuda_unload(program);
    return status;
}

void brim_cuda_drop_graph(BrimProgram *program, BrimPart part)
{
    if (program->parts[part])
        program->backend->device.driver->cuGraphExecDestroy_(program->parts[part]);
    program->parts[part] = NULL;
    program->captured[part] = false;
}

void brim_cuda_unload(BrimProgram **program)
{
    BrimProgram *gone = *program;
    if (!gone)
        return;
    const BrimCudaDevice *device = &gone->backend->device;
    device->driver->cuCtxSetCurrent_(device->context); /* no check, as the card may be lost */
    for (int part = 0; part < BRIM_PART_COUNT; part++)
        brim_cuda_drop_graph(gone, (BrimPart)part);
    BrimProgram **link = &gone->backend->programs;
    while (*link != gone)
        link = &(*link)->next;
    *link = gone->next;
    brim_cuda_op_times_close(&gone->times);
    brim_mem_give(gone->convs);
    brim_mem_give(gone);
    *program = NULL;
}

/* Where the tensors end that live always: they lie first, at the same place for all graphs. */
static size_t always_end_bytes(const BrimProgram *program)
{
    size_t end = 0;
    for (BrimTensorId id = 0; id < program->graph->tensor_count; id++) {
        const BrimTensor *tensor = &program->graph->tensors[id];
        size_t here = program->placement->tensor_offset[id] + tensor->bytes;
        if (tensor->life == BRIM_LIFE_ALWAYS && tensor->parent == BRIM_NONE && here > end)
            end = here;
    }
    return end;
}

/* The optimizer walks over whole blocks: what lies between and behind the members' elements must be zero.
 * Values are written later. */
void brim_cuda_settle(BrimProgram *program)
{
    BrimBackend *backend = program->backend;
    if (backend->settled)
        return;
    backend->settled = backend->device.driver->cuMemsetD8Async_(backend->arena, 0, always_end_bytes(program),
                                                                backend->device.stream) == CUDA_SUCCESS;
}

static BrimStatus start(const BrimProgram *program, BrimOpId id)
{
    const BrimCudaCall call = {program->backend, program->graph, program->placement, id,
                               &program->graph->ops[id]};
    switch (call.op->kind) {
    case BRIM_OP_CONV_FORWARD:
    case BRIM_OP_CONV_BACKWARD_DATA:
    case BRIM_OP_CONV_BACKWARD_WEIGHTS:
        return brim_cuda_run_conv(&call, program->convs[id]);
    case BRIM_OP_BN_FORWARD:
    case BRIM_OP_BN_RECOMPUTE:
    case BRIM_OP_BN_BACKWARD_REDUCE:
    case BRIM_OP_BN_BACKWARD_APPLY:
        return brim_cuda_run_bn(&call);
    case BRIM_OP_POOL_FORWARD:
    case BRIM_OP_POOL_BACKWARD:
    case BRIM_OP_UPSAMPLE_FORWARD:
    case BRIM_OP_UPSAMPLE_BACKWARD:
        return brim_cuda_run_resample(&call);
    case BRIM_OP_LOSS:
    case BRIM_OP_DECODE:
        return brim_cuda_run_head(&call);
    case BRIM_OP_GRADIENT_NORM:
    case BRIM_OP_OPTIMIZE:
    case BRIM_OP_AVERAGE:
    case BRIM_OP_FOLD:
        return brim_cuda_run_update(&call);
    default:
        return brim_cuda_run_element(&call);
    }
}

static BrimStatus of_op(const BrimProgram *program, BrimOpId id, BrimStatus status)
{
    const BrimOp *op = &program->graph->ops[id];
    if (status != BRIM_OK)
        brim_fail_within(status, "%s of layer %d: ", brim_op_text(op->kind), op->layer);
    return status;
}

BrimStatus brim_cuda_start_op(const BrimProgram *program, BrimOpId id)
{
    return of_op(program, id, start(program, id));
}

BrimStatus brim_cuda_start_half(const BrimProgram *program, BrimOpId id, bool after)
{
    const BrimCudaCall call = {program->backend, program->graph, program->placement, id,
                               &program->graph->ops[id]};
    return of_op(program, id, after ? brim_cuda_bn_after(&call) : brim_cuda_bn_before(&call));
}

static BrimStatus start_ops(const BrimProgram *program, BrimPart part)
{
    BrimStatus status = BRIM_OK;
    for (BrimOpId id = 0; id < program->graph->op_count && status == BRIM_OK; id++)
        if (program->graph->ops[id].part == part)
            status = brim_cuda_start_op(program, id);
    return status;
}

/* ---- recording ---- */

BrimStatus brim_cuda_record_begin(const BrimCudaDevice *device)
{
    return brim_cuda_check(
        device->driver,
        device->driver->cuStreamBeginCapture_(device->stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
        "recording a step");
}

/* A capture that failed must be ended all the same. */
BrimStatus brim_cuda_record_end(const BrimCudaDevice *device, BrimStatus started, CUgraph *graph)
{
    CUresult ended = device->driver->cuStreamEndCapture_(device->stream, graph);
    return started != BRIM_OK ? started : brim_cuda_check(device->driver, ended, "recording a step");
}

/* What the driver takes of the card for it it takes here, and not at the first launch, where a run without
 * memory for it could not go on. */
BrimStatus brim_cuda_take_graph(BrimProgram *program, BrimPart part, CUgraph graph)
{
    BrimStatus status;
    const BrimCudaDevice *device = &program->backend->device;
    CUgraphExec made;
    brim_cuda_drop_graph(program, part);
    BRIM_CUDA_TRY(device->driver, cuGraphInstantiateWithFlags, "making a graph of a step", &made, graph, 0);
    program->parts[part] = made;
    BRIM_CUDA_TRY(device->driver, cuGraphUpload, "keeping a graph of a step", made, device->stream);
    return BRIM_OK;
fail:
    brim_cuda_drop_graph(program, part);
    return status;
}

BrimStatus brim_cuda_capture(BrimProgram *program, BrimPart part)
{
    BrimStatus status;
    CUgraph graph = NULL;
    const BrimCudaDevice *device = &program->backend->device;
    BRIM_TRY(brim_cuda_record_begin(device));
    BRIM_TRY(brim_cuda_record_end(device, start_ops(program, part), &graph));
    BRIM_TRY(brim_cuda_take_graph(program, part, graph));
fail:
    if (graph)
        device->driver->cuGraphDestroy_(graph);
    return status;
}

BrimStatus brim_cuda_write_scalars(BrimBackend *backend, const BrimStepScalars *scalars)
{
    BrimStatus status;
    char *room;
    BrimKernelScalars given = {.accumulate = scalars->accumulate,
                               .momentum = scalars->momentum,
                               .weight_decay = scalars->weight_decay,
                               .clip_norm = scalars->clip_norm,
                               .ema_decay = scalars->ema_decay,
                               .loss_scale = scalars->loss_scale > 0 ? scalars->loss_scale : 1};
    memcpy(given.learning_rate, scalars->learning_rate, sizeof given.learning_rate);
    BRIM_TRY(brim_cuda_staging_take(&backend->staging, sizeof given, &room)); /* reserved for each part */
    memcpy(room, &given, sizeof given);
    BRIM_CUDA_TRY(backend->device.driver, cuMemcpyHtoDAsync, "copying a step's settings",
                  backend->device_scalars, room, sizeof given, backend->device.stream);
fail:
    return status;
}

BrimStatus brim_cuda_run(BrimProgram *program, BrimPart part, const BrimStepScalars *scalars)
{
    BrimStatus status;
    const BrimCudaDevice *device = &program->backend->device;
    static const BrimStepScalars none;
    if (program->shares && part == BRIM_PART_GRADIENT)
        return brim_fail(BRIM_ERROR_ARGUMENT,
                         "card %d: a step that needs other cards was started without them", device->index);
    BRIM_TRY(brim_cuda_device_enter(device));
    BRIM_TRY(brim_cuda_write_scalars(program->backend, scalars ? scalars : &none));
    if (!program->warm[part]) {
        program->warm[part] = true;
        return start_ops(program, part);
    }
    if (program->times)
        return brim_cuda_op_times_run(program->times, part);
    if (!program->captured[part] && !program->loose[part]) {
        status = brim_cuda_capture(program, part);
        program->captured[part] = status == BRIM_OK;
        program->loose[part] = status == BRIM_ERROR_FIT;
        if (status != BRIM_OK && !program->loose[part])
            return status;
    }
    if (program->loose[part])
        return start_ops(program, part);
    BRIM_CUDA_TRY(device->driver, cuGraphLaunch, "starting a step", program->parts[part], device->stream);
fail:
    return status;
}
