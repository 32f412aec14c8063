/* Keys to picks. */
#include "watch/view_state.h"

#include <stdlib.h>

#define MS_NS     INT64_C(1000000)
#define MINUTE_NS (60000 * MS_NS)

static const int64_t intervals_ns[] = {100 * MS_NS,  200 * MS_NS,   500 * MS_NS,   1000 * MS_NS, 2000 * MS_NS,
                                       5000 * MS_NS, 10000 * MS_NS, 30000 * MS_NS, MINUTE_NS};
enum { INTERVALS = sizeof intervals_ns / sizeof intervals_ns[0] };

static const int64_t spans_ns[] = {0, 10 * MINUTE_NS, 60 * MINUTE_NS, 360 * MINUTE_NS, 1440 * MINUTE_NS};
enum { SPANS = sizeof spans_ns / sizeof spans_ns[0] };

static const struct {
    BrimMetric metric;
    const char *word;
} graphs[] = {{BRIM_METRIC_MEMORY_USED, "memory"},
              {BRIM_METRIC_UTILIZATION, "utilization"},
              {BRIM_METRIC_TEMPERATURE, "temperature"},
              {BRIM_METRIC_POWER, "power"},
              {BRIM_METRIC_CLOCK, "clock"}};
enum { GRAPHS = sizeof graphs / sizeof graphs[0] };

const char *brim_view_metric_word(BrimMetric metric)
{
    for (int i = 0; i < GRAPHS; i++)
        if (graphs[i].metric == metric)
            return graphs[i].word;
    return "";
}

const char *brim_view_sort_word(BrimViewSort sort)
{
    static const char *const words[] = {"memory", "utilization", "pid", "name"};
    return words[sort];
}

void brim_view_state_open(BrimViewState *state, int64_t interval_ns)
{
    *state = (BrimViewState){.interval_ns = interval_ns > 0 ? interval_ns : 1000 * MS_NS, .picked = -1};
    state->step_ns = state->interval_ns;
    state->graph = BRIM_METRIC_MEMORY_USED;
}

void brim_view_state_close(BrimViewState *state)
{
    brim_mem_give(state->order);
    *state = (BrimViewState){.order = NULL};
}

/* The next longer or shorter of the intervals; it may have begun as none of them. */
static void change_interval(BrimViewState *state, bool longer)
{
    int i;
    if (longer) {
        for (i = 0; i < INTERVALS - 1 && intervals_ns[i] <= state->interval_ns; i++) {
        }
        if (intervals_ns[i] > state->interval_ns)
            state->interval_ns = intervals_ns[i];
        return;
    }
    for (i = INTERVALS - 1; i > 0 && intervals_ns[i] >= state->interval_ns; i--) {
    }
    if (intervals_ns[i] < state->interval_ns)
        state->interval_ns = intervals_ns[i];
}

static void change_graph(BrimViewState *state)
{
    int i = 0;
    while (i < GRAPHS - 1 && graphs[i].metric != state->graph)
        i++;
    state->graph = graphs[(i + 1) % GRAPHS].metric;
}

static void change_span(BrimViewState *state)
{
    int i = 0;
    while (i < SPANS - 1 && spans_ns[i] != state->span_ns)
        i++;
    state->span_ns = spans_ns[(i + 1) % SPANS];
}

/* From all to the first card, to the last, to all again. */
static void pick(BrimViewState *state, int by, const BrimMonitorSample *sample)
{
    int count = (sample ? sample->device_count : 0) + 1;
    state->picked = (state->picked + 1 + by + count) % count - 1;
    state->scroll = 0;
}

static void scroll_to(BrimViewState *state, int row)
{
    int most = state->order_count - state->page_rows;
    state->scroll = row > most ? most : row;
    if (state->scroll < 0)
        state->scroll = 0;
}

void brim_view_state_page(BrimViewState *state, int rows)
{
    state->page_rows = rows > 0 ? rows : 0;
    scroll_to(state, state->scroll);
}

/* Keys that have no character. */
static void press(BrimViewState *state, int key, const BrimMonitorSample *sample)
{
    int page = state->page_rows > 1 ? state->page_rows - 1 : 1;
    switch (key) {
    case BRIM_KEY_ESCAPE:
        state->picked = -1;
        break;
    case BRIM_KEY_DOWN:
    case BRIM_KEY_RIGHT:
        pick(state, 1, sample);
        break;
    case BRIM_KEY_UP:
    case BRIM_KEY_LEFT:
    case BRIM_KEY_BACK_TAB:
        pick(state, -1, sample);
        break;
    case BRIM_KEY_HOME:
        state->scroll = 0;
        break;
    case BRIM_KEY_END:
        scroll_to(state, state->order_count);
        break;
    case BRIM_KEY_PAGE_UP:
        scroll_to(state, state->scroll - page);
        break;
    case BRIM_KEY_PAGE_DOWN:
        scroll_to(state, state->scroll + page);
        break;
    }
}

static void type(BrimViewState *state, int key, const BrimMonitorSample *sample)
{
    switch (key) {
    case '\t':
        pick(state, 1, sample);
        break;
    case 's':
        state->sort = (state->sort + 1) % BRIM_VIEW_SORTS;
        break;
    case 'r':
        state->reversed = !state->reversed;
        break;
    case 'p':
    case ' ':
        state->paused = !state->paused;
        break;
    case '+':
    case '-':
        change_interval(state, key == '+');
        break;
    case 'g':
        change_graph(state);
        break;
    case 't':
        change_span(state);
        break;
    case 'v':
        state->below = (state->below + 1) % BRIM_VIEW_BELOWS;
        break;
    case 'n':
        state->run = sample && sample->run_count > 0 ? (state->run + 1) % sample->run_count : 0;
        break;
    }
}

void brim_view_state_key(BrimViewState *state, int key, const BrimMonitorSample *sample)
{
    if (key == 'q' || key == 'Q') {
        state->left = true;
    } else if (key == '?' || key == 'h' || (state->help && key != BRIM_KEY_RESIZED)) {
        state->help = !state->help; /* any key closes it */
    } else {
        press(state, key, sample);
        type(state, key, sample);
    }
}

/* The round time that is nearest to what lies between two samples, so that a column does not change its
 * meaning with every breath of the machine. */
static int64_t round_step_ns(int64_t step_ns)
{
    int64_t best_ns = intervals_ns[0];
    for (int i = 1; i < INTERVALS; i++)
        if (llabs(intervals_ns[i] - step_ns) < llabs(best_ns - step_ns))
            best_ns = intervals_ns[i];
    return best_ns;
}

void brim_view_state_note(BrimViewState *state, const BrimMonitorSample *sample)
{
    if (state->last_time_ns > 0 && sample->time_ns > state->last_time_ns)
        state->step_ns = round_step_ns(sample->time_ns - state->last_time_ns);
    state->last_time_ns = sample->time_ns;
    if (state->picked >= sample->device_count)
        state->picked = -1;
    if (state->run >= sample->run_count)
        state->run = 0;
}
