/* The pieces that cards and tables are made of: bars, graphs, figures as text. What is unknown is "-" and an
 * empty place, never a 0. It knows the grid, and nothing of the monitor. */
#ifndef BRIM_WATCH_VIEW_DRAW_H
#define BRIM_WATCH_VIEW_DRAW_H

#include "watch/grid.h"

enum { BRIM_VIEW_TEXT_BYTES = 48 };

/* Green, yellow from 70%, red from 90%; the share is 0 to 1. Plain where it is unknown. */
BrimInk brim_view_draw_share_ink(double share);

/* A bar of one row, share of it filled, to half a column. */
void brim_view_draw_bar(BrimGrid *grid, int x, int y, int columns, double share);

/* A graph with a column for each share, filled from below to an eighth of a row. 0 is a thin line, and the
 * unknown is nothing. By share its columns are green, yellow or red, else all have that ink. */
void brim_view_draw_graph(BrimGrid *grid, BrimRect rect, const double *shares, bool by_share, BrimInk ink);

/* A figure through a format for one double, such as "%.0f W"; "-" where it is unknown. */
void brim_view_draw_figure(char text[BRIM_VIEW_TEXT_BYTES], const char *format, double figure);

/* "38.2 GiB", "412 MiB", "16 KiB"; "-" */
void brim_view_draw_bytes(char text[BRIM_VIEW_TEXT_BYTES], double bytes);

/* Used, free and total in the unit that suits the total: "38.2 used   9.3 free of  48.0 GiB". */
void brim_view_draw_memory(char text[BRIM_VIEW_TEXT_BYTES], double used, double free, double total);

/* The same in short: "38.2/48.0 GiB". */
void brim_view_draw_memory_short(char text[BRIM_VIEW_TEXT_BYTES], double used, double total);

/* "10 min", "6 h", "0.1 s" */
void brim_view_draw_time(char text[BRIM_VIEW_TEXT_BYTES], double seconds);

#endif
