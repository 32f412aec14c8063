/* The parts of the view, each drawn into its rectangle of a grid: cards, processes, the plan of a run; and
 * the whole page. They know what the monitor saw and what was picked, and nothing of terminals. */
#ifndef BRIM_WATCH_VIEW_PARTS_H
#define BRIM_WATCH_VIEW_PARTS_H

#include "monitor/history.h"
#include "watch/view_layout.h"

/* What a page shows. */
typedef struct BrimViewSight {
    const BrimMonitorSample *sample;
    const BrimHistory *history;
    const BrimViewState *state;
} BrimViewSight;

void brim_view_draw_card(BrimGrid *grid, BrimRect rect, int graph_rows, const BrimViewSight *sight,
                         int device);

void brim_view_draw_table(BrimGrid *grid, BrimRect rect, const BrimViewSight *sight);

/* The plan of a run beside what was measured, by purpose; purposes that find no room are summed up in one
 * row. */
void brim_view_draw_plan(BrimGrid *grid, BrimRect rect, const BrimViewSight *sight);

/* The same in a line. */
void brim_view_draw_plan_line(BrimGrid *grid, BrimRect rect, const BrimViewSight *sight);

/* All of it, on an empty grid of any size. Takes notice in the state of how many processes it has room for.
 * sample and history may be NULL: none has come yet. */
BrimStatus brim_view_draw_page(BrimGrid *grid, const BrimMonitorSample *sample, const BrimHistory *history,
                               BrimViewState *state);

/* "nvidia 0", "host": as short as a device can be named; a part of nvidia 1 is "MIG 1.0". */
void brim_view_device_label(char text[24], const BrimMonitorSample *sample, int device);

#endif
