/* Rows and columns shared out. */
#include "watch/view_layout.h"

enum {
    TWO_ACROSS_FROM_COLUMNS = 160,
    BESIDE_FROM_COLUMNS = 76, /* a plan and a table beside each other */
    PLAN_COLUMNS = 38,
    WIDE_PLAN_COLUMNS = 46,
    LEAST_BELOW_ROWS = 6, /* what the processes have left before cards shrink to one row */
    GOOD_BELOW_ROWS = 10, /* before their graphs shrink */
    PLAN_ROWS = 6,        /* of a plan, but for its purposes */
    LEAST_GRAPH_ROWS = 2,
    MOST_GRAPH_ROWS = 6
};

static int rows_of(const BrimViewLayout *layout, int device_count, int card_rows)
{
    return (device_count + layout->across - 1) / layout->across * card_rows;
}

/* How tall a card may be so that good_rows are left below all of them; with an empty row behind it where that
 * costs no row of its graph. */
static void size_cards(BrimViewLayout *layout, int body_rows, int device_count, int good_rows)
{
    for (int graph = MOST_GRAPH_ROWS; graph >= LEAST_GRAPH_ROWS; graph--)
        for (int gap = 1; gap >= 0; gap--) {
            layout->graph_rows = graph;
            layout->card_rows = 2 + graph + gap;
            if (rows_of(layout, device_count, layout->card_rows) + 1 - gap + good_rows <= body_rows)
                return;
        }
    layout->graph_rows = 0;
    layout->card_rows = rows_of(layout, device_count, 2) + LEAST_BELOW_ROWS <= body_rows ? 2 : 1;
}

/* The window of cards that holds the picked one. */
static void show_cards(BrimViewLayout *layout, int body_rows, int device_count, int picked)
{
    int most_rows = body_rows - LEAST_BELOW_ROWS;
    int most = most_rows / layout->card_rows * layout->across;
    layout->card_count = device_count < most ? device_count : most;
    layout->first_card = picked >= layout->card_count ? picked - layout->card_count + 1 : 0;
    layout->cards.rows = rows_of(layout, layout->card_count, layout->card_rows);
}

/* The rest, with an empty row above it where there is one to spare. */
static void share_below(BrimViewLayout *layout, BrimRect below, int purpose_count, BrimViewBelow what)
{
    bool run = purpose_count >= 0;
    bool beside = below.columns >= BESIDE_FROM_COLUMNS;
    layout->table = below;
    if (!run || what == BRIM_VIEW_PROCESSES)
        return;
    if (what == BRIM_VIEW_PLAN) {
        layout->plan = below;
        layout->table.rows = 0;
    } else if (beside) {
        int columns = below.columns >= 110 ? WIDE_PLAN_COLUMNS : PLAN_COLUMNS;
        layout->table.columns = below.columns - columns - 1;
        layout->plan = (BrimRect){below.x + below.columns - columns, below.y, columns, below.rows};
    } else {
        layout->plan_line = (BrimRect){below.x, below.y, below.columns, 1};
        layout->table = (BrimRect){below.x, below.y + 1, below.columns, below.rows - 1};
    }
}

bool brim_view_layout_fits(int columns, int rows)
{
    return columns >= BRIM_VIEW_LEAST_COLUMNS && rows >= BRIM_VIEW_LEAST_ROWS;
}

BrimViewLayout brim_view_layout(int columns, int rows, int device_count, int purpose_count,
                                const BrimViewState *state)
{
    BrimViewLayout layout = {.card_count = 0};
    const int body_rows = rows - 2; /* without the first and the last line */
    const int plan_rows = purpose_count >= 0 ? PLAN_ROWS + purpose_count : 0;
    layout.across = columns >= TWO_ACROSS_FROM_COLUMNS && device_count > 1 ? 2 : 1;
    layout.card_columns = columns / layout.across;
    layout.cards = (BrimRect){0, 1, columns, 0};
    size_cards(&layout, body_rows, device_count, plan_rows > GOOD_BELOW_ROWS ? plan_rows : GOOD_BELOW_ROWS);
    show_cards(&layout, body_rows, device_count, state->picked);
    if (device_count == 0)
        layout.cards.rows = 2; /* in which that is said */
    BrimRect below = {0, 1 + layout.cards.rows, columns, body_rows - layout.cards.rows};
    if (layout.card_rows > 1 && layout.card_rows == 2 + layout.graph_rows && below.rows > LEAST_BELOW_ROWS) {
        below.y++;
        below.rows--;
    }
    share_below(&layout, below, purpose_count, state->below);
    return layout;
}

BrimRect brim_view_layout_card(const BrimViewLayout *layout, int nth)
{
    return (BrimRect){nth % layout->across * layout->card_columns,
                      layout->cards.y + nth / layout->across * layout->card_rows, layout->card_columns,
                      layout->card_rows};
}
