/* A sample as what Prometheus reads. Every device is there under brim's names, in base units; NVIDIA's are
 * there a second time under the names that NVIDIA's DCGM exporter has for the same figures, so that
 * dashboards made for it find them. */
#ifndef BRIM_WATCH_SERVE_METRICS_H
#define BRIM_WATCH_SERVE_METRICS_H

#include "watch/serve_exposition.h"

/* What is known of the sampling itself. */
typedef struct BrimServeCounts {
    uint64_t samples; /* this one among them */
    double sample_s;  /* that this one took; NAN where unknown */
} BrimServeCounts;

/* A figure of a device as a family. */
typedef struct BrimFigure {
    BrimMetric metric;
    double unit; /* the sample's figure is divided by it */
    BrimFamily family;
} BrimFigure;

/* *text: everything, given back with brim_mem_give. An error is memory alone. */
BrimStatus brim_serve_metrics(const BrimMonitorSample *sample, const BrimServeCounts *counts, char **text);

/* Its parts: the families DCGM_FI_... of NVIDIA's devices; brim_process_... and brim_run_... */
BrimStatus brim_serve_metrics_dcgm(BrimExposition *exposition, const BrimMonitorSample *sample);
BrimStatus brim_serve_metrics_processes(BrimExposition *exposition, const BrimMonitorSample *sample);
BrimStatus brim_serve_metrics_runs(BrimExposition *exposition, const BrimMonitorSample *sample);

#endif
