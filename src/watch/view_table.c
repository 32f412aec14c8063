/* The processes, in columns: as many as the width has room for. */
#include "watch/view_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "watch/view_draw.h"

typedef enum Column { PID, MEMORY, UTILIZATION, DEVICE, USER, HOST_MEMORY, CPU, KIND, COLUMNS } Column;

enum {
    LEAST_NAME_COLUMNS = 14, /* beside the first columns */
    GOOD_NAME_COLUMNS = 20,  /* beside the others */
    FIRST_COLUMNS = UTILIZATION + 1,
    COMMAND_FROM_COLUMNS = 20, /* the whole command instead of the program's name */
    ARROW_DOWN = 0x25be,
    ARROW_UP = 0x25b4
};

/* In the order in which they are given up, the last first. */
static const struct {
    const char *head;
    int columns; /* with the space before it */
    bool left;   /* a text */
} table[COLUMNS] = {
    [PID] = {"pid", 8, false},   [MEMORY] = {"memory", 11, false}, [UTILIZATION] = {"util", 8, false},
    [USER] = {"user", 10, true}, [DEVICE] = {"device", 10, true},  [HOST_MEMORY] = {"host", 10, false},
    [CPU] = {"cpu", 7, false},   [KIND] = {"kind", 10, true},
};

/* As they stand from left to right. */
static const Column places[COLUMNS] = {PID, USER, DEVICE, KIND, MEMORY, UTILIZATION, HOST_MEMORY, CPU};

/* How many of the columns fit beside a name. */
static int columns_that_fit(int columns)
{
    int left = columns, count = 0;
    while (count < COLUMNS) {
        left -= table[count].columns;
        if (left < (count < FIRST_COLUMNS ? LEAST_NAME_COLUMNS : GOOD_NAME_COLUMNS))
            break;
        count++;
    }
    return count;
}

static void cell_text(char text[BRIM_VIEW_TEXT_BYTES], const BrimViewSight *sight,
                      const BrimProcessSample *process, Column column)
{
    char label[24] = "";
    switch (column) {
    case PID:
        snprintf(text, BRIM_VIEW_TEXT_BYTES, "%d", process->pid);
        break;
    case MEMORY:
        brim_view_draw_bytes(text, process->memory_bytes);
        break;
    case UTILIZATION:
        brim_view_draw_figure(text, "%.0f %%", process->utilization_percent);
        break;
    case USER:
        snprintf(text, BRIM_VIEW_TEXT_BYTES, "%s", process->user[0] ? process->user : "-");
        break;
    case DEVICE:
        if (process->device >= 0 && process->device < sight->sample->device_count)
            brim_view_device_label(label, sight->sample, process->device);
        snprintf(text, BRIM_VIEW_TEXT_BYTES, "%s", label);
        break;
    case HOST_MEMORY:
        brim_view_draw_bytes(text, process->host_memory_bytes);
        break;
    case CPU:
        brim_view_draw_figure(text, "%.0f %%", process->host_cpu_percent);
        break;
    default:
        snprintf(text, BRIM_VIEW_TEXT_BYTES, "%s", process->kind[0] ? process->kind : "-");
        break;
    }
}

/* Writes the cell and returns the x behind it. */
static int draw_cell(BrimGrid *grid, int x, int y, Column column, BrimInk ink, const char *text)
{
    int columns = table[column].columns;
    if (table[column].left)
        brim_grid_cut(grid, x + 2, y, columns - 2, ink, text);
    else
        brim_grid_right(grid, x + 1, y, columns - 1, ink, text);
    return x + columns;
}

/* An arrow behind the head of the column by which the table is sorted: down where the most comes first. */
static void draw_heads(BrimGrid *grid, BrimRect rect, const BrimViewState *state, int count)
{
    static const Column sorted[] = {MEMORY, UTILIZATION, PID};
    bool down =
        (state->sort == BRIM_VIEW_BY_MEMORY || state->sort == BRIM_VIEW_BY_UTILIZATION) != state->reversed;
    int x = rect.x, arrow_x = -1;
    for (int i = 0; i < COLUMNS; i++) {
        if ((int)places[i] >= count)
            continue;
        x = draw_cell(grid, x, rect.y, places[i], BRIM_INK_DIM, table[places[i]].head);
        if (state->sort != BRIM_VIEW_BY_NAME && sorted[state->sort] == places[i])
            arrow_x = x;
    }
    int name = brim_grid_text(grid, x + 2, rect.y, rect.x + rect.columns - x - 2, BRIM_INK_DIM, "name");
    if (state->sort == BRIM_VIEW_BY_NAME)
        arrow_x = x + 2 + name;
    if (arrow_x >= 0)
        brim_grid_sign(grid, arrow_x, rect.y, BRIM_INK_ACCENT, down ? ARROW_DOWN : ARROW_UP,
                       down ? 'v' : '^');
}

/* "1-7 of 12" at the right end of the heads, where not all are shown. */
static void draw_window(BrimGrid *grid, BrimRect rect, const BrimViewState *state, int shown)
{
    char text[BRIM_VIEW_TEXT_BYTES];
    if (shown == state->order_count)
        return;
    snprintf(text, sizeof text, "%d-%d of %d", state->scroll + 1, state->scroll + shown, state->order_count);
    brim_grid_right(grid, rect.x, rect.y, rect.columns - 1, BRIM_INK_DIM, text);
}

static void draw_row(BrimGrid *grid, BrimRect rect, int y, const BrimViewSight *sight,
                     const BrimProcessSample *process, int count)
{
    char text[BRIM_VIEW_TEXT_BYTES];
    int x = rect.x;
    for (int i = 0; i < COLUMNS; i++) {
        if ((int)places[i] >= count)
            continue;
        cell_text(text, sight, process, places[i]);
        x = draw_cell(grid, x, y, places[i], strcmp(text, "-") == 0 ? BRIM_INK_DIM : BRIM_INK_PLAIN, text);
    }
    int left = rect.x + rect.columns - x - 3;
    bool whole = left >= COMMAND_FROM_COLUMNS && process->command[0];
    brim_grid_cut(grid, x + 2, y, left, BRIM_INK_STRONG, whole ? process->command : process->name);
}

void brim_view_draw_table(BrimGrid *grid, BrimRect rect, const BrimViewSight *sight)
{
    const BrimViewState *state = sight->state;
    const int count = columns_that_fit(rect.columns);
    int shown = state->order_count - state->scroll;
    shown = shown < rect.rows - 1 ? shown : rect.rows - 1;
    if (rect.rows < 2)
        return;
    draw_heads(grid, rect, state, count);
    draw_window(grid, rect, state, shown);
    for (int i = 0; i < shown; i++)
        draw_row(grid, rect, rect.y + 1 + i, sight,
                 &sight->sample->processes[state->order[state->scroll + i]], count);
    if (state->order_count == 0)
        brim_grid_text(grid, rect.x + 2, rect.y + 1, rect.columns - 2, BRIM_INK_DIM,
                       state->picked < 0 ? "no process uses a device" : "no process uses this device");
}
