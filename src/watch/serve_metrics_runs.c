/* brim_run_...: what brim's runs planned, beside what they take. */
#include <math.h>
#include <stdio.h>

#include "base/memory.h"
#include "watch/serve_metrics.h"

static const BrimFamily planned = {
    "brim_run_planned_bytes", "gauge",
    "Memory that a run planned, by purpose; their sum is all that it planned."};
static const BrimFamily families[] = {
    {"brim_run_arena_bytes", "gauge", "Size of a run's arena, as planned, to the byte."},
    {"brim_run_arena_resident_bytes", "gauge", "Of a run's arena, what is resident."},
    {"brim_run_process_bytes", "gauge", "Memory that a run's process takes, the arena included."},
    {"brim_run_process_peak_bytes", "gauge", "Memory of a run's process at its highest."},
    {"brim_run_epoch", "gauge", "Epoch that a training is in; the first is 0."},
    {"brim_run_epochs", "gauge", "Epochs that a training will have."},
    {"brim_run_pictures_per_second", "gauge", "Pictures that a run works through in a second."},
};
enum { FAMILY_COUNT = sizeof families / sizeof families[0] };

static void write_run(BrimText *labels, const void *things, int index)
{
    const BrimRunSample *run = &((const BrimMonitorSample *)things)->runs[index];
    char pid[16];
    snprintf(pid, sizeof pid, "%d", run->pid);
    brim_exposition_label(labels, "pid", pid);
    brim_exposition_label(labels, "command", run->command);
    brim_exposition_label(labels, "model", run->model);
    brim_exposition_label(labels, "device", run->device);
}

/* In the order of the families. A run that is no training has no epochs. */
static void figures_of(const BrimRunSample *run, double figures[FAMILY_COUNT])
{
    bool training = run->epochs > 0;
    figures[0] = (double)run->arena_bytes;
    figures[1] = run->arena_measured_bytes;
    figures[2] = run->process_measured_bytes;
    figures[3] = run->process_peak_bytes;
    figures[4] = training ? run->epoch : NAN;
    figures[5] = training ? run->epochs : NAN;
    figures[6] = run->pictures_per_s;
}

static void add_purpose(BrimExposition *exposition, const char *run, const char *purpose, uint64_t bytes)
{
    BrimText labels = {0};
    brim_text_add(&labels, "%s", run);
    brim_exposition_label(&labels, "purpose", purpose);
    exposition->text.failed |= labels.failed;
    if (!labels.failed)
        brim_exposition_add(exposition, &planned, labels.text, (double)bytes);
    brim_mem_give(labels.text);
}

/* The arena's purposes, and what was planned beside it (the process, or the card's driver and libraries). */
static void add_plan(BrimExposition *exposition, const BrimRunSample *run, const char *labels)
{
    uint64_t named_bytes = 0;
    for (int i = 0; i < run->purpose_count; i++) {
        add_purpose(exposition, labels, run->purposes[i].name, run->purposes[i].bytes);
        named_bytes += run->purposes[i].bytes;
    }
    if (run->planned_bytes > named_bytes)
        add_purpose(exposition, labels, "beside the arena", run->planned_bytes - named_bytes);
}

BrimStatus brim_serve_metrics_runs(BrimExposition *exposition, const BrimMonitorSample *sample)
{
    char **labels;
    double figures[FAMILY_COUNT];
    BrimStatus status = brim_exposition_labels(&labels, sample->run_count, write_run, sample);
    if (status != BRIM_OK)
        return status;
    for (int i = 0; i < sample->run_count; i++)
        add_plan(exposition, &sample->runs[i], labels[i]);
    for (int f = 0; f < FAMILY_COUNT; f++)
        for (int i = 0; i < sample->run_count; i++) {
            figures_of(&sample->runs[i], figures);
            brim_exposition_add(exposition, &families[f], labels[i], figures[f]);
        }
    brim_exposition_labels_give(&labels, sample->run_count);
    return BRIM_OK;
}
