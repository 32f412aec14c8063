/* Recorded trees with something wrong: each file missing in turn, each with garbage in turn, each allocation
 * failing in turn. Nothing may leak, nothing be made up. */
#include "support/support.h"

#include <ctype.h>
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "monitor/monitor.h"
#include "support/gpu_tree.h"

static const struct {
    const char *listing;
    const BrimVendor *vendor;
} trees[] = {{"rx6800", &brim_vendor_amd},
             {"cezanne", &brim_vendor_amd},
             {"arc_a770", &brim_vendor_intel},
             {"arc_b580", &brim_vendor_intel},
             {"uhd630", &brim_vendor_intel}};
enum { TREES = sizeof trees / sizeof trees[0] };

static int open_descriptors(void)
{
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (folder && readdir(folder))
        count++;
    if (folder)
        closedir(folder);
    return count;
}

static void put_back(const Tree *tree, int entry, const char *root)
{
    (tree->entries[entry].link ? tree_link : tree_write)(root, tree->entries[entry].path,
                                                         tree->entries[entry].content);
}

/* Two samples of a device; false where the vendor does not see it. */
static bool look(const BrimVendor *vendor, const char *root, BrimDeviceSample *device, int *processes)
{
    GpuTree tree = gpu_tree_open(vendor, root);
    gpu_tree_sample(&tree, 1000);
    gpu_tree_sample(&tree, 2000);
    bool seen = tree.draft.device_count == 1;
    if (seen)
        *device = tree.draft.devices[0];
    *processes = tree.draft.process_count;
    gpu_tree_close(&tree);
    return seen;
}

/* Files of the RX 6800 whose loss is seen, and what is known then; any other may go without a trace. */
static const struct {
    const char *file;
    BrimMetric metric;
    double left;
} losses[] = {
    {"mem_info_vram_total", BRIM_METRIC_MEMORY_TOTAL, NAN},
    {"mem_info_vram_total", BRIM_METRIC_MEMORY_FREE, NAN},
    {"mem_info_vram_used", BRIM_METRIC_MEMORY_USED, NAN},
    {"mem_info_vram_used", BRIM_METRIC_MEMORY_FREE, NAN},
    {"mem_info_gtt_total", BRIM_METRIC_SHARED_TOTAL, NAN},
    {"mem_info_gtt_used", BRIM_METRIC_SHARED_USED, NAN},
    {"gpu_busy_percent", BRIM_METRIC_UTILIZATION, NAN},
    {"mem_busy_percent", BRIM_METRIC_MEMORY_BUSY, NAN},
    {"temp1_input", BRIM_METRIC_TEMPERATURE, NAN},
    {"temp3_input", BRIM_METRIC_MEMORY_TEMPERATURE, NAN},
    {"temp3_label", BRIM_METRIC_MEMORY_TEMPERATURE, NAN},
    {"power1_average", BRIM_METRIC_POWER, NAN},
    {"power1_cap", BRIM_METRIC_POWER_LIMIT, NAN},
    {"freq1_input", BRIM_METRIC_CLOCK, 2105e6}, /* the level that pp_dpm_sclk marks */
    {"pp_dpm_sclk", BRIM_METRIC_CLOCK_MOST, NAN},
    {"pp_dpm_mclk", BRIM_METRIC_MEMORY_CLOCK_MOST, NAN},
    {"0000:09:00.0/current_link_speed", BRIM_METRIC_PCIE_GENERATION, NAN},
    {"0000:09:00.0/current_link_width", BRIM_METRIC_PCIE_LANES, NAN},
    /* the switch is not known as the card's own: the link behind it is taken */
    {"0000:09:00.0/vendor", BRIM_METRIC_PCIE_GENERATION, 4},
    {"0000:09:00.0/vendor", BRIM_METRIC_PCIE_LANES, 16},
    {"0000:09:00.0/class", BRIM_METRIC_PCIE_GENERATION, 4},
    {"0000:09:00.0/class", BRIM_METRIC_PCIE_LANES, 16},
    {"0000:0a:00.0/vendor", BRIM_METRIC_PCIE_GENERATION, 4},
    {"0000:0a:00.0/vendor", BRIM_METRIC_PCIE_LANES, 16},
    {"0000:0a:00.0/class", BRIM_METRIC_PCIE_GENERATION, 4},
    {"0000:0a:00.0/class", BRIM_METRIC_PCIE_LANES, 16},
    /* the switch is the topmost device that is known: it could be the machine's */
    {"0000:00:03.1/vendor", BRIM_METRIC_PCIE_GENERATION, 4},
    {"0000:00:03.1/vendor", BRIM_METRIC_PCIE_LANES, 16},
};

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

static void assert_loss(const char *path, const BrimDeviceSample *whole, const BrimDeviceSample *now)
{
    for (int i = 0; i < BRIM_METRIC_COUNT; i++) {
        double expected = whole->value[i];
        for (size_t j = 0; j < sizeof losses / sizeof losses[0]; j++)
            if (ends_with(path, losses[j].file) && (int)losses[j].metric == i)
                expected = losses[j].left;
        if (isnan(expected) ? !isnan(now->value[i]) : now->value[i] != expected)
            fail_msg("without %s, %s is %g, not %g", path, brim_metric_key((BrimMetric)i), now->value[i],
                     expected);
    }
}

static void test_missing_exactly(void **state)
{
    const char *root = tree_root();
    Tree tree = tree_load("rx6800");
    BrimDeviceSample whole, now;
    int processes, gone = 0;
    (void)state;
    tree_unpack(&tree, root);
    assert_true(look(&brim_vendor_amd, root, &whole, &processes));
    for (int i = 0; i < tree.count; i++) {
        const char *path = tree.entries[i].path;
        tree_remove(root, path);
        bool seen = look(&brim_vendor_amd, root, &now, &processes);
        /* Without these two there is no card. */
        assert_int_equal(seen, !ends_with(path, "drm/card1") && !ends_with(path, "drm/card1/device"));
        gone += !seen;
        if (seen)
            assert_loss(path, &whole, &now);
        put_back(&tree, i, root);
    }
    assert_int_equal(gone, 2);
    tree_free(&tree);
}

/* Of the others: what changes becomes unknown, or comes from its second source; and the card stays who it is.
 */
static void test_missing(void **state)
{
    static const BrimMetric second_source[] = {
        BRIM_METRIC_CLOCK,      BRIM_METRIC_POWER_LIMIT, BRIM_METRIC_PCIE_GENERATION, BRIM_METRIC_PCIE_LANES,
        BRIM_METRIC_ENERGY,     BRIM_METRIC_TEMPERATURE, BRIM_METRIC_MEMORY_USED,     BRIM_METRIC_SHARED_USED,
        BRIM_METRIC_UTILIZATION /* 0: nobody holds the card */};
    (void)state;
    for (int t = 0; t < TREES; t++) {
        const char *root = tree_root();
        Tree tree = tree_load(trees[t].listing);
        BrimDeviceSample whole, now;
        int processes, fewer;
        tree_unpack(&tree, root);
        assert_true(look(trees[t].vendor, root, &whole, &processes));
        for (int i = 0; i < tree.count; i++) {
            tree_remove(root, tree.entries[i].path);
            if (look(trees[t].vendor, root, &now, &fewer)) {
                assert_string_equal(now.id, whole.id);
                assert_true(fewer <= processes && !now.lost);
                for (int m = 0; m < BRIM_METRIC_COUNT; m++) {
                    bool other = !isnan(now.value[m]) && now.value[m] != whole.value[m];
                    for (size_t s = 0; s < sizeof second_source / sizeof second_source[0]; s++)
                        other &= second_source[s] != (BrimMetric)m;
                    if (other)
                        fail_msg("%s without %s: %s is %g, not %g", trees[t].listing, tree.entries[i].path,
                                 brim_metric_key((BrimMetric)m), now.value[m], whole.value[m]);
                }
            }
            put_back(&tree, i, root);
        }
        tree_free(&tree);
    }
}

static void assert_sound(const char *path, const char *garbage, const BrimDeviceSample *device)
{
    for (int m = 0; m < BRIM_METRIC_COUNT; m++) {
        double value = device->value[m];
        bool percent = strstr(brim_metric_key((BrimMetric)m), "percent");
        bool celsius = strstr(brim_metric_key((BrimMetric)m), "celsius");
        if (isinf(value) || value < (celsius ? -100 : 0) || (percent && value > 100))
            fail_msg("\"%.20s\" in %s makes %s %g", garbage, path, brim_metric_key((BrimMetric)m), value);
    }
    for (const char *text = device->trouble; *text; text++)
        assert_false(iscntrl((unsigned char)*text));
    for (const char *text = device->name; *text; text++)
        assert_false(iscntrl((unsigned char)*text));
}

static void test_garbage(void **state)
{
    static char nines[6000];
    const char *garbage[] = {
        "",      "\n",           "garbage\n", "-1\n",       "-999999999999\n", "99999999999999999999\n",
        "0x1\n", "nan\n",        "1e400\n",   "\x01\xff\n", ":::\n-\n=\n*",    "\n\n0: *\n: 5Mhz *\n",
        "101\n", "4294967296\n", nines};
    int descriptors = open_descriptors();
    size_t held = brim_mem_held_bytes(BRIM_MEM_OTHER);
    (void)state;
    memset(nines, '9', sizeof nines - 1);
    for (int t = 0; t < TREES; t++) {
        const char *root = tree_root();
        Tree tree = tree_load(trees[t].listing);
        size_t loaded = brim_mem_held_bytes(BRIM_MEM_OTHER);
        tree_unpack(&tree, root);
        for (int i = 0; i < tree.count; i++) {
            for (size_t g = 0; g < sizeof garbage / sizeof garbage[0] && !tree.entries[i].link; g++) {
                BrimDeviceSample device = {.parent = -1};
                int processes;
                tree_write(root, tree.entries[i].path, garbage[g]);
                if (look(trees[t].vendor, root, &device, &processes))
                    assert_sound(tree.entries[i].path, garbage[g], &device);
                assert_int_equal(brim_mem_held_bytes(BRIM_MEM_OTHER), loaded);
            }
            put_back(&tree, i, root);
        }
        tree_free(&tree);
    }
    assert_int_equal(open_descriptors(), descriptors);
    assert_int_equal(brim_mem_held_bytes(BRIM_MEM_OTHER), held);
}

/* A figure that is there and makes no sense is named. */
static void test_trouble(void **state)
{
    static const struct {
        const char *file, *text, *trouble;
    } cases[] = {{"gpu_busy_percent", "busy\n", "gpu_busy_percent: no number where one should be"},
                 {"gpu_busy_percent", "101\n", "gpu_busy_percent: 101 is out of range"},
                 {"mem_info_vram_used", "-5\n", "mem_info_vram_used: -5 is out of range"},
                 {"hwmon/hwmon4/power1_cap", "0\n", ""}, /* switched off */
                 {"current_link_speed", "Unknown speed\n", ""}};
    const char *bus = "sys/devices/pci0000:00/0000:00:03.1/0000:09:00.0/0000:0a:00.0/0000:0b:00.0/";
    Tree tree = tree_load("rx6800");
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *root = tree_root();
        char path[256];
        BrimDeviceSample device;
        int processes;
        tree_unpack(&tree, root);
        snprintf(path, sizeof path, "%s%s", bus, cases[i].file);
        tree_write(root, path, cases[i].text);
        assert_true(look(&brim_vendor_amd, root, &device, &processes));
        assert_string_equal(device.trouble, cases[i].trouble);
    }
    tree_free(&tree);
}

/* Open and two samples of both makers' cards, with lists of names; false when memory ran out. */
static bool whole_run(const char *root)
{
    const BrimMonitorOptions options = {.pid = 0};
    BrimMonitor *monitor = NULL;
    const BrimMonitorSample *sample;
    BrimStatus status = brim_monitor_open_at(&monitor, &options, &(BrimVendorPlaces){.root = root});
    for (int i = 0; i < 2 && status == BRIM_OK; i++)
        status = brim_monitor_sample(monitor, &sample);
    if (status == BRIM_OK) {
        assert_true(sample->device_count >= 2);
        int on_cards = 0; /* and not on the host */
        for (int i = 0; i < sample->process_count; i++)
            on_cards += strcmp(sample->devices[sample->processes[i].device].vendor, "host") != 0;
        assert_int_equal(on_cards, 3);
    } else {
        assert_int_equal(status, BRIM_ERROR_MEMORY);
    }
    brim_monitor_close(&monitor);
    return status == BRIM_OK;
}

static void test_allocations(void **state)
{
    const char *root = tree_root();
    Tree amd = tree_load("rx6800"), intel = tree_load("uhd630");
    int descriptors = open_descriptors(), nth = 0;
    bool done = false;
    (void)state;
    tree_unpack(&amd, root);
    tree_unpack(&intel, root);
    tree_write(root, "usr/share/hwdata/pci.ids", "1002  AMD\n\t73bf  Navi 21 [RX 6800]\n");
    tree_write(root, "usr/share/libdrm/amdgpu.ids", "1.0.0\n");
    size_t held = brim_mem_held_bytes(BRIM_MEM_OTHER);
    while (!done && nth < 1000) {
        brim_mem_fail_at((uint64_t)++nth);
        done = whole_run(root);
        brim_mem_fail_at(0);
        assert_int_equal(brim_mem_held_bytes(BRIM_MEM_OTHER), held);
        assert_int_equal(open_descriptors(), descriptors);
    }
    assert_true(done && nth > 10);
    tree_free(&amd);
    tree_free(&intel);
}

/* Sample after sample takes nothing more. */
static void test_flat(void **state)
{
    const char *root = tree_root();
    Tree tree = tree_load("arc_a770");
    (void)state;
    tree_unpack(&tree, root);
    GpuTree gpu = gpu_tree_open(&brim_vendor_intel, root);
    for (int i = 0; i < 20; i++)
        gpu_tree_sample(&gpu, 1000 + 100 * i);
    uint64_t takes = brim_mem_takes();
    int descriptors = open_descriptors();
    for (int i = 20; i < 2000; i++)
        gpu_tree_sample(&gpu, 1000 + 100 * i);
    assert_int_equal(brim_mem_takes(), takes);
    assert_int_equal(open_descriptors(), descriptors);
    gpu_tree_close(&gpu);
    tree_free(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_missing_exactly), cmocka_unit_test(test_missing),
        cmocka_unit_test(test_garbage),         cmocka_unit_test(test_trouble),
        cmocka_unit_test(test_allocations),     cmocka_unit_test(test_flat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
