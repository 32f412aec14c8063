/* The part of the time in which the host's cores worked. */
#ifndef BRIM_MONITOR_HOST_LOAD_H
#define BRIM_MONITOR_HOST_LOAD_H

#include <stdint.h>

typedef struct BrimHostLoad {
    double busy_ticks, all_ticks; /* of all cores, when they were counted last */
    int64_t at_ns;                /* 0: never */
    double percent;               /* NAN before there are two counts */
} BrimHostLoad;

void brim_host_load_open(BrimHostLoad *load);

/* stat: the beginning of /proc/stat at that moment of the monotonic clock. Garbage makes it unknown. */
void brim_host_load_read(BrimHostLoad *load, const char *stat, int64_t now_ns);

#endif
