/* All vendors, read one after the other. */
#include "monitor/monitor.h"

#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "monitor/processes.h"
#include "monitor/run_card.h"

static const BrimVendor *const machine[] = {&brim_vendor_nvidia, &brim_vendor_amd, &brim_vendor_intel,
                                            &brim_vendor_host};
static const BrimVendor *const recorded[] = {&brim_vendor_trace};
enum { MOST_VENDORS = sizeof machine / sizeof machine[0] };

struct BrimMonitor {
    const BrimVendor *const *vendors;
    int vendor_count;
    BrimVendorState *states[MOST_VENDORS]; /* NULL: that vendor has nothing here */
    BrimProcesses *processes;              /* NULL: nobody wants to know, or a trace has it all */
    BrimDraft draft;
    BrimMonitorSample sample;
    char root[256]; /* in front of /proc */
};

static const char *const keys[] = {
#define X(name, key) key,
    BRIM_METRIC_LIST(X)
#undef X
};

const char *brim_metric_key(BrimMetric metric)
{
    return metric < BRIM_METRIC_COUNT ? keys[metric] : "";
}

BrimStatus brim_monitor_open_at(BrimMonitor **monitor, const BrimMonitorOptions *options,
                                const BrimVendorPlaces *places)
{
    BrimStatus status = BRIM_OK;
    BrimVendorPlaces all = *places;
    BrimMonitor *made = *monitor = brim_mem_take(BRIM_MEM_OTHER, 1, sizeof *made);
    if (!made)
        return BRIM_ERROR_MEMORY;
    all.trace = options->trace;
    made->vendors = options->trace ? recorded : machine;
    made->vendor_count = options->trace ? 1 : MOST_VENDORS;
    made->draft.no_processes = options->no_processes;
    made->draft.only_pid = options->pid;
    snprintf(made->root, sizeof made->root, "%s", places->root);
    for (int i = 0; i < made->vendor_count; i++)
        BRIM_TRY(made->vendors[i]->open(&made->states[i], &all));
    if (!options->trace && !options->no_processes)
        BRIM_TRY(brim_processes_open(&made->processes, places->root));
    return BRIM_OK;
fail:
    brim_monitor_close(monitor);
    return status;
}

BrimStatus brim_monitor_open(BrimMonitor **monitor, const BrimMonitorOptions *options)
{
    const BrimMonitorOptions defaults = {.pid = 0};
    const BrimVendorPlaces here = {.root = ""};
    return brim_monitor_open_at(monitor, options ? options : &defaults, &here);
}

BrimStatus brim_monitor_sample(BrimMonitor *monitor, const BrimMonitorSample **sample)
{
    BrimStatus status = BRIM_OK;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    brim_draft_restart(&monitor->draft, now.tv_sec * INT64_C(1000000000) + now.tv_nsec, brim_clock_ns());
    for (int i = 0; i < monitor->vendor_count; i++)
        if (monitor->states[i])
            BRIM_TRY(monitor->vendors[i]->sample(monitor->states[i], &monitor->draft));
    if (monitor->processes)
        BRIM_TRY(brim_processes_fill(monitor->processes, &monitor->draft));
    if (monitor->processes)
        BRIM_TRY(brim_run_cards_read(&monitor->draft, monitor->root));
    monitor->sample = brim_draft_sample(&monitor->draft);
    *sample = &monitor->sample;
fail:
    return status;
}

void brim_monitor_close(BrimMonitor **monitor)
{
    if (!*monitor)
        return;
    for (int i = 0; i < (*monitor)->vendor_count; i++)
        if ((*monitor)->states[i])
            (*monitor)->vendors[i]->close(&(*monitor)->states[i]);
    brim_processes_close(&(*monitor)->processes);
    brim_draft_clear(&(*monitor)->draft);
    brim_mem_give(*monitor);
    *monitor = NULL;
}
