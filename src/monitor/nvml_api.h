/* What brim uses of NVML, NVIDIA's management library: declared from its documented binary interface and
 * found at run time, so that brim needs neither its header nor a card to be built. docs/monitor-nvml.md says
 * which call feeds which figure, and since which driver. */
#ifndef BRIM_MONITOR_NVML_API_H
#define BRIM_MONITOR_NVML_API_H

#include "base/status.h"

typedef struct BrimNvmlDeviceTag *BrimNvmlDevice; /* a card or a MIG part of one; NVML's own */

/* What a call returns. Others exist; brim_nvml_result_text has words for them. */
typedef int BrimNvmlResult;
enum {
    BRIM_NVML_SUCCESS = 0,
    BRIM_NVML_UNINITIALIZED = 1,
    BRIM_NVML_INVALID_ARGUMENT = 2,
    BRIM_NVML_NOT_SUPPORTED = 3,
    BRIM_NVML_NOT_FOUND = 6,
    BRIM_NVML_INSUFFICIENT_SIZE = 7,
    BRIM_NVML_FUNCTION_NOT_FOUND = 13,
    BRIM_NVML_GPU_IS_LOST = 15,
    BRIM_NVML_NO_DATA = 21,
    BRIM_NVML_VERSION_MISMATCH = 25,
    BRIM_NVML_DEPRECATED = 26
};

/* The arguments that brim gives. */
enum {
    BRIM_NVML_CLOCK_SM = 1,
    BRIM_NVML_CLOCK_MEMORY = 2,
    BRIM_NVML_SENSOR_GPU = 0,
    BRIM_NVML_ECC_CORRECTED = 0,
    BRIM_NVML_ECC_UNCORRECTED = 1,
    BRIM_NVML_ECC_VOLATILE = 0, /* since the driver was loaded */
    BRIM_NVML_PCIE_SENT = 0,
    BRIM_NVML_PCIE_RECEIVED = 1,
    BRIM_NVML_FIELD_MEMORY_TEMPERATURE = 82,
    BRIM_NVML_MIG_ENABLED = 1
};

/* A struct with a version has its size in the low bytes of it. */
#define BRIM_NVML_VERSION(type, version) ((unsigned)sizeof(type) | (unsigned)(version) << 24)

typedef struct BrimNvmlMemory {
    unsigned long long total_bytes, free_bytes, used_bytes; /* used: what is reserved among it */
} BrimNvmlMemory;

typedef struct BrimNvmlMemory2 {
    unsigned version;
    unsigned long long total_bytes, reserved_bytes, free_bytes, used_bytes;
} BrimNvmlMemory2;

typedef struct BrimNvmlUtilization {
    unsigned gpu_percent, memory_percent;
} BrimNvmlUtilization;

typedef struct BrimNvmlTemperature {
    unsigned version, sensor;
    int celsius;
} BrimNvmlTemperature;

typedef struct BrimNvmlPci {
    char old_address[16]; /* all that _v2 and older fill in as text */
    unsigned domain, bus, device, device_id, subsystem_id;
    char address[32];
} BrimNvmlPci;

typedef struct BrimNvmlField {
    unsigned id, scope;
    long long time_us, latency_us;
    unsigned type;
    BrimNvmlResult result; /* of this field; the value means nothing unless it is SUCCESS */
    union {
        double real;
        int integer;
        unsigned natural;
        unsigned long natural_long;
        unsigned long long natural_64;
        long long integer_64;
        unsigned short natural_16;
    } value;
} BrimNvmlField;

/* How every entry of a process list begins. What follows depends on the driver (nvml_processes.c). */
typedef struct BrimNvmlProcess {
    unsigned pid;
    unsigned long long memory_bytes;
} BrimNvmlProcess;

typedef struct BrimNvmlProcessBusy {
    unsigned pid;
    unsigned long long time_us; /* since 1970 */
    unsigned sm_percent, memory_percent, encoder_percent, decoder_percent;
} BrimNvmlProcessBusy;

/* Calls that fill in one number: metric, symbol, and what the number is multiplied with. */
#define BRIM_NVML_NUMBER_LIST(X)                                                                             \
    X(POWER, "nvmlDeviceGetPowerUsage", 1e-3)               /* mW */                                         \
    X(POWER_LIMIT, "nvmlDeviceGetEnforcedPowerLimit", 1e-3) /* mW */                                         \
    X(FAN, "nvmlDeviceGetFanSpeed", 1)                                                                       \
    X(PCIE_GENERATION, "nvmlDeviceGetCurrPcieLinkGeneration", 1)                                             \
    X(PCIE_LANES, "nvmlDeviceGetCurrPcieLinkWidth", 1)

enum {
#define X(metric, symbol, scale) BRIM_NVML_##metric,
    BRIM_NVML_NUMBER_LIST(X)
#undef X
        BRIM_NVML_NUMBER_COUNT
};

typedef enum BrimNvmlKind {
    BRIM_NVML_COMPUTE,
    BRIM_NVML_GRAPHICS,
    BRIM_NVML_MPS, /* compute, through the multi-process service */
    BRIM_NVML_KIND_COUNT
} BrimNvmlKind;

/* The library, open. A function that it lacks is NULL; init, count and handle are there. */
typedef struct BrimNvml {
    void *library;
    const char *(*error_text)(BrimNvmlResult result);
    BrimNvmlResult (*init)(void);
    BrimNvmlResult (*shutdown)(void);
    BrimNvmlResult (*driver_version)(char *text, unsigned bytes);
    BrimNvmlResult (*count)(unsigned *count);
    BrimNvmlResult (*handle)(unsigned index, BrimNvmlDevice *device);

    BrimNvmlResult (*name)(BrimNvmlDevice device, char *text, unsigned bytes);
    BrimNvmlResult (*uuid)(BrimNvmlDevice device, char *text, unsigned bytes);
    BrimNvmlResult (*pci)(BrimNvmlDevice device, BrimNvmlPci *pci);
    BrimNvmlResult (*clock_most)(BrimNvmlDevice device, unsigned clock, unsigned *megahertz);

    BrimNvmlResult (*memory)(BrimNvmlDevice device, BrimNvmlMemory *memory);
    BrimNvmlResult (*memory2)(BrimNvmlDevice device, BrimNvmlMemory2 *memory);
    BrimNvmlResult (*utilization)(BrimNvmlDevice device, BrimNvmlUtilization *utilization);
    BrimNvmlResult (*encoder)(BrimNvmlDevice device, unsigned *percent, unsigned *period_us);
    BrimNvmlResult (*decoder)(BrimNvmlDevice device, unsigned *percent, unsigned *period_us);
    BrimNvmlResult (*temperature)(BrimNvmlDevice device, unsigned sensor, unsigned *celsius);
    BrimNvmlResult (*temperature2)(BrimNvmlDevice device, BrimNvmlTemperature *temperature);
    BrimNvmlResult (*fields)(BrimNvmlDevice device, int count, BrimNvmlField *fields);
    BrimNvmlResult (*number[BRIM_NVML_NUMBER_COUNT])(BrimNvmlDevice device, unsigned *number);
    BrimNvmlResult (*energy)(BrimNvmlDevice device, unsigned long long *millijoules);
    BrimNvmlResult (*clock)(BrimNvmlDevice device, unsigned clock, unsigned *megahertz);
    BrimNvmlResult (*throughput)(BrimNvmlDevice device, unsigned direction, unsigned *kilobytes_per_s);
    BrimNvmlResult (*ecc)(BrimNvmlDevice device, unsigned kind, unsigned since, unsigned long long *count);

    BrimNvmlResult (*running[BRIM_NVML_KIND_COUNT])(BrimNvmlDevice device, unsigned *count, void *list);
    size_t running_stride_bytes[BRIM_NVML_KIND_COUNT]; /* of an entry, as documented */
    BrimNvmlResult (*busy)(BrimNvmlDevice device, BrimNvmlProcessBusy *list, unsigned *count,
                           unsigned long long since_us);

    BrimNvmlResult (*mig_mode)(BrimNvmlDevice device, unsigned *now, unsigned *after_reset);
    BrimNvmlResult (*mig_most)(BrimNvmlDevice device, unsigned *count);
    BrimNvmlResult (*gpu_instance)(BrimNvmlDevice part, unsigned *number);
    BrimNvmlResult (*mig_handle)(BrimNvmlDevice device, unsigned index, BrimNvmlDevice *part);
} BrimNvml;

/* Opens the library of that name or path, NULL: libnvidia-ml.so.1, and finds its functions, the newest first.
 * false where there is none, or none that is NVML. */
bool brim_nvml_open(BrimNvml *api, const char *library);
void brim_nvml_close(BrimNvml *api);

/* NVML's own words, "GPU is lost", or a number where it has none; at most BRIM_NVML_RESULT_TEXT bytes. */
enum { BRIM_NVML_RESULT_TEXT = 96 };
const char *brim_nvml_result_text(const BrimNvml *api, BrimNvmlResult result,
                                  char text[BRIM_NVML_RESULT_TEXT]);

/* Copies a text that a driver wrote into from, ended by a NUL or not, as far as there is room, and makes it
 * fit for JSON and terminals. */
void brim_nvml_copy_text(char *to, size_t to_bytes, const char *from, size_t from_bytes);

#endif
