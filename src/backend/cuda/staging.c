/* Two pinned buffers that take turns. */
#include "backend/cuda/staging.h"

#include "base/round.h"

enum { ALIGNMENT_BYTES = 64 };

BrimStatus brim_cuda_staging_open(BrimCudaStaging *staging, const BrimCudaDevice *device)
{
    BrimStatus status = BRIM_OK;
    *staging = (BrimCudaStaging){.device = device};
    for (int i = 0; i < 2; i++)
        BRIM_CUDA_TRY(device->driver, cuEventCreate, "making an event", &staging->left[i],
                      CU_EVENT_DISABLE_TIMING);
fail:
    return status;
}

static void drop_buffers(BrimCudaStaging *staging)
{
    for (int i = 0; i < 2; i++) {
        if (staging->buffers[i])
            staging->device->driver->cuMemFreeHost_(staging->buffers[i]);
        staging->buffers[i] = NULL;
    }
    staging->bytes = staging->taken_bytes = 0;
}

void brim_cuda_staging_close(BrimCudaStaging *staging)
{
    if (!staging->device)
        return;
    drop_buffers(staging);
    for (int i = 0; i < 2; i++)
        if (staging->left[i])
            staging->device->driver->cuEventDestroy_(staging->left[i]);
    *staging = (BrimCudaStaging){0};
}

size_t brim_cuda_staging_room(size_t bytes)
{
    return brim_round_up(bytes, ALIGNMENT_BYTES);
}

BrimStatus brim_cuda_staging_grow(BrimCudaStaging *staging, size_t bytes)
{
    BrimStatus status = BRIM_OK;
    if (bytes <= staging->bytes)
        return BRIM_OK;
    BRIM_TRY(brim_cuda_device_wait(staging->device));
    drop_buffers(staging);
    for (int i = 0; i < 2; i++) {
        void *pinned = NULL;
        BRIM_TRY(brim_cuda_device_pin(staging->device, bytes, "pinning host memory for copies", &pinned));
        staging->buffers[i] = pinned;
    }
    staging->bytes = bytes;
fail:
    return status;
}

/* What is in the buffer that was filled leaves it with the copies started so far; an event that was never
 * recorded is no reason to wait. */
static BrimStatus change(BrimCudaStaging *staging)
{
    BrimStatus status;
    const BrimCudaDriver *driver = staging->device->driver;
    BRIM_CUDA_TRY(driver, cuEventRecord, "copying to the card", staging->left[staging->now],
                  staging->device->stream);
    staging->now = 1 - staging->now;
    staging->taken_bytes = 0;
    BRIM_CUDA_TRY(driver, cuEventSynchronize, "waiting for a copy to the card", staging->left[staging->now]);
fail:
    return status;
}

BrimStatus brim_cuda_staging_take(BrimCudaStaging *staging, size_t bytes, char **room)
{
    BrimStatus status = BRIM_OK;
    size_t whole = brim_cuda_staging_room(bytes);
    *room = NULL;
    if (whole > staging->bytes)
        return BRIM_OK;
    if (whole > staging->bytes - staging->taken_bytes)
        BRIM_TRY(change(staging));
    *room = staging->buffers[staging->now] + staging->taken_bytes;
    staging->taken_bytes += whole;
fail:
    return status;
}

void brim_cuda_staging_empty(BrimCudaStaging *staging)
{
    staging->taken_bytes = 0;
}
