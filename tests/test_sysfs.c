/* Cards of AMD and Intel from recorded trees of /sys: every figure exact, what is missing unknown and nothing
 * else. */
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "monitor/monitor.h"
#include "monitor/pci_ids.h"
#include "support/gpu_tree.h"

#define M(name, value)                                                                                       \
    {                                                                                                        \
        BRIM_METRIC_##name, value                                                                            \
    }
#define EXPECT(device, list) assert_figures(device, list, (int)(sizeof list / sizeof *list))

static const GpuFigure rx6800[] = {M(MEMORY_TOTAL, 17163091968.0),
                                   M(MEMORY_USED, 4817158144.0),
                                   M(MEMORY_FREE, 12345933824.0),
                                   M(SHARED_TOTAL, 16713347072.0),
                                   M(SHARED_USED, 186527744.0),
                                   M(UTILIZATION, 87),
                                   M(MEMORY_BUSY, 41),
                                   M(TEMPERATURE, 54),
                                   M(MEMORY_TEMPERATURE, 62),
                                   M(POWER, 187),
                                   M(POWER_LIMIT, 203),
                                   M(CLOCK, 2104e6),
                                   M(CLOCK_MOST, 2475e6),
                                   M(MEMORY_CLOCK, 1000e6),
                                   M(MEMORY_CLOCK_MOST, 1000e6),
                                   M(FAN, 40),
                                   M(PCIE_GENERATION, 3),
                                   M(PCIE_LANES, 8)};

static const GpuFigure cezanne[] = {M(MEMORY_TOTAL, 536870912.0),
                                    M(MEMORY_USED, 402653184.0),
                                    M(MEMORY_FREE, 134217728.0),
                                    M(SHARED_TOTAL, 15570935808.0),
                                    M(SHARED_USED, 83886080.0),
                                    M(UTILIZATION, 3),
                                    M(TEMPERATURE, 38),
                                    M(POWER, 9.5),
                                    M(CLOCK, 200e6),
                                    M(CLOCK_MOST, 2000e6),
                                    M(MEMORY_CLOCK, 1600e6),
                                    M(MEMORY_CLOCK_MOST, 1600e6),
                                    M(PCIE_GENERATION, 3),
                                    M(PCIE_LANES, 16)};

static const BrimDeviceSample *device_of(const BrimMonitorSample *sample, const char *vendor)
{
    for (int i = 0; i < sample->device_count; i++)
        if (strcmp(sample->devices[i].vendor, vendor) == 0)
            return &sample->devices[i];
    fail_msg("no device of %s", vendor);
    return NULL;
}

static const char *unpacked(const char *name)
{
    const char *root = tree_root();
    Tree tree = tree_load(name);
    tree_unpack(&tree, root);
    tree_free(&tree);
    return root;
}

static void assert_identity(const BrimDeviceSample *device, int index, const char *id, const char *name,
                            const char *driver)
{
    assert_int_equal(device->index, index);
    assert_string_equal(device->id, id);
    assert_string_equal(device->name, name);
    assert_string_equal(device->driver, driver);
    assert_string_equal(device->trouble, "");
    assert_int_equal(device->parent, -1);
    assert_false(device->lost);
}

static void test_rx6800(void **state)
{
    const char *root = unpacked("rx6800");
    BrimMonitor *monitor;
    const BrimMonitorSample *sample;
    (void)state;
    assert_ok(
        brim_monitor_open_at(&monitor, &(BrimMonitorOptions){.pid = 0}, &(BrimVendorPlaces){.root = root}));
    for (int i = 0; i < 2; i++) {
        assert_ok(brim_monitor_sample(monitor, &sample));
        const BrimDeviceSample *device = device_of(sample, "amd");
        assert_identity(device, 1, "0000:0b:00.0", "AMD GPU [1002:73bf]", "amdgpu 6.8.0-45-generic");
        EXPECT(device, rx6800);
    }
    brim_monitor_close(&monitor);
}

static void test_cezanne(void **state)
{
    GpuTree tree = gpu_tree_open(&brim_vendor_amd, unpacked("cezanne"));
    (void)state;
    gpu_tree_sample(&tree, 1000);
    assert_identity(tree.draft.devices, 0, "0000:30:00.0", "AMD GPU [1002:1638]", "amdgpu 6.12.9-arch1-1");
    EXPECT(tree.draft.devices, cezanne);
    assert_int_equal(tree.draft.process_count, 0);
    gpu_tree_close(&tree);
}

/* Energy and engine times become power and utilization from the second sample on. */
static void test_arc_a770(void **state)
{
    static const GpuFigure first[] = {M(MEMORY_USED, (40 + 5090 + 40) * 1048576.0),
                                      M(SHARED_USED, 24 * 1048576.0),
                                      M(TEMPERATURE, 47),
                                      M(POWER_LIMIT, 190),
                                      M(ENERGY, 5000),
                                      M(CLOCK, 2400e6),
                                      M(CLOCK_MOST, 2450e6),
                                      M(PCIE_GENERATION, 4),
                                      M(PCIE_LANES, 16)};
    static const GpuFigure second[] = {M(MEMORY_USED, (40 + 5090 + 40) * 1048576.0),
                                       M(SHARED_USED, 24 * 1048576.0),
                                       M(UTILIZATION, 0),
                                       M(TEMPERATURE, 47),
                                       M(POWER, 150),
                                       M(POWER_LIMIT, 190),
                                       M(ENERGY, 5075),
                                       M(CLOCK, 2400e6),
                                       M(CLOCK_MOST, 2450e6),
                                       M(PCIE_GENERATION, 4),
                                       M(PCIE_LANES, 16)};
    const char *root = unpacked("arc_a770");
    const char *energy = "sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/0000:02:01.0/0000:03:00.0/hwmon/"
                         "hwmon6/energy1_input";
    GpuTree tree = gpu_tree_open(&brim_vendor_intel, root);
    (void)state;
    gpu_tree_sample(&tree, 1000);
    assert_identity(tree.draft.devices, 0, "0000:03:00.0", "Intel GPU [8086:56a0]", "i915 6.14.0-rc3");
    EXPECT(tree.draft.devices, first);
    tree_write(root, energy, "5075000000\n");
    gpu_tree_sample(&tree, 1500);
    EXPECT(tree.draft.devices, second);
    /* the counter falls back, goes on from there, and jumps */
    static const char *const counters[] = {"1000000\n", "3000000\n", "900000000000\n"};
    static const double watts[] = {NAN, 4, NAN};
    for (int i = 0; i < 3; i++) {
        tree_write(root, energy, counters[i]);
        gpu_tree_sample(&tree, 2000 + 500 * i);
        double got = tree.draft.devices->value[BRIM_METRIC_POWER];
        assert_true(isnan(watts[i]) ? isnan(got) : got == watts[i]);
    }
    gpu_tree_close(&tree);
}

static void test_arc_b580(void **state)
{
    static const GpuFigure figures[] = {M(MEMORY_TOTAL, 12884901888.0),
                                        M(MEMORY_USED, 1500 * 1048576.0),
                                        M(SHARED_USED, 192 * 1024.0),
                                        M(TEMPERATURE, 66),
                                        M(MEMORY_TEMPERATURE, 72),
                                        M(POWER_LIMIT, 240),
                                        M(ENERGY, 90000),
                                        M(CLOCK, 2850e6),
                                        M(CLOCK_MOST, 2850e6),
                                        M(PCIE_GENERATION, 4),
                                        M(PCIE_LANES, 8)};
    GpuTree tree = gpu_tree_open(&brim_vendor_intel, unpacked("arc_b580"));
    (void)state;
    gpu_tree_sample(&tree, 1000);
    assert_identity(tree.draft.devices, 1, "0000:03:00.0", "Intel GPU [8086:e20b]", "xe 6.17.0-5-generic");
    EXPECT(tree.draft.devices, figures);
    gpu_tree_close(&tree);
}

static void test_uhd630(void **state)
{
    static const GpuFigure figures[] = {M(CLOCK, 0), M(CLOCK_MOST, 1200e6)};
    GpuTree tree = gpu_tree_open(&brim_vendor_intel, unpacked("uhd630"));
    (void)state;
    gpu_tree_sample(&tree, 1000);
    assert_identity(tree.draft.devices, 0, "0000:00:02.0", "Intel GPU [8086:3e92]", "i915 6.1.0-26-amd64");
    EXPECT(tree.draft.devices, figures);
    gpu_tree_close(&tree);
}

/* A Radeon on card1 and a UHD on card0 of one machine: AMD first, each with its own figures and processes. */
static void test_two_makers(void **state)
{
    const char *root = unpacked("rx6800");
    Tree second = tree_load("uhd630");
    BrimMonitor *monitor;
    const BrimMonitorSample *sample;
    (void)state;
    for (int i = 0; i < second.count; i++) /* its render node is the second now */
        if (strcmp(second.entries[i].content, "/dev/dri/renderD128") == 0)
            strcpy(second.entries[i].content, "/dev/dri/renderD129");
    tree_unpack(&second, root);
    tree_remove(root, "sys/devices/pci0000:00/0000:00:02.0/drm/renderD128");
    tree_write(root, "sys/devices/pci0000:00/0000:00:02.0/drm/renderD129/dev", "226:129\n");
    assert_ok(
        brim_monitor_open_at(&monitor, &(BrimMonitorOptions){.pid = 0}, &(BrimVendorPlaces){.root = root}));
    assert_ok(brim_monitor_sample(monitor, &sample));
    const BrimDeviceSample *amd = device_of(sample, "amd"), *intel = device_of(sample, "intel");
    assert_true(amd < intel);
    EXPECT(amd, rx6800);
    assert_string_equal(intel->id, "0000:00:02.0");
    int of_amd = 0, of_intel = 0;
    for (int i = 0; i < sample->process_count; i++) {
        of_amd += &sample->devices[sample->processes[i].device] == amd;
        of_intel += &sample->devices[sample->processes[i].device] == intel;
    }
    assert_int_equal(of_amd, 1);
    assert_int_equal(of_intel, 2);
    brim_monitor_close(&monitor);
    tree_free(&second);
}

/* The card's own name, then the lists: libdrm's by revision, then PCI's by what is printed on the box. */
static void test_names(void **state)
{
    static const struct {
        const char *path, *content, *name;
    } steps[] = {
        {"usr/share/misc/pci.ids", "1002  AMD\n\t73bf  Navi 21\n", "AMD Navi 21"},
        {"usr/share/hwdata/pci.ids", "1002  AMD\n\t73bf  Navi 21 [Radeon RX 6800/6800 XT / 6900 XT]\n",
         "AMD Radeon RX 6800/6800 XT / 6900 XT"},
        {"usr/share/libdrm/amdgpu.ids", "73BF,\tC1,\tAMD Radeon RX 6800 XT\n",
         "AMD Radeon RX 6800/6800 XT / 6900 XT"},
        {"usr/share/libdrm/amdgpu.ids", "73BF,\tC3,\tAMD Radeon RX 6800\n", "AMD Radeon RX 6800"},
        {"sys/class/drm/card1/device/product_name", "AMD Instinct MI\t210\n", "AMD Instinct MI?210"},
    };
    const char *root = unpacked("rx6800");
    (void)state;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        tree_write(root, steps[i].path, steps[i].content);
        GpuTree tree = gpu_tree_open(&brim_vendor_amd, root);
        gpu_tree_sample(&tree, 1000);
        assert_string_equal(tree.draft.devices->name, steps[i].name);
        gpu_tree_close(&tree);
    }
    tree_write(root, "sys/module/amdgpu/version", "6.10.5\n");
    GpuTree tree = gpu_tree_open(&brim_vendor_amd, root);
    gpu_tree_sample(&tree, 1000);
    assert_string_equal(tree.draft.devices->driver, "amdgpu 6.10.5");
    gpu_tree_close(&tree);
}

static void test_nothing_here(void **state)
{
    const char *root = tree_root();
    (void)state;
    for (int i = 0; i < 2; i++) {
        GpuTree amd = gpu_tree_open(&brim_vendor_amd, root), intel = gpu_tree_open(&brim_vendor_intel, root);
        assert_null(amd.state);
        assert_null(intel.state);
        /* a card of another driver, and things that only look like cards */
        tree_write(root, "sys/class/drm/card0/device/uevent", "DRIVER=nvidia\nPCI_SLOT_NAME=0000:01:00.0\n");
        tree_write(root, "sys/class/drm/card/device/uevent", "DRIVER=amdgpu\n");
        tree_write(root, "sys/class/drm/card1-DP-1/device/uevent", "DRIVER=amdgpu\n");
        tree_write(root, "sys/class/drm/card-1/device/uevent", "DRIVER=i915\n");
    }
}

static void test_gone_and_back(void **state)
{
    const char *root = unpacked("rx6800"), *card = "sys/class/drm/card1";
    const char *bus_gpu_busy =
        "sys/devices/pci0000:00/0000:00:03.1/0000:09:00.0/0000:0a:00.0/0000:0b:00.0/gpu_busy_percent";
    GpuTree tree = gpu_tree_open(&brim_vendor_amd, root);
    (void)state;
    gpu_tree_sample(&tree, 1000);
    EXPECT(tree.draft.devices, rx6800);
    tree_remove(root, card);
    for (int i = 1; i < 3; i++) {
        gpu_tree_sample(&tree, 1000 + 2000 * i);
        assert_int_equal(tree.draft.device_count, 1);
        assert_true(tree.draft.devices->lost);
        assert_string_equal(tree.draft.devices->id, "0000:0b:00.0");
        assert_string_equal(tree.draft.devices->trouble, "gone: /sys/class/drm/card1 is not there any more");
        assert_figures(tree.draft.devices, NULL, 0);
        assert_int_equal(tree.draft.process_count, 0);
    }
    /* another card has the number now: still gone */
    tree_write(root, "sys/class/drm/card1/device/uevent",
               "DRIVER=amdgpu\nPCI_ID=1002:744C\nPCI_SLOT_NAME=0000:0b:00.0\n");
    gpu_tree_sample(&tree, 7000);
    assert_true(tree.draft.devices->lost);
    tree_remove(root, card);
    tree_link(root, card,
              "../../devices/pci0000:00/0000:00:03.1/0000:09:00.0/0000:0a:00.0/0000:0b:00.0/drm/card1");
    /* back, with files of its own that are not the ones from before */
    tree_remove(root, bus_gpu_busy);
    tree_write(root, bus_gpu_busy, "88\n");
    gpu_tree_sample(&tree, 9000);
    assert_false(tree.draft.devices->lost);
    assert_true(tree.draft.devices->value[BRIM_METRIC_UTILIZATION] == 88);
    tree_write(root, bus_gpu_busy, "87\n");
    gpu_tree_sample(&tree, 9100);
    EXPECT(tree.draft.devices, rx6800);
    assert_int_equal(tree.draft.process_count, 1);
    gpu_tree_close(&tree);
}

/* Asleep: known by name, and nothing of it is read but that. */
static void test_asleep(void **state)
{
    const char *root = unpacked("arc_b580");
    const char *power = "sys/devices/pci0000:00/0000:00:01.0/0000:03:00.0/power/runtime_status";
    (void)state;
    tree_write(root, power, "suspended\n");
    GpuTree tree = gpu_tree_open(&brim_vendor_intel, root);
    gpu_tree_sample(&tree, 1000);
    assert_string_equal(tree.draft.devices->trouble, "asleep");
    assert_string_equal(tree.draft.devices->id, "0000:03:00.0");
    assert_false(tree.draft.devices->lost);
    assert_figures(tree.draft.devices, NULL, 0);
    assert_int_equal(tree.draft.process_count, 0);
    tree_write(root, power, "active\n");
    gpu_tree_sample(&tree, 1100);
    assert_string_equal(tree.draft.devices->trouble, "");
    assert_true(tree.draft.devices->value[BRIM_METRIC_TEMPERATURE] == 66);
    assert_true(isnan(tree.draft.devices->value[BRIM_METRIC_POWER]));
    tree_write(root, power, "suspending\n");
    gpu_tree_sample(&tree, 1200);
    assert_string_equal(tree.draft.devices->trouble, "asleep");
    /* no power from before the sleep */
    tree_write(root, power, "active\n");
    gpu_tree_sample(&tree, 1300);
    assert_true(isnan(tree.draft.devices->value[BRIM_METRIC_POWER]));
    gpu_tree_sample(&tree, 1400);
    assert_true(tree.draft.devices->value[BRIM_METRIC_POWER] == 0);
    gpu_tree_close(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rx6800),       cmocka_unit_test(test_cezanne),
        cmocka_unit_test(test_arc_a770),     cmocka_unit_test(test_arc_b580),
        cmocka_unit_test(test_uhd630),       cmocka_unit_test(test_two_makers),
        cmocka_unit_test(test_nothing_here), cmocka_unit_test(test_names),
        cmocka_unit_test(test_asleep),       cmocka_unit_test(test_gone_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
