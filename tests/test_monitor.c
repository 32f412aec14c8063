/* The monitor as a whole, on this machine and on a tree: what memory it keeps, and what becomes of it
 * without. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "monitor/monitor.h"
#include "monitor/processes.h"
#include "support/support.h"
#include "support/plant.h"

static void this_machine_is_seen(void **state)
{
    (void)state;
    BrimMonitor *monitor = NULL;
    const BrimMonitorSample *sample;
    bool own = false;
    assert_ok(brim_monitor_open(&monitor, &(BrimMonitorOptions){.pid = getpid()}));
    assert_ok(brim_monitor_sample(monitor, &sample));
    assert_true(sample->device_count >= 1);
    const BrimDeviceSample *host = &sample->devices[sample->device_count - 1];
    assert_string_equal(host->vendor, "host");
    assert_true(host->value[BRIM_METRIC_MEMORY_TOTAL] > host->value[BRIM_METRIC_MEMORY_USED]);
    for (int i = 0; i < sample->process_count; i++)
        own = own || (sample->processes[i].pid == getpid() && sample->processes[i].host_memory_bytes > 0 &&
                      strcmp(sample->processes[i].name, "test_monitor") == 0);
    assert_true(own);
    brim_monitor_close(&monitor);
    brim_monitor_close(&monitor);
    assert_ok(brim_monitor_open(&monitor, &(BrimMonitorOptions){.no_processes = true}));
    assert_ok(brim_monitor_sample(monitor, &sample));
    assert_int_equal(sample->process_count, 0);
    brim_monitor_close(&monitor);
}

static const char *small_machine(void)
{
    const char *root = new_tree();
    plant("/proc/meminfo", "MemTotal: 100 kB\nMemAvailable: 50 kB\n");
    plant("/proc/stat", "cpu  1 2 3 4 5\n");
    for (int pid = 1; pid <= 5; pid++) {
        char path[32];
        snprintf(path, sizeof path, "/proc/%d/stat", pid);
        plant(path, "%d (p%d) S 0 1 1 0 -1 0 0 0 0 0 30 12 4 3 20 0 1 0 999 123456 1%d 1\n", pid, pid, pid);
    }
    return root;
}

static void nothing_is_held_behind(void **state)
{
    (void)state;
    enum { SAMPLES = 10000, SETTLED = 100 };
    BrimMonitor *monitor = NULL;
    const BrimMonitorSample *sample;
    const BrimVendorPlaces places = {.root = small_machine(), .nvml_library = "/no/where"};
    size_t before = brim_mem_held_bytes(BRIM_MEM_TAG_COUNT), settled = 0;
    uint64_t takes = 0;
    assert_ok(brim_monitor_open_at(&monitor, &(BrimMonitorOptions){.pid = 0}, &places));
    for (int i = 0; i < SAMPLES; i++) {
        assert_ok(brim_monitor_sample(monitor, &sample));
        if (i == SETTLED) {
            settled = brim_mem_held_bytes(BRIM_MEM_TAG_COUNT);
            takes = brim_mem_takes();
        }
    }
    assert_int_equal(sample->process_count, 5);
    assert_int_equal(brim_mem_held_bytes(BRIM_MEM_TAG_COUNT), settled);
    assert_true(brim_mem_takes() == takes);
    brim_monitor_close(&monitor);
    assert_int_equal(brim_mem_held_bytes(BRIM_MEM_TAG_COUNT), before);
}

/* As above with a second between samples, so that each of them looks for processes and reads what changes
 * slowly. */
static void nothing_is_held_behind_by_scans(void **state)
{
    (void)state;
    enum { SAMPLES = 10000, SETTLED = 10 };
    BrimVendorState *host = NULL;
    BrimProcesses *processes = NULL;
    BrimDraft draft = {.devices = NULL};
    const char *root = small_machine();
    size_t before = brim_mem_held_bytes(BRIM_MEM_TAG_COUNT), settled = 0;
    assert_ok(brim_vendor_host.open(&host, &(BrimVendorPlaces){.root = root}));
    assert_ok(brim_processes_open(&processes, root));
    for (int i = 0; i < SAMPLES; i++) {
        brim_draft_restart(&draft, 0, i * INT64_C(1000000000));
        assert_ok(brim_vendor_host.sample(host, &draft));
        assert_ok(brim_processes_fill(processes, &draft));
        if (i == SETTLED)
            settled = brim_mem_held_bytes(BRIM_MEM_TAG_COUNT);
    }
    assert_int_equal(draft.process_count, 5);
    assert_int_equal(brim_mem_held_bytes(BRIM_MEM_TAG_COUNT), settled);
    brim_draft_clear(&draft);
    brim_processes_close(&processes);
    brim_vendor_host.close(&host);
    assert_int_equal(brim_mem_held_bytes(BRIM_MEM_TAG_COUNT), before);
}

/* Every block that opening and two samples take is refused once. */
static void without_memory_it_says_so(void **state)
{
    (void)state;
    const BrimVendorPlaces places = {.root = small_machine(), .nvml_library = "/no/where"};
    size_t before = brim_mem_held_bytes(BRIM_MEM_TAG_COUNT);
    BrimStatus status = BRIM_ERROR_MEMORY;
    int refusals = 0;
    for (uint64_t nth = 1; status != BRIM_OK; nth++) {
        BrimMonitor *monitor = NULL;
        const BrimMonitorSample *sample;
        brim_mem_fail_at(nth);
        status = brim_monitor_open_at(&monitor, &(BrimMonitorOptions){.pid = 1}, &places);
        if (status == BRIM_OK)
            status = brim_monitor_sample(monitor, &sample);
        if (status == BRIM_OK)
            status = brim_monitor_sample(monitor, &sample);
        brim_mem_fail_at(0);
        assert_true(status == BRIM_OK || status == BRIM_ERROR_MEMORY);
        refusals += status != BRIM_OK;
        brim_monitor_close(&monitor);
        assert_int_equal(brim_mem_held_bytes(BRIM_MEM_TAG_COUNT), before);
    }
    assert_true(refusals >= 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(this_machine_is_seen),
        cmocka_unit_test(nothing_is_held_behind),
        cmocka_unit_test(nothing_is_held_behind_by_scans),
        cmocka_unit_test(without_memory_it_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
