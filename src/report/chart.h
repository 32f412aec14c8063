/* Drawings as files (SVG or PNG), and a panel of one with a scale of values and a slot for each thing
 * compared. */
#ifndef BRIM_REPORT_CHART_H
#define BRIM_REPORT_CHART_H

#include <cairo.h>

#include "base/file.h"

typedef struct BrimChartFile {
    BrimAtomicFile *file;
    cairo_surface_t *surface;
    cairo_t *pen; /* white paper below */
    bool png;
} BrimChartFile;

/* A path ending with .svg (any case) is SVG, every other PNG, with two dots a px. The file appears complete,
 * at the end, or not at all. */
BrimStatus brim_chart_open(BrimChartFile *chart, const char *path, int width_px, int height_px);
BrimStatus brim_chart_end(BrimChartFile *chart);

typedef enum BrimChartAlign { BRIM_CHART_LEFT, BRIM_CHART_CENTRE, BRIM_CHART_RIGHT } BrimChartAlign;

typedef struct BrimChartInk {
    uint32_t colour; /* 0xRRGGBB */
    double size_px;
    bool bold;
} BrimChartInk;

void brim_chart_colour(cairo_t *pen, uint32_t colour);

/* y_px: the letters' foot. */
void brim_chart_text(cairo_t *pen, double x_px, double y_px, BrimChartAlign align, BrimChartInk ink,
                     const char *text);

typedef struct BrimChartPanel {
    cairo_t *pen;
    double left_px, top_px, width_px, height_px;
    int slots;
    double top_value; /* 0 is at the bottom */
} BrimChartPanel;

/* Chooses a round top_value over `highest`, and draws lines with their values beside them. */
void brim_chart_scale(BrimChartPanel *panel, double highest);

double brim_chart_slot_px(const BrimChartPanel *panel);     /* width of a slot */
double brim_chart_x(const BrimChartPanel *panel, int slot); /* its middle */
double brim_chart_y(const BrimChartPanel *panel, double value);

#endif
