/* Machines that nobody has. */
#include "support/samples.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"

#define GIB 1073741824.0

void made_up_begin(MadeUp *made_up, int64_t time_ns)
{
    made_up->sample = (BrimMonitorSample){.time_ns = time_ns,
                                          .devices = made_up->devices,
                                          .processes = made_up->processes,
                                          .runs = made_up->runs};
}

BrimDeviceSample *made_up_device(MadeUp *made_up, const char *vendor, const char *name, const char *id)
{
    BrimDeviceSample *device = &made_up->devices[made_up->sample.device_count++];
    *device = (BrimDeviceSample){.parent = -1, .gpu_instance = -1};
    snprintf(device->vendor, sizeof device->vendor, "%s", vendor);
    snprintf(device->name, sizeof device->name, "%s", name);
    snprintf(device->id, sizeof device->id, "%s", id);
    for (int i = 0; i < BRIM_METRIC_COUNT; i++)
        device->value[i] = NAN;
    return device;
}

BrimProcessSample *made_up_process(MadeUp *made_up, int pid, const char *name, int device)
{
    BrimProcessSample *process = &made_up->processes[made_up->sample.process_count++];
    *process = (BrimProcessSample){.pid = pid,
                                   .device = device,
                                   .memory_bytes = NAN,
                                   .utilization_percent = NAN,
                                   .host_memory_bytes = NAN,
                                   .host_peak_bytes = NAN,
                                   .host_cpu_percent = NAN};
    snprintf(process->name, sizeof process->name, "%s", name);
    return process;
}

BrimRunSample *made_up_run(MadeUp *made_up, int pid, const char *model)
{
    BrimRunSample *run = &made_up->runs[made_up->sample.run_count++];
    *run = (BrimRunSample){.pid = pid,
                           .arena_measured_bytes = NAN,
                           .process_measured_bytes = NAN,
                           .process_peak_bytes = NAN,
                           .pictures_per_s = NAN};
    snprintf(run->command, sizeof run->command, "train");
    snprintf(run->model, sizeof run->model, "%s", model);
    return run;
}

static void set_memory(BrimDeviceSample *device, double total_bytes, double used_bytes)
{
    device->value[BRIM_METRIC_MEMORY_TOTAL] = total_bytes;
    device->value[BRIM_METRIC_MEMORY_USED] = used_bytes;
    device->value[BRIM_METRIC_MEMORY_FREE] = total_bytes - used_bytes;
}

static void set_load(BrimDeviceSample *device, double percent, double watts, double celsius)
{
    device->value[BRIM_METRIC_UTILIZATION] = percent;
    device->value[BRIM_METRIC_MEMORY_BUSY] = floor(percent / 2);
    device->value[BRIM_METRIC_POWER] = watts;
    device->value[BRIM_METRIC_TEMPERATURE] = celsius;
}

/* What of the first card does not move. An encoder that rests is known to rest. */
static const double known[BRIM_METRIC_COUNT] = {[BRIM_METRIC_MEMORY_RESERVED] = 629145600,
                                                [BRIM_METRIC_ENERGY] = 2183745.512,
                                                [BRIM_METRIC_MEMORY_TEMPERATURE] = 66,
                                                [BRIM_METRIC_POWER_LIMIT] = 700,
                                                [BRIM_METRIC_CLOCK] = 1980e6,
                                                [BRIM_METRIC_CLOCK_MOST] = 1980e6,
                                                [BRIM_METRIC_MEMORY_CLOCK] = 2619e6,
                                                [BRIM_METRIC_MEMORY_CLOCK_MOST] = 2619e6,
                                                [BRIM_METRIC_FAN] = 30,
                                                [BRIM_METRIC_PCIE_SENT] = 123456789,
                                                [BRIM_METRIC_PCIE_GENERATION] = 5,
                                                [BRIM_METRIC_PCIE_LANES] = 16,
                                                [BRIM_METRIC_ECC_CORRECTED] = 2,
                                                [BRIM_METRIC_SHARED_TOTAL] = NAN,
                                                [BRIM_METRIC_SHARED_USED] = NAN};

static void add_cards(MadeUp *made_up, double wave)
{
    BrimDeviceSample *card = made_up_device(made_up, "nvidia", "NVIDIA H100 80GB HBM3", "GPU-0a1b2c3d");
    set_memory(card, 80 * GIB, floor((40 + 20 * wave) * GIB));
    set_load(card, floor(60 + 39 * wave), 350 + 300 * wave, floor(55 + 15 * wave));
    for (int i = 0; i < BRIM_METRIC_COUNT; i++)
        if (isnan(card->value[i]))
            card->value[i] = known[i];
    card->value[BRIM_METRIC_PCIE_RECEIVED] = floor(3e9 + 2e9 * wave);
    snprintf(card->driver, sizeof card->driver, "570.124.06");
    snprintf(card->pci, sizeof card->pci, "00000000:1B:00.0");
    card = made_up_device(made_up, "nvidia", "NVIDIA A100-SXM4-40GB", "GPU-4e5f6a7b");
    card->index = 1;
    set_memory(card, 40 * GIB, 5 * GIB);
    for (int part = 0; part < 2; part++) {
        card =
            made_up_device(made_up, "nvidia", "NVIDIA A100-SXM4-40GB MIG 1g.5gb", part ? "MIG-8c" : "MIG-9d");
        card->parent = 1;
        card->index = 1;
        card->gpu_instance = 7 + part;
        set_memory(card, 4.75 * GIB, floor((1.5 + part * 2 + wave) * GIB));
    }
    card = made_up_device(made_up, "amd", "AMD Radeon RX 7900 XTX", "0000:03:00.0");
    set_memory(card, 24 * GIB, floor((12 - 11.5 * wave) * GIB));
    set_load(card, floor(50 - 49 * wave), 180 - 120 * wave, 48);
    card = made_up_device(made_up, "nvidia", "NVIDIA GeForce RTX 4090", "GPU-dead");
    card->index = 2;
    card->lost = true;
    snprintf(card->trouble, sizeof card->trouble, "GPU has fallen off the bus");
}

static void add_processes(MadeUp *made_up, int host, double wave)
{
    BrimProcessSample *process = made_up_process(made_up, 4711, "brim", 0);
    snprintf(process->command, sizeof process->command,
             "brim train --data coco.yaml --cfg yolov5l --memory 64G");
    snprintf(process->user, sizeof process->user, "ada");
    snprintf(process->kind, sizeof process->kind, "compute");
    process->memory_bytes = floor((38 + 20 * wave) * GIB);
    process->utilization_percent = floor(60 + 39 * wave);
    process->host_memory_bytes = 2.25 * GIB;
    process->host_peak_bytes = 2.5 * GIB;
    process->host_cpu_percent = 312;
    process = made_up_process(made_up, 4711, "brim", 1); /* the same on another card */
    process->memory_bytes = 0.5 * GIB;
    process->host_memory_bytes = 2.25 * GIB;
    process->host_peak_bytes = 2.5 * GIB;
    snprintf(process->user, sizeof process->user, "ada");
    process = made_up_process(made_up, 52, "Xorg", 4);
    process->memory_bytes = 0.125 * GIB;
    snprintf(process->kind, sizeof process->kind, "graphics");
    process = made_up_process(made_up, 8080, "python3", host);
    process->memory_bytes = process->host_memory_bytes = 11 * GIB;
    process->utilization_percent = process->host_cpu_percent = 98.5;
}

static void add_run(MadeUp *made_up, int step, double wave)
{
    static const struct {
        const char *name;
        uint64_t mib;
    } parts[] = {{"weights", 186}, {"gradients", 178},           {"optimizer", 178},  {"EMA", 178},
                 {"staging", 75},  {"kept for backward", 31000}, {"transient", 5200}, {"workspace", 1024}};
    BrimRunSample *run = made_up_run(made_up, 4711, "yolov5l");
    snprintf(run->folder, sizeof run->folder, "runs/train/exp7");
    snprintf(run->device, sizeof run->device, "NVIDIA H100 80GB HBM3");
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        snprintf(run->purposes[i].name, sizeof run->purposes[i].name, "%s", parts[i].name);
        run->purposes[i].bytes = parts[i].mib << 20;
        run->arena_bytes += run->purposes[i].bytes;
        run->purpose_count++;
    }
    run->planned_bytes = run->arena_bytes + ((uint64_t)700 << 20);
    run->arena_measured_bytes = (double)run->arena_bytes;
    run->process_measured_bytes = floor((double)run->planned_bytes - (0.1 - 0.05 * wave) * GIB);
    run->process_peak_bytes = floor((double)run->planned_bytes - 0.04 * GIB);
    run->epoch = step / 30 % 100;
    run->epochs = 100;
    run->pictures_per_s = floor(640 + 40 * wave);
}

void made_up_machine(MadeUp *made_up, int step)
{
    /* From -1 to 1 and back, in sums that every machine has alike. */
    double wave = abs(step % 64 - 32) / 16.0 - 1;
    made_up_begin(made_up, (int64_t)1764158400 * 1000000000 + (int64_t)step * 1000000000);
    add_cards(made_up, wave);
    int host = made_up->sample.device_count;
    BrimDeviceSample *device = made_up_device(made_up, "host", "AMD EPYC 9654 96-Core Processor", "node-7");
    set_memory(device, 768 * GIB, floor((120 + 8 * wave) * GIB));
    device->value[BRIM_METRIC_UTILIZATION] = floor(20 + 15 * wave);
    device->value[BRIM_METRIC_SHARED_TOTAL] = 8 * GIB;
    device->value[BRIM_METRIC_SHARED_USED] = 0;
    add_processes(made_up, host, wave);
    add_run(made_up, step, wave);
}

static json_t *figure(double value)
{
    if (!isfinite(value))
        return json_null();
    return value == floor(value) && fabs(value) < 1e15 ? json_integer((json_int_t)value) : json_real(value);
}

static json_t *device_json(const BrimDeviceSample *device)
{
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:s, s:i, s:o, s:b, s:s}", "vendor", device->vendor, "name", device->name,
                  "id", device->id, "driver", device->driver, "index", device->index, "parent",
                  device->parent < 0 ? json_null() : json_integer(device->parent), "lost", device->lost,
                  "trouble", device->trouble);
    for (int i = 0; i < BRIM_METRIC_COUNT; i++)
        json_object_set_new(object, brim_metric_key((BrimMetric)i), figure(device->value[i]));
    return object;
}

static json_t *process_json(const BrimProcessSample *process)
{
    return json_pack("{s:i, s:i, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "pid", process->pid, "device",
                     process->device, "kind", process->kind, "name", process->name, "command",
                     process->command, "user", process->user, "memory_bytes", figure(process->memory_bytes),
                     "utilization_percent", figure(process->utilization_percent), "host_memory_bytes",
                     figure(process->host_memory_bytes), "host_peak_bytes", figure(process->host_peak_bytes),
                     "host_cpu_percent", figure(process->host_cpu_percent));
}

static json_t *run_json(const BrimRunSample *run)
{
    json_t *purposes = json_array();
    for (int i = 0; i < run->purpose_count; i++)
        json_array_append_new(purposes, json_pack("{s:s, s:I}", "name", run->purposes[i].name, "bytes",
                                                  (json_int_t)run->purposes[i].bytes));
    return json_pack(
        "{s:i, s:s, s:s, s:s, s:s, s:I, s:I, s:o, s:o, s:o, s:o, s:i, s:i, s:o}", "pid", run->pid, "command",
        run->command, "model", run->model, "folder", run->folder, "device", run->device, "planned_bytes",
        (json_int_t)run->planned_bytes, "arena_bytes", (json_int_t)run->arena_bytes, "purposes", purposes,
        "arena_measured_bytes", figure(run->arena_measured_bytes), "process_measured_bytes",
        figure(run->process_measured_bytes), "process_peak_bytes", figure(run->process_peak_bytes), "epoch",
        run->epoch, "epochs", run->epochs, "pictures_per_s", figure(run->pictures_per_s));
}

char *made_up_json(const BrimMonitorSample *sample)
{
    json_t *devices = json_array(), *processes = json_array(), *runs = json_array();
    for (int i = 0; i < sample->device_count; i++)
        json_array_append_new(devices, device_json(&sample->devices[i]));
    for (int i = 0; i < sample->process_count; i++)
        json_array_append_new(processes, process_json(&sample->processes[i]));
    for (int i = 0; i < sample->run_count; i++)
        json_array_append_new(runs, run_json(&sample->runs[i]));
    json_t *object =
        json_pack("{s:s, s:I, s:o, s:o, s:o}", "schema", "brim-watch-1", "time_ns",
                  (json_int_t)sample->time_ns, "devices", devices, "processes", processes, "runs", runs);
    char *text = json_dumps(object, JSON_COMPACT), *taken = brim_mem_text(BRIM_MEM_REPORT, text);
    free(text);
    json_decref(object);
    return taken;
}
