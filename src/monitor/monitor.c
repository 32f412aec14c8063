/* All vendors, read one after the other. */
#include "monitor/monitor.h"

#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "monitor/run_card.h"

static const BrimVendor *const vendors[] = {&brim_vendor_nvidia, &brim_vendor_amd, &brim_vendor_intel,
                                            &brim_vendor_host};
enum { VENDOR_COUNT = sizeof vendors / sizeof vendors[0] };

struct BrimMonitor {
    BrimVendorState *states[VENDOR_COUNT]; /* NULL: that vendor has nothing here */
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
    *monitor = brim_mem_take(BRIM_MEM_OTHER, 1, sizeof **monitor);
    if (!*monitor)
        return BRIM_ERROR_MEMORY;
    (*monitor)->draft.no_processes = options->no_processes;
    (*monitor)->draft.only_pid = options->pid;
    snprintf((*monitor)->root, sizeof(*monitor)->root, "%s", places->root);
    for (int i = 0; i < VENDOR_COUNT; i++)
        BRIM_TRY(vendors[i]->open(&(*monitor)->states[i], places));
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
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    brim_draft_restart(&monitor->draft, now.tv_sec * INT64_C(1000000000) + now.tv_nsec, brim_clock_ns());
    for (int i = 0; i < VENDOR_COUNT; i++) {
        BrimStatus status =
            monitor->states[i] ? vendors[i]->sample(monitor->states[i], &monitor->draft) : BRIM_OK;
        if (status != BRIM_OK)
            return status;
    }
    if (!monitor->draft.no_processes) {
        BrimStatus status = brim_run_cards_read(&monitor->draft, monitor->root);
        if (status != BRIM_OK)
            return status;
    }
    monitor->sample = brim_draft_sample(&monitor->draft);
    *sample = &monitor->sample;
    return BRIM_OK;
}

void brim_monitor_close(BrimMonitor **monitor)
{
    if (!*monitor)
        return;
    for (int i = 0; i < VENDOR_COUNT; i++)
        if ((*monitor)->states[i])
            vendors[i]->close(&(*monitor)->states[i]);
    brim_draft_clear(&(*monitor)->draft);
    brim_mem_give(*monitor);
    *monitor = NULL;
}
