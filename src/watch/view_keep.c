/* Copies of lists. */
#include "watch/view_keep.h"

#include <string.h>

/* Copies `count` entries into a list that grows with them. */
static BrimStatus copy(const void **list, int *room, const void *entries, int count, size_t bytes)
{
    void *kept = (void *)*list;
    if (count > *room) {
        kept = brim_mem_grow(BRIM_MEM_OTHER, kept, (size_t)count, bytes);
        if (!kept)
            return BRIM_ERROR_MEMORY;
        *list = kept;
        *room = count;
    }
    if (count > 0)
        memcpy(kept, entries, (size_t)count * bytes);
    return BRIM_OK;
}

BrimStatus brim_view_keep(BrimViewKeep *keep, const BrimMonitorSample *sample)
{
    BrimStatus status = BRIM_OK;
    const void *devices = keep->sample.devices, *processes = keep->sample.processes,
               *runs = keep->sample.runs;
    keep->sample.device_count = keep->sample.process_count = keep->sample.run_count = 0;
    BRIM_TRY(
        copy(&devices, &keep->device_room, sample->devices, sample->device_count, sizeof *sample->devices));
    BRIM_TRY(copy(&processes, &keep->process_room, sample->processes, sample->process_count,
                  sizeof *sample->processes));
    BRIM_TRY(copy(&runs, &keep->run_room, sample->runs, sample->run_count, sizeof *sample->runs));
    keep->sample = *sample;
fail:
    keep->sample.devices = devices;
    keep->sample.processes = processes;
    keep->sample.runs = runs;
    return status;
}

void brim_view_keep_close(BrimViewKeep *keep)
{
    brim_mem_give((void *)keep->sample.devices);
    brim_mem_give((void *)keep->sample.processes);
    brim_mem_give((void *)keep->sample.runs);
    *keep = (BrimViewKeep){.device_room = 0};
}
