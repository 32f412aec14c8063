/* oneDNN's engine, what it may use of the processor, and its errors as brim's. */
#include <stdio.h>

#include "backend/cpu/onednn_inside.h"
#include "base/memory.h"

BrimStatus brim_onednn_check(dnnl_status_t got, const char *what)
{
    if (got == dnnl_success)
        return BRIM_OK;
    if (got == dnnl_out_of_memory)
        return brim_fail(BRIM_ERROR_MEMORY, "oneDNN ran out of memory: %s", what);
    return brim_fail(got == dnnl_unimplemented ? BRIM_ERROR_UNSUPPORTED : BRIM_ERROR_DEVICE,
                     "oneDNN: %s (status %d)", what, (int)got);
}

BrimStatus brim_onednn_open(BrimOnednn **onednn)
{
    BrimStatus status;
    *onednn = brim_mem_take(BRIM_MEM_BACKEND, 1, sizeof **onednn);
    if (!*onednn)
        return BRIM_ERROR_MEMORY;
    BRIM_TRY(brim_onednn_check(dnnl_engine_create(&(*onednn)->engine, dnnl_cpu, 0), "engine"));
    BRIM_TRY(brim_onednn_check(
        dnnl_stream_create(&(*onednn)->stream, (*onednn)->engine, dnnl_stream_in_order), "stream"));
    return BRIM_OK;
fail:
    brim_onednn_close(onednn);
    return status;
}

/* oneDNN keeps the code that it generated, of every shape it ever saw, a few MiB for each training step.
 * Whoever closes wants its memory back. */
static void empty_cache(void)
{
    int capacity;
    if (dnnl_get_primitive_cache_capacity(&capacity) != dnnl_success)
        return;
    dnnl_set_primitive_cache_capacity(0);
    dnnl_set_primitive_cache_capacity(capacity);
}

void brim_onednn_close(BrimOnednn **onednn)
{
    BrimOnednn *gone = *onednn;
    if (!gone)
        return;
    if (gone->stream)
        dnnl_stream_destroy(gone->stream);
    if (gone->engine)
        dnnl_engine_destroy(gone->engine);
    empty_cache();
    brim_mem_give(gone);
    *onednn = NULL;
}

void brim_onednn_version(char *text, size_t room)
{
    const dnnl_version_t *version = dnnl_version();
    snprintf(text, room, "oneDNN %d.%d.%d", version->major, version->minor, version->patch);
}

BrimCpuIsa brim_onednn_isa(void)
{
    int isa = (int)dnnl_get_effective_cpu_isa();
    if ((isa & (int)dnnl_cpu_isa_avx512_core) == (int)dnnl_cpu_isa_avx512_core)
        return BRIM_CPU_AVX512;
    return (isa & (int)dnnl_cpu_isa_avx2) == (int)dnnl_cpu_isa_avx2 ? BRIM_CPU_AVX2 : BRIM_CPU_BASE;
}
