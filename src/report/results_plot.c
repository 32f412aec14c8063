/* Two rows of five panels: the training's losses with precision and recall, the validation's with mAP. */
#include "report/results_plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "report/chart.h"

enum {
    COLUMNS = 11, /* of results.csv, up to the last that is drawn */
    ACROSS = 5,
    PANELS = 10,
    PANEL_PX = 250,
    ROW_PX = 230,
    LEFT_PX = 58,
    RIGHT_PX = 16,
    TOP_PX = 52,
    FOOT_PX = 34,
    MOST_DOTS = 60 /* of more epochs the line alone is drawn */
};
#define MOST_CSV_BYTES ((size_t)1 << 26)

static const uint32_t line_colour = 0x2563EB;
static const BrimChartInk head_ink = {0x111827, 12, true}, small_ink = {0x4B5563, 11, false};

typedef struct Results {
    double (*rows)[COLUMNS]; /* the epoch first; NAN where nothing is known */
    int count;
} Results;

typedef struct Shown {
    int column;
    const char *head;
} Shown;

/* As YOLOv5 arranges them. */
static const Shown panels[PANELS] = {
    {1, "train/box_loss"},  {2, "train/obj_loss"},       {3, "train/cls_loss"}, {4, "metrics/precision"},
    {5, "metrics/recall"},  {8, "val/box_loss"},         {9, "val/obj_loss"},   {10, "val/cls_loss"},
    {6, "metrics/mAP_0.5"}, {7, "metrics/mAP_0.5:0.95"},
};

/* NAN for a cell without a figure. */
static double read_cell(const char *cell)
{
    char *end;
    cell += strspn(cell, " \t");
    if (*cell == '\n') /* which strtod would pass over */
        return NAN;
    double value = strtod(cell, &end);
    return end != cell && isfinite(value) ? value : NAN;
}

/* A line's figures; a cell that is missing is NAN. */
static void read_row(const char *line, double row[COLUMNS])
{
    for (int i = 0; i < COLUMNS; i++) {
        row[i] = line ? read_cell(line) : NAN;
        line = line ? strpbrk(line, ",\n") : NULL;
        line = line && *line == ',' ? line + 1 : NULL;
    }
}

static BrimStatus read_results(Results *results, const char *path)
{
    char *text;
    size_t bytes, lines = 0;
    BrimStatus status = brim_file_read(path, MOST_CSV_BYTES, &text, &bytes);
    if (status != BRIM_OK)
        return status;
    for (size_t i = 0; i < bytes; i++)
        lines += text[i] == '\n';
    results->rows = brim_mem_take(BRIM_MEM_REPORT, lines + 1, sizeof *results->rows);
    if (!results->rows)
        status = BRIM_ERROR_MEMORY;
    const char *at = strchr(text, '\n'); /* below the heads */
    for (; status == BRIM_OK && at && strchr(at + 1, '\n'); at = strchr(at + 1, '\n'))
        read_row(at + 1, results->rows[results->count++]);
    brim_mem_give(text);
    if (status == BRIM_OK && results->count == 0)
        status = brim_fail(BRIM_ERROR_INPUT, "%s has no epoch to draw", path);
    return status;
}

static double highest_of(const Results *results, int column)
{
    double highest = 0;
    for (int i = 0; i < results->count; i++)
        highest = fmax(highest, results->rows[i][column]); /* passes over NAN */
    return highest;
}

static void draw_line(const BrimChartPanel *panel, const Results *results, int column)
{
    cairo_t *pen = panel->pen;
    brim_chart_colour(pen, line_colour);
    cairo_set_line_width(pen, 1.5);
    cairo_set_line_join(pen, CAIRO_LINE_JOIN_ROUND); /* else a peak is drawn higher than it is */
    cairo_new_path(pen);
    for (int i = 0; i < results->count; i++)
        if (!isnan(results->rows[i][column]))
            cairo_line_to(pen, brim_chart_x(panel, i), brim_chart_y(panel, results->rows[i][column]));
    cairo_stroke(pen);
    for (int i = 0; i < results->count && results->count <= MOST_DOTS; i++) {
        if (isnan(results->rows[i][column]))
            continue;
        cairo_arc(pen, brim_chart_x(panel, i), brim_chart_y(panel, results->rows[i][column]), 2, 0, 2 * M_PI);
        cairo_fill(pen);
    }
}

/* The first and the last epoch below the panel. */
static void draw_epochs(const BrimChartPanel *panel, const Results *results)
{
    char text[32];
    double foot_px = panel->top_px + panel->height_px + 16;
    int last = results->count - 1;
    snprintf(text, sizeof text, "%.0f", results->rows[0][0]);
    brim_chart_text(panel->pen, brim_chart_x(panel, 0), foot_px, BRIM_CHART_CENTRE, small_ink, text);
    snprintf(text, sizeof text, "%.0f", results->rows[last][0]);
    if (last > 0)
        brim_chart_text(panel->pen, brim_chart_x(panel, last), foot_px, BRIM_CHART_CENTRE, small_ink, text);
}

static void draw_panel(cairo_t *pen, const Results *results, int index)
{
    char text[32];
    const Shown *shown = &panels[index];
    BrimChartPanel panel = {.pen = pen,
                            .left_px = index % ACROSS * PANEL_PX + LEFT_PX,
                            .top_px = (double)(index / ACROSS) * ROW_PX + TOP_PX,
                            .width_px = PANEL_PX - LEFT_PX - RIGHT_PX,
                            .height_px = ROW_PX - TOP_PX - FOOT_PX,
                            .slots = results->count};
    brim_chart_text(pen, panel.left_px, panel.top_px - 28, BRIM_CHART_LEFT, head_ink, shown->head);
    double last = results->rows[results->count - 1][shown->column];
    snprintf(text, sizeof text, isnan(last) ? "last -" : "last %.4g", last);
    brim_chart_text(pen, panel.left_px, panel.top_px - 13, BRIM_CHART_LEFT, small_ink, text);
    brim_chart_scale(&panel, highest_of(results, shown->column));
    draw_line(&panel, results, shown->column);
    draw_epochs(&panel, results);
}

BrimStatus brim_results_plot(const char *path, const char *csv_path)
{
    BrimStatus status;
    BrimChartFile file;
    Results results = {NULL, 0};
    BRIM_TRY(read_results(&results, csv_path));
    BRIM_TRY(brim_chart_open(&file, path, ACROSS * PANEL_PX, PANELS / ACROSS * ROW_PX));
    for (int i = 0; i < PANELS; i++)
        draw_panel(file.pen, &results, i);
    status = brim_chart_end(&file);
fail:
    brim_mem_give(results.rows);
    return status;
}
