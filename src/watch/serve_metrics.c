/* brim_device_...: every device of every vendor, the host among them. */
#include "watch/serve_metrics.h"

#include <stdio.h>

#include "base/memory.h"

#define FIGURE_LIST(X)                                                                                       \
    X(MEMORY_TOTAL, 1, gauge, "brim_device_memory_total_bytes", "Memory of the device.")                     \
    X(MEMORY_USED, 1, gauge, "brim_device_memory_used_bytes",                                                \
      "Memory in use; of the host, what it could not give away.")                                            \
    X(MEMORY_FREE, 1, gauge, "brim_device_memory_free_bytes",                                                \
      "Memory free; of the host, what it could give.")                                                       \
    X(MEMORY_RESERVED, 1, gauge, "brim_device_memory_reserved_bytes",                                        \
      "Memory kept by driver and firmware, neither used nor free.")                                          \
    X(SHARED_TOTAL, 1, gauge, "brim_device_shared_memory_total_bytes",                                       \
      "Host memory that the device may use; of the host, swap.")                                             \
    X(SHARED_USED, 1, gauge, "brim_device_shared_memory_used_bytes",                                         \
      "Host memory that the device uses; of the host, swap in use.")                                         \
    X(UTILIZATION, 100, gauge, "brim_device_utilization_ratio",                                              \
      "Part of the time in which the device worked.")                                                        \
    X(MEMORY_BUSY, 100, gauge, "brim_device_memory_busy_ratio",                                              \
      "Part of the time in which memory was read or written.")                                               \
    X(ENCODER, 100, gauge, "brim_device_encoder_ratio",                                                      \
      "Part of the time in which the video encoder worked.")                                                 \
    X(DECODER, 100, gauge, "brim_device_decoder_ratio",                                                      \
      "Part of the time in which the video decoder worked.")                                                 \
    X(TEMPERATURE, 1, gauge, "brim_device_temperature_celsius", "Temperature.")                              \
    X(MEMORY_TEMPERATURE, 1, gauge, "brim_device_memory_temperature_celsius", "Temperature of the memory.")  \
    X(POWER, 1, gauge, "brim_device_power_watts", "Power drawn.")                                            \
    X(POWER_LIMIT, 1, gauge, "brim_device_power_limit_watts", "Power at which the device throttles itself.") \
    X(ENERGY, 1, counter, "brim_device_energy_joules_total", "Energy used since the driver was loaded.")     \
    X(CLOCK, 1, gauge, "brim_device_clock_hertz",                                                            \
      "Clock of the multiprocessors; of the host, mean of the cores.")                                       \
    X(CLOCK_MOST, 1, gauge, "brim_device_clock_max_hertz",                                                   \
      "Highest clock of the multiprocessors; of the host, of the cores.")                                    \
    X(MEMORY_CLOCK, 1, gauge, "brim_device_memory_clock_hertz", "Clock of the memory.")                      \
    X(MEMORY_CLOCK_MOST, 1, gauge, "brim_device_memory_clock_max_hertz", "Highest clock of the memory.")     \
    X(FAN, 100, gauge, "brim_device_fan_ratio", "Speed of the fan, of its highest.")                         \
    X(PCIE_RECEIVED, 1, gauge, "brim_device_pcie_received_bytes_per_second",                                 \
      "Bytes that came over PCIe in a second.")                                                              \
    X(PCIE_SENT, 1, gauge, "brim_device_pcie_sent_bytes_per_second",                                         \
      "Bytes that went over PCIe in a second.")                                                              \
    X(PCIE_GENERATION, 1, gauge, "brim_device_pcie_generation", "Generation of the PCIe link as it is now.") \
    X(PCIE_LANES, 1, gauge, "brim_device_pcie_lanes", "Lanes of the PCIe link as it is now.")                \
    X(ECC_CORRECTED, 1, counter, "brim_device_ecc_corrected_errors_total",                                   \
      "Memory errors mended since the driver was loaded.")                                                   \
    X(ECC_UNCORRECTED, 1, counter, "brim_device_ecc_uncorrected_errors_total",                               \
      "Memory errors beyond mending since the driver was loaded.")

static const BrimFigure figures[] = {
#define X(metric, unit, type, name, help) {BRIM_METRIC_##metric, unit, {name, #type, help}},
    FIGURE_LIST(X)
#undef X
};

static const BrimFamily info = {"brim_device_info", "gauge", "What a device is; always 1."};
static const BrimFamily lost = {"brim_device_lost", "gauge",
                                "1 where a device does not answer any more, else 0."};
static const BrimFamily build = {"brim_build_info", "gauge", "Which brim this is; always 1."};
static const BrimFamily samples = {"brim_samples_total", "counter",
                                   "Samples taken since the server was started."};
static const BrimFamily moment = {"brim_sample_timestamp_seconds", "gauge",
                                  "When this sample was taken, since 1970."};
static const BrimFamily duration = {"brim_sample_duration_seconds", "gauge",
                                    "How long taking this sample took."};

/* MIG parts have the index of the device that they are parts of, or their own: the id tells devices apart. */
static void write_device(BrimText *labels, const void *things, int index)
{
    const BrimDeviceSample *device = &((const BrimMonitorSample *)things)->devices[index];
    char number[16];
    snprintf(number, sizeof number, "%d", device->index);
    brim_exposition_label(labels, "vendor", device->vendor);
    brim_exposition_label(labels, "index", number);
    brim_exposition_label(labels, "id", device->id);
    brim_exposition_label(labels, "name", device->name);
}

static void write_device_info(BrimText *labels, const void *things, int index)
{
    const BrimMonitorSample *sample = things;
    int parent = sample->devices[index].parent;
    write_device(labels, things, index);
    brim_exposition_label(labels, "driver", sample->devices[index].driver);
    brim_exposition_label(labels, "pci", sample->devices[index].pci);
    if (parent >= 0 && parent < sample->device_count)
        brim_exposition_label(labels, "parent", sample->devices[parent].id);
}

static BrimStatus add_devices(BrimExposition *exposition, const BrimMonitorSample *sample)
{
    char **labels = NULL, **infos = NULL;
    int count = sample->device_count;
    BrimStatus status;
    BRIM_TRY(brim_exposition_labels(&labels, count, write_device, sample));
    BRIM_TRY(brim_exposition_labels(&infos, count, write_device_info, sample));
    for (int i = 0; i < count; i++)
        brim_exposition_add(exposition, &info, infos[i], 1);
    for (int i = 0; i < count; i++)
        brim_exposition_add(exposition, &lost, labels[i], sample->devices[i].lost);
    for (size_t f = 0; f < sizeof figures / sizeof figures[0]; f++)
        for (int i = 0; i < count; i++)
            brim_exposition_add(exposition, &figures[f].family, labels[i],
                                sample->devices[i].value[figures[f].metric] / figures[f].unit);
fail:
    brim_exposition_labels_give(&labels, count);
    brim_exposition_labels_give(&infos, count);
    return status;
}

BrimStatus brim_serve_metrics(const BrimMonitorSample *sample, const BrimServeCounts *counts, char **text)
{
    BrimExposition exposition = {.open = NULL};
    BrimText version = {0};
    BrimStatus status;
    *text = NULL;
    brim_exposition_label(&version, "version", brim_version());
    exposition.text.failed = version.failed;
    brim_exposition_add(&exposition, &build, version.failed ? "" : version.text, 1);
    brim_exposition_add(&exposition, &samples, "", (double)counts->samples);
    brim_exposition_add(&exposition, &moment, "", (double)sample->time_ns * 1e-9);
    brim_exposition_add(&exposition, &duration, "", counts->sample_s);
    BRIM_TRY(add_devices(&exposition, sample));
    BRIM_TRY(brim_serve_metrics_processes(&exposition, sample));
    BRIM_TRY(brim_serve_metrics_runs(&exposition, sample));
    BRIM_TRY(brim_serve_metrics_dcgm(&exposition, sample));
    brim_mem_give(version.text);
    return brim_text_end(&exposition.text, text);
fail:
    brim_mem_give(version.text);
    brim_mem_give(exposition.text.text);
    return status;
}
