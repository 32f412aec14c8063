/* intel: cards of the drivers i915 and xe, in the processor or on a board. docs/monitor-sysfs.md says which
 * file feeds what, since which kernel. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "monitor/cards.h"

/* Numbers of MHz, in cardN for i915 and below the bus device for xe. Actual clocks are 0 while the GPU is
 * powered down between two pieces of work. */
static const BrimSensor i915_sensors[] = {
    {BRIM_METRIC_CLOCK, "gt_act_freq_mhz", 1e6, 1, NULL},
    {BRIM_METRIC_CLOCK, "gt/gt0/rps_act_freq_mhz", 1e6, 1, NULL},
    {BRIM_METRIC_CLOCK_MOST, "gt_max_freq_mhz", 1e6, 1, NULL},
    {BRIM_METRIC_CLOCK_MOST, "gt/gt0/rps_max_freq_mhz", 1e6, 1, NULL},
    {BRIM_METRIC_MEMORY_TOTAL, "lmem_total_bytes", 1, 1, NULL},
};

static const BrimSensor xe_sensors[] = {
    {BRIM_METRIC_CLOCK, "tile0/gt0/freq0/act_freq", 1e6, 1, NULL},
    {BRIM_METRIC_CLOCK_MOST, "tile0/gt0/freq0/max_freq", 1e6, 1, NULL},
};

/* Of the whole card (1) where there is such a sensor, else of the package (2). */
static const BrimSensor hwmon_sensors[] = {
    {BRIM_METRIC_TEMPERATURE, "temp1_input", 1, 1e3, NULL},
    {BRIM_METRIC_TEMPERATURE, "temp2_input", 1, 1e3, NULL},
    {BRIM_METRIC_POWER_LIMIT, "power1_max", 1, 1e6, NULL},
    {BRIM_METRIC_POWER_LIMIT, "power1_cap", 1, 1e6, NULL},
    {BRIM_METRIC_POWER_LIMIT, "power2_max", 1, 1e6, NULL},
    {BRIM_METRIC_POWER_LIMIT, "power2_cap", 1, 1e6, NULL},
};

static const BrimSensor link_sensors[] = {
    {BRIM_METRIC_PCIE_GENERATION, "current_link_speed", 1, 1, brim_sysfs_generation},
    {BRIM_METRIC_PCIE_LANES, "current_link_width", 1, 1, NULL},
};

static void prepare(BrimCard *card, const BrimDrmCard *drm)
{
    char path[32];
    bool is_xe = strcmp(drm->driver, "xe") == 0;
    /* The two energies count from different beginnings, so that it is one or the other for good. */
    const char *energy = brim_sysfs_exists(drm->hwmon, "energy1_input") ? "energy1_input" : "energy2_input";
    brim_sensors_add(&card->sensors, drm->hwmon, &(BrimSensor){BRIM_METRIC_ENERGY, energy, 1, 1e6, NULL}, 1);
    if (brim_sensors_labelled(drm->hwmon, "temp", "pkg", path, sizeof path))
        brim_sensors_add(&card->sensors, drm->hwmon,
                         &(BrimSensor){BRIM_METRIC_TEMPERATURE, path, 1, 1e3, NULL}, 1);
    if (brim_sensors_labelled(drm->hwmon, "temp", "vram", path, sizeof path))
        brim_sensors_add(&card->sensors, drm->hwmon,
                         &(BrimSensor){BRIM_METRIC_MEMORY_TEMPERATURE, path, 1, 1e3, NULL}, 1);
    brim_sensors_add(&card->sensors, drm->hwmon, hwmon_sensors, sizeof hwmon_sensors / sizeof *hwmon_sensors);
    if (is_xe)
        brim_sensors_add(&card->sensors, drm->bus, xe_sensors, sizeof xe_sensors / sizeof *xe_sensors);
    else
        brim_sensors_add(&card->sensors, drm->card, i915_sensors, sizeof i915_sensors / sizeof *i915_sensors);
    brim_sensors_add(&card->sensors, drm->link, link_sensors, sizeof link_sensors / sizeof *link_sensors);
}

/* xe: the memory of all tiles; NAN where one of them does not say. */
static double tiles_bytes(int bus)
{
    double sum = NAN;
    for (int i = 0; i < 16; i++) {
        char path[64], text[64];
        snprintf(path, sizeof path, "tile%d", i);
        if (!brim_sysfs_exists(bus, path))
            break;
        snprintf(path, sizeof path, "tile%d/physical_vram_size_bytes", i);
        brim_sysfs_text(bus, path, text, sizeof text);
        sum = (i ? sum : 0) + brim_sysfs_number(text);
    }
    return sum > 0 ? sum : NAN;
}

/* From what was used since the sample before. */
static double power_watts(BrimCard *card, double energy_joules, int64_t monotonic_ns)
{
    double watts = monotonic_ns > card->energy_ns ? (energy_joules - card->energy_joules) /
                                                        ((double)(monotonic_ns - card->energy_ns) / 1e9)
                                                  : NAN;
    card->energy_joules = energy_joules;
    card->energy_ns = monotonic_ns;
    /* Less than before: the driver was loaded anew. More than any card could take: its counter jumped. */
    return watts >= 0 && watts < 10000 ? watts : NAN;
}

static void finish(BrimCard *card, const BrimDrmCard *drm, const BrimCardsMoment *moment,
                   BrimDeviceSample *device)
{
    double *value = device->value;
    value[BRIM_METRIC_POWER] = power_watts(card, value[BRIM_METRIC_ENERGY], moment->monotonic_ns);
    if (isnan(value[BRIM_METRIC_MEMORY_TOTAL]))
        value[BRIM_METRIC_MEMORY_TOTAL] = tiles_bytes(drm->bus);
    value[BRIM_METRIC_MEMORY_USED] = moment->use.device_bytes;
    value[BRIM_METRIC_SHARED_USED] = moment->use.host_bytes;
    value[BRIM_METRIC_UTILIZATION] = moment->use.utilization_percent;
    /* Nobody holds the card, and it is not that we were not told. */
    if (!moment->use.holders && !moment->partial && !moment->first)
        value[BRIM_METRIC_UTILIZATION] = 0;
    if (moment->use.count && moment->partial)
        brim_sensors_complain(
            device, "not all processes may be seen: utilization and used memory are of those that may");
}

static BrimStatus intel_open(BrimVendorState **state, const BrimVendorPlaces *places)
{
    static const char *const drivers[] = {"i915", "xe", NULL};
    static const BrimCardsMaker maker = {"intel", drivers, true, prepare, finish};
    return brim_cards_open(state, places, &maker);
}

const BrimVendor brim_vendor_intel = {"intel", intel_open, brim_cards_sample, brim_cards_close};
