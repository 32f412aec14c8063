/* Peaks and means. */
#include "monitor/summary.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"

void brim_span_add(BrimSpan *span, BrimSpanKind kind, double figure, double seconds)
{
    if (!isfinite(figure))
        return;
    double between = kind == BRIM_SPAN_LEVEL && span->count ? (span->last + figure) / 2 : figure;
    span->peak = span->count ? fmax(span->peak, figure) : figure;
    span->sum += between * seconds;
    span->seconds += seconds;
    span->last = figure;
    span->count++;
}

double brim_span_peak(const BrimSpan *span)
{
    return span->count ? span->peak : NAN;
}

double brim_span_mean(const BrimSpan *span)
{
    if (!span->count)
        return NAN;
    return span->seconds > 0 ? span->sum / span->seconds : span->last; /* one moment has no length */
}

void brim_summary_clear(BrimSummary *summary)
{
    brim_mem_give(summary->devices);
    *summary = (BrimSummary){.devices = NULL};
}

/* Devices come and go, and an index may pass to another. */
static bool is_of(const BrimDeviceSummary *known, const BrimDeviceSample *device)
{
    return strcmp(known->vendor, device->vendor) == 0 && strcmp(known->id, device->id) == 0 &&
           (*known->id || known->index == device->index);
}

/* The device's row, a new one where it has none; NULL without memory. */
static BrimDeviceSummary *row_of(BrimSummary *summary, const BrimDeviceSample *device)
{
    for (int i = 0; i < summary->device_count; i++)
        if (is_of(&summary->devices[i], device))
            return &summary->devices[i];
    BrimDeviceSummary *devices = brim_mem_room(BRIM_MEM_OTHER, summary->devices, summary->device_count,
                                               &summary->device_room, sizeof *devices);
    if (!devices)
        return NULL;
    summary->devices = devices;
    BrimDeviceSummary *row = &summary->devices[summary->device_count++];
    *row = (BrimDeviceSummary){.index = device->index, .memory_total_bytes = NAN};
    memcpy(row->vendor, device->vendor, sizeof row->vendor);
    memcpy(row->id, device->id, sizeof row->id);
    memcpy(row->name, device->name, sizeof row->name);
    return row;
}

/* a + b, where what is unknown adds nothing, and only nothing but unknown is unknown. */
static double plus(double a, double b)
{
    return isnan(a) ? b : isnan(b) ? a : a + b;
}

static BrimStatus add_device(BrimSummary *summary, const BrimMonitorSample *sample, int at, double seconds)
{
    const BrimDeviceSample *device = &sample->devices[at];
    BrimDeviceSummary *row = row_of(summary, device);
    double tree_bytes = NAN;
    if (!row)
        return BRIM_ERROR_MEMORY;
    for (int i = 0; i < sample->process_count; i++)
        if (sample->processes[i].device == at)
            tree_bytes = plus(tree_bytes, sample->processes[i].memory_bytes);
    if (isfinite(device->value[BRIM_METRIC_MEMORY_TOTAL]))
        row->memory_total_bytes = device->value[BRIM_METRIC_MEMORY_TOTAL];
    brim_span_add(&row->memory_bytes, BRIM_SPAN_LEVEL, device->value[BRIM_METRIC_MEMORY_USED], seconds);
    brim_span_add(&row->utilization_percent, BRIM_SPAN_RATE, device->value[BRIM_METRIC_UTILIZATION], seconds);
    brim_span_add(&row->tree_bytes, BRIM_SPAN_LEVEL, tree_bytes, seconds);
    return BRIM_OK;
}

/* A process on two devices is there twice. */
static bool is_repeated(const BrimMonitorSample *sample, int at)
{
    for (int i = 0; i < at; i++)
        if (sample->processes[i].pid == sample->processes[at].pid)
            return true;
    return false;
}

static void add_tree(BrimSummary *summary, const BrimMonitorSample *sample, double seconds)
{
    double bytes = NAN, percent = NAN;
    int count = 0;
    for (int i = 0; i < sample->process_count; i++) {
        const BrimProcessSample *process = &sample->processes[i];
        if (is_repeated(sample, i))
            continue;
        bytes = plus(bytes, process->host_memory_bytes);
        percent = plus(percent, process->host_cpu_percent);
        brim_span_add(&summary->process_peak_bytes, BRIM_SPAN_LEVEL, process->host_peak_bytes, 0);
        count++;
    }
    brim_span_add(&summary->tree_bytes, BRIM_SPAN_LEVEL, bytes, seconds);
    brim_span_add(&summary->tree_percent, BRIM_SPAN_RATE, percent, seconds);
    summary->most_processes = count > summary->most_processes ? count : summary->most_processes;
}

BrimStatus brim_summary_add(BrimSummary *summary, const BrimMonitorSample *sample)
{
    /* The clock that people read may be set back meanwhile. */
    double seconds = summary->samples ? fmax((double)(sample->time_ns - summary->last_ns) * 1e-9, 0) : 0;
    BrimStatus status = BRIM_OK;
    for (int i = 0; i < sample->device_count && status == BRIM_OK; i++)
        status = add_device(summary, sample, i, seconds);
    if (status != BRIM_OK)
        return status;
    add_tree(summary, sample, seconds);
    if (!summary->samples++)
        summary->first_ns = sample->time_ns;
    summary->last_ns = sample->time_ns;
    return BRIM_OK;
}
