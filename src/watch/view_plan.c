/* The plan of a run beside what was measured. */
#include "watch/view_parts.h"

#include <math.h>
#include <stdio.h>

#include "watch/view_draw.h"

enum { FIGURE_COLUMNS = 11, OTHER_ROWS = 6, SEPARATOR = 0x2502 };

static void mib_text(char text[BRIM_VIEW_TEXT_BYTES], double bytes)
{
    brim_view_draw_figure(text, "%.2f", bytes / 0x1p20);
}

/* Red where it is over its plan. */
static BrimInk measured_ink(double measured, double planned)
{
    return isnan(measured) ? BRIM_INK_DIM : measured > planned ? BRIM_INK_BAD : BRIM_INK_GOOD;
}

/* A label, what was planned and what was measured; NULL: an empty cell. Measured is red where it is over the
 * plan. */
static void draw_row(BrimGrid *grid, BrimRect rect, int *row, const char *label, const double *planned,
                     const double *measured)
{
    char text[BRIM_VIEW_TEXT_BYTES];
    const int planned_x = rect.x + rect.columns - 1 - 2 * FIGURE_COLUMNS, y = rect.y + (*row)++;
    brim_grid_cut(grid, rect.x + 2, y, planned_x - rect.x - 2, BRIM_INK_PLAIN, label);
    if (planned) {
        mib_text(text, *planned);
        brim_grid_right(grid, planned_x, y, FIGURE_COLUMNS, BRIM_INK_PLAIN, text);
    }
    if (measured) {
        BrimInk ink = measured_ink(*measured, planned ? *planned : NAN);
        mib_text(text, *measured);
        brim_grid_right(grid, planned_x + FIGURE_COLUMNS, y, FIGURE_COLUMNS, ink, text);
    }
}

/* Two rows: what runs, how far it is. */
static void draw_title(BrimGrid *grid, BrimRect rect, const BrimViewSight *sight, const BrimRunSample *run)
{
    char text[400], speed[BRIM_VIEW_TEXT_BYTES];
    int length = snprintf(text, sizeof text, "%s %s, pid %d", run->command, run->model, run->pid);
    if (sight->sample->run_count > 1)
        snprintf(text + length, sizeof text - (size_t)length, " (%d of %d)", sight->state->run + 1,
                 sight->sample->run_count);
    brim_grid_cut(grid, rect.x + 2, rect.y, rect.columns - 3, BRIM_INK_STRONG, text);
    length = 0;
    brim_view_draw_figure(speed, "%.1f", run->pictures_per_s);
    if (run->epochs > 0)
        length = snprintf(text, sizeof text, "epoch %d/%d, ", run->epoch, run->epochs - 1);
    snprintf(text + length, sizeof text - (size_t)length, "%s pictures/s", speed);
    brim_grid_cut(grid, rect.x + 2, rect.y + 1, rect.columns - 3, BRIM_INK_DIM, text);
}

static void draw_heads(BrimGrid *grid, BrimRect rect, int *row)
{
    const int x = rect.x + rect.columns - 1 - 2 * FIGURE_COLUMNS, y = rect.y + (*row)++;
    brim_grid_text(grid, rect.x + 2, y, FIGURE_COLUMNS, BRIM_INK_DIM, "MiB");
    brim_grid_right(grid, x, y, FIGURE_COLUMNS, BRIM_INK_DIM, "planned");
    brim_grid_right(grid, x + FIGURE_COLUMNS, y, FIGURE_COLUMNS, BRIM_INK_DIM, "measured");
}

/* Is it among the `shown` largest? Of equal ones the first is. */
static bool is_large(const BrimRunSample *run, int purpose, int shown)
{
    int before = 0;
    for (int i = 0; i < run->purpose_count; i++)
        if (run->purposes[i].bytes > run->purposes[purpose].bytes ||
            (run->purposes[i].bytes == run->purposes[purpose].bytes && i < purpose))
            before++;
    return before < shown;
}

static void draw_purposes(BrimGrid *grid, BrimRect rect, int *row, const BrimRunSample *run)
{
    char label[BRIM_VIEW_TEXT_BYTES];
    int room = rect.rows - OTHER_ROWS, shown = run->purpose_count;
    if (shown > room)
        shown = room > 1 ? room - 1 : 0;
    double rest = 0;
    for (int i = 0; i < run->purpose_count; i++) {
        double bytes = (double)run->purposes[i].bytes;
        if (is_large(run, i, shown))
            draw_row(grid, rect, row, run->purposes[i].name, &bytes, NULL);
        else
            rest += bytes;
    }
    snprintf(label, sizeof label, "%d smaller", run->purpose_count - shown);
    if (shown < run->purpose_count && room > 0)
        draw_row(grid, rect, row, label, &rest, NULL);
}

void brim_view_draw_plan(BrimGrid *grid, BrimRect rect, const BrimViewSight *sight)
{
    const BrimRunSample *run = &sight->sample->runs[sight->state->run];
    const double arena = (double)run->arena_bytes, process = (double)run->planned_bytes;
    int row = 2;
    for (int y = 0; y < rect.rows; y++)
        brim_grid_sign(grid, rect.x, rect.y + y, BRIM_INK_DIM, SEPARATOR, '|');
    draw_title(grid, rect, sight, run);
    draw_heads(grid, rect, &row);
    draw_purposes(grid, rect, &row, run);
    draw_row(grid, rect, &row, "arena", &arena, &run->arena_measured_bytes);
    draw_row(grid, rect, &row, "process", &process, &run->process_measured_bytes);
    draw_row(grid, rect, &row, "  at its peak", &process, &run->process_peak_bytes);
}

/* Writes a word and "measured/planned", or what was measured alone, and moves x behind them. */
static void draw_share(BrimGrid *grid, BrimRect rect, int *x, const char *word, double measured,
                       double planned)
{
    char text[BRIM_VIEW_TEXT_BYTES];
    const int right = rect.x + rect.columns;
    *x += brim_grid_text(grid, *x, rect.y, right - *x, BRIM_INK_DIM, word);
    brim_view_draw_figure(text, "%.0f", measured / 0x1p20);
    *x += brim_grid_text(grid, *x, rect.y, right - *x, measured_ink(measured, planned), text);
    if (!isnan(planned))
        *x += brim_grid_print(grid, *x, rect.y, right - *x, BRIM_INK_PLAIN, "/%.0f", planned / 0x1p20);
}

void brim_view_draw_plan_line(BrimGrid *grid, BrimRect rect, const BrimViewSight *sight)
{
    const BrimRunSample *run = &sight->sample->runs[sight->state->run];
    const double arena = (double)run->arena_bytes, process = (double)run->planned_bytes;
    int x = rect.x + 1;
    x += brim_grid_text(grid, x, rect.y, rect.columns, BRIM_INK_STRONG, run->command);
    draw_share(grid, rect, &x, " arena ", run->arena_measured_bytes, arena);
    draw_share(grid, rect, &x, " process ", run->process_measured_bytes, process);
    draw_share(grid, rect, &x, " peak ", run->process_peak_bytes, NAN);
    brim_grid_text(grid, x, rect.y, rect.x + rect.columns - x, BRIM_INK_DIM, " MiB");
}
