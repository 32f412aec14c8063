/* What goes where on a screen of some size. It knows rows and columns alone.
 *
 * From top to bottom: a line of what is seen, the cards of the devices, the processes with the plan of a run
 * beside them, a line of keys. Cards shrink before the processes do: from graphs of several rows over two
 * rows with the graph in the second to one row, and then not all of them are shown. Nothing depends on how
 * many processes there are, so that nothing jumps when one comes or goes. */
#ifndef BRIM_WATCH_VIEW_LAYOUT_H
#define BRIM_WATCH_VIEW_LAYOUT_H

#include "watch/grid.h"
#include "watch/view_state.h"

enum { BRIM_VIEW_LEAST_COLUMNS = 60, BRIM_VIEW_LEAST_ROWS = 15 };

typedef struct BrimViewLayout {
    int across;       /* cards beside each other */
    int card_rows;    /* of a card, an empty row behind it among them where there is room for that */
    int graph_rows;   /* 0: the graph is in the second row of the card, or in the only one */
    int first_card;   /* that is shown */
    int card_count;   /* so many are shown */
    int card_columns; /* of a card */
    BrimRect cards;
    BrimRect plan_line; /* 0 rows: not there, here and below */
    BrimRect table;
    BrimRect plan;
} BrimViewLayout;

/* Is there room for any layout? */
bool brim_view_layout_fits(int columns, int rows);

/* On a screen that fits. purpose_count: of the run whose plan is shown; -1: there is no run. */
BrimViewLayout brim_view_layout(int columns, int rows, int device_count, int purpose_count,
                                const BrimViewState *state);

/* Where the nth of the shown cards is. */
BrimRect brim_view_layout_card(const BrimViewLayout *layout, int nth);

#endif
