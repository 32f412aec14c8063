/* A run's device among the samples, and who else is on it. */
#include "run/own_sample.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/process.h"

/* "GPU-1f..." is the driver's, "MIG-1f..." the monitor's name for a part of a card: the number is the same.
 */
static const char *number_of(const char *id)
{
    const char *dash = strchr(id, '-');
    return dash ? dash + 1 : id;
}

/* Its place in the sample, -1 for none. The host is the last. */
static int find_device(const BrimMonitorSample *sample, const char *card_id)
{
    if (!card_id[0])
        return sample->device_count - 1;
    for (int i = 0; i < sample->device_count; i++)
        if (strcmp(number_of(sample->devices[i].id), number_of(card_id)) == 0)
            return i;
    return -1;
}

/* In a container the driver may count processes otherwise than the process itself: then it is not found. */
static double memory_on(const BrimMonitorSample *sample, int device)
{
    for (int i = 0; i < sample->process_count; i++)
        if (sample->processes[i].device == device && sample->processes[i].pid == getpid())
            return sample->processes[i].memory_bytes;
    return NAN;
}

BrimOwnSample brim_own_sample(const BrimMonitorSample *sample, const char *card_id)
{
    BrimOwnSample own = {.memory_bytes = NAN, .free_bytes = NAN};
    int at = find_device(sample, card_id);
    own.device = at >= 0 ? &sample->devices[at] : NULL;
    if (!card_id[0]) {
        uint64_t free_bytes = brim_process_free_bytes();
        own.memory_bytes = (double)brim_process_resident_bytes();
        own.free_bytes = free_bytes ? (double)free_bytes : NAN;
    } else if (at >= 0) {
        own.memory_bytes = memory_on(sample, at);
        own.free_bytes = own.device->value[BRIM_METRIC_MEMORY_FREE];
    }
    return own;
}

void brim_own_sample_neighbour(const char *card_id, char *text, size_t bytes)
{
    BrimMonitor *monitor = NULL;
    const BrimMonitorSample *sample = NULL;
    const BrimProcessSample *largest = NULL;
    double most_bytes = 0;
    text[0] = '\0';
    if (brim_monitor_open(&monitor, NULL) != BRIM_OK || brim_monitor_sample(monitor, &sample) != BRIM_OK)
        goto done;
    int device = find_device(sample, card_id);
    for (int i = 0; i < sample->process_count; i++) {
        const BrimProcessSample *process = &sample->processes[i];
        double has_bytes = card_id[0] ? process->memory_bytes : process->host_memory_bytes;
        bool here = !card_id[0] || process->device == device;
        if (here && process->pid != getpid() && has_bytes > most_bytes) {
            largest = process;
            most_bytes = has_bytes;
        }
    }
    if (largest)
        snprintf(text, bytes, "; the largest other process is %s (%d) with %.0f MiB", largest->name,
                 largest->pid, most_bytes / 0x1p20);
done:
    brim_monitor_close(&monitor);
}
