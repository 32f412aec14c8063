/* Packing by greedy orders: buffers are placed one after another, each at the lowest offset where it fits between those
 * placed before that live at the same time. No order is best for every problem; all are cheap, so all are tried. */
#include "plan/pack.h"

#include <stdlib.h>
#include <string.h>

typedef struct Item {
    int32_t first, last;
    size_t bytes; /* rounded up to the alignment */
    size_t offset;
    double key[2]; /* sorted descending by key[0], then key[1], then ascending by index */
    int index;
} Item;

typedef void (*Key)(Item *item);

static void by_size(Item *item)
{
    item->key[0] = (double)item->bytes;
    item->key[1] = item->last - item->first;
}

static void by_area(Item *item)
{
    item->key[0] = (double)item->bytes * (item->last - item->first + 1);
    item->key[1] = (double)item->bytes;
}

static void by_length(Item *item)
{
    item->key[0] = item->last - item->first;
    item->key[1] = (double)item->bytes;
}

static void by_start(Item *item)
{
    item->key[0] = -(double)item->first;
    item->key[1] = (double)item->bytes;
}

static void by_end(Item *item)
{
    item->key[0] = item->last;
    item->key[1] = (double)item->bytes;
}

static void by_length_then_start(Item *item)
{
    item->key[0] = item->last - item->first;
    item->key[1] = -(double)item->first;
}

static const struct {
    const char *name;
    Key key;
} orders[] = {
    {"by size", by_size},       {"by size x lifetime", by_area}, {"by lifetime", by_length},
    {"by first use", by_start}, {"by last use", by_end},         {"by lifetime, then first use", by_length_then_start},
};
enum { ORDER_COUNT = sizeof orders / sizeof orders[0] };

static int compare(const void *a, const void *b)
{
    const Item *x = a, *y = b;
    for (int i = 0; i < 2; i++) {
        if (x->key[i] != y->key[i])
            return x->key[i] > y->key[i] ? -1 : 1;
    }
    return x->index - y->index;
}

static bool meet(const Item *a, const Item *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* Inserts item i into the list of those placed, which is kept in ascending order of offset. */
static void insert_placed(Item *items, int *placed, int count, int i)
{
    int at = count;
    while (at > 0 && items[placed[at - 1]].offset > items[i].offset) {
        placed[at] = placed[at - 1];
        at--;
    }
    placed[at] = i;
}

/* The smallest gap that holds the item (best fit), else the lowest free place above; ties to the lower offset. */
static size_t find_place(const Item *items, const int *placed, int count, const Item *item)
{
    size_t low = 0, best = SIZE_MAX, best_gap = SIZE_MAX;
    for (int i = 0; i < count; i++) {
        const Item *other = &items[placed[i]];
        if (!meet(other, item))
            continue;
        if (other->offset > low && other->offset - low >= item->bytes && other->offset - low < best_gap) {
            best = low;
            best_gap = other->offset - low;
        }
        if (other->offset + other->bytes > low)
            low = other->offset + other->bytes;
    }
    return best == SIZE_MAX ? low : best;
}

static size_t place_all(Item *items, int *placed, int count)
{
    size_t top = 0;
    for (int i = 0; i < count; i++) {
        items[i].offset = find_place(items, placed, i, &items[i]);
        insert_placed(items, placed, i, i);
        if (items[i].offset + items[i].bytes > top)
            top = items[i].offset + items[i].bytes;
    }
    return top;
}

static size_t aligned(size_t bytes, size_t alignment_bytes)
{
    return (bytes + alignment_bytes - 1) / alignment_bytes * alignment_bytes;
}

static void fill_items(Item *items, const BrimBuffer *buffers, int count, size_t alignment_bytes, Key key)
{
    for (int i = 0; i < count; i++) {
        items[i] = (Item){.first = buffers[i].first,
                          .last = buffers[i].last,
                          .bytes = aligned(buffers[i].bytes, alignment_bytes),
                          .index = i};
        key(&items[i]);
    }
    qsort(items, (size_t)count, sizeof *items, compare);
}

BrimStatus brim_pack(BrimBuffer *buffers, int count, size_t alignment_bytes, size_t *top_bytes, const char **order)
{
    size_t lower = 0;
    BrimStatus status = brim_pack_lower_bound(buffers, count, alignment_bytes, &lower, NULL);
    if (status != BRIM_OK)
        return status;
    Item *items = brim_mem_take(BRIM_MEM_GRAPH, (size_t)count + 1, sizeof *items);
    int *placed = brim_mem_take(BRIM_MEM_GRAPH, (size_t)count + 1, sizeof *placed);
    if (!items || !placed)
        status = BRIM_ERROR_MEMORY;
    *top_bytes = SIZE_MAX;
    for (int i = 0; i < ORDER_COUNT && status == BRIM_OK && *top_bytes > lower; i++) {
        fill_items(items, buffers, count, alignment_bytes, orders[i].key);
        size_t top = place_all(items, placed, count);
        if (top >= *top_bytes)
            continue;
        *top_bytes = top;
        *order = orders[i].name;
        for (int j = 0; j < count; j++)
            buffers[items[j].index].offset = items[j].offset;
    }
    brim_mem_give(items);
    brim_mem_give(placed);
    return status;
}

/* A buffer begins to live, or has ceased to. */
typedef struct Change {
    int64_t moment;
    int64_t bytes;
} Change;

static int compare_changes(const void *a, const void *b)
{
    const Change *x = a, *y = b;
    if (x->moment != y->moment)
        return x->moment < y->moment ? -1 : 1;
    return (x->bytes > y->bytes) - (x->bytes < y->bytes); /* what has ended goes first */
}

BrimStatus brim_pack_lower_bound(const BrimBuffer *buffers, int count, size_t alignment_bytes, size_t *bytes,
                                 int32_t *moment)
{
    Change *changes = brim_mem_take(BRIM_MEM_GRAPH, 2 * (size_t)count + 1, sizeof *changes);
    if (!changes)
        return BRIM_ERROR_MEMORY;
    for (int i = 0; i < count; i++) {
        int64_t size = (int64_t)aligned(buffers[i].bytes, alignment_bytes);
        changes[2 * i] = (Change){buffers[i].first, size};
        changes[2 * i + 1] = (Change){(int64_t)buffers[i].last + 1, -size};
    }
    qsort(changes, 2 * (size_t)count, sizeof *changes, compare_changes);
    int64_t alive = 0, most = 0;
    for (int i = 0; i < 2 * count; i++) {
        alive += changes[i].bytes;
        if (alive <= most)
            continue;
        most = alive;
        if (moment)
            *moment = (int32_t)changes[i].moment;
    }
    *bytes = (size_t)most;
    brim_mem_give(changes);
    return BRIM_OK;
}
