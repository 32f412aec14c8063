/* results.csv as a picture, under the name and in the order of YOLOv5's. */
#ifndef BRIM_REPORT_RESULTS_PLOT_H
#define BRIM_REPORT_RESULTS_PLOT_H

#include "base/status.h"

/* Draws the losses and metrics of a results.csv over its epochs: an SVG where the path ends with .svg, else a
 * PNG; the file appears complete or not at all. ERROR_INPUT where there is no row to draw, ERROR_IO,
 * ERROR_MEMORY. */
BrimStatus brim_results_plot(const char *path, const char *csv_path);

#endif
