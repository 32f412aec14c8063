/* Host memory as an arena. */
#include "backend/host/arena.h"

#include <string.h>

BrimStatus brim_host_arena_reserve(BrimHostArena *arena, size_t bytes)
{
    if (arena->data)
        return brim_fail(BRIM_ERROR_ARGUMENT, "there is an arena already");
    arena->data = brim_mem_reserve(BRIM_MEM_ARENA, bytes, 1);
    arena->bytes = arena->data ? bytes : 0;
    return arena->data ? BRIM_OK : BRIM_ERROR_MEMORY;
}

BrimStatus brim_host_arena_take(BrimHostArena *arena, size_t bytes)
{
    BrimStatus status = arena->data ? BRIM_OK : brim_host_arena_reserve(arena, bytes);
    if (status != BRIM_OK)
        return status;
    if (arena->taken || arena->bytes != bytes)
        return brim_fail(BRIM_ERROR_ARGUMENT, "the arena was taken before, or is not of %zu bytes", bytes);
    arena->taken = true;
    memset(arena->data, 0xFF, bytes);
    return BRIM_OK;
}

BrimStatus brim_host_arena_holds(const BrimHostArena *arena, size_t end_bytes)
{
    if (arena->data && end_bytes <= arena->bytes)
        return BRIM_OK;
    return brim_fail(BRIM_ERROR_ARGUMENT, "a graph of %zu bytes for an arena of %zu", end_bytes, arena->bytes);
}
