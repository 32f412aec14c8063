/* What the processors' packages have used, from RAPL's counters (powercap). */
#ifndef BRIM_MONITOR_HOST_ENERGY_H
#define BRIM_MONITOR_HOST_ENERGY_H

#include <stdbool.h>
#include <stdint.h>

enum { BRIM_HOST_MOST_PACKAGES = 8 };

typedef struct BrimHostEnergy {
    struct {
        int counter;       /* its energy_uj, kept open */
        double last_uj;    /* as it was read last */
        double range_uj;   /* the counter begins again behind this; NAN where unknown */
        double counted_uj; /* what it has counted, over all its beginnings */
    } packages[BRIM_HOST_MOST_PACKAGES];
    int package_count;
    bool refused;         /* there are counters that this user may not read */
    int64_t at_ns;        /* when they were read last; 0: never */
    double joules, watts; /* NAN where unknown; watts since the reading before */
} BrimHostEnergy;

/* root stands in front of /sys. */
void brim_host_energy_open(BrimHostEnergy *energy, const char *root);

/* Reads the counters at that moment of the monotonic clock. One that cannot be read makes both figures
 * unknown. */
void brim_host_energy_read(BrimHostEnergy *energy, int64_t now_ns);

void brim_host_energy_close(BrimHostEnergy *energy);

#endif
