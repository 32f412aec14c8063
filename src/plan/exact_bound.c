/* Lower bounds on where the items of a node can come to lie, and whether these leave room for all. */
#include "plan/exact_node.h"

static bool fits(BrimExactSearch *search, const BrimExactItem *item)
{
    if (item->bound + item->bytes <= search->height)
        return true;
    search->blame[item->buffer] += BRIM_EXACT_BLAME;
    return false;
}

/* A section without room: all that share it share the blame. */
static void blame_section(BrimExactSearch *search, const BrimExactNode *node, int32_t section)
{
    int32_t count = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (int32_t i = 0; i < node->count; i++) {
            const BrimExactItem *item = &search->items[node->order[i]];
            if (section < item->first || section > item->last)
                continue;
            if (pass == 0)
                count++;
            else
                search->blame[item->buffer] += BRIM_EXACT_BLAME / count;
        }
    }
}

/* The cheap part: each item on its own, then whether what is left of a section fits above the lowest bound in
 * it. */
static bool bound_items(BrimExactSearch *search, const BrimExactNode *node)
{
    int64_t *lowest = search->lowest;
    for (int32_t section = node->first; section <= node->last; section++)
        lowest[section] = search->height;
    for (int32_t i = 0; i < node->count; i++) {
        BrimExactItem *item = &search->items[node->order[i]];
        int64_t bound = item->low;
        if (brim_exact_is_passed(search, node, node->order[i]))
            bound = brim_exact_align(node->floor + item->least_other, item->alignment);
        item->bound = bound;
        if (!fits(search, item))
            return false;
        for (int32_t section = item->first; section <= item->last; section++)
            lowest[section] = bound < lowest[section] ? bound : lowest[section];
    }
    for (int32_t section = node->first; section <= node->last; section++) {
        if (lowest[section] + search->left[section] <= search->height)
            continue;
        blame_section(search, node, section);
        return false;
    }
    return true;
}

static void add_to_front(BrimExactFront *front, int32_t index, int64_t bound, int64_t end)
{
    if (bound < front->bound[0]) {
        front->bound[1] = front->bound[0];
        front->bound[0] = bound;
        front->item = index;
    } else if (bound < front->bound[1]) {
        front->bound[1] = bound;
    }
    if (end < front->end[0]) {
        front->end[1] = front->end[0];
        front->end[0] = end;
        front->end_item = index;
    } else if (end < front->end[1]) {
        front->end[1] = end;
    }
}

static void find_fronts(BrimExactSearch *search, const BrimExactNode *node)
{
    int64_t height = search->height;
    for (int32_t section = node->first; section <= node->last; section++)
        search->fronts[section] = (BrimExactFront){{height, height}, {height, height}, -1, -1};
    for (int32_t i = 0; i < node->count; i++) {
        const BrimExactItem *item = &search->items[node->order[i]];
        for (int32_t section = item->first; section <= item->last; section++)
            add_to_front(&search->fronts[section], node->order[i], item->bound, item->bound + item->bytes);
    }
}

/* What the fronts of its sections say of an item. In a section with little room to spare few items can be the
 * lowest: one that cannot lies on another, and where only one can, all others lie on that one. An item that
 * does not stay where it is comes to lie on one that lives at the same time. */
static int64_t front_bound(const BrimExactSearch *search, int32_t index)
{
    const BrimExactItem *item = &search->items[index];
    int64_t bound = item->bound, support = search->height;
    for (int32_t section = item->first; section <= item->last; section++) {
        const BrimExactFront *front = &search->fronts[section];
        int64_t most = search->height - search->left[section]; /* the lowest item is at most here */
        int64_t end = front->end_item == index ? front->end[1] : front->end[0];
        support = end < support ? end : support;
        if (item->bound > most && end > bound)
            bound = end;
        if (front->bound[1] > most && front->item != index) {
            const BrimExactItem *lowest = &search->items[front->item];
            bound = lowest->bound + lowest->bytes > bound ? lowest->bound + lowest->bytes : bound;
        }
    }
    if (item->bound > item->low && support > bound)
        bound = support;
    return brim_exact_align(bound, item->alignment);
}

/* Raises bounds as long as they raise each other. */
static bool raise_bounds(BrimExactSearch *search, const BrimExactNode *node)
{
    for (bool raised = true; raised;) {
        raised = false;
        find_fronts(search, node);
        for (int32_t section = node->first; section <= node->last; section++) {
            if (search->fronts[section].bound[0] + search->left[section] <= search->height)
                continue;
            blame_section(search, node, section);
            return false;
        }
        for (int32_t i = 0; i < node->count; i++) {
            BrimExactItem *item = &search->items[node->order[i]];
            int64_t bound = front_bound(search, node->order[i]);
            if (bound == item->bound)
                continue;
            item->bound = bound;
            raised = true;
            if (!fits(search, item))
                return false;
        }
    }
    return true;
}

bool brim_exact_bound(BrimExactSearch *search, const BrimExactNode *node)
{
    return bound_items(search, node) && raise_bounds(search, node);
}
