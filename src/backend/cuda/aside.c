/* Blocks of parameters to pinned memory on a stream of their own: the card's copy engine brings them over
 * while its kernels go on with what only reads them. */
#include "backend/cuda/program.h"

BrimStatus brim_cuda_aside_open(BrimBackend *backend)
{
    BrimStatus status;
    const BrimCudaDriver *driver = backend->device.driver;
    BRIM_CUDA_TRY(driver, cuStreamCreate, "making a stream", &backend->aside, CU_STREAM_NON_BLOCKING);
    BRIM_CUDA_TRY(driver, cuEventCreate, "making an event", &backend->aside_after, CU_EVENT_DISABLE_TIMING);
fail:
    return status;
}

/* What is started there from now on comes after what was started on the device's stream until now. */
static BrimStatus start_after(BrimBackend *backend)
{
    BrimStatus status;
    const BrimCudaDevice *device = &backend->device;
    BRIM_TRY(brim_cuda_device_enter(device));
    BRIM_CUDA_TRY(device->driver, cuEventRecord, "copying from the card", backend->aside_after,
                  device->stream);
    BRIM_CUDA_TRY(device->driver, cuStreamWaitEvent, "copying from the card", backend->aside,
                  backend->aside_after, CU_EVENT_WAIT_DEFAULT);
fail:
    return status;
}

/* What the driver takes for a stream it may take when that is first used: now, so that it is measured with
 * all else. */
BrimStatus brim_cuda_aside_warm(BrimBackend *backend, void *pinned, size_t bytes)
{
    BrimStatus status;
    const size_t most = sizeof(BrimKernelScalars);
    BRIM_TRY(start_after(backend));
    BRIM_CUDA_TRY(backend->device.driver, cuMemcpyDtoHAsync, "copying from the card", pinned,
                  backend->device_scalars, bytes < most ? bytes : most, backend->aside);
    BRIM_TRY(brim_cuda_wait_blocks(backend));
fail:
    return status;
}

/* Waits first: what is on its way has the memory that it goes to. */
void brim_cuda_aside_close(BrimBackend *backend)
{
    const BrimCudaDriver *driver = backend->device.driver;
    if (backend->aside) {
        driver->cuStreamSynchronize_(backend->aside);
        driver->cuStreamDestroy_(backend->aside);
    }
    if (backend->aside_after)
        driver->cuEventDestroy_(backend->aside_after);
}

BrimStatus brim_cuda_fetch_blocks(BrimProgram *program, const BrimTensorId *blocks, int count, void *pinned)
{
    BrimStatus status;
    BrimBackend *backend = program->backend;
    const BrimCudaDevice *device = &backend->device;
    char *to = pinned;
    BRIM_TRY(start_after(backend));
    for (int i = 0; i < count; i++) {
        size_t bytes = program->graph->tensors[blocks[i]].bytes;
        CUdeviceptr from = backend->arena + brim_cuda_offset(program->graph, program->placement, blocks[i]);
        BRIM_CUDA_TRY(device->driver, cuMemcpyDtoHAsync, "copying from the card", to, from, bytes,
                      backend->aside);
        to += bytes;
    }
fail:
    return status;
}

BrimStatus brim_cuda_wait_blocks(BrimBackend *backend)
{
    BrimStatus status;
    BRIM_TRY(brim_cuda_device_enter(&backend->device));
    BRIM_CUDA_TRY(backend->device.driver, cuStreamSynchronize, "waiting for a copy from the card",
                  backend->aside);
fail:
    return status;
}
