/* What a driver says of one opened graphics device in /proc/PID/fdinfo/FD: the kernel's format of
 * Documentation/gpu/drm-usage-stats.rst. Knows the text, not where it comes from. */
#ifndef BRIM_MONITOR_FDINFO_H
#define BRIM_MONITOR_FDINFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BRIM_FDINFO_MOST_ENGINES = 12, BRIM_FDINFO_MOST_REGIONS = 10 };

#define BRIM_FDINFO_UNKNOWN UINT64_MAX

/* A kind of engine, of which the card has `capacity`, at least 1. A driver counts ns, or cycles of so many
 * that went by; what it does not count is unknown. */
typedef struct BrimFdinfoEngine {
    char name[24];
    uint64_t capacity, busy_ns, busy_cycles, total_cycles;
} BrimFdinfoEngine;

/* A kind of memory; figures are NAN where the driver does not say. */
typedef struct BrimFdinfoRegion {
    char name[24];
    double resident_bytes, total_bytes, shared_bytes;
} BrimFdinfoRegion;

typedef struct BrimFdinfo {
    char driver[16]; /* "": this is no graphics device */
    char address[32];
    bool has_client;
    uint64_t client; /* the same however many descriptors and processes share the opening */
    BrimFdinfoEngine engines[BRIM_FDINFO_MOST_ENGINES];
    int engine_count;
    BrimFdinfoRegion regions[BRIM_FDINFO_MOST_REGIONS];
    int region_count;
} BrimFdinfo;

/* Reads what it understands of the text; a line that it does not counts as not there. */
void brim_fdinfo_parse(BrimFdinfo *info, const char *text);

/* Bytes in the card's own memory (regions vram*, local*) and in the host's (system*, gtt, memory), NAN where
 * the driver names no such region. What is resident; where a driver does not say, what was asked for.
 * shared_bytes: of it what other clients hold too, 0 where the driver does not say. */
double brim_fdinfo_device_bytes(const BrimFdinfo *info, double *shared_bytes);
double brim_fdinfo_host_bytes(const BrimFdinfo *info, double *shared_bytes);

#endif
