/* A card: what it is, opened, closed, waited for. */
#include "backend/cuda/device.h"

#include <stdio.h>
#include <string.h>

#include "backend/cuda/cards.h"
#include "backend/cuda/fatbin.h"
#include "plan/gpus.h"

static const struct {
    const char *symbol, *what;
} kernels[] = {
#define X(name, args) {"brim_" #name, "looking up the kernel brim_" #name},
    BRIM_KERNEL_LIST(X)
#undef X
};

int brim_cuda_device_count(void)
{
    const BrimCudaDriver *driver;
    int count = 0;
    if (brim_cuda_driver(&driver) != BRIM_OK || driver->cuDeviceGetCount_(&count) != CUDA_SUCCESS)
        return 0;
    return count;
}

static BrimStatus find(BrimCudaDevice *device, int index)
{
    BrimStatus status;
    int count;
    BRIM_TRY(brim_cuda_driver(&device->driver));
    BRIM_CUDA_TRY(device->driver, cuDeviceGetCount, "counting the cards", &count);
    if (index < 0 || index >= count) {
        char cards[384];
        brim_cuda_cards_list(cards, sizeof cards);
        return brim_fail(
            BRIM_ERROR_UNSUPPORTED,
            "there is no card %d; the NVIDIA driver shows %s; CUDA_VISIBLE_DEVICES may hide others", index,
            cards);
    }
    device->index = index;
    BRIM_CUDA_TRY(device->driver, cuDeviceGet, "looking at the card", &device->device, index);
fail:
    return status;
}

/* As nvidia-smi writes it. */
static void write_uuid(char text[48], const CUuuid *uuid)
{
    int at = snprintf(text, 48, "GPU-");
    for (int i = 0; i < 16; i++) {
        bool dash = i == 4 || i == 6 || i == 8 || i == 10;
        at +=
            snprintf(text + at, (size_t)(48 - at), "%s%02x", dash ? "-" : "", (unsigned char)uuid->bytes[i]);
    }
}

static BrimStatus read_attributes(BrimCudaDevice *device)
{
    int major = 0, minor = 0;
    const struct {
        CUdevice_attribute attribute;
        int *value;
    } attributes[] = {
        {CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, &major},
        {CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, &minor},
        {CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, &device->multiprocessors},
        {CU_DEVICE_ATTRIBUTE_CLOCK_RATE, &device->clock_khz},
        {CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE, &device->memory_clock_khz},
        {CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH, &device->memory_bus_bits},
    };
    BrimStatus status = BRIM_OK;
    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++)
        BRIM_CUDA_TRY(device->driver, cuDeviceGetAttribute, "asking what the card is", attributes[i].value,
                      attributes[i].attribute, device->device);
    device->capability = 10 * major + minor;
fail:
    return status;
}

BrimStatus brim_cuda_device_look(BrimCudaDevice *device, int index)
{
    BrimStatus status;
    CUuuid uuid;
    *device = (BrimCudaDevice){.index = index};
    BRIM_TRY(find(device, index));
    BRIM_CUDA_TRY(device->driver, cuDeviceGetName, "asking the card's name", device->name,
                  (int)sizeof device->name, device->device);
    BRIM_CUDA_TRY(device->driver, cuDeviceGetUuid_v2, "asking the card's number", &uuid, device->device);
    write_uuid(device->uuid, &uuid);
    BRIM_CUDA_TRY(device->driver, cuDeviceTotalMem, "asking the card's memory", &device->total_bytes,
                  device->device);
    BRIM_TRY(read_attributes(device));
fail:
    return status;
}

BrimStatus brim_cuda_device_new_enough(const BrimCudaDevice *device)
{
    if (device->capability >= BRIM_GPU_OLDEST_CAPABILITY)
        return BRIM_OK;
    return brim_fail(
        BRIM_ERROR_UNSUPPORTED,
        "card %d, %s, is of compute capability %d.%d; brim runs from 7.5 on (Turing: GTX 16, RTX 20, T4); "
        "choose another card, or --device cpu",
        device->index, device->name, device->capability / 10, device->capability % 10);
}

/* What the context takes is what the table says of cards with as many multiprocessors, or its rule where
 * there is none (docs/planning.md); never more than what is gone. */
static size_t estimate_context(const BrimCudaDevice *device, size_t gone_bytes)
{
    size_t bytes = (size_t)(25 + 3 * device->multiprocessors) << 20;
    for (int i = 0; i < brim_gpu_count(); i++) {
        const BrimGpu *gpu = brim_gpu_at(i);
        if (gpu->capability == device->capability && gpu->sm_count == device->multiprocessors)
            bytes = (size_t)gpu->context_mib << 20;
    }
    return bytes < gone_bytes ? bytes : gone_bytes;
}

static BrimStatus make_context(BrimCudaDevice *device)
{
    BrimStatus status;
    CUcontext context;
    BRIM_CUDA_TRY(device->driver, cuDevicePrimaryCtxRetain, "making a context on the card", &context,
                  device->device);
    device->context = context;
    BRIM_TRY(brim_cuda_device_enter(device));
fail:
    return status;
}

static BrimStatus load_kernels(BrimCudaDevice *device)
{
    BrimStatus status;
    CUmodule module;
    BRIM_CUDA_TRY(device->driver, cuModuleLoadData, "loading the kernels", &module, brim_cuda_fatbin);
    device->module = module;
    for (int i = 0; i < BRIM_KERNEL_COUNT; i++)
        BRIM_CUDA_TRY(device->driver, cuModuleGetFunction, kernels[i].what, &device->kernels[i], module,
                      kernels[i].symbol);
fail:
    return status;
}

BrimStatus brim_cuda_device_open(BrimCudaDevice *device, int index)
{
    BrimStatus status;
    CUstream stream;
    size_t before_bytes, after_bytes;
    BRIM_TRY(brim_cuda_device_look(device, index));
    BRIM_TRY(brim_cuda_device_new_enough(device));
    BRIM_TRY(make_context(device));
    BRIM_TRY(brim_cuda_device_free_bytes(device, &before_bytes));
    device->context_bytes = estimate_context(device, device->total_bytes - before_bytes);
    BRIM_CUDA_TRY(device->driver, cuStreamCreate, "making a stream", &stream, CU_STREAM_NON_BLOCKING);
    device->stream = stream;
    BRIM_TRY(load_kernels(device));
    BRIM_TRY(brim_cuda_device_free_bytes(device, &after_bytes));
    device->module_bytes = after_bytes < before_bytes ? before_bytes - after_bytes : 0;
    return BRIM_OK;
fail:
    brim_cuda_device_close(device);
    return status;
}

void brim_cuda_device_close(BrimCudaDevice *device)
{
    const BrimCudaDriver *driver = device->driver;
    if (device->context) {
        driver->cuCtxSetCurrent_(device->context);
        if (device->stream)
            driver->cuStreamDestroy_(device->stream);
        if (device->module)
            driver->cuModuleUnload_(device->module);
        driver->cuCtxSetCurrent_(NULL);
        driver->cuDevicePrimaryCtxRelease_(device->device);
    }
    *device = (BrimCudaDevice){0};
}

BrimStatus brim_cuda_device_enter(const BrimCudaDevice *device)
{
    return brim_cuda_check(device->driver, device->driver->cuCtxSetCurrent_(device->context),
                           "entering the card's context");
}

BrimStatus brim_cuda_device_free_bytes(const BrimCudaDevice *device, size_t *free_bytes)
{
    size_t total_bytes;
    return brim_cuda_check(device->driver, device->driver->cuMemGetInfo_(free_bytes, &total_bytes),
                           "asking how much memory is free");
}

/* The driver's own words would have the user look for what fills the card. With unified addressing, which all
 * cards that brim takes have, such memory has one address. */
BrimStatus brim_cuda_device_pin(const BrimCudaDevice *device, size_t bytes, const char *what, void **pinned)
{
    CUresult result = device->driver->cuMemHostAlloc_(pinned, bytes, CU_MEMHOSTALLOC_DEVICEMAP);
    if (result == CUDA_SUCCESS)
        return BRIM_OK;
    *pinned = NULL;
    if (result != CUDA_ERROR_OUT_OF_MEMORY)
        return brim_cuda_check(device->driver, result, what);
    return brim_fail(
        BRIM_ERROR_FIT,
        "%s: the system does not let %.1f MiB more of the host's memory be pinned "
        "(CUDA_ERROR_OUT_OF_MEMORY), as WSL does of a part of it only; close other programs, or give "
        "a smaller batch",
        what, (double)bytes / 0x1p20);
}

BrimStatus brim_cuda_device_wait(const BrimCudaDevice *device)
{
    return brim_cuda_check(device->driver, device->driver->cuStreamSynchronize_(device->stream),
                           "waiting for the card");
}
