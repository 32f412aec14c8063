/* A sweep as a picture: speed and memory over the batch size, training beside inference. */
#ifndef BRIM_REPORT_BENCH_PLOT_H
#define BRIM_REPORT_BENCH_PLOT_H

#include "base/status.h"

/* An SVG where the path ends with .svg, else a PNG; the file appears complete or not at all. */
BrimStatus brim_bench_plot(const char *path, const BrimBench *bench);

#endif
