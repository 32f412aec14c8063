/* The cuda backend as the device contract has it. */
#include <stdio.h>
#include <string.h>

#include "backend/cuda/cards.h"
#include "backend/cuda/program.h"
#include "backend/cuda/team.h"

/* The driver maps memory in pages of 2 MiB (cuMemGetAllocationGranularity says so of all cards since Pascal): an
 * allocation of more than one takes whole ones. */
enum { GRAIN_BYTES = 2 << 20 };

static void backend_close(BrimBackend **backend)
{
    BrimBackend *gone = *backend;
    if (!gone)
        return;
    if (gone->device.driver) {
        const BrimCudaDriver *driver = gone->device.driver;
        brim_cuda_leave(gone);
        driver->cuCtxSetCurrent_(gone->device.context); /* without the checks: what a lost card says now */
        driver->cuStreamSynchronize_(gone->device.stream); /* must not hide what it said first */
        brim_cuda_aside_close(gone);
        for (int i = 0; i < gone->conv_count; i++)
            brim_cuda_conv_close(&gone->convs[i].conv);
        brim_cuda_dnn_close(&gone->dnn);
        brim_cuda_keep_drop(gone);
        if (gone->arena)
            driver->cuMemFree_(gone->arena);
        if (gone->device_scalars)
            driver->cuMemFree_(gone->device_scalars);
        for (int i = 0; i < 2; i++)
            if (gone->marks[i])
                driver->cuEventDestroy_(gone->marks[i]);
        if (gone->pinned)
            driver->cuMemFreeHost_(gone->pinned);
        brim_cuda_staging_close(&gone->staging);
        brim_cuda_device_close(&gone->device);
    }
    brim_mem_give(gone->convs);
    brim_mem_give(gone);
    *backend = NULL;
}

static BrimStatus backend_open(BrimBackend **backend, int threads, int card)
{
    BrimStatus status;
    (void)threads;
    BrimBackend *made = *backend = brim_mem_take(BRIM_MEM_BACKEND, 1, sizeof *made);
    if (!made)
        return BRIM_ERROR_MEMORY;
    BRIM_TRY(brim_cuda_device_open(&made->device, card));
    BRIM_TRY(brim_cuda_device_free_bytes(&made->device, &made->first_free_bytes));
    BRIM_TRY(brim_cuda_dnn_open(&made->dnn, &made->device));
    BRIM_TRY(brim_cuda_staging_open(&made->staging, &made->device));
    for (int i = 0; i < 2; i++)
        BRIM_CUDA_TRY(made->device.driver, cuEventCreate, "making an event", &made->marks[i],
                      CU_EVENT_DEFAULT);
    BRIM_TRY(brim_cuda_aside_open(made));
    BRIM_CUDA_TRY(made->device.driver, cuMemAlloc, "taking memory of the card", &made->device_scalars,
                  sizeof(BrimKernelScalars));
    return BRIM_OK;
fail:
    backend_close(backend);
    return status;
}

static BrimStatus describe(BrimBackend *backend, BrimDeviceInfo *info)
{
    *info = (BrimDeviceInfo){.threads = 1,
                             .memory_bytes = backend->device.total_bytes,
                             .channel_block = BRIM_CUDA_PAD,
                             .host_memory = false};
    snprintf(info->name, sizeof info->name, "%.48s, cuDNN %.16s, nhwc", backend->device.name,
             brim_cuda_dnn_version(backend->dnn));
    snprintf(info->id, sizeof info->id, "%s", backend->device.uuid);
    return BRIM_OK;
}

/* The context's own bytes are an estimate; what came after it, the arena among that, is the difference of what is free. */
static BrimStatus memory(BrimBackend *backend, BrimDeviceMemory *memory)
{
    const BrimCudaDevice *device = &backend->device;
    size_t first = backend->first_free_bytes;
    *memory = (BrimDeviceMemory){.total_bytes = device->total_bytes, .grain_bytes = GRAIN_BYTES};
    BrimStatus status = brim_cuda_device_enter(device);
    if (status == BRIM_OK)
        status = brim_cuda_device_free_bytes(device, &memory->free_bytes);
    if (status != BRIM_OK)
        return status;
    size_t later = memory->free_bytes < first ? first - memory->free_bytes : 0;
    memory->taken_bytes = device->context_bytes + device->module_bytes + later;
    return status;
}

static BrimSizer sizer(BrimBackend *backend)
{
    return (BrimSizer){.self = backend,
                       .tensor_bytes = brim_cuda_tensor_bytes,
                       .workspace = brim_cuda_workspace_of};
}

static BrimStatus take_arena(BrimBackend *backend, size_t bytes)
{
    BrimStatus status;
    const BrimCudaDriver *driver = backend->device.driver;
    if (backend->arena)
        return brim_fail(BRIM_ERROR_ARGUMENT, "there is an arena already");
    BRIM_TRY(brim_cuda_device_enter(&backend->device));
    BRIM_CUDA_TRY(driver, cuMemAlloc, "taking the arena", &backend->arena, bytes);
    backend->arena_bytes = bytes;
    BRIM_CUDA_TRY(driver, cuMemsetD8Async, "filling the arena", backend->arena, 0xFF, bytes,
                  backend->device.stream);
fail:
    return status;
}

static BrimStatus mark(BrimBackend *backend, int which)
{
    BrimStatus status;
    BRIM_TRY(brim_cuda_device_enter(&backend->device));
    BRIM_CUDA_TRY(backend->device.driver, cuEventRecord, "timing a step", backend->marks[which],
                  backend->device.stream);
fail:
    return status;
}

static BrimStatus wait_mark(BrimBackend *backend, int which)
{
    BrimStatus status;
    BRIM_TRY(brim_cuda_device_enter(&backend->device));
    BRIM_CUDA_TRY(backend->device.driver, cuEventSynchronize, "waiting for the card", backend->marks[which]);
fail:
    return status;
}

static BrimStatus between_marks(BrimBackend *backend, int64_t *time_ns)
{
    BrimStatus status;
    float time_ms = 0;
    BRIM_TRY(brim_cuda_device_enter(&backend->device));
    BRIM_CUDA_TRY(backend->device.driver, cuEventElapsedTime, "timing a step", &time_ms, backend->marks[0],
                  backend->marks[1]);
fail:
    *time_ns = (int64_t)((double)time_ms * 1e6);
    return status;
}

/* The host cannot see it. */
static const void *arena(BrimBackend *backend, size_t *bytes)
{
    *bytes = backend->arena_bytes;
    return NULL;
}

static void time_ops(BrimBackend *backend)
{
    backend->times_ops = true;
}

/* A captured step is one to the host: its ops' times are known where they were asked for before. */
static void op_times(BrimProgram *program, int64_t *times_ns)
{
    int32_t launches[BRIM_OP_KIND_COUNT];
    memset(times_ns, 0, BRIM_OP_KIND_COUNT * sizeof *times_ns);
    if (program->times)
        brim_cuda_op_times_read(program->times, times_ns, launches);
}

static void op_launches(BrimProgram *program, int32_t *launches)
{
    int64_t times_ns[BRIM_OP_KIND_COUNT];
    memset(launches, 0, BRIM_OP_KIND_COUNT * sizeof *launches);
    if (program->times)
        brim_cuda_op_times_read(program->times, times_ns, launches);
}

const BrimBackendClass brim_backend_cuda = {
    .name = "cuda",
    .computes_in = brim_cuda_card_computes_in,
    .open = backend_open,
    .close = backend_close,
    .describe = describe,
    .memory = memory,
    .sizer = sizer,
    .take_arena = take_arena,
    .settle = brim_cuda_settle,
    .load = brim_cuda_load,
    .unload = brim_cuda_unload,
    .run = brim_cuda_run,
    .write = brim_cuda_write,
    .read = brim_cuda_read,
    .pin = brim_cuda_pin,
    .fetch = brim_cuda_fetch,
    .sift = brim_cuda_sift,
    .fetch_blocks = brim_cuda_fetch_blocks,
    .wait_blocks = brim_cuda_wait_blocks,
    .read_member = brim_cuda_read_member,
    .keep_bytes = brim_cuda_keep_bytes,
    .keep = brim_cuda_keep,
    .put_picture = brim_cuda_put_picture,
    .augment = brim_cuda_augment,
    .join = brim_cuda_join,
    .reduce = brim_cuda_reduce,
    .run_together = brim_cuda_run_together,
    .wait_together = brim_cuda_wait_together,
    .mark = mark,
    .wait_mark = wait_mark,
    .between_marks = between_marks,
    .arena = arena,
    .time_ops = time_ops,
    .op_times = op_times,
    .op_launches = op_launches,
};
