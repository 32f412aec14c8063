/* Above the pictures/s, below the memory, both over the same batch sizes: one column for each kind of step.
 */
#include "report/bench_plot.h"

#include <math.h>
#include <stdio.h>

#include "base/plural.h"
#include "base/utf8.h"
#include "report/bench_table.h"
#include "report/bench_verdict.h"
#include "report/chart.h"

enum {
    WIDTH_PX = 540, /* of a column */
    HEIGHT_PX = 600,
    LEFT_PX = 70,
    RIGHT_PX = 20,
    SPEED_TOP_PX = 120,
    SPEED_PX = 180,
    MEMORY_TOP_PX = 360,
    MEMORY_PX = 150,
    LABEL_PX = 36 /* narrower slots have a figure over every second or third only */
};

static const uint32_t speed_colour = 0x2563EB, best_colour = 0x059669, arena_colour = 0x7FA3D1,
                      beside_colour = 0xD3DEEC, measured_colour = 0x111827, limit_colour = 0xB91C1C;
static const BrimChartInk title_ink = {0x111827, 18, true}, head_ink = {0x111827, 13, true},
                          plain_ink = {0x374151, 12, false}, small_ink = {0x4B5563, 11, false},
                          faint_ink = {0x9CA3AF, 11, false}, best_ink = {0x059669, 12, true},
                          limit_ink = {0xB91C1C, 11, false};

/* The rows of one kind, in a column of the picture. */
typedef struct Column {
    cairo_t *pen;
    const BrimBench *bench;
    bool training;
    const BrimBenchRow *rows;
    int count;
    double left_px;
} Column;

static bool has_label(const BrimChartPanel *panel, int slot)
{
    return slot % (int)ceil(LABEL_PX / brim_chart_slot_px(panel)) == 0;
}

static BrimChartPanel panel_of(const Column *column, double top_px, double height_px)
{
    return (BrimChartPanel){.pen = column->pen,
                            .left_px = column->left_px + LEFT_PX,
                            .top_px = top_px,
                            .width_px = WIDTH_PX - LEFT_PX - RIGHT_PX,
                            .height_px = height_px,
                            .slots = column->count};
}

/* ---- speed ---- */

static void draw_speed_line(const Column *column, const BrimChartPanel *panel)
{
    cairo_new_path(column->pen);
    for (int i = 0; i < column->count; i++) {
        if (brim_bench_measured(&column->rows[i]))
            cairo_line_to(column->pen, brim_chart_x(panel, i),
                          brim_chart_y(panel, column->rows[i].pictures_per_s));
    }
    brim_chart_colour(column->pen, speed_colour);
    cairo_set_line_width(column->pen, 2);
    cairo_stroke(column->pen);
}

/* A line from the point down to its batch size, with the words beside the axis, where no curve is. */
static void mark_best(const Column *column, const BrimChartPanel *panel, int slot)
{
    double x_px = brim_chart_x(panel, slot), foot_px = panel->top_px + panel->height_px;
    bool at_end = slot + 1 == panel->slots && slot > 0;
    brim_chart_colour(column->pen, best_colour);
    cairo_set_line_width(column->pen, 1);
    cairo_move_to(column->pen, x_px, brim_chart_y(panel, column->rows[slot].pictures_per_s));
    cairo_line_to(column->pen, x_px, foot_px);
    cairo_stroke(column->pen);
    brim_chart_text(column->pen, x_px + (at_end ? -6 : 6), foot_px - 7,
                    at_end ? BRIM_CHART_RIGHT : BRIM_CHART_LEFT, best_ink, "best value");
}

static void draw_speed_dot(const Column *column, const BrimChartPanel *panel, int slot)
{
    char text[32];
    const BrimBenchRow *row = &column->rows[slot];
    bool best = row->verdict == BRIM_BENCH_BEST_VALUE;
    double x_px = brim_chart_x(panel, slot), y_px = brim_chart_y(panel, row->pictures_per_s);
    if (best)
        mark_best(column, panel, slot);
    brim_chart_colour(column->pen, best ? best_colour : speed_colour);
    cairo_arc(column->pen, x_px, y_px, best ? 6 : 4, 0, 2 * M_PI);
    cairo_fill(column->pen);
    if (!best && !has_label(panel, slot))
        return;
    snprintf(text, sizeof text, "%.*f", row->pictures_per_s < 100 ? 1 : 0, row->pictures_per_s);
    brim_chart_text(column->pen, x_px, y_px - 11, BRIM_CHART_CENTRE, best ? best_ink : plain_ink, text);
}

static void draw_speed(const Column *column)
{
    double highest = 0;
    BrimChartPanel panel = panel_of(column, SPEED_TOP_PX, SPEED_PX);
    for (int i = 0; i < column->count; i++)
        highest = fmax(highest, column->rows[i].pictures_per_s);
    brim_chart_text(column->pen, panel.left_px, panel.top_px - 22, BRIM_CHART_LEFT, head_ink,
                    column->training ? "Training: pictures/s" : "Inference: pictures/s");
    brim_chart_scale(&panel, highest * 1.1); /* room for the figures */
    draw_speed_line(column, &panel);
    for (int i = 0; i < column->count; i++) {
        if (brim_bench_measured(&column->rows[i]))
            draw_speed_dot(column, &panel, i);
    }
}

/* ---- memory ---- */

static void fill_bar(const BrimChartPanel *panel, int slot, double from, double to, uint32_t colour)
{
    double width_px = fmin(64, brim_chart_slot_px(panel) * 0.62);
    double top_px = brim_chart_y(panel, to);
    cairo_rectangle(panel->pen, brim_chart_x(panel, slot) - width_px / 2, top_px, width_px,
                    brim_chart_y(panel, from) - top_px);
    brim_chart_colour(panel->pen, colour);
    cairo_fill(panel->pen);
}

static void draw_measured(const BrimChartPanel *panel, int slot, double value)
{
    double width_px = fmin(78, brim_chart_slot_px(panel) * 0.76), x_px = brim_chart_x(panel, slot);
    brim_chart_colour(panel->pen, measured_colour);
    cairo_set_line_width(panel->pen, 2);
    cairo_move_to(panel->pen, x_px - width_px / 2, brim_chart_y(panel, value));
    cairo_line_to(panel->pen, x_px + width_px / 2, brim_chart_y(panel, value));
    cairo_stroke(panel->pen);
}

/* One that does not fit would flatten all others: it says its figure instead. */
static void draw_unfit(const BrimChartPanel *panel, int slot, const BrimBenchRow *row)
{
    char needed[24];
    bool cannot = row->verdict == BRIM_BENCH_CANNOT_RUN;
    double x_px = brim_chart_x(panel, slot), foot_px = panel->top_px + panel->height_px;
    brim_bench_bytes(needed, sizeof needed, row->planned_bytes);
    const char *const lines[] = {cannot ? "cannot" : "does",
                                 cannot ? "be" : "not fit:", cannot ? "run" : needed};
    for (int i = 0; i < 3 && has_label(panel, slot); i++)
        brim_chart_text(panel->pen, x_px, foot_px - 34 + 13 * i, BRIM_CHART_CENTRE, faint_ink, lines[i]);
}

static void draw_bar(const BrimChartPanel *panel, int slot, const BrimBenchRow *row, double unit)
{
    char text[32];
    double planned = (double)row->planned_bytes / unit, arena = (double)row->arena_bytes / unit,
           measured = (double)row->peak_bytes / unit;
    fill_bar(panel, slot, 0, arena, arena_colour);
    fill_bar(panel, slot, arena, planned, beside_colour);
    if (measured > 0)
        draw_measured(panel, slot, measured);
    if (!has_label(panel, slot))
        return;
    snprintf(text, sizeof text, "%.*f", unit > 0x1p20 ? 2 : 0, planned);
    brim_chart_text(panel->pen, brim_chart_x(panel, slot), brim_chart_y(panel, fmax(planned, measured)) - 6,
                    BRIM_CHART_CENTRE, small_ink, text);
}

static void draw_limit(const BrimChartPanel *panel, double limit)
{
    static const double dashes[] = {5, 4};
    double y_px = brim_chart_y(panel, limit);
    if (limit <= 0 || limit > panel->top_value)
        return;
    cairo_save(panel->pen);
    brim_chart_colour(panel->pen, limit_colour);
    cairo_set_line_width(panel->pen, 1);
    cairo_set_dash(panel->pen, dashes, 2, 0);
    cairo_move_to(panel->pen, panel->left_px, y_px);
    cairo_line_to(panel->pen, panel->left_px + panel->width_px, y_px);
    cairo_stroke(panel->pen);
    cairo_restore(panel->pen);
    brim_chart_text(panel->pen, panel->left_px + 4, y_px - 4, BRIM_CHART_LEFT, limit_ink, "limit");
}

static void draw_batch_sizes(const Column *column, const BrimChartPanel *panel)
{
    double foot_px = panel->top_px + panel->height_px;
    for (int i = 0; i < column->count; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d", column->rows[i].batch);
        if (has_label(panel, i))
            brim_chart_text(column->pen, brim_chart_x(panel, i), foot_px + 18, BRIM_CHART_CENTRE,
                            column->rows[i].verdict == BRIM_BENCH_BEST_VALUE ? best_ink : plain_ink, text);
    }
    brim_chart_text(column->pen, panel->left_px + panel->width_px / 2, foot_px + 38, BRIM_CHART_CENTRE,
                    small_ink, "batch size");
}

/* What the scale has to hold: the bars, and the limit where it is what keeps rows out and not far above. */
static double highest_memory(const Column *column)
{
    double highest = 0, limit = (double)column->bench->memory_bytes;
    bool all_fit = true;
    for (int i = 0; i < column->count; i++) {
        if (brim_bench_measured(&column->rows[i]))
            highest = fmax(highest, (double)column->rows[i].planned_bytes);
        else
            all_fit = false;
    }
    return !all_fit && limit < 2 * highest ? fmax(highest, limit) : highest;
}

static void draw_memory(const Column *column)
{
    char head[48];
    BrimChartPanel panel = panel_of(column, MEMORY_TOP_PX, MEMORY_PX);
    double highest = highest_memory(column);
    double unit = highest > 4000 * 0x1p20 ? 0x1p30 : 0x1p20;
    snprintf(head, sizeof head, "%s: memory in %s", column->training ? "Training" : "Inference",
             unit > 0x1p20 ? "GiB" : "MiB");
    brim_chart_text(column->pen, panel.left_px, panel.top_px - 22, BRIM_CHART_LEFT, head_ink, head);
    brim_chart_scale(&panel, highest / unit * 1.1);
    for (int i = 0; i < column->count; i++) {
        if (brim_bench_measured(&column->rows[i]))
            draw_bar(&panel, i, &column->rows[i], unit);
        else
            draw_unfit(&panel, i, &column->rows[i]);
    }
    draw_limit(&panel, (double)column->bench->memory_bytes / unit);
    draw_batch_sizes(column, &panel);
}

/* ---- the whole ---- */

static void draw_key(cairo_t *pen)
{
    static const struct {
        uint32_t colour;
        double height_px;
        const char *text;
    } keys[] = {{arena_colour, 10, "arena, planned to the byte"},
                {beside_colour, 10, "planned beside it"},
                {measured_colour, 2, "measured peak"}};
    double x_px = LEFT_PX, y_px = HEIGHT_PX - 20;
    for (int i = 0; i < 3; i++) {
        cairo_text_extents_t size;
        brim_chart_colour(pen, keys[i].colour);
        cairo_rectangle(pen, x_px, y_px - 4 - keys[i].height_px / 2, 14, keys[i].height_px);
        cairo_fill(pen);
        brim_chart_text(pen, x_px + 20, y_px, BRIM_CHART_LEFT, small_ink, keys[i].text);
        cairo_text_extents(pen, keys[i].text, &size);
        x_px += 20 + size.x_advance + 18;
    }
}

static void draw_title(cairo_t *pen, const BrimBench *bench)
{
    char name[80], title[160], below[192];
    brim_utf8_copy(name, sizeof name, bench->model);
    snprintf(title, sizeof title, "%s at %d px", name, bench->imgsz_px);
    snprintf(below, sizeof below, "%s, %d thread%s, %s", bench->precision, bench->threads,
             brim_plural(bench->threads, "s"), bench->device);
    brim_chart_text(pen, LEFT_PX, 36, BRIM_CHART_LEFT, title_ink, title);
    brim_chart_text(pen, LEFT_PX, 57, BRIM_CHART_LEFT, small_ink, below);
}

/* The kinds that the bench has, in its order: all rows of a kind stand together. */
static int list_columns(const BrimBench *bench, Column columns[2])
{
    int count = 0;
    for (int i = 0; i < bench->row_count; i++) {
        const BrimBenchRow *row = &bench->rows[i];
        if (count == 0 || columns[count - 1].training != row->training) {
            columns[count] =
                (Column){.bench = bench, .training = row->training, .rows = row, .left_px = count * WIDTH_PX};
            count++;
        }
        columns[count - 1].count++;
    }
    return count;
}

BrimStatus brim_bench_plot(const char *path, const BrimBench *bench)
{
    Column columns[2];
    BrimChartFile file;
    int count = list_columns(bench, columns);
    BrimStatus status = brim_chart_open(&file, path, (count > 1 ? 2 : 1) * WIDTH_PX, HEIGHT_PX);
    if (status != BRIM_OK)
        return status;
    draw_title(file.pen, bench);
    for (int i = 0; i < count; i++) {
        columns[i].pen = file.pen;
        draw_speed(&columns[i]);
        draw_memory(&columns[i]);
    }
    draw_key(file.pen);
    return brim_chart_end(&file);
}
