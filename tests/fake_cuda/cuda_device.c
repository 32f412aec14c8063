/* The cards, all alike, and their contexts. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "cuda_inside.h"

struct CUctx_st {
    FakeHandle handle;
    int device;
};

static pthread_mutex_t retaining = PTHREAD_MUTEX_INITIALIZER;
static struct {
    CUcontext context;
    int holders, modules;
} primary[FAKE_CARDS];

static _Thread_local CUcontext current;

static CUresult check_device(CUdevice device)
{
    return device >= 0 && device < fake_card()->cards ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}

CUresult cuDeviceGetCount(int *count)
{
    FAKE_BEGIN(cuDeviceGetCount);
    *count = fake_card()->cards;
    return CUDA_SUCCESS;
}

CUresult cuDeviceGet(CUdevice *device, int index)
{
    FAKE_BEGIN(cuDeviceGet);
    FAKE_TRY(check_device(index));
    *device = index;
    return CUDA_SUCCESS;
}

CUresult cuDeviceGetName(char *name, int room, CUdevice device)
{
    FAKE_BEGIN(cuDeviceGetName);
    FAKE_TRY(check_device(device));
    snprintf(name, (size_t)room, "%s", fake_card()->name);
    return CUDA_SUCCESS;
}

CUresult cuDeviceGetUuid_v2(CUuuid *uuid, CUdevice device)
{
    FAKE_BEGIN(cuDeviceGetUuid);
    FAKE_TRY(check_device(device));
    for (int i = 0; i < 16; i++)
        uuid->bytes[i] = (char)(16 * i + device);
    return CUDA_SUCCESS;
}

CUresult cuDeviceGetPCIBusId(char *text, int room, CUdevice device)
{
    FAKE_BEGIN(cuDeviceGetPCIBusId);
    FAKE_TRY(check_device(device));
    snprintf(text, (size_t)room, "0000:%02X:00.0", device + 1);
    return CUDA_SUCCESS;
}

CUresult cuDeviceGetAttribute(int *value, CUdevice_attribute attribute, CUdevice device)
{
    FAKE_BEGIN(cuDeviceGetAttribute);
    FAKE_TRY(check_device(device));
    switch (attribute) {
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
        *value = device == fake_card()->old ? 7 : fake_card()->cc_major;
        return CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
        *value = device == fake_card()->old ? 0 : fake_card()->cc_minor;
        return CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT:
        *value = fake_card()->sms;
        return CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_CLOCK_RATE:
        *value = 1500000;
        return CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE:
        *value = 7001000;
        return CUDA_SUCCESS;
    case CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH:
        *value = fake_card()->bus_bits;
        return CUDA_SUCCESS;
    default:
        fake_complain("cuDeviceGetAttribute: it knows nothing of attribute %d", (int)attribute);
        return CUDA_ERROR_INVALID_VALUE;
    }
}

CUresult cuDeviceTotalMem(size_t *bytes, CUdevice device)
{
    FAKE_BEGIN(cuDeviceTotalMem);
    FAKE_TRY(check_device(device));
    *bytes = fake_card_memory_bytes(device);
    return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device)
{
    FAKE_BEGIN(cuDevicePrimaryCtxRetain);
    FAKE_TRY(check_device(device));
    CUresult result = CUDA_SUCCESS;
    pthread_mutex_lock(&retaining);
    if (primary[device].holders == 0 && fake_memory_left_bytes(device) < fake_card()->context_bytes)
        result = CUDA_ERROR_OUT_OF_MEMORY;
    else if (primary[device].holders++ == 0) {
        primary[device].context = fake_handle_make(FAKE_CONTEXT, sizeof(struct CUctx_st));
        primary[device].context->device = device;
    }
    *context = primary[device].context;
    pthread_mutex_unlock(&retaining);
    return result;
}

CUresult cuDevicePrimaryCtxRelease(CUdevice device)
{
    FAKE_BEGIN(cuDevicePrimaryCtxRelease);
    FAKE_TRY(check_device(device));
    CUresult result = CUDA_SUCCESS;
    pthread_mutex_lock(&retaining);
    if (primary[device].holders == 0)
        result = CUDA_ERROR_INVALID_CONTEXT;
    else if (--primary[device].holders == 0) {
        fake_memory_end(device);
        fake_late_end(device);
        fake_handle_destroy(primary[device].context);
        primary[device].context = NULL;
        primary[device].modules = 0;
    }
    pthread_mutex_unlock(&retaining);
    return result;
}

CUresult cuCtxSetCurrent(CUcontext context)
{
    FAKE_BEGIN(cuCtxSetCurrent);
    if (context && fake_handle_check(context, FAKE_CONTEXT, "cuCtxSetCurrent") != CUDA_SUCCESS)
        return CUDA_ERROR_INVALID_CONTEXT;
    current = context;
    return CUDA_SUCCESS;
}

CUresult fake_current(int *device)
{
    if (!current)
        return CUDA_ERROR_INVALID_CONTEXT;
    if (!fake_handle_live(current, FAKE_CONTEXT))
        return CUDA_ERROR_CONTEXT_IS_DESTROYED;
    *device = current->device;
    return CUDA_SUCCESS;
}

CUcontext fake_context(void)
{
    return current;
}

CUresult cuCtxGetCurrent(CUcontext *context)
{
    FAKE_BEGIN(cuCtxGetCurrent);
    *context = current;
    return CUDA_SUCCESS;
}

int fake_cuda_card(void)
{
    return current && fake_handle_live(current, FAKE_CONTEXT) ? current->device : -1;
}

size_t fake_context_bytes(int device)
{
    if (!primary[device].context)
        return 0;
    return fake_card()->context_bytes + (size_t)primary[device].modules * fake_card()->module_bytes +
           fake_late_bytes(device);
}

void fake_module_add(int device, int count)
{
    pthread_mutex_lock(&retaining);
    primary[device].modules += count;
    pthread_mutex_unlock(&retaining);
}
