/* Which processes the view shows, and in which order. */
#include "watch/view_state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct Order {
    const BrimMonitorSample *sample;
    BrimViewSort sort;
    bool reversed;
} Order;

/* Negative where a comes first. The unknown is behind everything, whichever way the rest is turned. */
static int compare_figures(double a, double b, bool most_first)
{
    if (isnan(a) || isnan(b))
        return isnan(a) - isnan(b);
    int less = (a > b) - (a < b);
    return most_first ? -less : less;
}

static int compare(const void *left, const void *right, void *order_of)
{
    const Order *order = order_of;
    const BrimProcessSample *a = &order->sample->processes[*(const int *)left];
    const BrimProcessSample *b = &order->sample->processes[*(const int *)right];
    int less = 0;
    switch (order->sort) {
    case BRIM_VIEW_BY_MEMORY:
        less = compare_figures(a->memory_bytes, b->memory_bytes, !order->reversed);
        break;
    case BRIM_VIEW_BY_UTILIZATION:
        less = compare_figures(a->utilization_percent, b->utilization_percent, !order->reversed);
        break;
    case BRIM_VIEW_BY_PID:
        less = compare_figures(a->pid, b->pid, order->reversed);
        break;
    default:
        less = strcmp(a->name, b->name) * (order->reversed ? -1 : 1);
        break;
    }
    if (less == 0)
        less = compare_figures(a->pid, b->pid, false);
    return less ? less : a->device - b->device;
}

BrimStatus brim_view_state_arrange(BrimViewState *state, const BrimMonitorSample *sample)
{
    Order order = {.sample = sample, .sort = state->sort, .reversed = state->reversed};
    state->order_count = 0;
    if (sample->process_count > state->order_room) {
        int room = 2 * sample->process_count;
        int *grown = brim_mem_grow(BRIM_MEM_OTHER, state->order, (size_t)room, sizeof *grown);
        if (!grown)
            return BRIM_ERROR_MEMORY;
        state->order = grown;
        state->order_room = room;
    }
    for (int i = 0; i < sample->process_count; i++)
        if (state->picked < 0 || sample->processes[i].device == state->picked)
            state->order[state->order_count++] = i;
    if (state->order_count > 0)
        qsort_r(state->order, (size_t)state->order_count, sizeof *state->order, compare, &order);
    return BRIM_OK;
}
