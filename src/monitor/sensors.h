/* Which file feeds which figure of a device, and the reading of them all. Knows what a figure can be, not
 * whose it is. */
#ifndef BRIM_MONITOR_SENSORS_H
#define BRIM_MONITOR_SENSORS_H

#include "brim.h"
#include "monitor/sysfs.h"

typedef struct BrimSensor {
    BrimMetric metric;
    const char *path;
    double times, per; /* the file's figure to ours: * times / per, which keeps whole numbers exact */
    double (*parse)(const char *); /* NULL: brim_sysfs_number */
} BrimSensor;

enum { BRIM_SENSORS_MOST = 32 };

typedef struct BrimSensors {
    BrimSensor sensors[BRIM_SENSORS_MOST];
    BrimSysfsFile files[BRIM_SENSORS_MOST];
    int count;
} BrimSensors;

/* Adds those whose metric the files of the folder feed; of several for one metric the first that can be read
 * counts. A sensor's path is copied. */
void brim_sensors_add(BrimSensors *sensors, int folder, const BrimSensor *list, int count);

/* Writes what is known into device->value; `trouble` has the first file that is there and cannot be read, or
 * makes no sense. A file that is not there is none: few cards have all. */
void brim_sensors_read(BrimSensors *sensors, BrimDeviceSample *device);

/* Forgets all. */
void brim_sensors_close(BrimSensors *sensors);

/* The file of the kind ("temp") whose label says so ("edge"): "temp1_input". False where there is none. */
bool brim_sensors_labelled(int folder, const char *kind, const char *label, char *path, size_t room);

/* Notes the device's first trouble. */
void brim_sensors_complain(BrimDeviceSample *device, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
