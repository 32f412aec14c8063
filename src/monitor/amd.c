/* amd: cards of the amdgpu driver. docs/monitor-sysfs.md says which file feeds what, since which kernel. */
#include <math.h>

#include "monitor/cards.h"

static const BrimSensor device_sensors[] = {
    {BRIM_METRIC_MEMORY_TOTAL, "mem_info_vram_total", 1, 1, NULL},
    {BRIM_METRIC_MEMORY_USED, "mem_info_vram_used", 1, 1, NULL},
    {BRIM_METRIC_SHARED_TOTAL, "mem_info_gtt_total", 1, 1, NULL},
    {BRIM_METRIC_SHARED_USED, "mem_info_gtt_used", 1, 1, NULL},
    {BRIM_METRIC_UTILIZATION, "gpu_busy_percent", 1, 1, NULL},
    {BRIM_METRIC_MEMORY_BUSY, "mem_busy_percent", 1, 1, NULL},
};

static const BrimSensor hwmon_sensors[] = {
    {BRIM_METRIC_TEMPERATURE, "temp1_input", 1, 1e3, NULL},
    {BRIM_METRIC_POWER, "power1_average", 1, 1e6, NULL},
    {BRIM_METRIC_POWER, "power1_input", 1, 1e6, NULL},
    {BRIM_METRIC_POWER_LIMIT, "power1_cap", 1, 1e6, NULL},
    {BRIM_METRIC_CLOCK, "freq1_input", 1, 1, NULL},
    {BRIM_METRIC_MEMORY_CLOCK, "freq2_input", 1, 1, NULL},
    {BRIM_METRIC_FAN, "pwm1", 100, 255, NULL},
};

/* Clocks where the sensors have none, and the highest in any case. */
static const BrimSensor level_sensors[] = {
    {BRIM_METRIC_CLOCK, "pp_dpm_sclk", 1, 1, brim_sysfs_level_hertz},
    {BRIM_METRIC_MEMORY_CLOCK, "pp_dpm_mclk", 1, 1, brim_sysfs_level_hertz},
    {BRIM_METRIC_CLOCK_MOST, "pp_dpm_sclk", 1, 1, brim_sysfs_highest_hertz},
    {BRIM_METRIC_MEMORY_CLOCK_MOST, "pp_dpm_mclk", 1, 1, brim_sysfs_highest_hertz},
};

static const BrimSensor link_sensors[] = {
    {BRIM_METRIC_PCIE_GENERATION, "current_link_speed", 1, 1, brim_sysfs_generation},
    {BRIM_METRIC_PCIE_LANES, "current_link_width", 1, 1, NULL},
};

static void prepare(BrimCard *card, const BrimDrmCard *drm)
{
    char path[32];
    if (brim_sensors_labelled(drm->hwmon, "temp", "edge", path, sizeof path))
        brim_sensors_add(&card->sensors, drm->hwmon,
                         &(BrimSensor){BRIM_METRIC_TEMPERATURE, path, 1, 1e3, NULL}, 1);
    if (brim_sensors_labelled(drm->hwmon, "temp", "mem", path, sizeof path))
        brim_sensors_add(&card->sensors, drm->hwmon,
                         &(BrimSensor){BRIM_METRIC_MEMORY_TEMPERATURE, path, 1, 1e3, NULL}, 1);
    brim_sensors_add(&card->sensors, drm->bus, device_sensors,
                     sizeof device_sensors / sizeof *device_sensors);
    brim_sensors_add(&card->sensors, drm->hwmon, hwmon_sensors, sizeof hwmon_sensors / sizeof *hwmon_sensors);
    brim_sensors_add(&card->sensors, drm->bus, level_sensors, sizeof level_sensors / sizeof *level_sensors);
    brim_sensors_add(&card->sensors, drm->link, link_sensors, sizeof link_sensors / sizeof *link_sensors);
}

/* Turns in a minute, of the most that the fan can do. */
static double fan_percent(int hwmon)
{
    char now[32], most[32];
    brim_sysfs_text(hwmon, "fan1_input", now, sizeof now);
    brim_sysfs_text(hwmon, "fan1_max", most, sizeof most);
    double percent = 100 * brim_sysfs_number(now) / brim_sysfs_number(most);
    return percent >= 0 && percent <= 100 ? percent : NAN;
}

static void finish(BrimCard *card, const BrimDrmCard *drm, const BrimCardsMoment *moment,
                   BrimDeviceSample *device)
{
    (void)card;
    (void)moment;
    double free_bytes = device->value[BRIM_METRIC_MEMORY_TOTAL] - device->value[BRIM_METRIC_MEMORY_USED];
    device->value[BRIM_METRIC_MEMORY_FREE] = free_bytes >= 0 ? free_bytes : NAN;
    if (isnan(device->value[BRIM_METRIC_FAN]))
        device->value[BRIM_METRIC_FAN] = fan_percent(drm->hwmon);
}

static BrimStatus amd_open(BrimVendorState **state, const BrimVendorPlaces *places)
{
    static const char *const drivers[] = {"amdgpu", NULL};
    static const BrimCardsMaker maker = {"amd", drivers, false, prepare, finish};
    return brim_cards_open(state, places, &maker);
}

const BrimVendor brim_vendor_amd = {"amd", amd_open, brim_cards_sample, brim_cards_close};
