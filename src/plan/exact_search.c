/* Searches bottom up. A placement that can be pushed down no further has every buffer on the floor or on
 * another one; sorted by offset, then by rank, it is one path of this search, so a search that fails has
 * proven that there is none. What cuts it short:
 *
 * A section must hold what is left of it above the lowest place that any of that can have (exact_bound.c).
 *
 * A buffer is not placed so high that another one fits completely below it: that may as well come first.
 *
 * A buffer passed over must wait until something is placed below it.
 *
 * What is left falls apart into groups that share no section, which are searched one after another.
 *
 * Where nothing is left to stand on a buffer, another place for it does not help.
 *
 * A state that failed once, the same buffers left with the same lowest places, fails again, in any order:
 * placements with a buffer where it was passed over have failed before. They may have failed because of
 * another group, though, so that of a group with such a buffer this is known only when all other groups are
 * placed.
 *
 * The first, second and fourth are those of MiniMalloc (Moffitt, ASPLOS 2023). */
#include "plan/exact_search.h"

#include <string.h>

#include "base/clock.h"
#include "plan/exact_node.h"

/* Places an item at its lowest offset. False when nothing is left that could stand on it. */
static bool place(BrimExactSearch *search, int32_t index)
{
    BrimExactItem *item = &search->items[index];
    const int32_t *others = search->others + item->other_first;
    int64_t top = item->low + item->bytes;
    bool carries = false;
    item->offset = item->low;
    search->changes[search->change_count++] = (BrimExactChange){~index, item->low};
    for (int32_t section = item->first; section <= item->last; section++)
        search->left[section] -= item->bytes;
    for (int32_t i = 0; i < item->other_count; i++) {
        BrimExactItem *other = &search->items[others[i]];
        if (other->offset >= 0)
            continue;
        carries = true;
        if (other->low >= top)
            continue;
        search->changes[search->change_count++] = (BrimExactChange){others[i], other->low};
        other->low = brim_exact_align(top, other->alignment);
    }
    return carries;
}

static void take_back(BrimExactSearch *search, size_t change_count)
{
    while (search->change_count > change_count) {
        BrimExactChange change = search->changes[--search->change_count];
        BrimExactItem *item = &search->items[change.item < 0 ? ~change.item : change.item];
        if (change.item >= 0) {
            item->low = change.low;
            continue;
        }
        item->offset = -1;
        for (int32_t section = item->first; section <= item->last; section++)
            search->left[section] += item->bytes;
    }
}

static uint64_t mix(uint64_t value)
{
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9u; /* splitmix64's finalizer */
    value = (value ^ value >> 27) * 0x94D049BB133111EBu;
    return value ^ value >> 31;
}

/* The state as a number: which buffers are left, from where on each can lie, and below which height. Never 0.
 * Two states with one number would need about 2^32 of them. */
static uint64_t state_of(const BrimExactSearch *search, const BrimExactNode *node)
{
    uint64_t state = mix((uint64_t)search->height);
    for (int32_t i = 0; i < node->count; i++) {
        const BrimExactItem *item = &search->items[node->order[i]];
        int64_t low = item->low > node->floor ? item->low : node->floor;
        state += mix((uint64_t)item->buffer * 0x9E3779B97F4A7C15u + (uint64_t)low);
    }
    return state | 1;
}

static bool out_of_budget(BrimExactSearch *search)
{
    if (search->nodes_left-- <= 0)
        return true;
    bool look = search->nodes_left % 1024 == 0 && search->deadline_ns;
    if (look && brim_clock_ns() > search->deadline_ns)
        search->timed_out = true;
    return search->timed_out;
}

/* Below it an item must be placed to come next: where no other fits completely below it, and where no section
 * is left with more than fits above it. */
static int64_t find_ceiling(const BrimExactSearch *search, const BrimExactNode *node)
{
    int64_t ceiling = INT64_MAX;
    for (int32_t i = 0; i < node->count; i++) {
        const BrimExactItem *item = &search->items[node->order[i]];
        ceiling = item->low + item->bytes < ceiling ? item->low + item->bytes : ceiling;
    }
    for (int32_t section = node->first; section <= node->last; section++) {
        int64_t most = search->height - search->left[section] + 1;
        ceiling = search->left[section] > 0 && most < ceiling ? most : ceiling;
    }
    return ceiling;
}

/* Lists the items that can come next in ascending order of offset and rank. */
static int32_t find_next(const BrimExactSearch *search, const BrimExactNode *node, int32_t *next)
{
    int64_t ceiling = find_ceiling(search, node);
    int32_t count = 0;
    for (int32_t i = 0; i < node->count; i++) {
        const BrimExactItem *item = &search->items[node->order[i]];
        int32_t at = count;
        if (item->low >= ceiling || item->bound > item->low)
            continue;
        for (; at > 0 && search->items[next[at - 1]].low > item->low; at--)
            next[at] = next[at - 1];
        next[at] = node->order[i];
        count++;
    }
    return count;
}

static BrimExactOutcome search_below(BrimExactSearch *search, const BrimExactNode *parent, int64_t floor,
                                     int32_t rank);

/* Tries every item of a group that can come next. */
static BrimExactOutcome search_next(BrimExactSearch *search, const BrimExactNode *node)
{
    int32_t *next = search->stack + search->stack_used, count = find_next(search, node, next);
    uint64_t state = state_of(search, node);
    uint64_t *failed = &search->failed[mix(state) >> (64 - search->failed_bits)];
    BrimExactOutcome outcome = BRIM_EXACT_NONE;
    if (*failed == state)
        return outcome;
    search->stack_used += (size_t)count;
    for (int32_t i = 0; i < count && outcome == BRIM_EXACT_NONE; i++) {
        size_t change_count = search->change_count;
        bool carries = place(search, next[i]);
        outcome = search_below(search, node, search->items[next[i]].offset, next[i]);
        if (outcome != BRIM_EXACT_FOUND)
            take_back(search, change_count);
        if (!carries)
            break;
    }
    search->stack_used -= (size_t)count;
    if (outcome == BRIM_EXACT_NONE && node->absolute)
        *failed = state;
    return outcome;
}

static void find_range(const BrimExactSearch *search, BrimExactNode *node)
{
    node->first = search->section_count;
    node->last = 0;
    for (int32_t i = 0; i < node->count; i++) {
        const BrimExactItem *item = &search->items[node->order[i]];
        node->first = item->first < node->first ? item->first : node->first;
        node->last = item->last > node->last ? item->last : node->last;
    }
}

/* Takes the first group in time off a node: the items up to a section that nothing left reaches beyond. */
static BrimExactNode split_group(BrimExactSearch *search, BrimExactNode *node)
{
    int32_t *rest = search->stack + search->stack_used, rest_count = 0, open = 0;
    BrimExactNode group = *node;
    memset(search->open + node->first, 0, (size_t)(node->last - node->first + 1) * sizeof *search->open);
    for (int32_t i = 0; i < node->count; i++) {
        search->open[search->items[node->order[i]].first]++;
        search->open[search->items[node->order[i]].last]--;
    }
    for (group.last = node->first; (open += search->open[group.last]) > 0;)
        group.last++;
    group.count = 0;
    for (int32_t i = 0; i < node->count; i++) {
        if (search->items[node->order[i]].first <= group.last)
            group.order[group.count++] = node->order[i];
        else
            rest[rest_count++] = node->order[i];
    }
    node->order += group.count;
    node->count = rest_count;
    memcpy(node->order, rest, (size_t)rest_count * sizeof *rest);
    find_range(search, node);
    if (group.absolute && node->count == 0)
        return group;
    group.absolute = true;
    for (int32_t i = 0; i < group.count && group.absolute; i++)
        group.absolute = !brim_exact_is_passed(search, &group, group.order[i]);
    return group;
}

/* What is left of a group after the item of that rank was placed at `floor`: bounds it, and searches the
 * groups that it fell into. */
static BrimExactOutcome search_below(BrimExactSearch *search, const BrimExactNode *parent, int64_t floor,
                                     int32_t rank)
{
    BrimExactNode node = {.order = search->stack + search->stack_used,
                          .floor = floor,
                          .rank = rank,
                          .absolute = parent->absolute};
    if (out_of_budget(search))
        return BRIM_EXACT_UNKNOWN;
    for (int32_t i = 0; i < parent->count; i++)
        if (search->items[parent->order[i]].offset < 0)
            node.order[node.count++] = parent->order[i];
    find_range(search, &node);
    if (!brim_exact_bound(search, &node))
        return BRIM_EXACT_NONE;
    BrimExactOutcome outcome = BRIM_EXACT_FOUND;
    size_t stack_used = search->stack_used;
    search->stack_used += (size_t)node.count;
    while (node.count > 0 && outcome == BRIM_EXACT_FOUND) {
        BrimExactNode group = split_group(search, &node);
        outcome = search_next(search, &group);
    }
    search->stack_used = stack_used;
    return outcome;
}

BrimExactOutcome brim_exact_search(BrimExactSearch *search)
{
    BrimExactNode root = {.order = search->stack, .count = search->count, .absolute = true};
    for (int32_t i = 0; i < search->count; i++)
        root.order[i] = i;
    search->stack_used = (size_t)search->count;
    search->change_count = 0;
    BrimExactOutcome outcome = search_below(search, &root, 0, -1);
    if (outcome != BRIM_EXACT_FOUND)
        take_back(search, 0);
    return outcome;
}
