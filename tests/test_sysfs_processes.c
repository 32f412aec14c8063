/* Who holds a card and how busy it kept it: recorded trees of /proc, with counters that the test moves. */
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/gpu_tree.h"

enum { MIB = 1048576 };

static const char *root;

static GpuTree opened(const BrimVendor *vendor, const char *listing)
{
    Tree tree = tree_load(listing);
    root = tree_root();
    tree_unpack(&tree, root);
    tree_free(&tree);
    return gpu_tree_open(vendor, root);
}

static const BrimProcessSample *process_of(const GpuTree *tree, int pid)
{
    for (int i = 0; i < tree->draft.process_count; i++)
        if (tree->draft.processes[i].pid == pid)
            return &tree->draft.processes[i];
    fail_msg("no process %d", pid);
    return NULL;
}

static void assert_figure(const char *what, double got, double expected)
{
    if (isnan(expected) ? !isnan(got) : got != expected)
        fail_msg("%s is %.17g, not %.17g", what, got, expected);
}

static void assert_process(const GpuTree *tree, int pid, double memory_bytes, double utilization_percent,
                           const char *kind)
{
    const BrimProcessSample *process = process_of(tree, pid);
    assert_int_equal(process->device, 0);
    assert_figure("memory", process->memory_bytes, memory_bytes);
    assert_figure("utilization", process->utilization_percent, utilization_percent);
    assert_string_equal(process->kind, kind);
}

static double device_figure(const GpuTree *tree, BrimMetric metric)
{
    return tree->draft.devices[0].value[metric];
}

/* One client of i915 on UHD 630, with so much time in its render engine. */
static void write_render(int pid, int descriptor, int client, long long render_ns)
{
    char path[64], text[512];
    snprintf(path, sizeof path, "proc/%d/fdinfo/%d", pid, descriptor);
    snprintf(text, sizeof text,
             "pos:\t0\ndrm-driver:\ti915\ndrm-pdev:\t0000:00:02.0\ndrm-client-id:\t%d\n"
             "drm-engine-render:\t%lld ns\ndrm-engine-video:\t0 ns\n",
             client, render_ns);
    tree_write(root, path, text);
}

/* Two descriptors of one client are one client; engines next to each other do not add up. */
static void test_amd(void **state)
{
    GpuTree tree = opened(&brim_vendor_amd, "rx6800");
    (void)state;
    gpu_tree_sample(&tree, 1000);
    assert_int_equal(tree.draft.process_count, 1);
    assert_process(&tree, 4711, 3072.0 * MIB, NAN, "both");
    for (int i = 5; i < 7; i++) {
        char path[64];
        snprintf(path, sizeof path, "proc/4711/fdinfo/%d", i);
        tree_write(root, path,
                   "drm-driver:\tamdgpu\ndrm-client-id:\t221\ndrm-pdev:\t0000:0b:00.0\n"
                   "drm-memory-vram:\t1024 KiB\ndrm-engine-gfx:\t1010000000 ns\n"
                   "drm-engine-compute:\t6080000000 ns\n");
    }
    gpu_tree_sample(&tree, 1100);
    assert_process(&tree, 4711, MIB, 80, "both");
    gpu_tree_sample(&tree, 1200);
    assert_process(&tree, 4711, MIB, 0, "both");
    gpu_tree_close(&tree);
}

/* i915: ns of each engine, two of the video engine; the device is as busy as its busiest engine. */
static void test_i915(void **state)
{
    GpuTree tree = opened(&brim_vendor_intel, "arc_a770");
    (void)state;
    gpu_tree_sample(&tree, 1000);
    assert_process(&tree, 900, 80.0 * MIB, NAN, "graphics");
    assert_process(&tree, 1200, 5120.0 * MIB, NAN, "compute");
    assert_figure("device", device_figure(&tree, BRIM_METRIC_UTILIZATION), NAN);
    tree_write(root, "proc/900/fdinfo/9",
               "drm-driver:\ti915\ndrm-client-id:\t7\ndrm-pdev:\t0000:03:00.0\n"
               "drm-engine-render:\t2100000000 ns\ndrm-engine-video:\t0 ns\ndrm-engine-capacity-video:\t2\n");
    tree_write(root, "proc/1200/fdinfo/4",
               "drm-driver:\ti915\ndrm-client-id:\t12\ndrm-pdev:\t0000:03:00.0\n"
               "drm-engine-render:\t25000000 ns\ndrm-engine-video:\t560000000 ns\n"
               "drm-engine-capacity-video:\t2\ndrm-engine-compute:\t8040000000 ns\n");
    gpu_tree_sample(&tree, 1200);
    assert_process(&tree, 900, NAN, 50, "graphics");
    assert_process(&tree, 1200, NAN, 40, "both");
    assert_figure("device", device_figure(&tree, BRIM_METRIC_UTILIZATION), 62.5);
    gpu_tree_close(&tree);
}

/* xe: cycles of the card's own clock, whatever ours says. */
static void test_xe(void **state)
{
    static const char *const texts[] = {
        ("drm-driver:\txe\ndrm-client-id:\t3\ndrm-cycles-rcs:\t1000\ndrm-total-cycles-rcs:\t1001000\n"
         "drm-cycles-ccs:\t400250\ndrm-total-cycles-ccs:\t1001000\n"),
        /* the card was reset: its clock begins anew */
        "drm-driver:\txe\ndrm-client-id:\t3\ndrm-cycles-ccs:\t10\ndrm-total-cycles-ccs:\t100\n",
        "drm-driver:\txe\ndrm-client-id:\t3\ndrm-cycles-ccs:\t60\ndrm-total-cycles-ccs:\t200\n"};
    static const double expected[] = {25, NAN, 50};
    GpuTree tree = opened(&brim_vendor_intel, "arc_b580");
    (void)state;
    gpu_tree_sample(&tree, 1000);
    assert_process(&tree, 2222, 1500.0 * MIB, NAN, "both");
    for (int i = 0; i < 3; i++) {
        tree_write(root, "proc/2222/fdinfo/3", texts[i]);
        gpu_tree_sample(&tree, 1001 + i);
        assert_figure("xe", process_of(&tree, 2222)->utilization_percent, expected[i]);
        assert_figure("xe", device_figure(&tree, BRIM_METRIC_UTILIZATION), expected[i]);
    }
    gpu_tree_close(&tree);
}

/* The kernel lets counters fall back for a while: the highest counts until it is passed. */
static void test_declining_counter(void **state)
{
    static const long long counter[] = {500000000, 600000000, 300000000, 0, 650000000};
    static const double expected[] = {NAN, 100, 0, 0, 50};
    GpuTree tree = opened(&brim_vendor_intel, "uhd630");
    (void)state;
    for (int i = 0; i < 5; i++) {
        write_render(801, 12, 2, counter[i]);
        gpu_tree_sample(&tree, 1000 + 100 * i);
        assert_process(&tree, 801, NAN, expected[i], "graphics");
    }
    /* a counter at its very end, as after a wrap */
    tree_write(root, "proc/801/fdinfo/12",
               "drm-driver:\ti915\ndrm-client-id:\t2\n"
               "drm-engine-render:\t18446744073709551614 ns\n");
    gpu_tree_sample(&tree, 1500);
    assert_figure("never over 100", process_of(&tree, 801)->utilization_percent, 100);
    gpu_tree_close(&tree);
}

/* Two clients in one process, and one client handed to another process. */
static void test_owners(void **state)
{
    GpuTree tree = opened(&brim_vendor_intel, "uhd630");
    (void)state;
    tree_link(root, "proc/850/fd/6", "/dev/dri/renderD128");
    write_render(850, 6, 4, 0);
    tree_link(root, "proc/900/fd/3", "/dev/dri/card0"); /* what 801 holds, too */
    write_render(900, 3, 2, 500000000);
    gpu_tree_sample(&tree, 1000);
    assert_int_equal(tree.draft.process_count, 2);
    assert_int_equal(tree.draft.processes[0].pid, 850);
    assert_int_equal(tree.draft.processes[1].pid, 900);
    write_render(850, 5, 3, 125000000);
    write_render(850, 6, 4, 12500000);
    write_render(801, 12, 2, 550000000);
    write_render(900, 3, 2, 550000000);
    gpu_tree_sample(&tree, 1100);
    assert_process(&tree, 850, NAN, 37.5, "graphics");
    assert_process(&tree, 900, NAN, 50, "graphics");
    assert_figure("device", device_figure(&tree, BRIM_METRIC_UTILIZATION), 87.5);
    gpu_tree_close(&tree);
}

/* Known holders are read in every sample, new ones found once a second, closed ones gone at once. */
static void test_scan(void **state)
{
    GpuTree tree = opened(&brim_vendor_intel, "uhd630");
    (void)state;
    gpu_tree_sample(&tree, 1000);
    assert_int_equal(tree.draft.process_count, 2);
    tree_link(root, "proc/77/fd/0", "/dev/dri/renderD128");
    write_render(77, 0, 9, 0);
    tree_remove(root, "proc/850");
    gpu_tree_sample(&tree, 1999);
    assert_int_equal(tree.draft.process_count, 1);
    assert_int_equal(tree.draft.processes[0].pid, 801);
    gpu_tree_sample(&tree, 2000);
    assert_int_equal(tree.draft.process_count, 2);
    assert_int_equal(tree.draft.processes[0].pid, 77);
    assert_figure("new", tree.draft.processes[0].utilization_percent, NAN);
    /* the descriptor is another file's now */
    tree_write(root, "proc/77/fdinfo/0", "pos:\t0\nflags:\t02\n");
    gpu_tree_sample(&tree, 2100);
    assert_int_equal(tree.draft.process_count, 1);
    tree_remove(root, "proc/801");
    tree_remove(root, "proc/77");
    gpu_tree_sample(&tree, 3500);
    assert_int_equal(tree.draft.process_count, 0);
    assert_figure("nobody there", device_figure(&tree, BRIM_METRIC_UTILIZATION), 0);
    /* somebody is, of whom nothing can be read */
    tree_link(root, "proc/78/fd/0", "/dev/dri/renderD128");
    gpu_tree_sample(&tree, 4500);
    assert_int_equal(tree.draft.process_count, 0);
    assert_figure("not known", device_figure(&tree, BRIM_METRIC_UTILIZATION), NAN);
    gpu_tree_close(&tree);
}

/* A process that was there all along opens the card: found within eight looks, or at once where the kernel
 * counts its descriptors. What holds it already stays. */
static void test_late_opening(void **state)
{
    GpuTree tree = opened(&brim_vendor_intel, "uhd630");
    int looks = 0;
    (void)state;
    tree_link(root, "proc/3000/fd/0", "/dev/null");
    gpu_tree_sample(&tree, 1000);
    tree_link(root, "proc/3000/fd/1", "/dev/dri/card0");
    write_render(3000, 1, 30, 0);
    do {
        gpu_tree_sample(&tree, 2000 + 1000 * looks++);
        assert_in_range(tree.draft.process_count, 2, 3);
    } while (tree.draft.process_count == 2 && looks < 9);
    assert_in_range(looks, 1, 8);
    process_of(&tree, 3000);
    gpu_tree_close(&tree);
}

/* Things that only look like holders. */
static void test_not_holders(void **state)
{
    GpuTree tree = opened(&brim_vendor_intel, "uhd630");
    (void)state;
    tree_link(root, "proc/10/fd/3", "/dev/dri/renderD129"); /* another card's */
    write_render(10, 3, 20, 0);
    tree_link(root, "proc/11/fd/3", "/dev/dri/card");
    write_render(11, 3, 21, 0);
    tree_link(root, "proc/12/fd/x", "/dev/dri/card0");
    tree_link(root, "proc/13x/fd/3", "/dev/dri/card0");
    tree_link(root, "proc/14/fd/3", "/dev/dri/card0"); /* of another driver, by its own word */
    tree_write(root, "proc/14/fdinfo/3", "drm-driver:\tamdgpu\ndrm-client-id:\t1\n");
    tree_link(root, "proc/15/fd/3", "/dev/dri/card0"); /* of another device */
    tree_write(root, "proc/15/fdinfo/3", "drm-driver:\ti915\ndrm-pdev:\t0000:03:00.0\ndrm-client-id:\t1\n");
    tree_write(root, "proc/16/fd", "no folder\n");
    gpu_tree_sample(&tree, 1000);
    assert_int_equal(tree.draft.process_count, 2);
    assert_process(&tree, 801, NAN, NAN, "graphics");
    assert_process(&tree, 850, NAN, NAN, "graphics");
    gpu_tree_close(&tree);
}

/* Kernels before client ids: each descriptor for itself. */
static void test_without_client_ids(void **state)
{
    const char *text = "drm-driver:\ti915\ndrm-engine-render:\t%d ns\n";
    GpuTree tree = opened(&brim_vendor_intel, "uhd630");
    char line[128];
    (void)state;
    for (int i = 0; i < 2; i++) {
        snprintf(line, sizeof line, text, 20000000 * i);
        tree_write(root, "proc/801/fdinfo/12", line);
        snprintf(line, sizeof line, text, 30000000 * i);
        tree_write(root, "proc/850/fdinfo/5", line);
        gpu_tree_sample(&tree, 1000 + 100 * i);
    }
    assert_process(&tree, 801, NAN, 20, "graphics");
    assert_process(&tree, 850, NAN, 30, "graphics");
    assert_figure("device", device_figure(&tree, BRIM_METRIC_UTILIZATION), 50);
    gpu_tree_close(&tree);
}

/* Without processes AMD's are not looked for, and Intel's are for the device's own figures. */
static void test_no_processes(void **state)
{
    GpuTree tree = opened(&brim_vendor_intel, "uhd630");
    (void)state;
    tree.draft.no_processes = true;
    gpu_tree_sample(&tree, 1000);
    write_render(801, 12, 2, 525000000);
    gpu_tree_sample(&tree, 1100);
    assert_int_equal(tree.draft.process_count, 0);
    assert_figure("device", device_figure(&tree, BRIM_METRIC_UTILIZATION), 25);
    gpu_tree_close(&tree);
    tree = opened(&brim_vendor_amd, "rx6800");
    tree.draft.no_processes = true;
    gpu_tree_sample(&tree, 1000);
    assert_int_equal(tree.draft.process_count, 0);
    assert_int_equal(tree.draft.device_count, 1);
    gpu_tree_close(&tree);
}

/* A process that may not be looked into is no error; Intel says what its figures leave out. */
static void test_denied(void **state)
{
    bool is_root = geteuid() == 0;
    char path[512];
    GpuTree tree = opened(&brim_vendor_intel, "uhd630");
    (void)state;
    snprintf(path, sizeof path, "%s/proc/850/fd", root);
    assert_int_equal(chmod(path, 0), 0);
    assert_int_equal(chmod(scratch_folder(), 0755), 0);
    if (is_root) /* who may look into everything: as somebody else */
        assert_int_equal(seteuid(65534), 0);
    gpu_tree_sample(&tree, 1000);
    if (is_root)
        assert_int_equal(seteuid(0), 0);
    chmod(path, 0700);
    assert_int_equal(tree.draft.process_count, 1);
    assert_string_equal(tree.draft.devices->trouble,
                        "not all processes may be seen: utilization and used memory are of those that may");
    gpu_tree_close(&tree);
}

/* In a container, and where /proc hides the processes of others, nobody to be seen is not nobody. */
static void test_container(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        GpuTree tree = opened(&brim_vendor_intel, "uhd630");
        if (i == 0)
            tree_link(root, "proc/self/ns/pid", "pid:[4026532561]");
        else
            tree_remove(root, "proc/1");
        gpu_tree_sample(&tree, 1000);
        assert_string_equal(
            tree.draft.devices->trouble,
            "not all processes may be seen: utilization and used memory are of those that may");
        tree_remove(root, "proc/801");
        tree_remove(root, "proc/850");
        gpu_tree_sample(&tree, 2000);
        assert_string_equal(tree.draft.devices->trouble, "");
        assert_figure("nobody seen", device_figure(&tree, BRIM_METRIC_UTILIZATION), NAN);
        gpu_tree_close(&tree);
    }
}

/* Asleep it is not asked; the time it slept counts as time in which it did not work. */
static void test_sleep_between(void **state)
{
    const char *power = "sys/devices/pci0000:00/0000:00:02.0/power/runtime_status";
    GpuTree tree = opened(&brim_vendor_intel, "uhd630");
    (void)state;
    gpu_tree_sample(&tree, 1000);
    tree_write(root, power, "suspended\n");
    gpu_tree_sample(&tree, 1100);
    assert_int_equal(tree.draft.process_count, 0);
    tree_write(root, power, "active\n");
    write_render(801, 12, 2, 520000000);
    gpu_tree_sample(&tree, 1200);
    assert_process(&tree, 801, NAN, 10, "graphics");
    gpu_tree_close(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_amd),
        cmocka_unit_test(test_i915),
        cmocka_unit_test(test_xe),
        cmocka_unit_test(test_declining_counter),
        cmocka_unit_test(test_owners),
        cmocka_unit_test(test_scan),
        cmocka_unit_test(test_not_holders),
        cmocka_unit_test(test_late_opening),
        cmocka_unit_test(test_without_client_ids),
        cmocka_unit_test(test_no_processes),
        cmocka_unit_test(test_denied),
        cmocka_unit_test(test_container),
        cmocka_unit_test(test_sleep_between),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
