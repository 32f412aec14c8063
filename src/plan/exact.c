/* Drives the exact search: groups of buffers that share no moment are searched each on its own, in rounds
 * that prefer other buffers. A lucky round finds a placement after little more nodes than there are buffers,
 * an unlucky one never does: so rounds are short, and a long one comes now and then. */
#include "plan/exact.h"

#include "plan/exact_items.h"

/* Nodes of the fixed rounds, and of the shortest of the others for each buffer. */
enum {
    FIXED_NODES = 4096,
    NODES_PER_BUFFER = 4,
    MOST_CAUTION = 8,
    LEAST_TABLE_BITS = 10,
    MOST_TABLE_BITS = 20
};

typedef struct Exact {
    BrimBuffer *buffers;
    int count;
    BrimExactRanked *ranked;
    int32_t *moments;
    int64_t *totals;
    BrimExactGroup *groups;
    int group_count;
    BrimExactSearch search;
    const BrimExactLimits *limits;
    size_t stop_bytes;
    BrimExactResult *result;
} Exact;

static size_t goal_of(const Exact *exact)
{
    size_t lower = exact->result->lower_bytes;
    return exact->stop_bytes > lower ? exact->stop_bytes : lower;
}

static bool has_time(const Exact *exact)
{
    return exact->result->nodes < exact->limits->nodes && !exact->search.timed_out;
}

static void keep_placement(Exact *exact, BrimExactGroup *group)
{
    group->top_bytes = 0;
    for (int i = 0; i < group->count; i++) {
        const BrimExactItem *item = &exact->search.items[i];
        size_t end = (size_t)(item->offset + item->bytes);
        exact->buffers[item->buffer].offset = (size_t)item->offset;
        group->top_bytes = end > group->top_bytes ? end : group->top_bytes;
    }
    exact->result->improved = true;
}

/* 1 1 2 1 1 2 4 1 1 2 1 1 2 4 8 ...: no other sequence of restarts is much better (Luby, Sinclair and
 * Zuckerman, 1993). */
static int64_t luby(int64_t index)
{
    int64_t size = 1;
    while (size < index + 1)
        size = 2 * size + 1;
    while (size - 1 != index) {
        size = (size - 1) / 2;
        index %= size;
    }
    return (size + 1) / 2;
}

static int64_t nodes_of(const BrimExactGroup *group, int round)
{
    return round < BRIM_EXACT_FIXED_ROUNDS
               ? FIXED_NODES
               : NODES_PER_BUFFER * group->count * luby(round - BRIM_EXACT_FIXED_ROUNDS);
}

static BrimExactOutcome search_once(Exact *exact, BrimExactGroup *group, int round, size_t height)
{
    BrimExactSearch *search = &exact->search;
    BrimExactResult *result = exact->result;
    int64_t most = exact->limits->nodes - result->nodes, nodes = nodes_of(group, round);
    nodes = nodes < most ? nodes : most;
    brim_exact_rank(search, group, round);
    for (int i = 0; i < group->count; i++) /* what went wrong long ago counts less */
        search->blame[group->ranked[i].buffer] -= search->blame[group->ranked[i].buffer] / 5;
    search->height = (int64_t)height;
    search->nodes_left = nodes;
    BrimExactOutcome outcome = brim_exact_search(search);
    result->nodes += nodes - (search->nodes_left > 0 ? search->nodes_left : 0);
    if (outcome == BRIM_EXACT_FOUND)
        keep_placement(exact, group);
    if (outcome == BRIM_EXACT_NONE && height >= result->lower_bytes)
        result->lower_bytes = height + 1;
    return outcome;
}

/* A part of the way to the goal: half of it, less after each that was not reached. */
static void approach_goal(Exact *exact, BrimExactGroup *group, int round)
{
    while (has_time(exact) && group->top_bytes > goal_of(exact) + 1) {
        size_t step = (group->top_bytes - goal_of(exact)) >> (1 + group->caution);
        size_t height = group->top_bytes - (step > 0 ? step : 1);
        if (search_once(exact, group, round, height) != BRIM_EXACT_UNKNOWN)
            continue;
        group->caution += group->caution < MOST_CAUTION;
        return;
    }
}

static void search_rounds(Exact *exact)
{
    bool open = true;
    for (int round = 0; open && has_time(exact); round++) {
        open = false;
        for (int i = 0; i < exact->group_count; i++) {
            BrimExactGroup *group = &exact->groups[i];
            if (has_time(exact) && group->top_bytes > goal_of(exact))
                search_once(exact, group, round, goal_of(exact));
            if (round % 3 == 0)
                approach_goal(exact, group, round);
            open = open || group->top_bytes > goal_of(exact);
        }
    }
    exact->result->top_bytes = 0;
    for (int i = 0; i < exact->group_count; i++)
        if (exact->groups[i].top_bytes > exact->result->top_bytes)
            exact->result->top_bytes = exact->groups[i].top_bytes;
}

static BrimStatus take_lists(Exact *exact)
{
    size_t count = (size_t)exact->count, times = 2 * count + 2;
    exact->ranked = brim_mem_take(BRIM_MEM_GRAPH, count, sizeof *exact->ranked);
    exact->groups = brim_mem_take(BRIM_MEM_GRAPH, count, sizeof *exact->groups);
    exact->moments = brim_mem_take(BRIM_MEM_GRAPH, times, sizeof *exact->moments);
    exact->totals = brim_mem_take(BRIM_MEM_GRAPH, times, sizeof *exact->totals);
    return exact->ranked && exact->groups && exact->moments && exact->totals ? BRIM_OK : BRIM_ERROR_MEMORY;
}

/* Room for the largest group. */
static BrimStatus take_search(Exact *exact)
{
    BrimExactSearch *search = &exact->search;
    size_t count = 0, pairs = 0, times = 2 * (size_t)exact->count + 2;
    for (int i = 0; i < exact->group_count; i++) {
        count = (size_t)exact->groups[i].count > count ? (size_t)exact->groups[i].count : count;
        pairs = exact->groups[i].pair_count > pairs ? exact->groups[i].pair_count : pairs;
    }
    search->failed_bits = LEAST_TABLE_BITS;
    while (search->failed_bits < MOST_TABLE_BITS && (size_t)1 << search->failed_bits < 4096 * count)
        search->failed_bits++;
    search->items = brim_mem_take(BRIM_MEM_GRAPH, count, sizeof *search->items);
    search->others = brim_mem_take(BRIM_MEM_GRAPH, pairs, sizeof *search->others);
    search->left = brim_mem_take(BRIM_MEM_GRAPH, times, sizeof *search->left);
    search->blame = brim_mem_take(BRIM_MEM_GRAPH, (size_t)exact->count, sizeof *search->blame);
    /* A node and those of its items that can come next, for each depth; and one node more while it is split.
     */
    search->stack = brim_mem_take(BRIM_MEM_GRAPH, count * (count + 1) + 2 * count, sizeof *search->stack);
    search->changes = brim_mem_take(BRIM_MEM_GRAPH, count + pairs / 2, sizeof *search->changes);
    search->failed = brim_mem_take(BRIM_MEM_GRAPH, (size_t)1 << search->failed_bits, sizeof *search->failed);
    search->lowest = brim_mem_take(BRIM_MEM_GRAPH, times, sizeof *search->lowest);
    search->fronts = brim_mem_take(BRIM_MEM_GRAPH, times, sizeof *search->fronts);
    search->open = brim_mem_take(BRIM_MEM_GRAPH, times, sizeof *search->open);
    bool all = search->items && search->others && search->left && search->blame && search->stack &&
               search->changes && search->failed && search->lowest && search->fronts && search->open;
    return all ? BRIM_OK : BRIM_ERROR_MEMORY;
}

static void give_room(Exact *exact)
{
    BrimExactSearch *search = &exact->search;
    void *blocks[] = {exact->ranked,  exact->groups,  exact->moments, exact->totals, search->items,
                      search->others, search->left,   search->blame,  search->stack, search->changes,
                      search->failed, search->lowest, search->fronts, search->open};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        brim_mem_give(blocks[i]);
}

BrimStatus brim_pack_exact(BrimBuffer *buffers, int count, size_t alignment_bytes, size_t top_bytes,
                           size_t stop_bytes, const BrimExactLimits *limits, BrimExactResult *result)
{
    Exact exact = {.buffers = buffers,
                   .count = count,
                   .limits = limits,
                   .stop_bytes = stop_bytes,
                   .result = result,
                   .search.deadline_ns = limits->deadline_ns};
    BrimStatus status;
    *result = (BrimExactResult){.top_bytes = top_bytes};
    BRIM_TRY(brim_pack_lower_bound(buffers, count, alignment_bytes, &result->lower_bytes, NULL));
    if (count > BRIM_EXACT_MOST_BUFFERS)
        return BRIM_OK;
    BRIM_TRY(take_lists(&exact));
    exact.group_count = brim_exact_groups(buffers, count, alignment_bytes, exact.ranked, exact.moments,
                                          exact.totals, exact.groups);
    BRIM_TRY(take_search(&exact));
    search_rounds(&exact);
    for (int i = 0; i < count; i++)
        if (buffers[i].bytes == 0)
            buffers[i].offset = 0; /* where it lay may be in the midst of others now */
fail:
    give_room(&exact);
    return status;
}
