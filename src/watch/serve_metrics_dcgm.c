/* DCGM_FI_...: NVIDIA's devices as NVIDIA's DCGM exporter names them, with its units (MiB, MHz, mJ, percent)
 * and its labels. Facts: DCGM's field list and the exporter's default counters. A MIG part has the labels of
 * the whole card and GPU_I_PROFILE, GPU_I_ID beside them. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "watch/serve_metrics.h"

#define MIB  1048576.0
#define MEGA 1e6

#define FIGURE_LIST(X)                                                                                       \
    X(CLOCK, MEGA, gauge, "DCGM_FI_DEV_SM_CLOCK", "Clock of the multiprocessors (MHz).")                     \
    X(MEMORY_CLOCK, MEGA, gauge, "DCGM_FI_DEV_MEM_CLOCK", "Clock of the memory (MHz).")                      \
    X(MEMORY_TEMPERATURE, 1, gauge, "DCGM_FI_DEV_MEMORY_TEMP",                                               \
      "Temperature of the memory (degrees Celsius).")                                                        \
    X(TEMPERATURE, 1, gauge, "DCGM_FI_DEV_GPU_TEMP", "Temperature of the GPU (degrees Celsius).")            \
    X(POWER, 1, gauge, "DCGM_FI_DEV_POWER_USAGE", "Power drawn (W).")                                        \
    X(POWER_LIMIT, 1, gauge, "DCGM_FI_DEV_POWER_MGMT_LIMIT", "Power limit (W).")                             \
    X(ENERGY, 1e-3, counter, "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION",                                         \
      "Energy used since the driver was loaded (mJ).")                                                       \
    X(FAN, 1, gauge, "DCGM_FI_DEV_FAN_SPEED", "Speed of the fan (percent).")                                 \
    X(PCIE_SENT, 1, gauge, "DCGM_FI_PROF_PCIE_TX_BYTES",                                                     \
      "Rate of bytes that the GPU sent over PCIe (bytes a second).")                                         \
    X(PCIE_RECEIVED, 1, gauge, "DCGM_FI_PROF_PCIE_RX_BYTES",                                                 \
      "Rate of bytes that the GPU received over PCIe (bytes a second).")                                     \
    X(PCIE_GENERATION, 1, gauge, "DCGM_FI_DEV_PCIE_LINK_GEN", "Generation of the PCIe link as it is now.")   \
    X(PCIE_LANES, 1, gauge, "DCGM_FI_DEV_PCIE_LINK_WIDTH", "Lanes of the PCIe link as it is now.")           \
    X(UTILIZATION, 1, gauge, "DCGM_FI_DEV_GPU_UTIL", "Time in which the GPU worked (percent).")              \
    X(MEMORY_BUSY, 1, gauge, "DCGM_FI_DEV_MEM_COPY_UTIL",                                                    \
      "Time in which memory was read or written (percent).")                                                 \
    X(ENCODER, 1, gauge, "DCGM_FI_DEV_ENC_UTIL", "Time in which the encoder worked (percent).")              \
    X(DECODER, 1, gauge, "DCGM_FI_DEV_DEC_UTIL", "Time in which the decoder worked (percent).")              \
    X(MEMORY_TOTAL, MIB, gauge, "DCGM_FI_DEV_FB_TOTAL", "Memory of the GPU (MiB).")                          \
    X(MEMORY_FREE, MIB, gauge, "DCGM_FI_DEV_FB_FREE", "Memory free (MiB).")                                  \
    X(MEMORY_USED, MIB, gauge, "DCGM_FI_DEV_FB_USED", "Memory in use (MiB).")                                \
    X(MEMORY_RESERVED, MIB, gauge, "DCGM_FI_DEV_FB_RESERVED", "Memory kept by driver and firmware (MiB).")   \
    X(ECC_CORRECTED, 1, counter, "DCGM_FI_DEV_ECC_SBE_VOL_TOTAL",                                            \
      "Single-bit memory errors since the driver was loaded.")                                               \
    X(ECC_UNCORRECTED, 1, counter, "DCGM_FI_DEV_ECC_DBE_VOL_TOTAL",                                          \
      "Double-bit memory errors since the driver was loaded.")

static const BrimFigure figures[] = {
#define X(metric, unit, type, name, help) {BRIM_METRIC_##metric, unit, {name, #type, help}},
    FIGURE_LIST(X)
#undef X
};

typedef struct Cards {
    const BrimMonitorSample *sample;
    const char *host; /* "" where the sample has no host */
} Cards;

static void add_number(BrimText *labels, const char *key, const char *form, int number)
{
    char value[32];
    snprintf(value, sizeof value, form, number);
    brim_exposition_label(labels, key, value);
}

/* "NVIDIA A100-SXM4-40GB MIG 1g.5gb": what stands behind MIG is the profile. A part whose instance is unknown
 * goes by its own UUID, since two parts with the labels of one card would be the same line twice. */
static void write_card(BrimText *labels, const void *things, int index)
{
    const Cards *cards = things;
    const BrimDeviceSample *device = &cards->sample->devices[index], *card = device;
    const char *profile = strstr(device->name, " MIG ");
    bool part = device->parent >= 0 && device->parent < cards->sample->device_count;
    if (part)
        card = &cards->sample->devices[device->parent];
    add_number(labels, "gpu", "%d", card->index);
    brim_exposition_label(labels, "UUID", device->gpu_instance >= 0 ? card->id : device->id);
    brim_exposition_label(labels, "pci_bus_id", card->pci);
    add_number(labels, "device", "nvidia%d", card->index);
    brim_exposition_label(labels, "modelName", card->name);
    if (part && profile)
        brim_exposition_label(labels, "GPU_I_PROFILE", profile + strlen(" MIG "));
    if (part && device->gpu_instance >= 0)
        add_number(labels, "GPU_I_ID", "%d", device->gpu_instance);
    brim_exposition_label(labels, "Hostname", cards->host);
    brim_exposition_label(labels, "DCGM_FI_DRIVER_VERSION", card->driver);
}

BrimStatus brim_serve_metrics_dcgm(BrimExposition *exposition, const BrimMonitorSample *sample)
{
    Cards cards = {.sample = sample, .host = ""};
    const BrimDeviceSample *devices = sample->devices;
    char **labels;
    for (int i = 0; i < sample->device_count; i++)
        if (strcmp(devices[i].vendor, "host") == 0)
            cards.host = devices[i].id;
    BrimStatus status = brim_exposition_labels(&labels, sample->device_count, write_card, &cards);
    if (status != BRIM_OK)
        return status;
    for (size_t f = 0; f < sizeof figures / sizeof figures[0]; f++)
        for (int i = 0; i < sample->device_count; i++)
            if (strcmp(devices[i].vendor, "nvidia") == 0)
                brim_exposition_add(exposition, &figures[f].family, labels[i],
                                    devices[i].value[figures[f].metric] / figures[f].unit);
    brim_exposition_labels_give(&labels, sample->device_count);
    return BRIM_OK;
}
