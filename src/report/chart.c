/* Cairo's surfaces, scales and letters. */
#include "report/chart.h"

#include <cairo-svg.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { DOTS_PER_PX = 2, MOST_LINES = 5 };

static const uint32_t grid_colour = 0xE5E7EB;
static const BrimChartInk scale_ink = {.colour = 0x6B7280, .size_px = 11};

/* ---- files ---- */

static cairo_status_t write_piece(void *file, const unsigned char *data, unsigned bytes)
{
    return brim_atomic_write(file, data, bytes) == BRIM_OK ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

/* What a write left as last error stays; of all else cairo only says that memory ran out. */
static BrimStatus end_status(cairo_status_t status)
{
    if (status == CAIRO_STATUS_SUCCESS)
        return BRIM_OK;
    if (status == CAIRO_STATUS_WRITE_ERROR)
        return BRIM_ERROR_IO;
    return brim_fail(BRIM_ERROR_MEMORY, "cairo cannot draw (%s)", cairo_status_to_string(status));
}

static void let_go(BrimChartFile *chart)
{
    if (chart->pen)
        cairo_destroy(chart->pen);
    if (chart->surface)
        cairo_surface_destroy(chart->surface);
    brim_atomic_discard(&chart->file);
    *chart = (BrimChartFile){0};
}

BrimStatus brim_chart_open(BrimChartFile *chart, const char *path, int width_px, int height_px)
{
    const char *dot = strrchr(path, '.');
    *chart = (BrimChartFile){.png = !dot || strcasecmp(dot, ".svg") != 0};
    BrimStatus status = brim_atomic_open(&chart->file, path);
    if (status != BRIM_OK)
        return status;
    if (chart->png) {
        chart->surface =
            cairo_image_surface_create(CAIRO_FORMAT_RGB24, width_px * DOTS_PER_PX, height_px * DOTS_PER_PX);
        cairo_surface_set_device_scale(chart->surface, DOTS_PER_PX, DOTS_PER_PX);
    } else {
        chart->surface = cairo_svg_surface_create_for_stream(write_piece, chart->file, width_px, height_px);
        cairo_svg_surface_set_document_unit(chart->surface, CAIRO_SVG_UNIT_PX);
    }
    chart->pen = cairo_create(chart->surface);
    status = end_status(cairo_status(chart->pen));
    if (status != BRIM_OK)
        let_go(chart);
    else {
        brim_chart_colour(chart->pen, 0xFFFFFF);
        cairo_paint(chart->pen);
    }
    return status;
}

BrimStatus brim_chart_end(BrimChartFile *chart)
{
    BrimStatus status = end_status(cairo_status(chart->pen));
    if (status == BRIM_OK && chart->png)
        status = end_status(cairo_surface_write_to_png_stream(chart->surface, write_piece, chart->file));
    cairo_surface_finish(chart->surface); /* an SVG is written here */
    if (status == BRIM_OK)
        status = end_status(cairo_surface_status(chart->surface));
    if (status == BRIM_OK)
        status = brim_atomic_commit(&chart->file);
    let_go(chart);
    return status;
}

/* ---- letters ---- */

void brim_chart_colour(cairo_t *pen, uint32_t colour)
{
    cairo_set_source_rgb(pen, (colour >> 16) / 255.0, (colour >> 8 & 0xFF) / 255.0, (colour & 0xFF) / 255.0);
}

void brim_chart_text(cairo_t *pen, double x_px, double y_px, BrimChartAlign align, BrimChartInk ink,
                     const char *text)
{
    cairo_text_extents_t size;
    cairo_select_font_face(pen, "sans", CAIRO_FONT_SLANT_NORMAL,
                           ink.bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(pen, ink.size_px);
    cairo_text_extents(pen, text, &size);
    double share = align == BRIM_CHART_LEFT ? 0 : align == BRIM_CHART_CENTRE ? 0.5 : 1;
    brim_chart_colour(pen, ink.colour);
    cairo_move_to(pen, x_px - share * size.x_advance, y_px);
    cairo_show_text(pen, text);
}

/* ---- panels ---- */

/* The smallest of 1, 2 and 5 times a power of ten with which at most MOST_LINES steps reach the highest
 * value. */
static double round_step(double highest)
{
    static const double round[] = {1, 2, 5, 10};
    double least = highest > 0 ? highest / MOST_LINES : 1;
    double power = pow(10, floor(log10(least)));
    for (int i = 0; i < 3; i++) {
        if (round[i] * power >= least * (1 - 1e-9))
            return round[i] * power;
    }
    return round[3] * power;
}

void brim_chart_scale(BrimChartPanel *panel, double highest)
{
    double step = round_step(highest);
    int lines = (int)ceil(highest / step - 1e-9);
    lines = lines > 0 ? lines : 1;
    panel->top_value = lines * step;
    int decimals = step < 1 ? (int)ceil(-log10(step) - 1e-9) : 0;
    cairo_set_line_width(panel->pen, 1);
    for (int i = 0; i <= lines; i++) {
        char text[32];
        double y_px = round(brim_chart_y(panel, i * step)) + 0.5; /* on the dots, not between them */
        snprintf(text, sizeof text, "%.*f", decimals, i * step);
        brim_chart_colour(panel->pen, i ? grid_colour : scale_ink.colour);
        cairo_move_to(panel->pen, panel->left_px, y_px);
        cairo_line_to(panel->pen, panel->left_px + panel->width_px, y_px);
        cairo_stroke(panel->pen);
        brim_chart_text(panel->pen, panel->left_px - 8, y_px + 4, BRIM_CHART_RIGHT, scale_ink, text);
    }
}

double brim_chart_slot_px(const BrimChartPanel *panel)
{
    return panel->width_px / panel->slots;
}

double brim_chart_x(const BrimChartPanel *panel, int slot)
{
    return panel->left_px + (slot + 0.5) * brim_chart_slot_px(panel);
}

double brim_chart_y(const BrimChartPanel *panel, double value)
{
    return panel->top_px + panel->height_px * (1 - value / panel->top_value);
}
