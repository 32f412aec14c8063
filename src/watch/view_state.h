/* What the reader of the view has picked: card, order, metric, interval. It knows keys and samples, and
 * nothing of how they are drawn or of terminals. */
#ifndef BRIM_WATCH_VIEW_STATE_H
#define BRIM_WATCH_VIEW_STATE_H

#include "base/memory.h"

/* Keys that are no characters; a character is its own key. */
enum {
    BRIM_KEY_NONE = 0,
    BRIM_KEY_ESCAPE = 27,
    BRIM_KEY_UP = 0x110000, /* behind the last character */
    BRIM_KEY_DOWN,
    BRIM_KEY_LEFT,
    BRIM_KEY_RIGHT,
    BRIM_KEY_BACK_TAB,
    BRIM_KEY_HOME,
    BRIM_KEY_END,
    BRIM_KEY_PAGE_UP,
    BRIM_KEY_PAGE_DOWN,
    BRIM_KEY_RESIZED
};

typedef enum BrimViewSort {
    BRIM_VIEW_BY_MEMORY, /* the most first */
    BRIM_VIEW_BY_UTILIZATION,
    BRIM_VIEW_BY_PID, /* the least first */
    BRIM_VIEW_BY_NAME,
    BRIM_VIEW_SORTS
} BrimViewSort;

/* What stands below the cards. */
typedef enum BrimViewBelow {
    BRIM_VIEW_BOTH, /* the plan beside the processes where there is room, else a line of it above them */
    BRIM_VIEW_PROCESSES,
    BRIM_VIEW_PLAN,
    BRIM_VIEW_BELOWS
} BrimViewBelow;

typedef struct BrimViewState {
    int64_t interval_ns; /* from sample to sample */
    int64_t step_ns;     /* what their times say it is: a column of the graphs */
    int64_t span_ns;     /* of the graphs; 0: a column for each sample */
    int picked;          /* the device; -1: all */
    BrimMetric graph;    /* what the graphs draw */
    BrimViewSort sort;
    BrimViewBelow below;
    bool reversed, paused, help;
    bool ended;           /* no more samples come: the recording is over */
    bool left;            /* the reader has seen enough */
    int run;              /* whose plan is shown */
    int scroll;           /* processes above the first that is shown */
    int page_rows;        /* processes that the last drawing had room for */
    int64_t last_time_ns; /* of the last sample */
    int *order;           /* processes to show, as indices of the sample */
    int order_count, order_room;
} BrimViewState;

void brim_view_state_open(BrimViewState *state, int64_t interval_ns);
void brim_view_state_close(BrimViewState *state);

/* Does what a key says. sample may be NULL: none has come yet. */
void brim_view_state_key(BrimViewState *state, int key, const BrimMonitorSample *sample);

/* Takes notice of a new sample: what was picked in it may be gone. */
void brim_view_state_note(BrimViewState *state, const BrimMonitorSample *sample);

/* Which processes are shown, and in which order: those of the picked device, sorted; unknown figures come
 * last either way, ties go by pid and device. A process is there once for each of its devices. */
BrimStatus brim_view_state_arrange(BrimViewState *state, const BrimMonitorSample *sample);

/* So many processes can be shown at once; what was scrolled too far comes back. */
void brim_view_state_page(BrimViewState *state, int rows);

/* "memory": a word for a metric that can be graphed. */
const char *brim_view_metric_word(BrimMetric metric);

/* "memory", "utilization", "pid", "name" */
const char *brim_view_sort_word(BrimViewSort sort);

#endif
