/* A false libnvidia-ml that the monitor opens in tests: declared from the documented binary interface a
 * second time, on its own, so that a mistake in src/monitor/nvml_api.h shows. FAKE_NVML_AGE says how old: 0
 * has the first version of every function, 1 is like driver 470, 2 like driver 570. */
#include "support/fake_nvml.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { SUCCESS = 0, INVALID = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6, TOO_SMALL = 7, LOST = 15, MISMATCH = 25 };

typedef struct Device {
    int card, part; /* part -1: the card itself */
} Device;

static Device cards[FAKE_MOST_CARDS], parts[FAKE_MOST_CARDS][FAKE_MOST_PARTS];

static FakeNvml fake;

FakeNvml *fake_nvml_control(void)
{
    return &fake;
}

static int enter(const char *name, const Device *device)
{
    int i = 0;
    while (i < fake.call_count && strcmp(fake.calls[i].name, name) != 0)
        i++;
    if (i < FAKE_MOST_CALLS) {
        fake.calls[i].name = name;
        fake.calls[i].count++;
        fake.call_count = i == fake.call_count ? i + 1 : fake.call_count;
    }
    fake.total++;
    if (device && device->card == fake.lost_card)
        return LOST;
    if (device && device->card == fake.void_card) {
        if (!strstr(name, "HandleByIndex"))
            return INVALID;
        fake.void_card = -1;
    }
    bool meant = !device || fake.fail_card < 0 || fake.fail_card == device->card;
    return fake.fail_call && meant && strcmp(fake.fail_call, name) == 0 ? fake.fail_result : SUCCESS;
}

#define ENTER(device)                                                                                        \
    do {                                                                                                     \
        int entered = enter(__func__, device);                                                               \
        if (entered != SUCCESS)                                                                              \
            return entered;                                                                                  \
    } while (0)

/* What holds for cards but not for parts of them. */
#define ENTER_CARD(device)                                                                                   \
    ENTER(device);                                                                                           \
    if ((device)->part >= 0)                                                                                 \
    return NOT_SUPPORTED

static int put(unsigned *to, unsigned number)
{
    *to = fake.all_ones ? UINT32_MAX : number;
    return SUCCESS;
}

static int put_64(unsigned long long *to, unsigned long long number)
{
    *to = fake.all_ones ? UINT64_MAX : number;
    return SUCCESS;
}

static int put_text(char *to, unsigned bytes, const char *text)
{
    if (fake.garbage_text)
        memset(to, 0x1b, bytes);
    else
        snprintf(to, bytes, "%s", text);
    return SUCCESS;
}

const char *nvmlErrorString(int result)
{
    switch (result) {
    case 4:
        return "Insufficient Permissions";
    case 9:
        return "Driver Not Loaded";
    case LOST:
        return "GPU is lost";
    case 999:
        return "Unknown Error";
    default:
        return NULL;
    }
}

static int begin(const char *name)
{
    for (int i = 0; i < FAKE_MOST_CARDS; i++) {
        cards[i] = (Device){i, -1};
        for (int part = 0; part < FAKE_MOST_PARTS; part++)
            parts[i][part] = (Device){i, part};
    }
    int entered = enter(name, NULL);
    return entered != SUCCESS ? entered : fake.init_result;
}

int nvmlInit(void)
{
    return begin(__func__);
}

int nvmlShutdown(void)
{
    ENTER(NULL);
    return SUCCESS;
}

int nvmlSystemGetDriverVersion(char *text, unsigned bytes)
{
    ENTER(NULL);
    return put_text(text, bytes, "999.42.01");
}

int nvmlDeviceGetCount(unsigned *count)
{
    ENTER(NULL);
    *count = (unsigned)fake.count;
    return SUCCESS;
}

int nvmlDeviceGetHandleByIndex(unsigned index, Device **device)
{
    if (index >= (unsigned)fake.count)
        return INVALID;
    ENTER(&cards[fake.order[index]]);
    *device = &cards[fake.order[index]];
    return SUCCESS;
}

int nvmlDeviceGetName(Device *device, char *text, unsigned bytes)
{
    char name[64];
    ENTER(device);
    snprintf(name, sizeof name, device->part < 0 ? "False Card %d" : "False Card %d MIG", device->card);
    return put_text(text, bytes, name);
}

int nvmlDeviceGetUUID(Device *device, char *text, unsigned bytes)
{
    char uuid[64];
    ENTER(device);
    if (device->part < 0)
        snprintf(uuid, sizeof uuid, "GPU-00000000-%04d", device->card);
    else
        snprintf(uuid, sizeof uuid, "MIG-00000000-%04d-%d", device->card, fake.mig_serial[device->part]);
    return put_text(text, bytes, uuid);
}

typedef struct Pci {
    char old_address[16];
    unsigned numbers[5];
    char address[32];
} Pci;

int nvmlDeviceGetPciInfo(Device *device, Pci *pci)
{
    char address[24];
    ENTER(device);
    snprintf(address, sizeof address, "0000:%02x:00.0", (unsigned)device->card & 0xff);
    return put_text(pci->old_address, sizeof pci->old_address, address);
}

int nvmlDeviceGetMemoryInfo(Device *device, unsigned long long memory[3])
{
    const unsigned long long gib = 1ull << 30;
    ENTER(device);
    put_64(&memory[0], 8 * gib);
    put_64(&memory[1], 5 * gib);
    return put_64(&memory[2], 3 * gib); /* half a GiB of it reserved */
}

int nvmlDeviceGetUtilizationRates(Device *device, unsigned percents[2])
{
    ENTER_CARD(device);
    put(&percents[0], 10 + (unsigned)device->card);
    return put(&percents[1], 50);
}

int nvmlDeviceGetEncoderUtilization(Device *device, unsigned *percent, unsigned *period_us)
{
    ENTER_CARD(device);
    *period_us = 167000;
    return put(percent, 21);
}

int nvmlDeviceGetDecoderUtilization(Device *device, unsigned *percent, unsigned *period_us)
{
    ENTER_CARD(device);
    *period_us = 167000;
    return put(percent, 22);
}

int nvmlDeviceGetTemperature(Device *device, int sensor, unsigned *celsius)
{
    ENTER_CARD(device);
    return sensor == 0 ? put(celsius, 40) : INVALID;
}

int nvmlDeviceGetPowerUsage(Device *device, unsigned *milliwatts)
{
    ENTER_CARD(device);
    return put(milliwatts, 100500);
}

int nvmlDeviceGetEnforcedPowerLimit(Device *device, unsigned *milliwatts)
{
    ENTER_CARD(device);
    return put(milliwatts, 300000);
}

int nvmlDeviceGetFanSpeed(Device *device, unsigned *percent)
{
    ENTER_CARD(device);
    return put(percent, 30);
}

int nvmlDeviceGetCurrPcieLinkGeneration(Device *device, unsigned *generation)
{
    ENTER_CARD(device);
    return put(generation, 4);
}

int nvmlDeviceGetCurrPcieLinkWidth(Device *device, unsigned *lanes)
{
    ENTER_CARD(device);
    return put(lanes, 16);
}

int nvmlDeviceGetClockInfo(Device *device, int clock, unsigned *megahertz)
{
    ENTER_CARD(device);
    return put(megahertz, clock == 1 ? 1500 : clock == 2 ? 5000 : 1);
}

int nvmlDeviceGetMaxClockInfo(Device *device, int clock, unsigned *megahertz)
{
    ENTER_CARD(device);
    return put(megahertz, clock == 1 ? 2000 : clock == 2 ? 6000 : 1);
}

int nvmlDeviceGetPcieThroughput(Device *device, int counter, unsigned *kilobytes_per_s)
{
    ENTER_CARD(device);
    return put(kilobytes_per_s, counter == 0 ? 1000 : 2000); /* sent, received */
}

int nvmlDeviceGetTotalEccErrors(Device *device, int kind, int counter, unsigned long long *count)
{
    ENTER_CARD(device);
    return put_64(count, counter != 0 ? 99 : kind == 0 ? 7 : 2); /* 99: over the card's life */
}

/* ---- Processes
 * ---------------------------------------------------------------------------------------------- */

static void put_bytes(char *to, size_t at, const void *from, size_t bytes)
{
    memcpy(to + at, from, bytes);
}

/* Entries of 16 bytes (pid, memory), 24 (and the two instances) or 32 (and the protected memory). */
static int list(unsigned *count, char *to, int processes, unsigned first_pid, int stride)
{
    unsigned room = *count;
    *count = fake.insatiable ? 2 * room + 1 : (unsigned)processes;
    if (*count > room)
        return TOO_SMALL;
    for (unsigned i = 0; i < *count; i++) {
        unsigned pid = fake.nobody && i == 0 ? 0 : first_pid + i, none = UINT32_MAX;
        unsigned long long memory, protected = 0;
        put_64(&memory, (unsigned long long)(i + 1) << 20);
        char *entry = to + (size_t)i * (size_t)stride;
        put_bytes(entry, 0, &pid, 4);
        put_bytes(entry, 8, &memory, 8);
        if (stride >= 24) {
            put_bytes(entry, 16, &none, 4);
            put_bytes(entry, 20, &none, 4);
        }
        if (stride == 32)
            put_bytes(entry, 24, &protected, 8);
    }
    return SUCCESS;
}

#define RUNNING(name, processes, first_pid, documented_bytes)                                                \
    int name(Device *device, unsigned *count, char *to)                                                      \
    {                                                                                                        \
        ENTER(device);                                                                                       \
        return list(count, to, processes, first_pid,                                                         \
                    fake.stride_bytes ? fake.stride_bytes : documented_bytes);                               \
    }
#define RUNNING_ALL(version, documented_bytes)                                                               \
    RUNNING(nvmlDeviceGetComputeRunningProcesses##version, fake.compute, 1000, documented_bytes)             \
    RUNNING(nvmlDeviceGetGraphicsRunningProcesses##version, fake.graphics, 1000, documented_bytes)

RUNNING_ALL(, 16)

/* ---- What came later
 * ---------------------------------------------------------------------------------------- */

#if FAKE_NVML_AGE >= 1

int nvmlInit_v2(void)
{
    return begin(__func__);
}

int nvmlDeviceGetCount_v2(unsigned *count)
{
    ENTER(NULL);
    *count = (unsigned)fake.count;
    return SUCCESS;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, Device **device)
{
    if (index >= (unsigned)fake.count)
        return INVALID;
    ENTER(&cards[fake.order[index]]);
    *device = &cards[fake.order[index]];
    return SUCCESS;
}

int nvmlDeviceGetPciInfo_v3(Device *device, Pci *pci)
{
    char address[24];
    ENTER(device);
    snprintf(address, sizeof address, "00000000:%02X:00.0", (unsigned)device->card & 0xff);
    return put_text(pci->address, sizeof pci->address, address);
}

int nvmlDeviceGetTotalEnergyConsumption(Device *device, unsigned long long *millijoules)
{
    ENTER_CARD(device);
    return put_64(millijoules, 123456789);
}

typedef struct Field {
    unsigned id, scope;
    long long time_us, latency_us;
    int type, result;
    unsigned long long value;
} Field;

int nvmlDeviceGetFieldValues(Device *device, int count, Field *fields)
{
    ENTER_CARD(device);
    for (int i = 0; i < count; i++) {
        unsigned celsius;
        put(&celsius, fake.cold_memory ? 0 : 55);
        fields[i].type = 1; /* unsigned */
        fields[i].result = fields[i].id == 82 ? SUCCESS : NOT_SUPPORTED;
        memcpy(&fields[i].value, &celsius, sizeof celsius);
    }
    return SUCCESS;
}

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
    fake.since_us = since_us;
    if (fake.compute == 0)
        return NOT_FOUND;
    *count = 3 * (unsigned)fake.compute;
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
    *now = *after_reset = device->card == fake.mig_card;
    return fake.mig_card < 0 ? NOT_SUPPORTED : SUCCESS;
}

int nvmlDeviceGetMaxMigDeviceCount(Device *device, unsigned *count)
{
    ENTER_CARD(device);
    *count = FAKE_MOST_PARTS;
    return SUCCESS;
}

int nvmlDeviceGetMigDeviceHandleByIndex(Device *device, unsigned index, Device **part)
{
    ENTER_CARD(device);
    if (index >= FAKE_MOST_PARTS || fake.mig_serial[index] == 0)
        return NOT_FOUND;
    *part = &parts[device->card][index];
    return SUCCESS;
}

RUNNING_ALL(_v2, 24)
RUNNING(nvmlDeviceGetMPSComputeRunningProcesses, fake.mps, 5000, 16)
RUNNING(nvmlDeviceGetMPSComputeRunningProcesses_v2, fake.mps, 5000, 24)

#endif
#if FAKE_NVML_AGE >= 2

typedef struct Memory2 {
    unsigned version;
    unsigned long long total, reserved, free, used;
} Memory2;

int nvmlDeviceGetMemoryInfo_v2(Device *device, Memory2 *memory)
{
    const unsigned long long gib = 1ull << 30;
    ENTER(device);
    if (memory->version != 0x2000028)
        return MISMATCH;
    put_64(&memory->total, 8 * gib);
    put_64(&memory->reserved, gib / 2);
    put_64(&memory->free, 5 * gib);
    return put_64(&memory->used, 5 * gib / 2);
}

typedef struct Temperature {
    unsigned version;
    int sensor, celsius;
} Temperature;

int nvmlDeviceGetTemperatureV(Device *device, Temperature *temperature)
{
    ENTER_CARD(device);
    if (temperature->version != 0x100000c || temperature->sensor != 0)
        return MISMATCH;
    temperature->celsius = fake.all_ones ? -1 : 41;
    return SUCCESS;
}

RUNNING_ALL(_v3, 24)
RUNNING(nvmlDeviceGetMPSComputeRunningProcesses_v3, fake.mps, 5000, 24)

#endif
