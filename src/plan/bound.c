/* The lower bound of a packing: what is alive at once needs room at once, wherever it lies. */
#include "plan/pack.h"

#include <stdlib.h>

#include "base/round.h"

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
        int64_t size = (int64_t)brim_round_up(buffers[i].bytes, alignment_bytes);
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
