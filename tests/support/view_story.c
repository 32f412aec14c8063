/* The made-up machine. */
#include "support/view_story.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LOST_FROM = 60, UNKNOWN_FROM = 70, UNKNOWN_TO = 74 };
#define GIB 0x1p30

static void begin_device(BrimDeviceSample *device, const char *vendor, int index, const char *name)
{
    *device = (BrimDeviceSample){.index = index, .parent = -1};
    snprintf(device->vendor, sizeof device->vendor, "%s", vendor);
    snprintf(device->name, sizeof device->name, "%s", name);
    snprintf(device->id, sizeof device->id, "%s-%d-%s", vendor, index, name);
    for (int i = 0; i < BRIM_METRIC_COUNT; i++)
        device->value[i] = NAN;
}

static void set_memory(BrimDeviceSample *device, double used, double total)
{
    device->value[BRIM_METRIC_MEMORY_USED] = used;
    device->value[BRIM_METRIC_MEMORY_TOTAL] = total;
    device->value[BRIM_METRIC_MEMORY_FREE] = total - used;
}

static void set_rest(BrimDeviceSample *device, double utilization, double temperature, double power,
                     double clock)
{
    device->value[BRIM_METRIC_UTILIZATION] = utilization;
    device->value[BRIM_METRIC_TEMPERATURE] = temperature;
    device->value[BRIM_METRIC_POWER] = power;
    device->value[BRIM_METRIC_CLOCK] = clock * 1e6;
}

static void tell_gpus(BrimDeviceSample *devices, int at)
{
    begin_device(&devices[0], "nvidia", 0, "NVIDIA RTX A6000");
    set_memory(&devices[0], fmin(4.0 + 0.9 * at, 44.6) * GIB, 47.99 * GIB);
    set_rest(&devices[0], at < 8 ? 0 : 90 + at % 9, fmin(38 + at, 79), fmin(70 + 8 * at, 291), 1800);
    devices[0].value[BRIM_METRIC_POWER_LIMIT] = 300;
    devices[0].value[BRIM_METRIC_CLOCK_MOST] = 2100e6;
    begin_device(&devices[1], "nvidia", 1, "NVIDIA A100-SXM4-80GB");
    set_memory(&devices[1], (30 + 8 * sin(at / 6.0)) * GIB, 80 * GIB);
    set_rest(&devices[1], NAN, 44, 121, 1410); /* with MIG the driver has no utilization */
    devices[1].value[BRIM_METRIC_POWER_LIMIT] = 400;
    devices[1].value[BRIM_METRIC_CLOCK_MOST] = 1410e6;
    if (at >= UNKNOWN_FROM && at < UNKNOWN_TO)
        devices[1].value[BRIM_METRIC_MEMORY_USED] = NAN;
    begin_device(&devices[2], "nvidia", 0, "MIG 3g.40gb");
    devices[2].parent = 1;
    set_memory(&devices[2], (28 + 2 * sin(at / 6.0)) * GIB, 39.5 * GIB);
    begin_device(&devices[3], "amd", 0, "AMD Radeon RX 7900 XTX");
    if (at < LOST_FROM) {
        set_memory(&devices[3], 0.75 * GIB, 23.98 * GIB);
        set_rest(&devices[3], 2, 41, 23, NAN);
    } else {
        devices[3].lost = true;
        snprintf(
            devices[3].trouble, sizeof devices[3].trouble,
            "/sys/class/drm/card1/device: it was there and is gone (unplugged, or its driver was unloaded)");
    }
}

static void tell_host(BrimDeviceSample *host, int at)
{
    begin_device(host, "host", 0, "AMD EPYC 7543 32-Core Processor");
    set_memory(host, (31 + 0.05 * at) * GIB, 125.6 * GIB);
    set_rest(host, 18 + 11 * (at % 3), 56.5, NAN, 2790);
    snprintf(host->trouble, sizeof host->trouble, "powercap/intel-rapl:0/energy_uj: only root may read it");
}

static void tell_process(BrimProcessSample *process, int pid, int device, const char *name,
                         const char *command, double memory, double utilization)
{
    *process = (BrimProcessSample){.pid = pid,
                                   .device = device,
                                   .memory_bytes = memory,
                                   .utilization_percent = utilization,
                                   .host_memory_bytes = 0.61 * GIB,
                                   .host_peak_bytes = 0.7 * GIB,
                                   .host_cpu_percent = 104};
    snprintf(process->kind, sizeof process->kind, "%s", device == 4 ? "" : "compute");
    snprintf(process->name, sizeof process->name, "%s", name);
    snprintf(process->command, sizeof process->command, "%s", command);
    snprintf(process->user, sizeof process->user, "%s", pid == 1733 ? "" : "ada");
}

static void tell_processes(BrimProcessSample *processes, int at)
{
    tell_process(&processes[0], 4711, 0, "brim", "brim train --data coco.yaml --cfg yolov5m --batch-size 64",
                 fmin(3.7 + 0.9 * at, 44.1) * GIB, 92);
    tell_process(&processes[1], 1733, 0, "Xorg", "/usr/lib/xorg/Xorg :0", 212 * 0x1p20, 1);
    snprintf(processes[1].kind, sizeof processes[1].kind, "graphics");
    tell_process(&processes[2], 5120, 2, "python3", "python3 serve.py --port 8000", 27.4 * GIB, NAN);
    tell_process(&processes[3], 5121, 2, "python3", "python3 serve.py --port 8001", NAN, NAN);
    tell_process(&processes[4], 4711, 4, "brim", "brim train --data coco.yaml --cfg yolov5m --batch-size 64",
                 1.22 * GIB, 104);
    tell_process(&processes[5], 6002, 4, "brim", "brim val --weights best.pt", 498.2 * 0x1p20, 396);
    tell_process(&processes[6], 910, 4, "node_exporter", "node_exporter --web.listen-address=:9100",
                 18.4 * 0x1p20, 0);
    tell_process(&processes[7], 77, 4, "bad\x1b[31mname", "bad\x1b[31mname \xff", 0.3 * 0x1p20, 0);
    tell_process(&processes[8], 8123, 1, "ffmpeg", "ffmpeg -hwaccel cuda -i in.mp4 out.mp4", 356 * 0x1p20,
                 12);
}

static void tell_run(BrimRunSample *run, int at)
{
    static const struct {
        const char *name;
        double mib;
    } purposes[] = {{"weights", 80.79},    {"gradients", 80.71}, {"optimizer", 80.71},
                    {"EMA", 80.79},        {"staging", 600.2},   {"kept for backward", 33210.44},
                    {"transient", 8911.5}, {"workspace", 256}};
    enum { COUNT = sizeof purposes / sizeof purposes[0] };
    *run = (BrimRunSample){
        .pid = 4711, .epoch = 3, .epochs = 300, .pictures_per_s = 212.4, .purpose_count = COUNT};
    snprintf(run->command, sizeof run->command, "train");
    snprintf(run->model, sizeof run->model, "yolov5m");
    snprintf(run->device, sizeof run->device, "NVIDIA RTX A6000");
    for (int i = 0; i < COUNT; i++) {
        snprintf(run->purposes[i].name, sizeof run->purposes[i].name, "%s", purposes[i].name);
        run->purposes[i].bytes = (uint64_t)(purposes[i].mib * 0x1p20);
        run->arena_bytes += run->purposes[i].bytes;
    }
    run->planned_bytes = run->arena_bytes + (uint64_t)(1804.5 * 0x1p20);
    run->arena_measured_bytes = (double)run->arena_bytes;
    run->process_measured_bytes = fmin(3.7 + 0.9 * at, 44.1) * GIB;
    run->process_peak_bytes = run->process_measured_bytes;
}

/* A validation on the CPU, of which little is known yet. */
static void tell_second_run(BrimRunSample *run)
{
    *run =
        (BrimRunSample){.pid = 6002, .pictures_per_s = NAN, .arena_measured_bytes = NAN, .purpose_count = 2};
    snprintf(run->command, sizeof run->command, "val");
    snprintf(run->model, sizeof run->model, "best.pt");
    snprintf(run->purposes[0].name, sizeof run->purposes[0].name, "weights");
    snprintf(run->purposes[1].name, sizeof run->purposes[1].name, "transient");
    run->purposes[0].bytes = 28 << 20;
    run->purposes[1].bytes = 310 << 20;
    run->arena_bytes = 338 << 20;
    run->planned_bytes = 490 << 20;
    run->process_measured_bytes = 498.2 * 0x1p20; /* over its plan */
    run->process_peak_bytes = NAN;
}

BrimStatus story_sample(void *self, const BrimMonitorSample **sample)
{
    Story *story = self;
    int at = story->next++;
    if (at >= STORY_SAMPLES) {
        memset(story, 0xff, sizeof *story);
        story->next = STORY_SAMPLES;
        return BRIM_STOPPED;
    }
    tell_gpus(story->devices, at);
    tell_host(&story->devices[4], at);
    tell_processes(story->processes, at);
    tell_run(&story->runs[0], at);
    tell_second_run(&story->runs[1]);
    story->sample = (BrimMonitorSample){.time_ns = (INT64_C(1700000000) + at) * 1000000000,
                                        .devices = story->devices,
                                        .device_count = 5,
                                        .processes = story->processes,
                                        .process_count = 9,
                                        .runs = story->runs,
                                        .run_count = 2};
    *sample = &story->sample;
    return BRIM_OK;
}
