/* The lists of running processes, whose layout is not what their names say, and how busy each keeps its card.
 */
#include "monitor/nvml_processes.h"

#include <limits.h>
#include <math.h>
#include <string.h>

enum {
    LONGEST_STRIDE_BYTES = 32, /* of an entry of any layout */
    FIRST_ROOM = 64,
    MOST_ROOM = 8192, /* a driver that wants more is mistaken */
    UNTOUCHED = 0xa5  /* what a list is filled with before the library writes to it */
};

/* Samples are taken every sixth of a second to once a second, depending on the card; in this time there is
 * one. */
static const int64_t busy_window_us = 2000000;

void brim_nvml_lists_clear(BrimNvmlLists *lists)
{
    brim_mem_give(lists->running);
    brim_mem_give(lists->busy);
    *lists = (BrimNvmlLists){.running = NULL};
}

/* The list with room for more than it asked for, as processes may come meanwhile; NULL, and then it is as it
 * was. */
static void *grown(void *list, unsigned *room, unsigned asked, size_t entry_bytes)
{
    unsigned wanted = asked > *room ? asked : *room;
    wanted = wanted == 0 ? FIRST_ROOM : wanted < MOST_ROOM / 2 ? 2 * wanted : MOST_ROOM;
    void *larger = brim_mem_grow(BRIM_MEM_OTHER, list, wanted, entry_bytes);
    if (larger)
        *room = wanted;
    return larger;
}

static BrimStatus running_reserve(BrimNvmlLists *lists, unsigned asked)
{
    void *larger = grown(lists->running, &lists->running_room, asked, LONGEST_STRIDE_BYTES);
    lists->running = larger ? larger : lists->running;
    return larger ? BRIM_OK : BRIM_ERROR_MEMORY;
}

static BrimStatus busy_reserve(BrimNvmlLists *lists, unsigned asked)
{
    void *larger = grown(lists->busy, &lists->busy_room, asked, sizeof *lists->busy);
    lists->busy = larger ? larger : lists->busy;
    return larger ? BRIM_OK : BRIM_ERROR_MEMORY;
}

/* Bytes of an entry. _v3 has entries of 24 bytes as it is documented, of 32 in drivers 535.43 to 535.86, and
 * of 16 in some later ones; so what was written tells it, and the documented number stands where that fits
 * none. */
static size_t stride_bytes(const unsigned char *list, unsigned room, unsigned count, size_t documented_bytes)
{
    size_t written = (size_t)room * LONGEST_STRIDE_BYTES;
    while (written > 0 && list[written - 1] == UNTOUCHED)
        written--;
    for (size_t stride = sizeof(BrimNvmlProcess); stride <= LONGEST_STRIDE_BYTES; stride += 8)
        if (written <= count * stride && written > count * (stride - 8))
            return stride;
    return documented_bytes;
}

/* An entry for that process, which may be there already from another list. */
static BrimStatus add(BrimDraft *draft, int first, int device, const BrimNvmlProcess *entry,
                      BrimNvmlKind kind)
{
    const char *word = kind == BRIM_NVML_GRAPHICS ? "graphics" : "compute";
    BrimProcessSample *process = NULL;
    if (entry->pid == 0 || entry->pid > INT_MAX)
        return BRIM_OK;
    for (int i = first; i < draft->process_count && !process; i++)
        if (draft->processes[i].pid == (int)entry->pid)
            process = &draft->processes[i];
    if (!process) {
        process = brim_draft_process(draft);
        if (!process)
            return BRIM_ERROR_MEMORY;
        process->pid = (int)entry->pid;
        process->device = device;
        strcpy(process->kind, word);
    } else if (strcmp(process->kind, word) != 0)
        strcpy(process->kind, "both");
    /* Each list gives all that the process has, so that sums would count it twice. */
    if (entry->memory_bytes != UINT64_MAX)
        process->memory_bytes = fmax(process->memory_bytes, (double)entry->memory_bytes);
    return BRIM_OK;
}

/* Fills the list, growing it as often as a few newcomers may need; *count 0 where it cannot be had. */
static BrimStatus list_running(BrimNvmlReading *reading, BrimNvmlLists *lists, BrimNvmlKind kind,
                               unsigned *count)
{
    static const char *const calls[] = {"nvmlDeviceGetComputeRunningProcesses",
                                        "nvmlDeviceGetGraphicsRunningProcesses",
                                        "nvmlDeviceGetMPSComputeRunningProcesses"};
    BrimNvmlResult result = BRIM_NVML_INSUFFICIENT_SIZE;
    *count = 0;
    for (int tries = 0; tries < 4 && result == BRIM_NVML_INSUFFICIENT_SIZE; tries++) {
        if (*count >= lists->running_room && running_reserve(lists, *count) != BRIM_OK)
            return BRIM_ERROR_MEMORY;
        memset(lists->running, UNTOUCHED, (size_t)lists->running_room * LONGEST_STRIDE_BYTES);
        *count = lists->running_room;
        result = BRIM_NVML_ASK(reading, running[kind], reading->handle, count, lists->running);
    }
    if (!brim_nvml_good(reading, result, calls[kind]))
        *count = 0;
    else if (*count > lists->running_room)
        *count = lists->running_room;
    return BRIM_OK;
}

static BrimStatus read_running(BrimNvmlReading *reading, BrimNvmlLists *lists, BrimDraft *draft, int first,
                               int device)
{
    for (int kind = 0; kind < BRIM_NVML_KIND_COUNT; kind++) {
        unsigned count;
        if (list_running(reading, lists, (BrimNvmlKind)kind, &count) != BRIM_OK)
            return BRIM_ERROR_MEMORY;
        size_t stride = stride_bytes(lists->running, lists->running_room, count,
                                     reading->api->running_stride_bytes[kind]);
        for (unsigned i = 0; i < count; i++) {
            BrimNvmlProcess entry;
            memcpy(&entry, lists->running + i * stride, sizeof entry);
            if (add(draft, first, device, &entry, (BrimNvmlKind)kind) != BRIM_OK)
                return BRIM_ERROR_MEMORY;
        }
    }
    return BRIM_OK;
}

/* The newest sample of that process. Drivers have returned entries that nobody filled in: more than 100 % is
 * no figure. A process that did nothing has no sample. */
static double busy_percent(const BrimNvmlProcessBusy *list, unsigned count, int pid)
{
    const BrimNvmlProcessBusy *newest = NULL;
    for (unsigned i = 0; i < count; i++)
        if (list[i].pid == (unsigned)pid && list[i].sm_percent <= 100 &&
            (!newest || list[i].time_us > newest->time_us))
            newest = &list[i];
    return newest ? newest->sm_percent : NAN;
}

static BrimStatus read_busy(BrimNvmlReading *reading, BrimNvmlLists *lists, BrimDraft *draft, int first)
{
    int64_t since_us = draft->time_ns / 1000 - busy_window_us;
    BrimNvmlResult result = BRIM_NVML_INSUFFICIENT_SIZE;
    unsigned count = 0;
    for (int tries = 0; tries < 4 && result == BRIM_NVML_INSUFFICIENT_SIZE; tries++) {
        if (count >= lists->busy_room && busy_reserve(lists, count) != BRIM_OK)
            return BRIM_ERROR_MEMORY;
        count = lists->busy_room;
        result = BRIM_NVML_ASK(reading, busy, reading->handle, lists->busy, &count,
                               since_us > 0 ? (unsigned long long)since_us : 0);
    }
    if (result == BRIM_NVML_NOT_FOUND || /* nobody did anything in that time */
        !brim_nvml_good(reading, result, "nvmlDeviceGetProcessUtilization"))
        return BRIM_OK;
    if (count > lists->busy_room)
        count = lists->busy_room;
    for (int i = first; i < draft->process_count; i++)
        draft->processes[i].utilization_percent = busy_percent(lists->busy, count, draft->processes[i].pid);
    return BRIM_OK;
}

BrimStatus brim_nvml_read_processes(BrimNvmlReading *reading, BrimNvmlLists *lists, BrimDraft *draft,
                                    int device)
{
    int first = draft->process_count;
    if (reading->lost)
        return BRIM_OK;
    BrimStatus status = read_running(reading, lists, draft, first, device);
    bool is_part = reading->device->parent >= 0; /* NVML does not tell how busy a process keeps one */
    if (status != BRIM_OK || draft->process_count == first || is_part)
        return status;
    return read_busy(reading, lists, draft, first);
}
