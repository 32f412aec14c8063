/* host: the machine itself, from /proc and /sys. Its device is the last of a sample. What is asked for in
 * each sample is kept open; what changes slowly, or costs as much as there are cores, is looked at once a
 * second. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/process.h"
#include "monitor/host_energy.h"
#include "monitor/host_list.h"
#include "monitor/host_load.h"
#include "monitor/host_sensors.h"
#include "monitor/proc.h"
#include "monitor/vendor.h"

static const int64_t second_ns = 1000 * 1000 * 1000;

struct BrimVendorState {
    char *root;
    BrimDeviceSample known; /* what never changes */
    int stat, meminfo;      /* kept open */
    BrimHostLoad load;
    BrimHostSensors sensors;
    BrimHostEnergy energy;
    BrimHostList list;
    BrimHostClocks clocks;
    BrimCgroup cgroup;
    int64_t slow_ns; /* when the two above are looked at next */
};

/* The file's text behind "key :" at the start of a line. */
static void read_after(char *to, size_t room, const char *text, const char *key)
{
    const char *line = strstr(text, key);
    const char *value = line ? strpbrk(line, ":\n") : NULL;
    if (!value || *value != ':')
        return;
    value += 1 + strspn(value + 1, " \t");
    brim_proc_clean(to, room, value, strcspn(value, "\n"));
}

/* Processors other than x86's have no name in cpuinfo, but their board has one. */
static void name_host(BrimDeviceSample *known, const char *root)
{
    char text[BRIM_PROC_TEXT_BYTES], release[48];
    snprintf(known->vendor, sizeof known->vendor, "host");
    brim_proc_read(text, sizeof text, root, "/proc/cpuinfo");
    read_after(known->name, sizeof known->name, text, "model name");
    if (!known->name[0])
        brim_proc_read_line(known->name, sizeof known->name, root, "/sys/firmware/devicetree/base/model");
    brim_proc_read_line(known->id, sizeof known->id, root, "/proc/sys/kernel/hostname");
    if (brim_proc_read_line(release, sizeof release, root, "/proc/sys/kernel/osrelease"))
        snprintf(known->driver, sizeof known->driver, "Linux %s", release);
}

static void host_close(BrimVendorState **state)
{
    BrimVendorState *host = *state;
    brim_host_list_close(&host->list);
    brim_host_energy_close(&host->energy);
    brim_host_sensors_close(&host->sensors);
    brim_proc_close(&host->meminfo);
    brim_proc_close(&host->stat);
    brim_mem_give(host->root);
    brim_mem_give(host);
    *state = NULL;
}

static BrimStatus host_open(BrimVendorState **state, const BrimVendorPlaces *places)
{
    BrimVendorState *host = brim_mem_take(BRIM_MEM_OTHER, 1, sizeof *host);
    char *root = host ? brim_mem_text(BRIM_MEM_OTHER, places->root) : NULL;
    if (!root) {
        brim_mem_give(host);
        return BRIM_ERROR_MEMORY;
    }
    *host = (BrimVendorState){.root = root};
    host->stat = brim_proc_open(root, "/proc/stat");
    host->meminfo = brim_proc_open(root, "/proc/meminfo");
    name_host(&host->known, root);
    brim_host_load_open(&host->load);
    brim_host_sensors_open(&host->sensors, root);
    brim_host_energy_open(&host->energy, root);
    brim_host_list_open(&host->list, root);
    *state = host;
    if (host->stat < 0 && host->meminfo < 0) /* no such file system: nothing here */
        host_close(state);
    return BRIM_OK;
}

/* ---- a sample ---- */

static void add_trouble(BrimDeviceSample *device, const char *format, ...)
{
    size_t used = strlen(device->trouble);
    va_list args;
    if (used && used + 2 < sizeof device->trouble) {
        memcpy(device->trouble + used, "; ", 3);
        used += 2;
    }
    va_start(args, format);
    vsnprintf(device->trouble + used, sizeof device->trouble - used, format, args);
    va_end(args);
}

/* whole - part, both in kB, in bytes; unknown where it makes no sense. */
static double rest_bytes(double whole_kb, double part_kb)
{
    return part_kb <= whole_kb ? 1024 * (whole_kb - part_kb) : NAN;
}

static void read_memory(BrimVendorState *host, BrimDeviceSample *device)
{
    char text[BRIM_PROC_TEXT_BYTES];
    brim_proc_reread(host->meminfo, text, sizeof text);
    double total_kb = brim_proc_number_after(text, "MemTotal:");
    double free_kb = brim_proc_number_after(text, "MemAvailable:");
    double swap_kb = brim_proc_number_after(text, "SwapTotal:");
    device->value[BRIM_METRIC_MEMORY_TOTAL] = 1024 * total_kb;
    device->value[BRIM_METRIC_MEMORY_FREE] = 1024 * free_kb;
    device->value[BRIM_METRIC_MEMORY_USED] = rest_bytes(total_kb, free_kb);
    device->value[BRIM_METRIC_SHARED_TOTAL] = 1024 * swap_kb;
    device->value[BRIM_METRIC_SHARED_USED] = rest_bytes(swap_kb, brim_proc_number_after(text, "SwapFree:"));
    if (isnan(total_kb) || isnan(free_kb))
        add_trouble(device, "/proc/meminfo does not say how much memory there is");
    else if ((double)host->cgroup.limit_bytes < 1024 * total_kb)
        add_trouble(device, "a cgroup gives brim %.1f GiB of the memory, and %.1f GiB of them are in use",
                    (double)host->cgroup.limit_bytes / 0x1p30, (double)host->cgroup.used_bytes / 0x1p30);
}

static void read_load(BrimVendorState *host, BrimDeviceSample *device, int64_t now_ns)
{
    char text[BRIM_PROC_TEXT_BYTES];
    if (!brim_proc_reread(host->stat, text, sizeof text))
        add_trouble(device, "/proc/stat cannot be read");
    brim_host_load_read(&host->load, text, now_ns);
    device->value[BRIM_METRIC_UTILIZATION] = host->load.percent;
}

static void read_energy(BrimVendorState *host, BrimDeviceSample *device, int64_t now_ns)
{
    brim_host_energy_read(&host->energy, now_ns);
    device->value[BRIM_METRIC_POWER] = host->energy.watts;
    device->value[BRIM_METRIC_ENERGY] = host->energy.joules;
    if (host->energy.refused)
        add_trouble(device, "power and energy (/sys/class/powercap) are for root alone");
}

/* The pids alone; processes.h fills in the rest, as it does for those of other devices. */
static BrimStatus append_processes(BrimVendorState *host, BrimDraft *draft, int device)
{
    BrimStatus status = brim_host_list_update(&host->list, draft->only_pid, draft->monotonic_ns);
    for (int i = 0; i < host->list.listed_count && status == BRIM_OK; i++) {
        BrimProcessSample *process = brim_draft_process(draft);
        if (!process)
            return BRIM_ERROR_MEMORY;
        process->pid = host->list.listed[i].pid;
        process->device = device;
    }
    return status;
}

static BrimStatus host_sample(BrimVendorState *host, BrimDraft *draft)
{
    BrimDeviceSample *device = brim_draft_device(draft);
    if (!device)
        return BRIM_ERROR_MEMORY;
    if (draft->monotonic_ns >= host->slow_ns) {
        host->clocks = brim_host_clocks(host->root);
        host->cgroup = brim_process_cgroup(host->root);
        host->slow_ns = draft->monotonic_ns + second_ns;
    }
    memcpy(device->vendor, host->known.vendor, sizeof device->vendor);
    memcpy(device->name, host->known.name, sizeof device->name);
    memcpy(device->id, host->known.id, sizeof device->id);
    memcpy(device->driver, host->known.driver, sizeof device->driver);
    read_memory(host, device);
    read_load(host, device, draft->monotonic_ns);
    read_energy(host, device, draft->monotonic_ns);
    device->value[BRIM_METRIC_TEMPERATURE] = brim_host_celsius(&host->sensors);
    device->value[BRIM_METRIC_CLOCK] = host->clocks.now_hertz;
    device->value[BRIM_METRIC_CLOCK_MOST] = host->clocks.most_hertz;
    return draft->no_processes ? BRIM_OK : append_processes(host, draft, draft->device_count - 1);
}

const BrimVendor brim_vendor_host = {"host", host_open, host_sample, host_close};
