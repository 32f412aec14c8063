/* Lists that grow. */
#include "monitor/draft.h"

#include <math.h>

#include "base/utf8.h"
#include "monitor/sample_fields.h"

void brim_draft_restart(BrimDraft *draft, int64_t time_ns, int64_t monotonic_ns)
{
    draft->device_count = draft->process_count = draft->run_count = 0;
    draft->time_ns = time_ns;
    draft->monotonic_ns = monotonic_ns;
}

void brim_draft_clear(BrimDraft *draft)
{
    brim_mem_give(draft->devices);
    brim_mem_give(draft->processes);
    brim_mem_give(draft->runs);
    *draft = (BrimDraft){.devices = NULL};
}

BrimDeviceSample *brim_draft_device(BrimDraft *draft)
{
    BrimDeviceSample *list =
        brim_mem_room(BRIM_MEM_OTHER, draft->devices, draft->device_count, &draft->device_room, sizeof *list);
    if (!list)
        return NULL;
    draft->devices = list;
    BrimDeviceSample *device = &list[draft->device_count++];
    *device = (BrimDeviceSample){.parent = -1, .gpu_instance = -1};
    for (int i = 0; i < BRIM_METRIC_COUNT; i++)
        device->value[i] = NAN;
    return device;
}

BrimProcessSample *brim_draft_process(BrimDraft *draft)
{
    BrimProcessSample *list = brim_mem_room(BRIM_MEM_OTHER, draft->processes, draft->process_count,
                                            &draft->process_room, sizeof *list);
    if (!list)
        return NULL;
    draft->processes = list;
    BrimProcessSample *process = &list[draft->process_count++];
    *process = (BrimProcessSample){.memory_bytes = NAN,
                                   .utilization_percent = NAN,
                                   .host_memory_bytes = NAN,
                                   .host_peak_bytes = NAN,
                                   .host_cpu_percent = NAN};
    return process;
}

BrimRunSample *brim_draft_run(BrimDraft *draft)
{
    BrimRunSample *list =
        brim_mem_room(BRIM_MEM_OTHER, draft->runs, draft->run_count, &draft->run_room, sizeof *list);
    if (!list)
        return NULL;
    draft->runs = list;
    BrimRunSample *run = &list[draft->run_count++];
    *run = (BrimRunSample){.arena_measured_bytes = NAN,
                           .process_measured_bytes = NAN,
                           .process_peak_bytes = NAN,
                           .pictures_per_s = NAN};
    return run;
}

static void clean_texts(const BrimFields *fields, void *part)
{
    for (int i = 0; i < fields->count; i++)
        if (fields->list[i].kind == BRIM_FIELD_TEXT)
            brim_utf8_clean((char *)part + fields->list[i].offset);
}

/* By the tables that writers and readers work from, so that no text is forgotten. */
static void clean_all_texts(BrimDraft *draft)
{
    for (int i = 0; i < draft->device_count; i++)
        clean_texts(&brim_device_fields, &draft->devices[i]);
    for (int i = 0; i < draft->process_count; i++)
        clean_texts(&brim_process_fields, &draft->processes[i]);
    for (int i = 0; i < draft->run_count; i++) {
        BrimRunSample *run = &draft->runs[i];
        clean_texts(&brim_run_fields, run);
        for (int j = 0; j < run->purpose_count; j++)
            brim_utf8_clean(run->purposes[j].name);
    }
}

BrimMonitorSample brim_draft_sample(BrimDraft *draft)
{
    clean_all_texts(draft);
    return (BrimMonitorSample){.time_ns = draft->time_ns,
                               .devices = draft->devices,
                               .device_count = draft->device_count,
                               .processes = draft->processes,
                               .process_count = draft->process_count,
                               .runs = draft->runs,
                               .run_count = draft->run_count};
}
