/* The arena of a backend whose memory is the host's: addresses first, then, once, the memory itself. */
#ifndef BRIM_BACKEND_HOST_ARENA_H
#define BRIM_BACKEND_HOST_ARENA_H

#include <stdbool.h>

#include "base/memory.h"

typedef struct BrimHostArena {
    void *data;
    size_t bytes;
    bool taken; /* the memory, not only its addresses */
} BrimHostArena;

/* reserve_arena and take_arena of the device contract. */
BrimStatus brim_host_arena_reserve(BrimHostArena *arena, size_t bytes);
BrimStatus brim_host_arena_take(BrimHostArena *arena, size_t bytes);

/* ERROR_ARGUMENT where a graph that ends there has no room in it. */
BrimStatus brim_host_arena_holds(const BrimHostArena *arena, size_t end_bytes);

#endif
