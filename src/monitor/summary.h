/* Peaks and means over samples: of each device, and of the processes that the samples show, taken as one (a
 * monitor that was opened with a pid shows that process and its descendants). */
#ifndef BRIM_MONITOR_SUMMARY_H
#define BRIM_MONITOR_SUMMARY_H

#include "base/status.h"

/* A figure over time. Begins zeroed; times at which it was unknown do not count. */
typedef struct BrimSpan {
    int count; /* times it was known */
    double peak, last;
    double sum, seconds; /* figure * seconds, and the seconds */
} BrimSpan;

typedef enum BrimSpanKind {
    BRIM_SPAN_LEVEL, /* of the moment, as memory is: between two moments the mean of both */
    BRIM_SPAN_RATE   /* of the time since the moment before, as utilization is */
} BrimSpanKind;

/* seconds: since the sample before. */
void brim_span_add(BrimSpan *span, BrimSpanKind kind, double figure, double seconds);

/* NAN where it was never known. */
double brim_span_peak(const BrimSpan *span);
double brim_span_mean(const BrimSpan *span);

typedef struct BrimDeviceSummary {
    char vendor[16], id[64], name[96];
    int index;
    double memory_total_bytes;
    BrimSpan memory_bytes, utilization_percent;
    BrimSpan tree_bytes; /* of its memory, what the processes have */
} BrimDeviceSummary;

typedef struct BrimSummary {
    BrimDeviceSummary *devices; /* in the order in which they appeared */
    int device_count, device_room;
    BrimSpan tree_bytes;         /* resident host memory, added up over the processes */
    BrimSpan tree_percent;       /* of one core, added up */
    BrimSpan process_peak_bytes; /* its peak: the highest that one process ever had, by the kernel (VmHWM) */
    int most_processes;          /* at one time */
    int samples;
    int64_t first_ns, last_ns; /* times of the samples */
} BrimSummary;

/* Adds a sample to a summary that began zeroed. ERROR_MEMORY. */
BrimStatus brim_summary_add(BrimSummary *summary, const BrimMonitorSample *sample);

void brim_summary_clear(BrimSummary *summary);

#endif
