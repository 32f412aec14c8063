/* Opening libnvidia-ml, and the names of its functions. */
#include "monitor/nvml_api.h"

#include <assert.h>
#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

/* The sizes that the drivers' own header gives on 64 bits. */
static_assert(sizeof(BrimNvmlMemory) == 24, "nvmlMemory_t");
static_assert(BRIM_NVML_VERSION(BrimNvmlMemory2, 2) == 0x2000028, "nvmlMemory_v2_t");
static_assert(BRIM_NVML_VERSION(BrimNvmlTemperature, 1) == 0x100000c, "nvmlTemperature_v1_t");
static_assert(sizeof(BrimNvmlPci) == 68, "nvmlPciInfo_t");
static_assert(sizeof(BrimNvmlField) == 40, "nvmlFieldValue_t");
static_assert(sizeof(BrimNvmlProcess) == 16, "nvmlProcessInfo_v1_t");
static_assert(sizeof(BrimNvmlProcessBusy) == 32, "nvmlProcessUtilizationSample_t");

/* Several names of one place: the newest first, and the first that the library has is taken. */
static const struct {
    size_t place;
    const char *name;
} functions[] = {
#define AT(member) offsetof(BrimNvml, member)
    {AT(error_text), "nvmlErrorString"},
    {AT(init), "nvmlInit_v2"}, /* does not fail because of one bad card, as the first did */
    {AT(init), "nvmlInit"},
    {AT(shutdown), "nvmlShutdown"},
    {AT(driver_version), "nvmlSystemGetDriverVersion"},
    {AT(count), "nvmlDeviceGetCount_v2"}, /* counts cards that one may not open, too */
    {AT(count), "nvmlDeviceGetCount"},
    {AT(handle), "nvmlDeviceGetHandleByIndex_v2"},
    {AT(handle), "nvmlDeviceGetHandleByIndex"},
    {AT(name), "nvmlDeviceGetName"},
    {AT(uuid), "nvmlDeviceGetUUID"},
    {AT(pci), "nvmlDeviceGetPciInfo_v3"},
    {AT(pci), "nvmlDeviceGetPciInfo_v2"},
    {AT(pci), "nvmlDeviceGetPciInfo"},
    {AT(clock_most), "nvmlDeviceGetMaxClockInfo"},
    {AT(memory), "nvmlDeviceGetMemoryInfo"},
    {AT(memory2), "nvmlDeviceGetMemoryInfo_v2"},
    {AT(utilization), "nvmlDeviceGetUtilizationRates"},
    {AT(encoder), "nvmlDeviceGetEncoderUtilization"},
    {AT(decoder), "nvmlDeviceGetDecoderUtilization"},
    {AT(temperature), "nvmlDeviceGetTemperature"},
    {AT(temperature2), "nvmlDeviceGetTemperatureV"},
    {AT(fields), "nvmlDeviceGetFieldValues"},
#define X(metric, symbol, scale) {AT(number[BRIM_NVML_##metric]), symbol},
    BRIM_NVML_NUMBER_LIST(X)
#undef X
        {AT(energy), "nvmlDeviceGetTotalEnergyConsumption"},
    {AT(clock), "nvmlDeviceGetClockInfo"},
    {AT(throughput), "nvmlDeviceGetPcieThroughput"},
    {AT(ecc), "nvmlDeviceGetTotalEccErrors"},
    {AT(busy), "nvmlDeviceGetProcessUtilization"},
    {AT(mig_mode), "nvmlDeviceGetMigMode"},
    {AT(mig_most), "nvmlDeviceGetMaxMigDeviceCount"},
    {AT(gpu_instance), "nvmlDeviceGetGpuInstanceId"},
    {AT(mig_handle), "nvmlDeviceGetMigDeviceHandleByIndex"},
#undef AT
};

/* Puts the function of that name at a place that is still empty. An object pointer may not be converted to a
 * function's in C, but POSIX promises that its bytes are one. */
static void find(BrimNvml *api, size_t place, const char *name)
{
    void *function;
    memcpy(&function, (char *)api + place, sizeof function);
    if (!function)
        function = dlsym(api->library, name);
    memcpy((char *)api + place, &function, sizeof function);
}

static void find_running(BrimNvml *api)
{
    static const char *const kinds[BRIM_NVML_KIND_COUNT] = {"Compute", "Graphics", "MPSCompute"};
    static const struct {
        const char *suffix;
        size_t stride_bytes;
    } versions[] = {{"_v3", 24}, {"_v2", 24}, {"", 16}};
    for (int kind = 0; kind < BRIM_NVML_KIND_COUNT; kind++)
        for (size_t i = 0; i < sizeof versions / sizeof versions[0] && !api->running[kind]; i++) {
            char name[64];
            snprintf(name, sizeof name, "nvmlDeviceGet%sRunningProcesses%s", kinds[kind], versions[i].suffix);
            find(api, offsetof(BrimNvml, running) + (size_t)kind * sizeof api->running[0], name);
            api->running_stride_bytes[kind] = versions[i].stride_bytes;
        }
}

bool brim_nvml_open(BrimNvml *api, const char *library)
{
    *api = (BrimNvml){.library = dlopen(library ? library : "libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL)};
    if (!api->library)
        return false;
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        find(api, functions[i].place, functions[i].name);
    find_running(api);
    if (api->init && api->count && api->handle)
        return true;
    brim_nvml_close(api);
    return false;
}

void brim_nvml_close(BrimNvml *api)
{
    if (api->library)
        dlclose(api->library);
    *api = (BrimNvml){.library = NULL};
}

const char *brim_nvml_result_text(const BrimNvml *api, BrimNvmlResult result,
                                  char text[BRIM_NVML_RESULT_TEXT])
{
    const char *words = api->error_text ? api->error_text(result) : NULL;
    if (words && *words)
        brim_nvml_copy_text(text, BRIM_NVML_RESULT_TEXT, words, BRIM_NVML_RESULT_TEXT);
    else
        snprintf(text, BRIM_NVML_RESULT_TEXT, "error %d", result);
    return text;
}

void brim_nvml_copy_text(char *to, size_t to_bytes, const char *from, size_t from_bytes)
{
    size_t length = strnlen(from, from_bytes);
    if (length > to_bytes - 1)
        length = to_bytes - 1;
    memcpy(to, from, length);
    to[length] = 0;
    brim_utf8_clean(to);
}
