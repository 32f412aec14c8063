/* The whole page: the line above, the parts at their places, the line of keys, the help over them. */
#include "watch/view_parts.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "watch/view_draw.h"

enum { HELP_COLUMNS = 58 };

static const struct {
    const char *keys, *what;
} help[] = {
    {"arrows, Tab", "pick a device and its processes"},
    {"Esc", "all processes"},
    {"g", "graph memory, utilization, power, ..."},
    {"t", "time: a column a sample, 10 min to a day"},
    {"s", "sort by memory, utilization, pid, name"},
    {"r", "turn the order around"},
    {"PgUp PgDn", "scroll; so do Home and End"},
    {"v", "processes, the plan of a run, or both"},
    {"n", "plan of the next run"},
    {"p, space", "pause, go on"},
    {"+ -", "longer, shorter interval"},
    {"? h", "this help"},
    {"q", "quit"},
};
enum { HELP_ROWS = sizeof help / sizeof help[0] };

/* "14:03:27", local */
static void clock_text(char text[BRIM_VIEW_TEXT_BYTES], int64_t time_ns)
{
    time_t seconds = (time_t)(time_ns / 1000000000);
    struct tm local;
    if (!localtime_r(&seconds, &local) || strftime(text, BRIM_VIEW_TEXT_BYTES, "%H:%M:%S", &local) == 0)
        snprintf(text, BRIM_VIEW_TEXT_BYTES, "-");
}

static void draw_top(BrimGrid *grid, const BrimViewSight *sight, const BrimViewLayout *layout)
{
    const BrimViewState *state = sight->state;
    char text[160], time[BRIM_VIEW_TEXT_BYTES], often[BRIM_VIEW_TEXT_BYTES];
    int x = 1 + brim_grid_text(grid, 1, 0, grid->columns, BRIM_INK_STRONG, "brim watch");
    brim_view_draw_time(often, (double)state->interval_ns * 1e-9);
    clock_text(time, sight->sample->time_ns);
    x += brim_grid_print(grid, x, 0, grid->columns, BRIM_INK_PLAIN, "  %s  ", time);
    if (state->ended)
        x += brim_grid_text(grid, x, 0, grid->columns, BRIM_INK_WARN, "trace ended");
    else if (state->paused)
        x += brim_grid_text(grid, x, 0, grid->columns, BRIM_INK_WARN, "paused");
    else
        x += brim_grid_print(grid, x, 0, grid->columns, BRIM_INK_DIM, "every %s", often);
    if (layout->card_count < sight->sample->device_count)
        brim_grid_print(grid, x, 0, grid->columns - x, BRIM_INK_DIM, "  devices %d-%d of %d",
                        layout->first_card + 1, layout->first_card + layout->card_count,
                        sight->sample->device_count);
    brim_view_draw_time(often, (double)(state->span_ns ? state->span_ns : state->step_ns) * 1e-9);
    snprintf(text, sizeof text, "%s, %s %s", brim_view_metric_word(state->graph), often,
             state->span_ns ? "in all" : "a column");
    brim_grid_right(grid, x, 0, grid->columns - 1 - x, BRIM_INK_DIM, text);
}

/* What troubles the picked device, or else the keys. */
static void draw_bottom(BrimGrid *grid, const BrimMonitorSample *sample, const BrimViewState *state)
{
    static const char *const keys[][2] = {
        {"q", "quit"}, {"?", "help"},    {"Tab", "device"}, {"g", "graph"},     {"t", "time"},
        {"s", "sort"}, {"r", "reverse"}, {"p", "pause"},    {"+-", "interval"}, {"v", "below"}};
    const int y = grid->rows - 1;
    int x = 1;
    if (state->picked >= 0 && sample->devices[state->picked].trouble[0]) {
        brim_grid_cut(grid, x, y, grid->columns - 2, BRIM_INK_WARN, sample->devices[state->picked].trouble);
        return;
    }
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        int columns = (int)(strlen(keys[i][0]) + 1 + strlen(keys[i][1]));
        if (x + columns > grid->columns - 1)
            break;
        x += brim_grid_text(grid, x, y, columns, BRIM_INK_STRONG, keys[i][0]) + 1;
        x += brim_grid_text(grid, x, y, columns, BRIM_INK_DIM, keys[i][1]) + 2;
    }
}

static void draw_frame(BrimGrid *grid, BrimRect rect)
{
    const int right = rect.x + rect.columns - 1, last = rect.y + rect.rows - 1;
    brim_grid_blank(grid, rect);
    for (int x = rect.x; x <= right; x++) {
        brim_grid_sign(grid, x, rect.y, BRIM_INK_DIM, 0x2500, '-');
        brim_grid_sign(grid, x, last, BRIM_INK_DIM, 0x2500, '-');
    }
    for (int y = rect.y; y <= last; y++) {
        brim_grid_sign(grid, rect.x, y, BRIM_INK_DIM, 0x2502, '|');
        brim_grid_sign(grid, right, y, BRIM_INK_DIM, 0x2502, '|');
    }
    brim_grid_sign(grid, rect.x, rect.y, BRIM_INK_DIM, 0x256d, '+');
    brim_grid_sign(grid, right, rect.y, BRIM_INK_DIM, 0x256e, '+');
    brim_grid_sign(grid, rect.x, last, BRIM_INK_DIM, 0x2570, '+');
    brim_grid_sign(grid, right, last, BRIM_INK_DIM, 0x256f, '+');
}

static void draw_help(BrimGrid *grid)
{
    BrimRect rect = {(grid->columns - HELP_COLUMNS) / 2, (grid->rows - HELP_ROWS - 2) / 2, HELP_COLUMNS,
                     HELP_ROWS + 2};
    draw_frame(grid, rect);
    for (int i = 0; i < HELP_ROWS; i++) {
        brim_grid_right(grid, rect.x + 1, rect.y + 1 + i, 12, BRIM_INK_STRONG, help[i].keys);
        brim_grid_text(grid, rect.x + 15, rect.y + 1 + i, HELP_COLUMNS - 16, BRIM_INK_PLAIN, help[i].what);
    }
}

static BrimStatus draw_parts(BrimGrid *grid, const BrimViewSight *sight, BrimViewState *state)
{
    const BrimMonitorSample *sample = sight->sample;
    int purposes = sample->run_count > 0 ? sample->runs[state->run].purpose_count : -1;
    BrimViewLayout layout =
        brim_view_layout(grid->columns, grid->rows, sample->device_count, purposes, state);
    BrimStatus status = brim_view_state_arrange(state, sample);
    if (status != BRIM_OK)
        return status;
    brim_view_state_page(state, layout.table.rows - 1);
    draw_top(grid, sight, &layout);
    for (int i = 0; i < layout.card_count; i++)
        brim_view_draw_card(grid, brim_view_layout_card(&layout, i), layout.graph_rows, sight,
                            layout.first_card + i);
    if (sample->device_count == 0)
        brim_grid_text(grid, 1, 1, grid->columns, BRIM_INK_WARN, "no device answers");
    brim_view_draw_table(grid, layout.table, sight);
    if (layout.plan.rows > 0)
        brim_view_draw_plan(grid, layout.plan, sight);
    if (layout.plan_line.rows > 0)
        brim_view_draw_plan_line(grid, layout.plan_line, sight);
    draw_bottom(grid, sample, state);
    return BRIM_OK;
}

BrimStatus brim_view_draw_page(BrimGrid *grid, const BrimMonitorSample *sample, const BrimHistory *history,
                               BrimViewState *state)
{
    const BrimViewSight sight = {.sample = sample, .history = history, .state = state};
    if (!brim_view_layout_fits(grid->columns, grid->rows)) {
        brim_grid_print(grid, 0, 0, grid->columns, BRIM_INK_WARN,
                        "%dx%d is too small: %dx%d at least; q quits", grid->columns, grid->rows,
                        BRIM_VIEW_LEAST_COLUMNS, BRIM_VIEW_LEAST_ROWS);
        return BRIM_OK;
    }
    BrimStatus status = BRIM_OK;
    if (sample)
        status = draw_parts(grid, &sight, state);
    else
        brim_grid_text(grid, 1, 0, grid->columns, BRIM_INK_DIM, "brim watch: waiting for the first sample");
    if (status == BRIM_OK && state->help)
        draw_help(grid);
    return status;
}
