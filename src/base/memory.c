/* The memory door. A header of 64 bytes before each block remembers its size and tag. */
#include "base/memory.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "base/round.h"

enum {
    ALIGNMENT = 64,
    /* Larger blocks are the system's own and go back to it whole: in the heap they would leave holes, of
     * which no plan could know. */
    MAPPED_FROM_BYTES = 1 << 20
};

typedef struct Header {
    size_t bytes;
    size_t mapped_bytes; /* of a block of the system's; 0 for one of the heap */
    BrimMemTag tag;
} Header;

static atomic_size_t held[BRIM_MEM_TAG_COUNT + 1]; /* the last row is the total */
static atomic_size_t peak[BRIM_MEM_TAG_COUNT + 1];
static atomic_ullong takes;
static atomic_size_t limit;
static atomic_ullong fail_countdown;

static const char *const tag_texts[] = {
#define X(name, text) text,
    BRIM_MEM_TAG_LIST(X)
#undef X
        "all",
};

const char *brim_mem_tag_text(BrimMemTag tag)
{
    return tag_texts[tag <= BRIM_MEM_TAG_COUNT ? tag : BRIM_MEM_TAG_COUNT];
}

static Header *header_of(void *block)
{
    return (Header *)((char *)block - ALIGNMENT);
}

static void note_held(int row, size_t bytes)
{
    size_t now = atomic_fetch_add(&held[row], bytes) + bytes;
    size_t seen = atomic_load(&peak[row]);
    while (now > seen && !atomic_compare_exchange_weak(&peak[row], &seen, now)) {
    }
}

/* True when this take is the one that a test wants to fail. */
static bool told_to_fail(void)
{
    unsigned long long left = atomic_load(&fail_countdown);
    while (left > 0) {
        if (atomic_compare_exchange_weak(&fail_countdown, &left, left - 1))
            return left == 1;
    }
    return false;
}

static void *from_system(size_t total)
{
    void *raw = mmap(NULL, total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return raw == MAP_FAILED ? NULL : raw;
}

/* Addresses for later: in pages as large as the system has, since a step walks over the arena from end to
 * end, and a walk over small pages spends its time on looking them up. */
static void *reserve(size_t total)
{
    void *raw = from_system(total);
    if (raw)
        madvise(raw, total, MADV_HUGEPAGE);
    return raw;
}

static void *take_now(size_t total, bool mapped)
{
    return mapped ? from_system(total) : aligned_alloc(ALIGNMENT, total);
}

/* What is in a block to begin with. */
typedef enum Content {
    UNSET,
    ZEROED,   /* by writing, so that every page is there from now on */
    FOR_LATER /* zero, in pages that are not there yet */
} Content;

static void *take(BrimMemTag tag, size_t count, size_t size, Content content)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 2) {
        brim_fail(BRIM_ERROR_MEMORY, "%zu items of %zu bytes are more than this machine can address", count,
                  size);
        return NULL;
    }
    size_t most = atomic_load(&limit);
    bool over = most && atomic_load(&held[BRIM_MEM_TAG_COUNT]) + bytes > most;
    size_t total = brim_round_up(ALIGNMENT + bytes, ALIGNMENT);
    bool mapped = content == FOR_LATER || total >= MAPPED_FROM_BYTES;
    char *raw = over || told_to_fail() ? NULL : content == FOR_LATER ? reserve(total) : take_now(total, mapped);
    if (!raw) {
        brim_fail(BRIM_ERROR_MEMORY, "no %zu bytes left for %s", bytes, brim_mem_tag_text(tag));
        return NULL;
    }
    if (content == ZEROED)
        memset(raw, 0, total);
    *(Header *)raw = (Header){.bytes = bytes, .mapped_bytes = mapped ? total : 0, .tag = tag};
    atomic_fetch_add(&takes, 1);
    note_held(tag, bytes);
    note_held(BRIM_MEM_TAG_COUNT, bytes);
    return raw + ALIGNMENT;
}

void *brim_mem_take(BrimMemTag tag, size_t count, size_t size)
{
    return take(tag, count, size, ZEROED);
}

void *brim_mem_take_unset(BrimMemTag tag, size_t count, size_t size)
{
    return take(tag, count, size, UNSET);
}

void *brim_mem_reserve(BrimMemTag tag, size_t count, size_t size)
{
    return take(tag, count, size, FOR_LATER);
}

void *brim_mem_grow(BrimMemTag tag, void *block, size_t count, size_t size)
{
    if (!block)
        return brim_mem_take(tag, count, size);
    char *grown = brim_mem_take_unset(tag, count, size);
    if (!grown)
        return NULL;
    size_t old_bytes = header_of(block)->bytes;
    size_t new_bytes = count * size;
    memcpy(grown, block, old_bytes < new_bytes ? old_bytes : new_bytes);
    if (new_bytes > old_bytes)
        memset(grown + old_bytes, 0, new_bytes - old_bytes);
    brim_mem_give(block);
    return grown;
}

void *brim_mem_room(BrimMemTag tag, void *list, int count, int *room, size_t size)
{
    if (count < *room)
        return list;
    size_t wider = 2 * (size_t)count + 16;
    void *grown = brim_mem_grow(tag, list, wider, size);
    if (grown)
        *room = (int)wider;
    return grown;
}

char *brim_mem_text(BrimMemTag tag, const char *text)
{
    if (!text)
        return NULL;
    size_t bytes = strlen(text) + 1;
    char *copy = brim_mem_take(tag, bytes, 1);
    return copy ? memcpy(copy, text, bytes) : NULL;
}

void brim_mem_give(void *block)
{
    if (!block)
        return;
    Header *header = header_of(block);
    atomic_fetch_sub(&held[header->tag], header->bytes);
    atomic_fetch_sub(&held[BRIM_MEM_TAG_COUNT], header->bytes);
    if (header->mapped_bytes)
        munmap(header, header->mapped_bytes);
    else
        free(header);
}

void brim_mem_trim(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

uint64_t brim_mem_takes(void)
{
    return atomic_load(&takes);
}

size_t brim_mem_held_bytes(BrimMemTag tag)
{
    return atomic_load(&held[tag]);
}

size_t brim_mem_peak_bytes(BrimMemTag tag)
{
    return atomic_load(&peak[tag]);
}

void brim_mem_limit(size_t limit_bytes)
{
    atomic_store(&limit, limit_bytes);
}

void brim_mem_fail_at(uint64_t nth)
{
    atomic_store(&fail_countdown, nth);
}
