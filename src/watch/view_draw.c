/* Bars, graphs, figures. */
#include "watch/view_draw.h"

#include <math.h>
#include <stdio.h>

enum {
    HEAVY_LINE = 0x2501,
    HEAVY_HALF = 0x2578,
    LIGHT_LINE = 0x2500,
    DASHED_LINE = 0x2504,
    LOWER_EIGHTH = 0x2581, /* and the next six have one more each; 0x2588 is full */
    EIGHTHS = 8
};

BrimInk brim_view_draw_share_ink(double share)
{
    if (isnan(share))
        return BRIM_INK_PLAIN;
    return share >= 0.9 ? BRIM_INK_BAD : share >= 0.7 ? BRIM_INK_WARN : BRIM_INK_GOOD;
}

/* In ASCII a bar has brackets, without which its empty part would be hard to see. */
static void draw_plain_bar(BrimGrid *grid, int x, int y, int columns, double share)
{
    int inside = columns - 2;
    int filled = isnan(share) ? 0 : (int)lround(share * inside);
    brim_grid_put(grid, x, y, BRIM_INK_DIM, '[');
    for (int i = 0; i < inside && !isnan(share); i++)
        brim_grid_put(grid, x + 1 + i, y, i < filled ? brim_view_draw_share_ink(share) : BRIM_INK_DIM,
                      i < filled ? '#' : '.');
    brim_grid_put(grid, x + 1 + inside, y, BRIM_INK_DIM, ']');
}

void brim_view_draw_bar(BrimGrid *grid, int x, int y, int columns, double share)
{
    share = isnan(share) ? NAN : fmin(fmax(share, 0), 1);
    if (!grid->unicode) {
        draw_plain_bar(grid, x, y, columns, share);
        return;
    }
    BrimInk ink = brim_view_draw_share_ink(share);
    int halves = isnan(share) ? 0 : (int)lround(share * 2 * columns);
    for (int i = 0; i < columns; i++) {
        if (isnan(share))
            brim_grid_put(grid, x + i, y, BRIM_INK_DIM, DASHED_LINE);
        else if (2 * i + 1 < halves)
            brim_grid_put(grid, x + i, y, ink, HEAVY_LINE);
        else if (2 * i < halves)
            brim_grid_put(grid, x + i, y, ink, HEAVY_HALF);
        else
            brim_grid_put(grid, x + i, y, BRIM_INK_DIM, LIGHT_LINE);
    }
}

/* One cell of a graph, filled by so many eighths, 1 or more. */
static void draw_fill(BrimGrid *grid, int x, int y, BrimInk ink, int eighths)
{
    static const char plain[EIGHTHS + 1] = {' ', '.', '.', ':', ':', ':', '|', '|', '#'};
    eighths = eighths < EIGHTHS ? eighths : EIGHTHS;
    brim_grid_sign(grid, x, y, ink, (uint32_t)(LOWER_EIGHTH + eighths - 1), plain[eighths]);
}

void brim_view_draw_graph(BrimGrid *grid, BrimRect rect, const double *shares, bool by_share, BrimInk ink)
{
    for (int i = 0; i < rect.columns; i++) {
        if (isnan(shares[i]))
            continue;
        double share = fmin(fmax(shares[i], 0), 1);
        int eighths = (int)lround(share * EIGHTHS * rect.rows);
        eighths = eighths > 0 ? eighths : 1;
        for (int row = 0; row * EIGHTHS < eighths; row++)
            draw_fill(grid, rect.x + i, rect.y + rect.rows - 1 - row,
                      by_share ? brim_view_draw_share_ink(share) : ink, eighths - row * EIGHTHS);
    }
}

void brim_view_draw_figure(char text[BRIM_VIEW_TEXT_BYTES], const char *format, double figure)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    if (isnan(figure))
        snprintf(text, BRIM_VIEW_TEXT_BYTES, "-");
    else
        snprintf(text, BRIM_VIEW_TEXT_BYTES, format, figure);
#pragma GCC diagnostic pop
}

/* The unit in which so many bytes are said, and how many bytes it is. */
static const char *unit_of(double bytes, double *unit_bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB"};
    enum { LAST = sizeof units / sizeof units[0] - 1 };
    int unit = 0;
    *unit_bytes = 0x1p10;
    while (unit < LAST && bytes >= 999.5 * *unit_bytes) {
        *unit_bytes *= 0x1p10;
        unit++;
    }
    return units[unit];
}

void brim_view_draw_bytes(char text[BRIM_VIEW_TEXT_BYTES], double bytes)
{
    double unit_bytes;
    const char *unit = unit_of(bytes, &unit_bytes);
    if (isnan(bytes))
        snprintf(text, BRIM_VIEW_TEXT_BYTES, "-");
    else
        snprintf(text, BRIM_VIEW_TEXT_BYTES, "%.*f %s", unit_bytes >= 0x1p30, bytes / unit_bytes, unit);
}

void brim_view_draw_memory(char text[BRIM_VIEW_TEXT_BYTES], double used, double free, double total)
{
    char used_text[BRIM_VIEW_TEXT_BYTES], free_text[BRIM_VIEW_TEXT_BYTES], total_text[BRIM_VIEW_TEXT_BYTES];
    double unit_bytes;
    const char *unit = unit_of(isnan(total) ? used : total, &unit_bytes);
    const char *format = unit_bytes >= 0x1p30 ? "%.1f" : "%.0f";
    if (isnan(used) && isnan(free) && isnan(total)) {
        snprintf(text, BRIM_VIEW_TEXT_BYTES, "-");
        return;
    }
    brim_view_draw_figure(used_text, format, used / unit_bytes);
    brim_view_draw_figure(free_text, format, free / unit_bytes);
    brim_view_draw_figure(total_text, format, total / unit_bytes);
    snprintf(text, BRIM_VIEW_TEXT_BYTES, "%5.9s used %5.9s free of %5.9s %s", used_text, free_text,
             total_text, unit);
}

void brim_view_draw_memory_short(char text[BRIM_VIEW_TEXT_BYTES], double used, double total)
{
    char used_text[BRIM_VIEW_TEXT_BYTES], total_text[BRIM_VIEW_TEXT_BYTES];
    double unit_bytes;
    const char *unit = unit_of(isnan(total) ? used : total, &unit_bytes);
    const char *format = unit_bytes >= 0x1p30 ? "%.1f" : "%.0f";
    if (isnan(used) && isnan(total)) {
        snprintf(text, BRIM_VIEW_TEXT_BYTES, "-");
        return;
    }
    brim_view_draw_figure(used_text, format, used / unit_bytes);
    brim_view_draw_figure(total_text, format, total / unit_bytes);
    snprintf(text, BRIM_VIEW_TEXT_BYTES, "%.9s/%.9s %s", used_text, total_text, unit);
}

void brim_view_draw_time(char text[BRIM_VIEW_TEXT_BYTES], double seconds)
{
    if (seconds >= 2 * 3600)
        snprintf(text, BRIM_VIEW_TEXT_BYTES, "%.0f h", seconds / 3600);
    else if (seconds >= 120)
        snprintf(text, BRIM_VIEW_TEXT_BYTES, "%.0f min", seconds / 60);
    else
        snprintf(text, BRIM_VIEW_TEXT_BYTES, "%g s", seconds);
}
