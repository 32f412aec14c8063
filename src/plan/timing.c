/* A list of timed steps. */
#include "plan/timing.h"

#include <string.h>

static bool same(const BrimTiming *timing, const BrimScheme *scheme, int batch, int layer_count)
{
    return timing->batch == batch && timing->scheme.precision == scheme->precision &&
           memcmp(timing->scheme.recompute, scheme->recompute, (size_t)layer_count) == 0;
}

const BrimTiming *brim_timings_find(const BrimTimings *timings, const BrimScheme *scheme, int batch)
{
    for (int i = 0; timings && i < timings->count; i++)
        if (same(&timings->list[i], scheme, batch, timings->layer_count))
            return &timings->list[i];
    return NULL;
}

BrimStatus brim_timings_set(BrimTimings *timings, const BrimScheme *scheme, int batch, double pictures_per_s)
{
    const BrimTiming timing = {*scheme, batch, pictures_per_s};
    const BrimTiming *old = brim_timings_find(timings, scheme, batch);
    if (old) {
        timings->list[old - timings->list] = timing;
        return BRIM_OK;
    }
    if (timings->count == timings->room) {
        int room = 2 * timings->room + 8;
        BrimTiming *larger =
            brim_mem_grow(BRIM_MEM_GRAPH, timings->list, (size_t)room, sizeof *timings->list);
        if (!larger)
            return BRIM_ERROR_MEMORY;
        timings->list = larger;
        timings->room = room;
    }
    timings->list[timings->count++] = timing;
    return BRIM_OK;
}

void brim_timings_clear(BrimTimings *timings)
{
    brim_mem_give(timings->list);
    *timings = (BrimTimings){.list = NULL};
}
