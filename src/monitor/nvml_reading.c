/* Which call of NVML feeds which figure, and in what unit. */
#include "monitor/nvml_reading.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool brim_nvml_good(BrimNvmlReading *reading, BrimNvmlResult result, const char *call)
{
    char text[BRIM_NVML_RESULT_TEXT];
    switch (result) {
    case BRIM_NVML_SUCCESS:
        return true;
    case BRIM_NVML_NOT_SUPPORTED:
    case BRIM_NVML_FUNCTION_NOT_FOUND:
    case BRIM_NVML_NO_DATA:
    case BRIM_NVML_DEPRECATED:
        return false;
    case BRIM_NVML_GPU_IS_LOST:
        reading->lost = true;
    }
    if (reading->failures++ == 0 || reading->lost)
        snprintf(reading->device->trouble, sizeof reading->device->trouble, "%s: %s", call,
                 brim_nvml_result_text(reading->api, result, text));
    return false;
}

void brim_nvml_read_end(BrimNvmlReading *reading)
{
    char *trouble = reading->device->trouble;
    size_t length = strlen(trouble);
    if (reading->failures > 1 && !reading->lost)
        snprintf(trouble + length, sizeof reading->device->trouble - length, " (and %d more)",
                 reading->failures - 1);
}

/* The driver writes all ones where it has no number. */
static double figure(unsigned number, double scale)
{
    return number == UINT32_MAX ? NAN : number * scale;
}

static double figure_64(unsigned long long number, double scale)
{
    return number == UINT64_MAX ? NAN : (double)number * scale;
}

/* Whether a function's older sister may know what this one does not. */
static bool ask_older(BrimNvmlResult result)
{
    return result == BRIM_NVML_NOT_SUPPORTED || result == BRIM_NVML_FUNCTION_NOT_FOUND ||
           result == BRIM_NVML_VERSION_MISMATCH || result == BRIM_NVML_DEPRECATED ||
           result == BRIM_NVML_INVALID_ARGUMENT;
}

void brim_nvml_read_memory(BrimNvmlReading *reading)
{
    double *value = reading->device->value;
    const char *call = "nvmlDeviceGetMemoryInfo_v2";
    BrimNvmlMemory2 new = {.version = BRIM_NVML_VERSION(BrimNvmlMemory2, 2)};
    BrimNvmlMemory old;
    BrimNvmlResult result = BRIM_NVML_ASK(reading, memory2, reading->handle, &new);
    if (result == BRIM_NVML_SUCCESS) {
        value[BRIM_METRIC_MEMORY_RESERVED] = figure_64(new.reserved_bytes, 1);
        old = (BrimNvmlMemory){new.total_bytes, new.free_bytes, new.used_bytes};
    } else if (ask_older(result)) {
        call = "nvmlDeviceGetMemoryInfo";
        result = BRIM_NVML_ASK(reading, memory, reading->handle, &old);
    }
    /* The handle is void: they are when another card was removed, and until they are asked for anew. */
    if (result == BRIM_NVML_UNINITIALIZED || result == BRIM_NVML_INVALID_ARGUMENT)
        reading->lost = true;
    if (!brim_nvml_good(reading, result, call))
        return;
    value[BRIM_METRIC_MEMORY_TOTAL] = figure_64(old.total_bytes, 1);
    value[BRIM_METRIC_MEMORY_FREE] = figure_64(old.free_bytes, 1);
    value[BRIM_METRIC_MEMORY_USED] = figure_64(old.used_bytes, 1);
}

static void read_work(BrimNvmlReading *reading)
{
    double *value = reading->device->value;
    BrimNvmlUtilization busy;
    unsigned percent, period_us;
    if (brim_nvml_good(reading, BRIM_NVML_ASK(reading, utilization, reading->handle, &busy),
                       "nvmlDeviceGetUtilizationRates")) {
        value[BRIM_METRIC_UTILIZATION] = figure(busy.gpu_percent, 1);
        value[BRIM_METRIC_MEMORY_BUSY] = figure(busy.memory_percent, 1);
    }
    if (brim_nvml_good(reading, BRIM_NVML_ASK(reading, encoder, reading->handle, &percent, &period_us),
                       "nvmlDeviceGetEncoderUtilization"))
        value[BRIM_METRIC_ENCODER] = figure(percent, 1);
    if (brim_nvml_good(reading, BRIM_NVML_ASK(reading, decoder, reading->handle, &percent, &period_us),
                       "nvmlDeviceGetDecoderUtilization"))
        value[BRIM_METRIC_DECODER] = figure(percent, 1);
}

static void read_temperature(BrimNvmlReading *reading)
{
    double *value = &reading->device->value[BRIM_METRIC_TEMPERATURE];
    BrimNvmlTemperature new = {.version = BRIM_NVML_VERSION(BrimNvmlTemperature, 1),
                               .sensor = BRIM_NVML_SENSOR_GPU};
    unsigned celsius;
    BrimNvmlResult result = BRIM_NVML_ASK(reading, temperature2, reading->handle, &new);
    if (!ask_older(result)) {
        if (brim_nvml_good(reading, result, "nvmlDeviceGetTemperatureV"))
            *value = new.celsius == -1 ? NAN : new.celsius; /* all ones */
    } else if (brim_nvml_good(
                   reading,
                   BRIM_NVML_ASK(reading, temperature, reading->handle, BRIM_NVML_SENSOR_GPU, &celsius),
                   "nvmlDeviceGetTemperature"))
        *value = figure(celsius, 1);
}

static double field_figure(const BrimNvmlField *field)
{
    switch (field->type) {
    case 0:
        return field->value.real;
    case 1:
        return figure(field->value.natural, 1);
    case 2:
    case 3: /* both have 64 bits here */
        return figure_64(field->value.natural_64, 1);
    case 4:
        return (double)field->value.integer_64;
    case 5:
        return field->value.integer;
    case 6:
        return field->value.natural_16;
    default:
        return NAN;
    }
}

/* A card without that sensor may answer 0 instead of "Not Supported"; memory that works is never that cold.
 */
static void read_memory_temperature(BrimNvmlReading *reading)
{
    static const char call[] = "nvmlDeviceGetFieldValues";
    BrimNvmlField field = {.id = BRIM_NVML_FIELD_MEMORY_TEMPERATURE};
    if (!brim_nvml_good(reading, BRIM_NVML_ASK(reading, fields, reading->handle, 1, &field), call) ||
        !brim_nvml_good(reading, field.result, call))
        return;
    double celsius = field_figure(&field);
    reading->device->value[BRIM_METRIC_MEMORY_TEMPERATURE] = celsius == 0 ? NAN : celsius;
}

static void read_numbers(BrimNvmlReading *reading)
{
    static const struct {
        BrimMetric metric;
        const char *call;
        double scale;
    } numbers[] = {
#define X(metric, symbol, scale) {BRIM_METRIC_##metric, symbol, scale},
        BRIM_NVML_NUMBER_LIST(X)
#undef X
    };
    for (int i = 0; i < BRIM_NVML_NUMBER_COUNT; i++) {
        unsigned number;
        if (brim_nvml_good(reading, BRIM_NVML_ASK(reading, number[i], reading->handle, &number),
                           numbers[i].call))
            reading->device->value[numbers[i].metric] = figure(number, numbers[i].scale);
    }
}

static void read_clock(BrimNvmlReading *reading, unsigned clock, BrimMetric metric)
{
    unsigned megahertz;
    if (brim_nvml_good(reading, BRIM_NVML_ASK(reading, clock, reading->handle, clock, &megahertz),
                       "nvmlDeviceGetClockInfo"))
        reading->device->value[metric] = figure(megahertz, 1e6);
}

static void read_errors(BrimNvmlReading *reading, unsigned kind, BrimMetric metric)
{
    unsigned long long count;
    if (brim_nvml_good(reading,
                       BRIM_NVML_ASK(reading, ecc, reading->handle, kind, BRIM_NVML_ECC_VOLATILE, &count),
                       "nvmlDeviceGetTotalEccErrors"))
        reading->device->value[metric] = figure_64(count, 1);
}

void brim_nvml_read_figures(BrimNvmlReading *reading)
{
    unsigned long long millijoules;
    brim_nvml_read_memory(reading);
    read_work(reading);
    read_temperature(reading);
    read_memory_temperature(reading);
    read_numbers(reading);
    read_clock(reading, BRIM_NVML_CLOCK_SM, BRIM_METRIC_CLOCK);
    read_clock(reading, BRIM_NVML_CLOCK_MEMORY, BRIM_METRIC_MEMORY_CLOCK);
    read_errors(reading, BRIM_NVML_ECC_CORRECTED, BRIM_METRIC_ECC_CORRECTED);
    read_errors(reading, BRIM_NVML_ECC_UNCORRECTED, BRIM_METRIC_ECC_UNCORRECTED);
    if (brim_nvml_good(reading, BRIM_NVML_ASK(reading, energy, reading->handle, &millijoules),
                       "nvmlDeviceGetTotalEnergyConsumption"))
        reading->device->value[BRIM_METRIC_ENERGY] = figure_64(millijoules, 1e-3);
}

static double read_direction(BrimNvmlReading *reading, unsigned direction)
{
    unsigned kilobytes_per_s;
    bool good = brim_nvml_good(
        reading, BRIM_NVML_ASK(reading, throughput, reading->handle, direction, &kilobytes_per_s),
        "nvmlDeviceGetPcieThroughput");
    return good ? figure(kilobytes_per_s, 1024) : NAN;
}

void brim_nvml_read_traffic(BrimNvmlReading *reading, double *received_bytes_per_s, double *sent_bytes_per_s)
{
    *received_bytes_per_s = read_direction(reading, BRIM_NVML_PCIE_RECEIVED);
    *sent_bytes_per_s = read_direction(reading, BRIM_NVML_PCIE_SENT);
}

double brim_nvml_read_clock_most(BrimNvmlReading *reading, unsigned clock)
{
    unsigned megahertz;
    bool good =
        brim_nvml_good(reading, BRIM_NVML_ASK(reading, clock_most, reading->handle, clock, &megahertz),
                       "nvmlDeviceGetMaxClockInfo");
    return good ? figure(megahertz, 1e6) : NAN;
}
