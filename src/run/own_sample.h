/* What of a sample is a run's own: its device, and of that device's memory what this process has and what is
 * free. */
#ifndef BRIM_RUN_OWN_SAMPLE_H
#define BRIM_RUN_OWN_SAMPLE_H

#include "base/status.h"

typedef struct BrimOwnSample {
    const BrimDeviceSample *device; /* NULL: the sample does not have it */
    double memory_bytes;            /* of the device's, this process's part; NAN where unknown */
    double free_bytes;              /* NAN where unknown */
} BrimOwnSample;

/* card_id: the card's UUID, as BrimDeviceInfo has it; "" for the host, whose figures are what the kernel says
 * now. */
BrimOwnSample brim_own_sample(const BrimMonitorSample *sample, const char *card_id);

/* "; the largest other process is NAME (PID) with N MiB" of the device's memory; "" where none is known. */
void brim_own_sample_neighbour(const char *card_id, char *text, size_t bytes);

#endif
