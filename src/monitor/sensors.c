/* Files to figures. */
#include "monitor/sensors.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void brim_sensors_add(BrimSensors *sensors, int folder, const BrimSensor *list, int count)
{
    for (int i = 0; i < count && sensors->count < BRIM_SENSORS_MOST; i++) {
        sensors->sensors[sensors->count] = list[i];
        sensors->files[sensors->count++] = brim_sysfs_file(folder, list[i].path);
    }
}

void brim_sensors_close(BrimSensors *sensors)
{
    for (int i = 0; i < sensors->count; i++)
        brim_sysfs_file_close(&sensors->files[i]);
    sensors->count = 0;
}

void brim_sensors_complain(BrimDeviceSample *device, const char *format, ...)
{
    va_list arguments;
    if (device->trouble[0])
        return;
    va_start(arguments, format);
    vsnprintf(device->trouble, sizeof device->trouble, format, arguments);
    va_end(arguments);
}

/* What the drivers answer for a sensor that this card does not have. */
static bool is_absent(int error)
{
    return error == ENOENT || error == ENODATA || error == EOPNOTSUPP || error == EINVAL;
}

static bool is_possible(BrimMetric metric, double value)
{
    switch (metric) {
    case BRIM_METRIC_UTILIZATION:
    case BRIM_METRIC_MEMORY_BUSY:
    case BRIM_METRIC_FAN:
        return value >= 0 && value <= 100;
    case BRIM_METRIC_TEMPERATURE:
    case BRIM_METRIC_MEMORY_TEMPERATURE:
        return value >= -100 && value <= 300;
    case BRIM_METRIC_PCIE_LANES:
        return value >= 0 && value <= 32;
    default:
        return value >= 0;
    }
}

/* Where drivers write 0 for "none": no memory of its own, a limit switched off, no link. */
static bool is_none(BrimMetric metric, double value)
{
    return value == 0 && (metric == BRIM_METRIC_MEMORY_TOTAL || metric == BRIM_METRIC_POWER_LIMIT ||
                          metric == BRIM_METRIC_CLOCK_MOST || metric == BRIM_METRIC_MEMORY_CLOCK_MOST ||
                          metric == BRIM_METRIC_PCIE_LANES);
}

static void read_one(const BrimSensor *sensor, BrimSysfsFile *file, BrimDeviceSample *device)
{
    char text[BRIM_SYSFS_TEXT_BYTES];
    int error = brim_sysfs_file_text(file, text, sizeof text);
    if (error && !is_absent(error))
        brim_sensors_complain(device, "%s: %s", file->path, strerror(error));
    /* "Unknown" is the kernel's own word, for the link of a device that has none. */
    if (error || strncmp(text, "Unknown", 7) == 0)
        return;
    double value = (sensor->parse ? sensor->parse : brim_sysfs_number)(text)*sensor->times / sensor->per;
    if (isnan(value))
        brim_sensors_complain(device, "%s: no number where one should be", file->path);
    else if (!is_possible(sensor->metric, value))
        brim_sensors_complain(device, "%s: %g is out of range", file->path, value);
    else if (!is_none(sensor->metric, value))
        device->value[sensor->metric] = value;
}

void brim_sensors_read(BrimSensors *sensors, BrimDeviceSample *device)
{
    for (int i = 0; i < sensors->count; i++)
        if (isnan(device->value[sensors->sensors[i].metric]))
            read_one(&sensors->sensors[i], &sensors->files[i], device);
}

bool brim_sensors_labelled(int folder, const char *kind, const char *label, char *path, size_t room)
{
    char name[48], text[BRIM_SYSFS_TEXT_BYTES];
    for (int i = 1; i < 16; i++) {
        snprintf(name, sizeof name, "%s%d_label", kind, i);
        if (brim_sysfs_text(folder, name, text, sizeof text) == 0 && strcmp(text, label) == 0) {
            snprintf(path, room, "%s%d_input", kind, i);
            return true;
        }
    }
    return false;
}
