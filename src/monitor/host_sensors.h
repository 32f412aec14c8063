/* The host's temperature and clocks. */
#ifndef BRIM_MONITOR_HOST_SENSORS_H
#define BRIM_MONITOR_HOST_SENSORS_H

enum { BRIM_HOST_MOST_CHIPS = 8 };

typedef struct BrimHostSensors {
    int chips[BRIM_HOST_MOST_CHIPS]; /* each processor's temperature, kept open */
    int chip_count;
} BrimHostSensors;

typedef struct BrimHostClocks {
    double now_hertz,
        most_hertz; /* the mean of the cores, and the highest that one of them may have; NAN where unknown */
} BrimHostClocks;

/* root stands in front of /proc and /sys. */
void brim_host_sensors_open(BrimHostSensors *sensors, const char *root);

/* The hottest processor, in degrees Celsius; NAN where none says. */
double brim_host_celsius(const BrimHostSensors *sensors);

/* Goes through all cores, so not to be asked ten times a second. */
BrimHostClocks brim_host_clocks(const char *root);

void brim_host_sensors_close(BrimHostSensors *sensors);

#endif
