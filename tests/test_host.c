/* The host vendor on trees of /proc and /sys: every figure, and what becomes of those whose files are
 * missing, wrong, or begin again. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/host_load.h"
#include "monitor/host_sensors.h"
#include "monitor/vendor.h"
#include "support/support.h"
#include "support/plant.h"

static const int64_t second_ns = 1000000000;

static BrimVendorState *host;
static BrimDraft draft;

static void open_host(const char *root)
{
    assert_ok(brim_vendor_host.open(&host, &(BrimVendorPlaces){.root = root}));
}

/* The host's device at that second. */
static const BrimDeviceSample *sample_at(double seconds)
{
    brim_draft_restart(&draft, 0, (int64_t)(seconds * 1e9) + second_ns);
    assert_ok(brim_vendor_host.sample(host, &draft));
    assert_int_equal(draft.device_count, 1);
    return &draft.devices[0];
}

static void close_host(void)
{
    if (host)
        brim_vendor_host.close(&host);
    brim_draft_clear(&draft);
}

/* A machine with two cores. */
static const char *two_cores(void)
{
    const char *root = new_tree();
    plant("/proc/cpuinfo",
          "processor\t: 0\nmodel\t\t: 85\nmodel name\t: Some Processor @ 2.0GHz\ncpu MHz\t\t: 2000.5\n\n"
          "processor\t: 1\nmodel name\t: Some Processor @ 2.0GHz\ncpu MHz\t\t: 2001.5\n");
    plant("/proc/sys/kernel/hostname", "burrow\n");
    plant("/proc/sys/kernel/osrelease", "6.1.0-13-amd64\n");
    plant("/proc/meminfo", "MemTotal:       16000000 kB\nMemFree:  1000000 kB\nMemAvailable:   12000000 kB\n"
                           "SwapCached: 5 kB\nSwapTotal:  2000000 kB\nSwapFree: 1500000 kB\n");
    plant("/proc/stat", "cpu  100 0 50 800 50 0 0 0 7 7\ncpu0 1 2 3 4\nintr 1 2 3\n");
    plant("/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "1200000\n");
    plant("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq", "3500000\n");
    plant("/sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq", "1800000\n");
    plant("/sys/devices/system/cpu/cpu1/cpufreq/cpuinfo_max_freq", "3700000\n");
    plant("/sys/class/hwmon/hwmon0/name", "nvme\n");
    plant("/sys/class/hwmon/hwmon0/temp1_input", "99000\n");
    plant("/sys/class/hwmon/hwmon1/name", "coretemp\n");
    plant("/sys/class/hwmon/hwmon1/temp1_input", "47500\n");
    plant("/sys/class/powercap/intel-rapl:0/name", "package-0\n");
    plant("/sys/class/powercap/intel-rapl:0/energy_uj", "5000000\n");
    plant("/sys/class/powercap/intel-rapl:0/max_energy_range_uj", "100000000\n");
    plant("/sys/class/powercap/intel-rapl:1/name", "psys\n");
    plant("/sys/class/powercap/intel-rapl:1/energy_uj", "70000000\n");
    return root;
}

static void every_figure_is_read(void **state)
{
    (void)state;
    open_host(two_cores());
    const BrimDeviceSample *device = sample_at(0);
    assert_string_equal(device->vendor, "host");
    assert_string_equal(device->name, "Some Processor @ 2.0GHz");
    assert_string_equal(device->id, "burrow");
    assert_string_equal(device->driver, "Linux 6.1.0-13-amd64");
    assert_string_equal(device->trouble, "");
    assert_int_equal(device->index, 0);
    assert_int_equal(device->parent, -1);
    assert_true(device->value[BRIM_METRIC_MEMORY_TOTAL] == 16000000.0 * 1024);
    assert_true(device->value[BRIM_METRIC_MEMORY_FREE] == 12000000.0 * 1024);
    assert_true(device->value[BRIM_METRIC_MEMORY_USED] == 4000000.0 * 1024);
    assert_true(device->value[BRIM_METRIC_SHARED_TOTAL] == 2000000.0 * 1024);
    assert_true(device->value[BRIM_METRIC_SHARED_USED] == 500000.0 * 1024);
    assert_true(device->value[BRIM_METRIC_TEMPERATURE] == 47.5);
    assert_true(device->value[BRIM_METRIC_CLOCK] == 1.5e9);
    assert_true(device->value[BRIM_METRIC_CLOCK_MOST] == 3.7e9);
    assert_true(device->value[BRIM_METRIC_ENERGY] == 5);
    assert_true(isnan(device->value[BRIM_METRIC_UTILIZATION]));
    assert_true(isnan(device->value[BRIM_METRIC_POWER]));
    assert_true(isnan(device->value[BRIM_METRIC_FAN]));
    close_host();
}

static void rates_come_with_the_second_sample(void **state)
{
    (void)state;
    open_host(two_cores());
    sample_at(0);
    plant("/proc/stat", "cpu  160 0 70 880 90 0 0 0 9 9\n"); /* 80 of 200 ticks */
    plant("/sys/class/powercap/intel-rapl:0/energy_uj", "35000000\n");
    const BrimDeviceSample *device = sample_at(2);
    assert_true(device->value[BRIM_METRIC_UTILIZATION] == 40);
    assert_true(device->value[BRIM_METRIC_POWER] == 15);
    assert_true(device->value[BRIM_METRIC_ENERGY] == 35);
    close_host();
}

static void a_counter_that_begins_again_goes_on(void **state)
{
    (void)state;
    open_host(two_cores());
    sample_at(0);
    plant("/sys/class/powercap/intel-rapl:0/energy_uj", "95000000\n");
    assert_true(sample_at(1)->value[BRIM_METRIC_POWER] == 90);
    plant("/sys/class/powercap/intel-rapl:0/energy_uj", "15000000\n"); /* 5 J to the end, 15 J more */
    const BrimDeviceSample *device = sample_at(2);
    assert_float_equal(device->value[BRIM_METRIC_POWER], 20, 1e-9);
    assert_float_equal(device->value[BRIM_METRIC_ENERGY], 115, 1e-9);
    uproot("/sys/class/powercap/intel-rapl:0/energy_uj"); /* it stays open */
    assert_true(sample_at(3)->value[BRIM_METRIC_POWER] == 0);
    close_host();
}

static void what_is_missing_is_unknown(void **state)
{
    (void)state;
    const char *root = new_tree();
    plant("/proc/stat", "cpu  1 2 3 4\n");
    open_host(root);
    const BrimDeviceSample *device = sample_at(0);
    assert_non_null(strstr(device->trouble, "/proc/meminfo"));
    for (int i = 0; i < BRIM_METRIC_COUNT; i++)
        assert_true(isnan(device->value[i]));
    assert_string_equal(device->name, "");
    close_host();
    open_host(new_tree());
    assert_null(host); /* no host at all */
}

static void garbage_is_unknown(void **state)
{
    (void)state;
    static const char *const garbage[] = {
        "",
        "\n",
        "cpu",
        "cpu  x y z\n",
        "cpu  -1 -2 -3 -4 -5\n",
        "\xFF\xFE%s",
        "MemTotal: kB\nMemAvailable: 99999999999999999999999 kB\n",
        "MemTotal: 5 kB\nMemAvailable: 7 kB\nSwapTotal: 1 kB\nSwapFree: 2 kB\n"};
    for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++) {
        open_host(two_cores());
        sample_at(0);
        plant("/proc/stat", "%s", garbage[i]);
        plant("/proc/meminfo", "%s", garbage[i]);
        plant("/sys/class/powercap/intel-rapl:0/energy_uj", "%s", garbage[i]);
        plant("/sys/class/hwmon/hwmon1/temp1_input", "%s", garbage[i]);
        plant("/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "%s", garbage[i]);
        plant("/sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq", "%s", garbage[i]);
        plant("/proc/cpuinfo", "%s", garbage[i]);
        const BrimDeviceSample *device = sample_at(2);
        assert_true(isnan(device->value[BRIM_METRIC_UTILIZATION]));
        assert_true(isnan(device->value[BRIM_METRIC_MEMORY_USED]));
        assert_true(isnan(device->value[BRIM_METRIC_SHARED_USED]));
        assert_true(isnan(device->value[BRIM_METRIC_POWER]));
        assert_true(isnan(device->value[BRIM_METRIC_ENERGY]));
        assert_true(isnan(device->value[BRIM_METRIC_TEMPERATURE]));
        assert_true(isnan(device->value[BRIM_METRIC_CLOCK]));
        close_host();
    }
}

static void a_load_needs_time_and_ticks(void **state)
{
    (void)state;
    BrimHostLoad load;
    brim_host_load_open(&load);
    brim_host_load_read(&load, "cpu  10 0 0 10\n", second_ns);
    brim_host_load_read(&load, "cpu  20 0 0 10\n", second_ns + second_ns / 100);
    assert_true(isnan(load.percent)); /* a hundredth of a second has one tick */
    brim_host_load_read(&load, "cpu  13 0 0 11\n", 2 * second_ns);
    assert_true(load.percent == 75);
    brim_host_load_read(&load, "cpu  13 0 0 11\n", 3 * second_ns);
    assert_true(isnan(load.percent)); /* time went by and no tick: it does not count */
    brim_host_load_read(&load, "cpu  10 0 0 21\n", 4 * second_ns);
    assert_true(load.percent == 0);
}

/* Without cpufreq; a file longer than what is read at once, whose lines are cut everywhere. */
static void clocks_come_from_cpuinfo_too(void **state)
{
    (void)state;
    char *text = brim_mem_take(BRIM_MEM_OTHER, 64 * 400, 1), *at = text;
    const char *root = new_tree();
    for (int core = 0; core < 300; core++)
        at += sprintf(at, "processor\t: %d\nflags : some of them\ncpu MHz\t\t: %d.5\n\n", core, 1000 + core);
    plant("/proc/cpuinfo", "%s", text);
    BrimHostClocks clocks = brim_host_clocks(root);
    assert_float_equal(clocks.now_hertz, 1150e6, 1);
    assert_true(isnan(clocks.most_hertz));
    brim_mem_give(text);
}

static void a_cgroup_is_noted(void **state)
{
    (void)state;
    open_host(two_cores());
    plant("/proc/self/cgroup", "0::/box\n");
    plant("/sys/fs/cgroup/box/memory.max", "4294967296\n");
    plant("/sys/fs/cgroup/box/memory.current", "2147483648\n");
    plant("/sys/fs/cgroup/box/memory.stat", "anon 5\ninactive_file 1073741824\n");
    const BrimDeviceSample *device = sample_at(0);
    assert_string_equal(device->trouble,
                        "a cgroup gives brim 4.0 GiB of the memory, and 1.0 GiB of them are in use");
    assert_true(device->value[BRIM_METRIC_MEMORY_TOTAL] == 16000000.0 * 1024);
    plant("/sys/fs/cgroup/box/memory.max", "max\n");
    assert_string_equal(sample_at(2)->trouble, "");
    close_host();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_figure_is_read),
        cmocka_unit_test(rates_come_with_the_second_sample),
        cmocka_unit_test(a_counter_that_begins_again_goes_on),
        cmocka_unit_test(what_is_missing_is_unknown),
        cmocka_unit_test(garbage_is_unknown),
        cmocka_unit_test(a_load_needs_time_and_ticks),
        cmocka_unit_test(clocks_come_from_cpuinfo_too),
        cmocka_unit_test(a_cgroup_is_noted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
