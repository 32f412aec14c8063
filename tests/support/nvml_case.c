/* A monitor upon a false NVML. */
#include "support/nvml_case.h"

#include <dlfcn.h>
#include <math.h>
#include <string.h>

static const char *const library_of[FAKE_AGES] = {FAKE_NVML_0, FAKE_NVML_1, FAKE_NVML_2};
FakeNvml *fake;
const char *library;
BrimMonitor *monitor;
const BrimMonitorSample *sample;

/* It stays loaded, so that what it counted can be read after a close. */
void use(int age, int cards)
{
    library = library_of[age];
    void *handle = dlopen(library, RTLD_NOW);
    if (!handle)
        fail_msg("%s", dlerror());
    FakeNvmlControl *control;
    void *symbol = dlsym(handle, "fake_nvml_control");
    memcpy(&control, &symbol, sizeof control);
    fake = control();
    *fake = (FakeNvml){.count = cards, .lost_card = -1, .void_card = -1, .fail_card = -1, .mig_card = -1};
    for (int i = 0; i < FAKE_MOST_CARDS; i++)
        fake->order[i] = i;
}

BrimStatus try_open(bool no_processes)
{
    const BrimMonitorOptions options = {.no_processes = no_processes};
    const BrimVendorPlaces places = {.root = "/nonexistent", .nvml_library = library};
    return brim_monitor_open_at(&monitor, &options, &places);
}

void take(void)
{
    assert_ok(brim_monitor_sample(monitor, &sample));
}

void open_and_take(void)
{
    assert_ok(try_open(false));
    take();
}

int close_monitor(void **state)
{
    (void)state;
    brim_monitor_close(&monitor);
    return 0;
}

int nvidia_count(void)
{
    int count = 0;
    while (count < sample->device_count && strcmp(sample->devices[count].vendor, "nvidia") == 0)
        count++;
    return count;
}

double value(int device, BrimMetric metric)
{
    return sample->devices[device].value[metric];
}

void assert_nothing_known(int device)
{
    for (int i = 0; i < BRIM_METRIC_COUNT; i++)
        if (!isnan(value(device, (BrimMetric)i)))
            fail_msg("%s: %g", brim_metric_key((BrimMetric)i), value(device, (BrimMetric)i));
}

int process_count(int device)
{
    int count = 0;
    for (int i = 0; i < sample->process_count; i++)
        count += sample->processes[i].device == device;
    return count;
}

const BrimProcessSample *process(int device, int pid)
{
    for (int i = 0; i < sample->process_count; i++)
        if (sample->processes[i].device == device && sample->processes[i].pid == pid)
            return &sample->processes[i];
    fail_msg("no process %d on device %d", pid, device);
    return NULL;
}

int calls_of(const char *name)
{
    for (int i = 0; i < fake->call_count; i++)
        if (strcmp(fake->calls[i].name, name) == 0)
            return fake->calls[i].count;
    return 0;
}
