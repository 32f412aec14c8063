/* One block of pixels and a state for each picture. */
#include "data/cache.h"

#include <stdatomic.h>

enum { ABSENT, FILLING, PRESENT };

typedef struct Entry {
    BrimCacheSide side;
    size_t offset_bytes;
    atomic_int state;
} Entry;

struct BrimCache {
    Entry *entries;
    uint8_t *pixels;
};

size_t brim_cache_picture_bytes(BrimCacheSide side)
{
    return (size_t)side.width_px * (size_t)side.height_px * 3;
}

size_t brim_cache_bytes(int count, size_t pixel_bytes)
{
    return sizeof(BrimCache) + (size_t)count * sizeof(Entry) + pixel_bytes;
}

BrimStatus brim_cache_open(BrimCache **out, const BrimCacheSide *sides, int count)
{
    BrimCache *cache = *out = brim_mem_take(BRIM_MEM_CACHE, 1, sizeof *cache);
    if (!cache)
        return BRIM_ERROR_MEMORY;
    cache->entries = brim_mem_take(BRIM_MEM_CACHE, (size_t)count, sizeof *cache->entries);
    size_t pixel_bytes = 0;
    for (int i = 0; i < count; i++)
        pixel_bytes += brim_cache_picture_bytes(sides[i]);
    cache->pixels = brim_mem_take(BRIM_MEM_CACHE, pixel_bytes, 1);
    if (!cache->entries || !cache->pixels) {
        brim_cache_close(out);
        return BRIM_ERROR_MEMORY;
    }
    size_t offset = 0;
    for (int i = 0; i < count; i++) {
        cache->entries[i].side = sides[i];
        cache->entries[i].offset_bytes = offset;
        atomic_init(&cache->entries[i].state, ABSENT);
        offset += brim_cache_picture_bytes(sides[i]);
    }
    return BRIM_OK;
}

void brim_cache_close(BrimCache **cache)
{
    if (!*cache)
        return;
    brim_mem_give((*cache)->entries);
    brim_mem_give((*cache)->pixels);
    brim_mem_give(*cache);
    *cache = NULL;
}

static BrimPicture picture_at(const BrimCache *cache, int index)
{
    const Entry *entry = &cache->entries[index];
    return (BrimPicture){entry->side.width_px, entry->side.height_px, cache->pixels + entry->offset_bytes};
}

bool brim_cache_find(BrimCache *cache, int index, BrimPicture *picture)
{
    *picture = picture_at(cache, index);
    return atomic_load_explicit(&cache->entries[index].state, memory_order_acquire) == PRESENT;
}

bool brim_cache_claim(BrimCache *cache, int index, BrimPicture *picture)
{
    int absent = ABSENT;
    *picture = picture_at(cache, index);
    return atomic_compare_exchange_strong(&cache->entries[index].state, &absent, FILLING);
}

void brim_cache_filled(BrimCache *cache, int index)
{
    atomic_store_explicit(&cache->entries[index].state, PRESENT, memory_order_release);
}
