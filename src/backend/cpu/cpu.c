/* The cpu backend: the device contract. Convolutions are oneDNN's, all between them is in passes/. */
#include "backend/cpu/cpu.h"

#include <omp.h>
#include <stdio.h>
#include <string.h>

#include "backend/cpu/filter.h"
#include "backend/host/transfer.h"
#include "base/clock.h"

static const BrimPasses *passes_for(BrimCpuIsa isa)
{
#ifdef BRIM_PASSES_X86
    if (isa == BRIM_CPU_AVX512)
        return &brim_passes_avx512;
    if (isa == BRIM_CPU_AVX2)
        return &brim_passes_avx2;
#endif
    (void)isa;
    return &brim_passes_base;
}

static void backend_close(BrimBackend **backend)
{
    BrimBackend *gone = *backend;
    if (!gone)
        return;
    brim_onednn_close(&gone->onednn);
    brim_mem_give(gone->arena.data);
    brim_mem_give(gone);
    *backend = NULL;
}

static BrimStatus backend_open(BrimBackend **backend, int threads, int card)
{
    (void)card;
    *backend = brim_mem_take(BRIM_MEM_BACKEND, 1, sizeof **backend);
    if (!*backend)
        return BRIM_ERROR_MEMORY;
    (*backend)->threads = threads > 0 ? threads : brim_core_count();
    (*backend)->passes = passes_for(brim_onednn_isa());
    BrimStatus status = brim_onednn_open(&(*backend)->onednn);
    if (status != BRIM_OK)
        backend_close(backend);
    return status;
}

static BrimStatus describe(BrimBackend *backend, BrimDeviceInfo *info)
{
    char version[32];
    brim_onednn_version(version, sizeof version);
    *info = (BrimDeviceInfo){.threads = backend->threads, .channel_block = backend->passes->block, .host_memory = true};
    snprintf(info->name, sizeof info->name, "cpu, %s, %s, nChw%dc", version, backend->passes->name,
             backend->passes->block);
    return BRIM_OK;
}

static BrimSizer sizer(BrimBackend *backend)
{
    return (BrimSizer){
        .self = backend, .tensor_bytes = brim_cpu_tensor_bytes, .workspace = brim_cpu_workspace};
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
    return (BrimResidence){program->graph, program->placement, program->backend->arena.data,
                           program->backend->passes->block};
}

static BrimFilter filter_of(const BrimProgram *program, BrimTensorId id)
{
    void *data = brim_operand_data(program->graph, program->placement, program->backend->arena.data, id);
    return brim_filter(&program->graph->tensors[id], data, program->backend->passes->block);
}

static BrimStatus write_tensor(BrimProgram *program, BrimTensorId id, const void *plain)
{
    if (program->graph->tensors[id].form == BRIM_FORM_FILTER) {
        const BrimFilter filter = filter_of(program, id);
        brim_filter_write(&filter, plain);
    } else {
        const BrimResidence residence = residence_of(program);
        brim_transfer_write(&residence, id, plain);
    }
    return BRIM_OK;
}

static BrimStatus read_tensor(BrimProgram *program, BrimTensorId id, void *plain)
{
    if (program->graph->tensors[id].form == BRIM_FORM_FILTER) {
        const BrimFilter filter = filter_of(program, id);
        brim_filter_read(&filter, plain);
    } else {
        const BrimResidence residence = residence_of(program);
        brim_transfer_read(&residence, id, plain);
    }
    return BRIM_OK;
}

static void read_member(const BrimProgram *program, BrimTensorId id, const void *block, void *plain)
{
    const BrimTensor *tensor = &program->graph->tensors[id];
    if (tensor->form == BRIM_FORM_FILTER) {
        void *data = (char *)(uintptr_t)block + tensor->offset_bytes;
        const BrimFilter filter = brim_filter(tensor, data, program->backend->passes->block);
        brim_filter_read(&filter, plain);
    } else {
        brim_transfer_read_member(program->graph, id, block, plain);
    }
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

const BrimBackendClass brim_backend_cpu = {
    .name = "cpu",
    .open = backend_open,
    .close = backend_close,
    .describe = describe,
    .sizer = sizer,
    .reserve_arena = reserve_arena,
    .take_arena = take_arena,
    .settle = brim_cpu_settle,
    .load = brim_cpu_load,
    .unload = brim_cpu_unload,
    .run = brim_cpu_run,
    .write = write_tensor,
    .read = read_tensor,
    .read_member = read_member,
    .arena = arena,
    .op_times = op_times,
};
