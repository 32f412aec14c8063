/* Pictures that stay on the card, or in pinned memory of the host where the card reads them, and training
 * pictures made of them (kernels/augment.cu). */
#include <string.h>

#include "backend/cuda/program.h"
#include "base/round.h"

/* cuMemAlloc takes from the card in steps of 2 MiB, so that is what a plan has to say. */
enum { STEP_BYTES = 2 << 20, ALIGNMENT = 256, THREADS = 256 };

/* Pinned memory of the host that the card reads has an entry for each page in tables of the card. An H100
 * took nothing for 455 MiB, for which those that are there have room, and 6 MiB for 3639. */
enum { PAGE_BYTES = 4096, ENTRY_BYTES = 8 };

/* Room of the card alone, between tasks and pictures. */
static size_t part_bytes(const BrimKeep *keep)
{
    size_t parts = (size_t)keep->most_pictures * BRIM_AUGMENT_VIEWS * (size_t)keep->most_px;
    return brim_round_up(parts * sizeof(BrimWarpPlace), ALIGNMENT);
}

static size_t task_bytes(const BrimKeep *keep)
{
    return brim_round_up((size_t)keep->most_pictures * sizeof(BrimAugmentTask), ALIGNMENT);
}

static size_t room_bytes(const BrimKeep *keep)
{
    return brim_round_up(task_bytes(keep) + part_bytes(keep) + (keep->in_host ? 0 : keep->picture_bytes),
                         STEP_BYTES);
}

size_t brim_cuda_keep_bytes(const BrimKeep *keep)
{
    size_t tables = keep->in_host ? keep->picture_bytes / PAGE_BYTES * ENTRY_BYTES : 0;
    return room_bytes(keep) + (tables < STEP_BYTES ? 0 : brim_round_up(tables, STEP_BYTES));
}

BrimStatus brim_cuda_keep(BrimBackend *backend, const BrimKeep *keep)
{
    BrimStatus status;
    BrimCudaKept *kept = &backend->kept;
    const BrimCudaDriver *driver = backend->device.driver;
    void *pinned = NULL;
    if (kept->device)
        return brim_fail(BRIM_ERROR_ARGUMENT, "pictures are kept already");
    BRIM_TRY(brim_cuda_device_enter(&backend->device));
    /* It has room for pictures already, which is mostly more. */
    BRIM_TRY(brim_cuda_staging_grow(&backend->staging, task_bytes(keep)));
    BRIM_CUDA_TRY(driver, cuMemAlloc, "taking memory of the card for pictures", &kept->device,
                  room_bytes(keep));
    if (keep->in_host)
        BRIM_TRY(brim_cuda_device_pin(&backend->device, keep->picture_bytes,
                                      "pinning host memory for pictures (--cache none does without)",
                                      &pinned));
    kept->pinned = pinned;
    kept->keep = *keep;
    return BRIM_OK;
fail:
    brim_cuda_keep_drop(backend);
    return status;
}

void brim_cuda_keep_drop(BrimBackend *backend)
{
    const BrimCudaDriver *driver = backend->device.driver;
    if (backend->kept.device)
        driver->cuMemFree_(backend->kept.device);
    if (backend->kept.pinned)
        driver->cuMemFreeHost_(backend->kept.pinned);
    backend->kept = (BrimCudaKept){0};
}

static CUdeviceptr device_parts(const BrimCudaKept *kept)
{
    return kept->device + task_bytes(&kept->keep);
}

/* The pictures, for the card. */
static CUdeviceptr device_pictures(const BrimCudaKept *kept)
{
    if (kept->keep.in_host)
        return (CUdeviceptr)(uintptr_t)kept->pinned;
    return device_parts(kept) + part_bytes(&kept->keep);
}

BrimStatus brim_cuda_put_picture(BrimBackend *backend, size_t start_bytes, const uint8_t *rgb, size_t bytes)
{
    BrimStatus status = BRIM_OK;
    const BrimCudaKept *kept = &backend->kept;
    if (start_bytes > kept->keep.picture_bytes || bytes > kept->keep.picture_bytes - start_bytes)
        return brim_fail(BRIM_ERROR_ARGUMENT, "a picture of %zu bytes at %zu of %zu that are kept", bytes,
                         start_bytes, kept->keep.picture_bytes);
    if (kept->keep.in_host) {
        memcpy(kept->pinned + start_bytes, rgb, bytes);
        return BRIM_OK;
    }
    BRIM_TRY(brim_cuda_device_enter(&backend->device)); /* threads that load pictures come here too */
    BRIM_CUDA_TRY(backend->device.driver, cuMemcpyHtoDAsync, "copying a picture to the card",
                  device_pictures(kept) + start_bytes, rgb, bytes, backend->device.stream);
    BRIM_TRY(brim_cuda_device_wait(&backend->device)); /* its bytes are the caller's again */
fail:
    return status;
}

static BrimStatus check(const BrimCudaKept *kept, const BrimTensor *pictures, const BrimAugmentBatch *batch)
{
    int64_t bytes = (int64_t)batch->n * batch->height_px * batch->width_px * 3;
    if (batch->n >= 1 && batch->n <= kept->keep.most_pictures && bytes == pictures->dims[0] &&
        batch->width_px + batch->height_px <= kept->keep.most_px)
        return BRIM_OK;
    return brim_fail(
        BRIM_ERROR_ARGUMENT, "a batch of %d pictures of %d x %d px, where %d of %d bytes in all can be made",
        batch->n, batch->width_px, batch->height_px, kept->keep.most_pictures, pictures->dims[0]);
}

/* What was drawn, to the card; in the stream's order, so that those before have been read when it comes. */
static BrimStatus copy_tasks(BrimBackend *backend, const BrimAugmentBatch *batch)
{
    BrimStatus status;
    char *room;
    size_t bytes = (size_t)batch->n * sizeof *batch->tasks;
    BRIM_TRY(brim_cuda_staging_take(&backend->staging, bytes, &room)); /* brim_cuda_keep made it so large */
    memcpy(room, batch->tasks, bytes);
    BRIM_CUDA_TRY(backend->device.driver, cuMemcpyHtoDAsync, "copying what is drawn of a batch",
                  backend->kept.device, room, bytes, backend->device.stream);
fail:
    return status;
}

/* A kernel that walks over so many items. */
static BrimStatus launch(const BrimBackend *backend, BrimKernel kernel, int64_t items,
                         const BrimAugmentArgs *args)
{
    return brim_cuda_launch(&backend->device, kernel, brim_cuda_blocks(&backend->device, items, THREADS),
                            THREADS, args);
}

BrimStatus brim_cuda_augment(BrimProgram *program, BrimTensorId pictures, const BrimAugmentBatch *batch)
{
    BrimStatus status;
    BrimBackend *backend = program->backend;
    const BrimCudaKept *kept = &backend->kept;
    CUdeviceptr made = backend->arena + brim_cuda_offset(program->graph, program->placement, pictures);
    const BrimAugmentArgs args = {.tasks = (const BrimAugmentTask *)(uintptr_t)kept->device,
                                  .parts = (BrimWarpPlace *)(uintptr_t)device_parts(kept),
                                  .kept = (const uint8_t *)(uintptr_t)device_pictures(kept),
                                  .pictures = (uint8_t *)(uintptr_t)made,
                                  .n = batch->n,
                                  .h = batch->height_px,
                                  .w = batch->width_px,
                                  .sides = batch->width_px + batch->height_px};
    int64_t pixels = (int64_t)args.n * args.h * args.w;
    int64_t parts = (int64_t)args.n * BRIM_AUGMENT_VIEWS * args.sides;
    BRIM_TRY(check(kept, &program->graph->tensors[pictures], batch));
    BRIM_TRY(brim_cuda_device_enter(&backend->device));
    BRIM_TRY(copy_tasks(backend, batch));
    BRIM_TRY(launch(backend, BRIM_KERNEL_augment_parts, parts, &args));
    BRIM_TRY(launch(backend, BRIM_KERNEL_augment, pixels, &args));
fail:
    return status;
}
