/* The false NVML's processes and MIG parts. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "support/fake_nvml_inside.h"

/* Entries of 16 bytes (pid, memory), 24 (and the two instances) or 32 (and the protected memory). */
static int list(unsigned *count, char *to, int processes, unsigned first_pid, int stride)
{
    unsigned room = *count;
    *count = fake_nvml.insatiable ? 2 * room + 1 : (unsigned)processes;
    if (*count > room)
        return TOO_SMALL;
    for (unsigned i = 0; i < *count; i++) {
        unsigned pid = fake_nvml.nobody && i == 0 ? 0 : first_pid + i, none = UINT32_MAX;
        unsigned long long memory, protected = 0;
        fake_put_64(&memory, (unsigned long long)(i + 1) << 20);
        char *entry = to + (size_t)i * (size_t)stride;
        memcpy(entry, &pid, 4);
        memcpy(entry + 8, &memory, 8);
        if (stride >= 24) {
            memcpy(entry + 16, &none, 4);
            memcpy(entry + 20, &none, 4);
        }
        if (stride == 32)
            memcpy(entry + 24, &protected, 8);
    }
    return SUCCESS;
}

#define RUNNING(name, processes, first_pid, documented_bytes)                                                \
    int name(Device *device, unsigned *count, char *to)                                                      \
    {                                                                                                        \
        ENTER(device);                                                                                       \
        return list(count, to, processes, first_pid,                                                         \
                    fake_nvml.stride_bytes ? fake_nvml.stride_bytes : documented_bytes);                     \
    }
#define RUNNING_ALL(version, documented_bytes)                                                               \
    RUNNING(nvmlDeviceGetComputeRunningProcesses##version, fake_nvml.compute, 1000, documented_bytes)        \
    RUNNING(nvmlDeviceGetGraphicsRunningProcesses##version, fake_nvml.graphics, 1000, documented_bytes)

RUNNING_ALL(, 16)

#if FAKE_NVML_AGE >= 1

RUNNING_ALL(_v2, 24)
RUNNING(nvmlDeviceGetMPSComputeRunningProcesses, fake_nvml.mps, 5000, 16)
RUNNING(nvmlDeviceGetMPSComputeRunningProcesses_v2, fake_nvml.mps, 5000, 24)

typedef struct Busy {
    unsigned pid;
    unsigned long long time_us;
    unsigned sm, memory, encoder, decoder;
} Busy;

/* Three samples of each process: one of old, one that nobody filled in, and the newest. */
int nvmlDeviceGetProcessUtilization(Device *device, Busy *to, unsigned *count, unsigned long long since_us)
{
    ENTER_CARD(device);
    unsigned room = *count;
    fake_nvml.since_us = since_us;
    if (fake_nvml.compute == 0)
        return NOT_FOUND;
    *count = 3 * (unsigned)fake_nvml.compute;
    if (*count > room)
        return TOO_SMALL;
    for (unsigned i = 0; i < *count / 3; i++) {
        to[3 * i] = (Busy){1000 + i, since_us + 2000, 61, 0, 0, 0};
        to[3 * i + 1] = (Busy){1000 + i, since_us + 3000, 4000000000, 0, 0, 0};
        to[3 * i + 2] = (Busy){1000 + i, since_us + 1000, 99, 0, 0, 0};
    }
    return SUCCESS;
}

int nvmlDeviceGetMigMode(Device *device, unsigned *now, unsigned *after_reset)
{
    ENTER_CARD(device);
    *now = *after_reset = device->card == fake_nvml.mig_card;
    return fake_nvml.mig_card < 0 ? NOT_SUPPORTED : SUCCESS;
}

int nvmlDeviceGetMaxMigDeviceCount(Device *device, unsigned *count)
{
    ENTER_CARD(device);
    *count = FAKE_MOST_PARTS;
    return SUCCESS;
}

int nvmlDeviceGetGpuInstanceId(Device *device, unsigned *number)
{
    ENTER(device);
    *number = 100 + (unsigned)fake_nvml.mig_serial[device->part];
    return SUCCESS;
}

int nvmlDeviceGetMigDeviceHandleByIndex(Device *device, unsigned index, Device **part)
{
    ENTER_CARD(device);
    if (index >= FAKE_MOST_PARTS || fake_nvml.mig_serial[index] == 0)
        return NOT_FOUND;
    *part = &fake_parts[device->card][index];
    return SUCCESS;
}

#endif
#if FAKE_NVML_AGE >= 2

RUNNING_ALL(_v3, 24)
RUNNING(nvmlDeviceGetMPSComputeRunningProcesses_v3, fake_nvml.mps, 5000, 24)

#endif
