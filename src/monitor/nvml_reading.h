/* One device being asked by NVML: figures go straight into its sample, and so does what went wrong. */
#ifndef BRIM_MONITOR_NVML_READING_H
#define BRIM_MONITOR_NVML_READING_H

#include "monitor/draft.h"
#include "monitor/nvml_api.h"

typedef struct BrimNvmlReading {
    const BrimNvml *api;
    BrimNvmlDevice handle;
    BrimDeviceSample *device; /* in the draft, until its next */
    int failures;             /* calls that went wrong; the first is in device->trouble */
    bool lost;                /* the card does not answer any more, and is asked no further */
} BrimNvmlReading;

/* Calls a function of the library unless it lacks that or the card is lost. */
#define BRIM_NVML_ASK(reading, function, ...)                                                                \
    ((reading)->lost || !(reading)->api->function ? BRIM_NVML_FUNCTION_NOT_FOUND                             \
                                                  : (reading)->api->function(__VA_ARGS__))

/* Whether the call filled in what it was asked for. A figure that the device or the driver does not have is
 * no trouble; every other failure is one. */
bool brim_nvml_good(BrimNvmlReading *reading, BrimNvmlResult result, const char *call);

/* Every figure of a card but its clocks' limits and its PCIe traffic: 17 calls. */
void brim_nvml_read_figures(BrimNvmlReading *reading);

/* Total, used, free, and where the driver says it, reserved. */
void brim_nvml_read_memory(BrimNvmlReading *reading);

/* NVML watches the link for 20 ms for each of these two. */
void brim_nvml_read_traffic(BrimNvmlReading *reading, double *received_bytes_per_s, double *sent_bytes_per_s);

/* The highest a clock may go; NAN where unknown. */
double brim_nvml_read_clock_most(BrimNvmlReading *reading, unsigned clock);

/* Says in the sample's trouble how many failures there were beside the first. */
void brim_nvml_read_end(BrimNvmlReading *reading);

#endif
