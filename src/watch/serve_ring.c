/* Counted texts in a circle. */
#include "watch/serve_ring.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/memory.h"

struct BrimServeText {
    atomic_int holders; /* the ring, and every answer that is being sent */
    int64_t time_ns;
    size_t bytes;
    char *text;
};

struct BrimServeRing {
    pthread_mutex_t lock;
    BrimServeText **texts; /* room for `most` */
    int most, first, count;
    size_t bytes, most_bytes;
};

static void drop_text(BrimServeText *text)
{
    if (atomic_fetch_sub(&text->holders, 1) > 1)
        return;
    brim_mem_give(text->text);
    brim_mem_give(text);
}

static BrimServeText *at(const BrimServeRing *ring, int index)
{
    return ring->texts[(ring->first + index) % ring->most];
}

static void forget_first(BrimServeRing *ring)
{
    BrimServeText *text = at(ring, 0);
    ring->bytes -= text->bytes;
    ring->first = (ring->first + 1) % ring->most;
    ring->count--;
    drop_text(text);
}

BrimStatus brim_serve_ring_open(BrimServeRing **ring, int most_count, size_t most_bytes)
{
    *ring = brim_mem_take(BRIM_MEM_REPORT, 1, sizeof **ring);
    if (!*ring)
        return BRIM_ERROR_MEMORY;
    (*ring)->most = most_count;
    (*ring)->most_bytes = most_bytes;
    (*ring)->texts = brim_mem_take(BRIM_MEM_REPORT, (size_t)most_count, sizeof *(*ring)->texts);
    if (!(*ring)->texts) {
        brim_mem_give(*ring);
        *ring = NULL;
        return BRIM_ERROR_MEMORY;
    }
    pthread_mutex_init(&(*ring)->lock, NULL);
    return BRIM_OK;
}

void brim_serve_ring_close(BrimServeRing **ring)
{
    if (!*ring)
        return;
    while ((*ring)->count)
        forget_first(*ring);
    pthread_mutex_destroy(&(*ring)->lock);
    brim_mem_give((*ring)->texts);
    brim_mem_give(*ring);
    *ring = NULL;
}

BrimStatus brim_serve_ring_push(BrimServeRing *ring, int64_t time_ns, char *text)
{
    BrimServeText *entry = brim_mem_take(BRIM_MEM_REPORT, 1, sizeof *entry);
    if (!entry) {
        brim_mem_give(text);
        return BRIM_ERROR_MEMORY;
    }
    *entry = (BrimServeText){.holders = 1, .time_ns = time_ns, .bytes = strlen(text), .text = text};
    pthread_mutex_lock(&ring->lock);
    if (ring->count && time_ns <= at(ring, ring->count - 1)->time_ns)
        entry->time_ns = at(ring, ring->count - 1)->time_ns + 1;
    while (ring->count && (ring->count == ring->most || ring->bytes + entry->bytes > ring->most_bytes))
        forget_first(ring);
    ring->texts[(ring->first + ring->count++) % ring->most] = entry;
    ring->bytes += entry->bytes;
    pthread_mutex_unlock(&ring->lock);
    return BRIM_OK;
}

BrimStatus brim_serve_ring_pick(BrimServeRing *ring, int64_t since_ns, int64_t most, BrimServePick *pick)
{
    *pick = (BrimServePick){.newest_ns = -1};
    pthread_mutex_lock(&ring->lock);
    int begin = ring->count;
    while (begin > 0 && ring->count - begin < most && at(ring, begin - 1)->time_ns > since_ns)
        begin--;
    if (ring->count)
        pick->newest_ns = at(ring, ring->count - 1)->time_ns;
    pick->texts = brim_mem_take(BRIM_MEM_REPORT, (size_t)(ring->count - begin), sizeof *pick->texts);
    for (int i = begin; pick->texts && i < ring->count; i++) {
        pick->texts[pick->count++] = at(ring, i);
        atomic_fetch_add(&at(ring, i)->holders, 1);
    }
    pthread_mutex_unlock(&ring->lock);
    return pick->texts ? BRIM_OK : BRIM_ERROR_MEMORY;
}

void brim_serve_ring_drop(BrimServePick *pick)
{
    for (int i = 0; i < pick->count; i++)
        drop_text(pick->texts[i]);
    brim_mem_give(pick->texts);
    *pick = (BrimServePick){.newest_ns = -1};
}

const char *brim_serve_ring_text(const BrimServeText *text, size_t *bytes)
{
    *bytes = text->bytes;
    return text->text;
}
