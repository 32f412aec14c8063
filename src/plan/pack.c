/* Packing by greedy orders: buffers are placed one after another, each between those placed before that live
 * at the same time. No order is best for every problem; all are cheap, so all are tried. Where none meets the
 * lower bound, a buffer that reached the top had come too late: it is placed first, and all again. */
#include "plan/pack.h"

#include <stdlib.h>
#include <string.h>

#include "base/round.h"

typedef struct Item {
    int32_t first, last;
    size_t bytes; /* rounded up to the packing's alignment */
    size_t alignment_bytes;
    size_t offset;
    double key[2]; /* sorted descending by key[0], then key[1], then ascending by index */
    int index;
    bool at_peak; /* alive when the most is */
} Item;

/* How an item chooses among the gaps that hold it. */
typedef enum Fit { FIT_SMALLEST, FIT_LOWEST, FIT_COUNT } Fit;

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

static void by_peak(Item *item)
{
    item->key[0] = item->at_peak;
    item->key[1] = (double)item->bytes;
}

static const struct {
    const char *name;
    Key key;
} orders[] = {
    {"by size", by_size},
    {"by size x lifetime", by_area},
    {"by lifetime", by_length},
    {"by first use", by_start},
    {"by last use", by_end},
    {"by lifetime, then first use", by_length_then_start},
    {"by presence at the peak", by_peak},
};
enum { ORDER_COUNT = sizeof orders / sizeof orders[0], MOST_ROUNDS = 64 };

/* A round compares each pair of buffers: many buffers get fewer rounds, so that they end as well. */
static const int64_t most_comparisons = (int64_t)1 << 30;

static int rounds_for(int count)
{
    int64_t rounds = most_comparisons / ((int64_t)count * count + 1);
    return rounds < 2 ? 2 : rounds > MOST_ROUNDS ? MOST_ROUNDS : (int)rounds;
}

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

/* A gap that holds the item, else the lowest free place above all gaps; ties to the lower offset. */
static size_t find_place(const Item *items, const int *placed, int count, const Item *item, Fit fit)
{
    size_t low = 0, best = SIZE_MAX, best_gap = SIZE_MAX;
    for (int i = 0; i < count; i++) {
        const Item *other = &items[placed[i]];
        if (!meet(other, item))
            continue;
        if (other->offset > low && other->offset - low >= item->bytes && other->offset - low < best_gap) {
            best = low;
            best_gap = fit == FIT_SMALLEST ? other->offset - low : 0;
        }
        if (other->offset + other->bytes > low)
            low = brim_round_up(other->offset + other->bytes, item->alignment_bytes);
    }
    return best == SIZE_MAX ? low : best;
}

static size_t place_all(Item *items, int *placed, int count, Fit fit)
{
    size_t top = 0;
    for (int i = 0; i < count; i++) {
        items[i].offset = find_place(items, placed, i, &items[i], fit);
        insert_placed(items, placed, i, i);
        if (items[i].offset + items[i].bytes > top)
            top = items[i].offset + items[i].bytes;
    }
    return top;
}

/* The problem, and the best answer so far. */
typedef struct Packing {
    BrimBuffer *buffers;
    int count;
    size_t alignment_bytes;
    size_t lower_bytes;
    int32_t peak;
    Item *items;
    int *placed;
    size_t top_bytes;
    const char *order;
} Packing;

static void fill_items(Packing *packing, Key key)
{
    for (int i = 0; i < packing->count; i++) {
        const BrimBuffer *buffer = &packing->buffers[i];
        packing->items[i] = (Item){
            .first = buffer->first,
            .last = buffer->last,
            .bytes = brim_round_up(buffer->bytes, packing->alignment_bytes),
            .alignment_bytes = buffer->alignment_bytes ? buffer->alignment_bytes : packing->alignment_bytes,
            .index = i,
            .at_peak = buffer->first <= packing->peak && packing->peak <= buffer->last};
        key(&packing->items[i]);
    }
    qsort(packing->items, (size_t)packing->count, sizeof *packing->items, compare);
}

static void keep_if_better(Packing *packing, size_t top_bytes, const char *order)
{
    if (top_bytes >= packing->top_bytes)
        return;
    packing->top_bytes = top_bytes;
    packing->order = order;
    for (int i = 0; i < packing->count; i++)
        packing->buffers[packing->items[i].index].offset = packing->items[i].offset;
}

/* Moves those that reach the top to the front of the order. */
static void advance_highest(Packing *packing, size_t top_bytes)
{
    for (int i = 0; i < packing->count; i++) {
        Item item = packing->items[i];
        if (item.offset + item.bytes < top_bytes)
            continue;
        memmove(packing->items + 1, packing->items, (size_t)i * sizeof item);
        packing->items[0] = item;
    }
}

static void pack_in_order(Packing *packing, int order, Fit fit, int rounds)
{
    if (packing->top_bytes <= packing->lower_bytes)
        return;
    fill_items(packing, orders[order].key);
    for (int round = 0; round < rounds && packing->top_bytes > packing->lower_bytes; round++) {
        size_t top = place_all(packing->items, packing->placed, packing->count, fit);
        keep_if_better(packing, top, orders[order].name);
        advance_highest(packing, top);
    }
}

BrimStatus brim_pack(BrimBuffer *buffers, int count, size_t alignment_bytes, size_t *top_bytes,
                     const char **order)
{
    Packing packing = {
        .buffers = buffers, .count = count, .alignment_bytes = alignment_bytes, .top_bytes = SIZE_MAX};
    BrimStatus status =
        brim_pack_lower_bound(buffers, count, alignment_bytes, &packing.lower_bytes, &packing.peak);
    if (status != BRIM_OK)
        return status;
    packing.items = brim_mem_take(BRIM_MEM_GRAPH, (size_t)count + 1, sizeof *packing.items);
    packing.placed = brim_mem_take(BRIM_MEM_GRAPH, (size_t)count + 1, sizeof *packing.placed);
    if (!packing.items || !packing.placed)
        status = BRIM_ERROR_MEMORY;
    int most_rounds = rounds_for(count);
    for (int rounds = 1; rounds <= most_rounds && status == BRIM_OK; rounds += most_rounds - 1) {
        for (int i = 0; i < ORDER_COUNT * FIT_COUNT; i++)
            pack_in_order(&packing, i / FIT_COUNT, (Fit)(i % FIT_COUNT), rounds);
    }
    *top_bytes = packing.top_bytes;
    if (packing.order)
        *order = packing.order;
    brim_mem_give(packing.items);
    brim_mem_give(packing.placed);
    return status;
}
