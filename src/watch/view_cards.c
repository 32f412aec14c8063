/* The card of a device: what it is and does, its memory as a bar, a metric over time. */
#include "watch/view_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "watch/view_draw.h"

enum {
    LABEL_COLUMNS = 10,
    UTILIZATION_COLUMNS = 7,
    TEMPERATURE_COLUMNS = 8,
    POWER_COLUMNS = 12,
    CLOCK_COLUMNS = 11,
    ALL_FIGURES_FROM_COLUMNS = 72, /* of a card, below which power and clock are left out */
    MEMORY_COLUMNS = 35,
    SHORT_MEMORY_COLUMNS = 15,
    AXIS_COLUMNS = 10,
    MOST_GRAPH_COLUMNS = 512,
    PICKED_BAR = 0x258c
};

void brim_view_device_label(char text[24], const BrimMonitorSample *sample, int device)
{
    const BrimDeviceSample *named = &sample->devices[device];
    if (named->parent >= 0 && named->parent < sample->device_count)
        snprintf(text, 24, "MIG %d.%d", sample->devices[named->parent].index, named->index);
    else if (strcmp(named->vendor, "host") == 0)
        snprintf(text, 24, "host");
    else
        snprintf(text, 24, "%s %d", named->vendor, named->index);
}

/* The figure for the whole height of a graph; NAN where there is none. */
static double top_of(const BrimDeviceSample *device, BrimMetric metric, const double *figures, int count)
{
    double top = 100; /* percent, or degrees Celsius */
    switch (metric) {
    case BRIM_METRIC_MEMORY_USED:
        top = device->value[BRIM_METRIC_MEMORY_TOTAL];
        break;
    case BRIM_METRIC_POWER:
        top = device->value[BRIM_METRIC_POWER_LIMIT];
        break;
    case BRIM_METRIC_CLOCK:
        top = device->value[BRIM_METRIC_CLOCK_MOST];
        break;
    default:
        break;
    }
    if (!isnan(top))
        return top;
    for (int i = 0; i < count; i++) /* else the highest that was seen */
        top = fmax(top, figures[i]);
    return top;
}

/* A column that no sample fell into, between two that have some, is taken for like its left neighbour:
 * samples come a little late or early. */
static double figure_of(const BrimHistoryBucket *buckets, int at, int count, bool most)
{
    if (buckets[at].samples == 0 && at > 0 && at + 1 < count && buckets[at - 1].samples > 0 &&
        buckets[at + 1].samples > 0)
        at--;
    return most ? buckets[at].most : buckets[at].mean;
}

/* A metric over the columns; of memory the highest, so that no peak is missed, else the mean. Columns of one
 * sample have it in their middle, longer ones begin at multiples of their length, so that they stay what they
 * are. */
static void read_graph(const BrimViewSight *sight, const BrimDeviceSample *device, double *figures,
                       int columns)
{
    BrimHistoryBucket buckets[MOST_GRAPH_COLUMNS];
    const BrimViewState *state = sight->state;
    int64_t width_ns = state->span_ns / columns;
    int64_t end_ns = sight->sample->time_ns + state->step_ns / 2;
    if (width_ns > state->step_ns)
        end_ns = (sight->sample->time_ns / width_ns + 1) * width_ns;
    else
        width_ns = state->step_ns;
    brim_history_read(sight->history, device, state->graph, end_ns - columns * width_ns, end_ns, buckets,
                      columns);
    for (int i = 0; i < columns; i++)
        figures[i] = figure_of(buckets, i, columns, state->graph == BRIM_METRIC_MEMORY_USED);
}

static void axis_text(char text[BRIM_VIEW_TEXT_BYTES], BrimMetric metric, double top)
{
    if (metric == BRIM_METRIC_MEMORY_USED)
        brim_view_draw_bytes(text, top);
    else if (metric == BRIM_METRIC_CLOCK)
        brim_view_draw_figure(text, "%.0f MHz", top / 1e6);
    else
        brim_view_draw_figure(text,
                              metric == BRIM_METRIC_POWER         ? "%.0f W"
                              : metric == BRIM_METRIC_UTILIZATION ? "%.0f %%"
                                                                  : "%.0f C",
                              top);
}

/* With an axis to its left where it has rows enough for one. */
static void draw_history(BrimGrid *grid, BrimRect rect, const BrimViewSight *sight,
                         const BrimDeviceSample *device)
{
    double figures[MOST_GRAPH_COLUMNS];
    const BrimMetric metric = sight->state->graph;
    const int axis_columns = rect.rows > 1 ? AXIS_COLUMNS : 0;
    BrimRect graph = {rect.x + axis_columns, rect.y, rect.columns - axis_columns, rect.rows};
    if (graph.columns > MOST_GRAPH_COLUMNS) {
        graph.x += graph.columns - MOST_GRAPH_COLUMNS;
        graph.columns = MOST_GRAPH_COLUMNS;
    }
    if (!sight->history || graph.columns < 1)
        return;
    read_graph(sight, device, figures, graph.columns);
    double top = top_of(device, metric, figures, graph.columns);
    if (axis_columns > 0) {
        char text[BRIM_VIEW_TEXT_BYTES];
        axis_text(text, metric, top);
        brim_grid_right(grid, rect.x, rect.y, AXIS_COLUMNS - 1, BRIM_INK_DIM, text);
        brim_grid_right(grid, rect.x, rect.y + rect.rows - 1, AXIS_COLUMNS - 1, BRIM_INK_DIM, "0");
    }
    for (int i = 0; i < graph.columns; i++)
        figures[i] = top > 0 ? figures[i] / top : NAN;
    bool by_share = metric == BRIM_METRIC_MEMORY_USED && !isnan(device->value[BRIM_METRIC_MEMORY_TOTAL]);
    brim_view_draw_graph(grid, graph, figures, by_share, BRIM_INK_ACCENT);
}

/* Right of x, which moves on. */
static void draw_figure(BrimGrid *grid, int *x, int y, int columns, const char *text)
{
    bool unknown = strcmp(text, "-") == 0;
    brim_grid_right(grid, *x, y, columns, unknown ? BRIM_INK_DIM : BRIM_INK_PLAIN, text);
    *x += columns;
}

/* "288/300 W", "288 W", "-" */
static void power_text(char text[BRIM_VIEW_TEXT_BYTES], const BrimDeviceSample *device)
{
    const double power = device->value[BRIM_METRIC_POWER], limit = device->value[BRIM_METRIC_POWER_LIMIT];
    if (isnan(power) || isnan(limit))
        brim_view_draw_figure(text, "%.0f W", power);
    else
        snprintf(text, BRIM_VIEW_TEXT_BYTES, "%.0f/%.0f W", power, limit);
}

/* Utilization, temperature, power and clock, or the first two, at fixed places. */
static void draw_figures(BrimGrid *grid, int x, int y, const BrimDeviceSample *device, bool all)
{
    char text[BRIM_VIEW_TEXT_BYTES];
    brim_view_draw_figure(text, "%.0f %%", device->value[BRIM_METRIC_UTILIZATION]);
    draw_figure(grid, &x, y, UTILIZATION_COLUMNS, text);
    brim_view_draw_figure(text, grid->unicode ? "%.0f °C" : "%.0f C", device->value[BRIM_METRIC_TEMPERATURE]);
    draw_figure(grid, &x, y, TEMPERATURE_COLUMNS, text);
    if (!all)
        return;
    power_text(text, device);
    draw_figure(grid, &x, y, POWER_COLUMNS, text);
    brim_view_draw_figure(text, "%.0f MHz", device->value[BRIM_METRIC_CLOCK] / 1e6);
    draw_figure(grid, &x, y, CLOCK_COLUMNS, text);
}

static double share_of(const BrimDeviceSample *device)
{
    return device->value[BRIM_METRIC_MEMORY_USED] / device->value[BRIM_METRIC_MEMORY_TOTAL];
}

/* Mark and label, that of a part a little to the right; returns where they end. */
static int draw_label(BrimGrid *grid, BrimRect rect, const BrimViewSight *sight, int device)
{
    char label[24];
    const bool picked = sight->state->picked == device;
    const int indent = sight->sample->devices[device].parent >= 0 ? 2 : 1;
    brim_view_device_label(label, sight->sample, device);
    if (picked)
        brim_grid_sign(grid, rect.x, rect.y, BRIM_INK_ACCENT, PICKED_BAR, '>');
    brim_grid_text(grid, rect.x + indent, rect.y, LABEL_COLUMNS - indent,
                   picked ? BRIM_INK_ACCENT : BRIM_INK_STRONG, label);
    return rect.x + 1 + LABEL_COLUMNS;
}

static void draw_in_rows(BrimGrid *grid, BrimRect rect, int graph_rows, const BrimViewSight *sight,
                         const BrimDeviceSample *device, int x)
{
    char text[BRIM_VIEW_TEXT_BYTES];
    const bool all = rect.columns >= ALL_FIGURES_FROM_COLUMNS;
    const int right = rect.x + rect.columns - 1;
    const int figure_columns =
        UTILIZATION_COLUMNS + TEMPERATURE_COLUMNS + (all ? POWER_COLUMNS + CLOCK_COLUMNS : 0);
    brim_grid_cut(grid, x, rect.y, right - figure_columns - x, BRIM_INK_PLAIN, device->name);
    if (device->lost)
        brim_grid_right(grid, x, rect.y, right - x, BRIM_INK_BAD, "lost");
    else
        draw_figures(grid, right - figure_columns, rect.y, device, all);
    if (device->lost) {
        brim_grid_cut(grid, x, rect.y + 1, right - x, BRIM_INK_WARN, device->trouble);
    } else {
        int inside = right - rect.x - 1 - MEMORY_COLUMNS;
        int bar = graph_rows > 0 ? inside : inside / 2;
        brim_view_draw_bar(grid, rect.x + 1, rect.y + 1, bar, share_of(device));
        brim_view_draw_memory(text, device->value[BRIM_METRIC_MEMORY_USED],
                              device->value[BRIM_METRIC_MEMORY_FREE],
                              device->value[BRIM_METRIC_MEMORY_TOTAL]);
        brim_grid_right(grid, rect.x + 1 + bar, rect.y + 1, MEMORY_COLUMNS, BRIM_INK_PLAIN, text);
        if (graph_rows == 0)
            draw_history(grid, (BrimRect){rect.x + bar + MEMORY_COLUMNS + 3, rect.y + 1, inside - bar - 2, 1},
                         sight, device);
    }
    if (graph_rows > 0)
        draw_history(grid, (BrimRect){rect.x + 1, rect.y + 2, right - rect.x - 1, graph_rows}, sight, device);
}

static void draw_in_a_row(BrimGrid *grid, BrimRect rect, const BrimViewSight *sight,
                          const BrimDeviceSample *device, int x)
{
    char text[BRIM_VIEW_TEXT_BYTES];
    const int right = rect.x + rect.columns - 1;
    const int bar = (right - x) / 5;
    if (device->lost) {
        int columns = brim_grid_text(grid, x, rect.y, right - x, BRIM_INK_BAD, "lost") + 2;
        brim_grid_cut(grid, x + columns, rect.y, right - x - columns, BRIM_INK_WARN, device->trouble);
        return;
    }
    brim_view_draw_bar(grid, x, rect.y, bar, share_of(device));
    x += bar;
    brim_view_draw_memory_short(text, device->value[BRIM_METRIC_MEMORY_USED],
                                device->value[BRIM_METRIC_MEMORY_TOTAL]);
    brim_grid_right(grid, x, rect.y, SHORT_MEMORY_COLUMNS, BRIM_INK_PLAIN, text);
    x += SHORT_MEMORY_COLUMNS;
    draw_figures(grid, x, rect.y, device, false);
    x += UTILIZATION_COLUMNS + TEMPERATURE_COLUMNS + 2;
    draw_history(grid, (BrimRect){x, rect.y, right - x, 1}, sight, device);
}

void brim_view_draw_card(BrimGrid *grid, BrimRect rect, int graph_rows, const BrimViewSight *sight,
                         int device)
{
    const BrimDeviceSample *drawn = &sight->sample->devices[device];
    int x = draw_label(grid, rect, sight, device);
    if (rect.rows == 1)
        draw_in_a_row(grid, rect, sight, drawn, x);
    else
        draw_in_rows(grid, rect, graph_rows, sight, drawn, x);
}
