/* The one door through which brim takes host memory: tagged, counted, limited, and made to fail by tests.
 * Device memory and the arena come through here too where the device is the CPU. */
#ifndef BRIM_BASE_MEMORY_H
#define BRIM_BASE_MEMORY_H

#include "base/status.h"

#define BRIM_MEM_TAG_LIST(X)                                                                                   \
    X(ARENA, "arena")                                                                                          \
    X(CONF, "configuration")                                                                                   \
    X(GRAPH, "graph and plan")                                                                                 \
    X(BACKEND, "backend")                                                                                      \
    X(DATA, "pictures and labels")                                                                             \
    X(CACHE, "picture cache")                                                                                  \
    X(TRAIN, "training")                                                                                       \
    X(EXCHANGE, "model files")                                                                                 \
    X(REPORT, "reports")                                                                                       \
    X(OTHER, "other")

typedef enum BrimMemTag {
#define X(name, text) BRIM_MEM_##name,
    BRIM_MEM_TAG_LIST(X)
#undef X
        BRIM_MEM_TAG_COUNT
} BrimMemTag;

const char *brim_mem_tag_text(BrimMemTag tag);

/* count * size bytes, zeroed, aligned to 64; NULL with a last error when the system or the limit refuses.
 * A request of 0 bytes gives a valid pointer. */
void *brim_mem_take(BrimMemTag tag, size_t count, size_t size);

/* The same with anything in it: for tables that are written before they are read, of which pages that are not
 * written cost nothing. */
void *brim_mem_take_unset(BrimMemTag tag, size_t count, size_t size);

/* Address space for count * size bytes, zero where it is read first, aligned to 64 bytes and more; the system gives its
 * pages when they are first written. NULL with a last error as above; brim_mem_give gives it back at once. */
void *brim_mem_reserve(BrimMemTag tag, size_t count, size_t size);

/* The block resized to count * size, its content kept and growth zeroed; NULL leaves the old block as it was.
 * block may be NULL. */
void *brim_mem_grow(BrimMemTag tag, void *block, size_t count, size_t size);

/* A list with room for one more behind its `count`: as it is, or grown to twice as much, and *room with it. NULL with a
 * last error, and then it is as it was. */
void *brim_mem_room(BrimMemTag tag, void *list, int count, int *room, size_t size);

/* A copy of text; NULL with a last error. text may be NULL, which gives NULL without an error. */
char *brim_mem_text(BrimMemTag tag, const char *text);

/* Gives a block back; NULL is allowed. */
void brim_mem_give(void *block);

/* Gives the system back what the heap holds free. */
void brim_mem_trim(void);

/* Blocks taken since the start of the process, by any thread: the figure that may not move during a step. */
uint64_t brim_mem_takes(void);

/* Bytes held now under a tag, or under all of them for BRIM_MEM_TAG_COUNT, and the highest they ever were. */
size_t brim_mem_held_bytes(BrimMemTag tag);
size_t brim_mem_peak_bytes(BrimMemTag tag);

/* For tests: refuse whatever would bring the total over limit_bytes (0: no limit); let the nth take from now
 * fail (0: none). */
void brim_mem_limit(size_t limit_bytes);
void brim_mem_fail_at(uint64_t nth);

#endif
