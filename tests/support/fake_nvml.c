/* A false libnvidia-ml that the monitor opens in tests: declared from the documented binary interface a
 * second time, on its own, so that a mistake in src/monitor/nvml_api.h shows. FAKE_NVML_AGE says how old: 0
 * has the first version of every function, 1 is like driver 470, 2 like driver 570. */
#include "support/fake_nvml_inside.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static Device cards[FAKE_MOST_CARDS];
Device fake_parts[FAKE_MOST_CARDS][FAKE_MOST_PARTS];
FakeNvml fake_nvml;

FakeNvml *fake_nvml_control(void)
{
    return &fake_nvml;
}

int fake_enter(const char *name, const Device *device)
{
    int i = 0;
    while (i < fake_nvml.call_count && strcmp(fake_nvml.calls[i].name, name) != 0)
        i++;
    if (i < FAKE_MOST_CALLS) {
        fake_nvml.calls[i].name = name;
        fake_nvml.calls[i].count++;
        fake_nvml.call_count = i == fake_nvml.call_count ? i + 1 : fake_nvml.call_count;
    }
    fake_nvml.total++;
    if (device && device->card == fake_nvml.lost_card)
        return LOST;
    if (device && device->card == fake_nvml.void_card) {
        if (!strstr(name, "HandleByIndex"))
            return INVALID;
        fake_nvml.void_card = -1;
    }
    bool meant = !device || fake_nvml.fail_card < 0 || fake_nvml.fail_card == device->card;
    return fake_nvml.fail_call && meant && strcmp(fake_nvml.fail_call, name) == 0 ? fake_nvml.fail_result
                                                                                  : SUCCESS;
}

int fake_put(unsigned *to, unsigned number)
{
    *to = fake_nvml.all_ones ? UINT32_MAX : number;
    return SUCCESS;
}

int fake_put_64(unsigned long long *to, unsigned long long number)
{
    *to = fake_nvml.all_ones ? UINT64_MAX : number;
    return SUCCESS;
}

static int put_text(char *to, unsigned bytes, const char *text)
{
    if (fake_nvml.garbage_text)
        memset(to, 0x1b, bytes);
    else
        snprintf(to, bytes, "%.*s", (int)bytes - 1, text); /* the old address is shorter than the new one */
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
            fake_parts[i][part] = (Device){i, part};
    }
    int entered = fake_enter(name, NULL);
    return entered != SUCCESS ? entered : fake_nvml.init_result;
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
    *count = (unsigned)fake_nvml.count;
    return SUCCESS;
}

int nvmlDeviceGetHandleByIndex(unsigned index, Device **device)
{
    if (index >= (unsigned)fake_nvml.count)
        return INVALID;
    ENTER(&cards[fake_nvml.order[index]]);
    *device = &cards[fake_nvml.order[index]];
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
        snprintf(uuid, sizeof uuid, "MIG-00000000-%04d-%d", device->card, fake_nvml.mig_serial[device->part]);
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
    fake_put_64(&memory[0], 8 * gib);
    fake_put_64(&memory[1], 5 * gib);
    return fake_put_64(&memory[2], 3 * gib); /* half a GiB of it reserved */
}

int nvmlDeviceGetUtilizationRates(Device *device, unsigned percents[2])
{
    ENTER_CARD(device);
    fake_put(&percents[0], 10 + (unsigned)device->card);
    return fake_put(&percents[1], 50);
}

int nvmlDeviceGetEncoderUtilization(Device *device, unsigned *percent, unsigned *period_us)
{
    ENTER_CARD(device);
    *period_us = 167000;
    return fake_put(percent, 21);
}

int nvmlDeviceGetDecoderUtilization(Device *device, unsigned *percent, unsigned *period_us)
{
    ENTER_CARD(device);
    *period_us = 167000;
    return fake_put(percent, 22);
}

int nvmlDeviceGetTemperature(Device *device, int sensor, unsigned *celsius)
{
    ENTER_CARD(device);
    return sensor == 0 ? fake_put(celsius, 40) : INVALID;
}

int nvmlDeviceGetPowerUsage(Device *device, unsigned *milliwatts)
{
    ENTER_CARD(device);
    return fake_put(milliwatts, 100500);
}

int nvmlDeviceGetEnforcedPowerLimit(Device *device, unsigned *milliwatts)
{
    ENTER_CARD(device);
    return fake_put(milliwatts, 300000);
}

int nvmlDeviceGetFanSpeed(Device *device, unsigned *percent)
{
    ENTER_CARD(device);
    return fake_put(percent, 30);
}

int nvmlDeviceGetCurrPcieLinkGeneration(Device *device, unsigned *generation)
{
    ENTER_CARD(device);
    return fake_put(generation, 4);
}

int nvmlDeviceGetCurrPcieLinkWidth(Device *device, unsigned *lanes)
{
    ENTER_CARD(device);
    return fake_put(lanes, 16);
}

int nvmlDeviceGetClockInfo(Device *device, int clock, unsigned *megahertz)
{
    ENTER_CARD(device);
    return fake_put(megahertz, clock == 1 ? 1500 : clock == 2 ? 5000 : 1);
}

int nvmlDeviceGetMaxClockInfo(Device *device, int clock, unsigned *megahertz)
{
    ENTER_CARD(device);
    return fake_put(megahertz, clock == 1 ? 2000 : clock == 2 ? 6000 : 1);
}

int nvmlDeviceGetPcieThroughput(Device *device, int counter, unsigned *kilobytes_per_s)
{
    ENTER_CARD(device);
    return fake_put(kilobytes_per_s, counter == 0 ? 1000 : 2000); /* sent, received */
}

int nvmlDeviceGetTotalEccErrors(Device *device, int kind, int counter, unsigned long long *count)
{
    ENTER_CARD(device);
    return fake_put_64(count, counter != 0 ? 99 : kind == 0 ? 7 : 2); /* 99: over the card's life */
}

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
    *count = (unsigned)fake_nvml.count;
    return SUCCESS;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, Device **device)
{
    if (index >= (unsigned)fake_nvml.count)
        return INVALID;
    ENTER(&cards[fake_nvml.order[index]]);
    *device = &cards[fake_nvml.order[index]];
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
    return fake_put_64(millijoules, 123456789);
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
        fake_put(&celsius, fake_nvml.cold_memory ? 0 : 55);
        fields[i].type = 1; /* unsigned */
        fields[i].result = fields[i].id == 82 ? SUCCESS : NOT_SUPPORTED;
        memcpy(&fields[i].value, &celsius, sizeof celsius);
    }
    return SUCCESS;
}

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
    fake_put_64(&memory->total, 8 * gib);
    fake_put_64(&memory->reserved, gib / 2);
    fake_put_64(&memory->free, 5 * gib);
    return fake_put_64(&memory->used, 5 * gib / 2);
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
    temperature->celsius = fake_nvml.all_ones ? -1 : 41;
    return SUCCESS;
}

#endif
