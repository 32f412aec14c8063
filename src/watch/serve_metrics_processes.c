/* brim_process_...: what a process takes of a device, and what it takes of the host. */
#include <stdio.h>

#include "watch/serve_metrics.h"

static const BrimFamily memory = {"brim_process_memory_bytes", "gauge",
                                  "Memory that a process holds on a device; on the host, resident."};
static const BrimFamily busy = {"brim_process_utilization_ratio", "gauge",
                                "Part of the device's time that a process took; on the host, of one core."};
static const BrimFamily host_memory = {"brim_process_host_memory_bytes", "gauge",
                                       "Resident host memory of a process."};
static const BrimFamily host_peak = {"brim_process_host_memory_peak_bytes", "gauge",
                                     "Resident host memory of a process at its highest."};
static const BrimFamily host_cpu = {"brim_process_host_cpu_ratio", "gauge",
                                    "Processor time of a process, of one core; 2 are two cores."};

static void write_pid(BrimText *labels, const void *things, int index)
{
    const BrimProcessSample *process = &((const BrimMonitorSample *)things)->processes[index];
    char pid[16];
    snprintf(pid, sizeof pid, "%d", process->pid);
    brim_exposition_label(labels, "pid", pid);
    brim_exposition_label(labels, "name", process->name);
    brim_exposition_label(labels, "user", process->user);
}

static void write_place(BrimText *labels, const void *things, int index)
{
    const BrimMonitorSample *sample = things;
    int device = sample->processes[index].device;
    write_pid(labels, things, index);
    if (device < 0 || device >= sample->device_count)
        return;
    brim_exposition_label(labels, "vendor", sample->devices[device].vendor);
    brim_exposition_label(labels, "id", sample->devices[device].id);
}

/* A process on two devices is in the sample twice, and yet has one resident memory. */
static bool is_first(const BrimMonitorSample *sample, int index)
{
    for (int i = 0; i < index; i++)
        if (sample->processes[i].pid == sample->processes[index].pid)
            return false;
    return true;
}

typedef double (*Figure)(const BrimProcessSample *process);

static double resident(const BrimProcessSample *process)
{
    return process->host_memory_bytes;
}

static double peak(const BrimProcessSample *process)
{
    return process->host_peak_bytes;
}

static double cpu(const BrimProcessSample *process)
{
    return process->host_cpu_percent / 100;
}

static void add_host(BrimExposition *exposition, const BrimMonitorSample *sample, const BrimFamily *family,
                     Figure figure, char **labels)
{
    for (int i = 0; i < sample->process_count; i++)
        if (is_first(sample, i))
            brim_exposition_add(exposition, family, labels[i], figure(&sample->processes[i]));
}

BrimStatus brim_serve_metrics_processes(BrimExposition *exposition, const BrimMonitorSample *sample)
{
    char **places = NULL, **pids = NULL;
    int count = sample->process_count;
    BrimStatus status;
    BRIM_TRY(brim_exposition_labels(&places, count, write_place, sample));
    BRIM_TRY(brim_exposition_labels(&pids, count, write_pid, sample));
    for (int i = 0; i < count; i++)
        brim_exposition_add(exposition, &memory, places[i], sample->processes[i].memory_bytes);
    for (int i = 0; i < count; i++)
        brim_exposition_add(exposition, &busy, places[i], sample->processes[i].utilization_percent / 100);
    add_host(exposition, sample, &host_memory, resident, pids);
    add_host(exposition, sample, &host_peak, peak, pids);
    add_host(exposition, sample, &host_cpu, cpu, pids);
fail:
    brim_exposition_labels_give(&places, count);
    brim_exposition_labels_give(&pids, count);
    return status;
}
