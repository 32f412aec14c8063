/* The kernel's drm-usage-stats, and the other small texts of /sys: what is understood, and what counts as not
 * there. */
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "monitor/fdinfo.h"
#include "monitor/pci_ids.h"

static const BrimFdinfoEngine *engine(const BrimFdinfo *info, const char *name)
{
    for (int i = 0; i < info->engine_count; i++)
        if (strcmp(info->engines[i].name, name) == 0)
            return &info->engines[i];
    fail_msg("no engine %s", name);
    return NULL;
}

static void assert_bytes(double got, double expected)
{
    if (isnan(expected) ? !isnan(got) : got != expected)
        fail_msg("%.17g bytes, not %.17g", got, expected);
}

static void test_amdgpu(void **state)
{
    BrimFdinfo info;
    double shared;
    (void)state;
    brim_fdinfo_parse(&info,
                      "pos:\t0\ndrm-driver:\tamdgpu\ndrm-pdev:\t0000:0b:00.0\ndrm-client-id:\t221\n"
                      "pasid:\t32772\ndrm-memory-vram:\t3145728 KiB\ndrm-memory-gtt: \t20480 KiB\n"
                      "drm-memory-cpu: \t12 KiB\namd-memory-visible-vram:\t256000 KiB\n"
                      "drm-shared-vram:\t1024 KiB\ndrm-engine-gfx:\t1000 ns\ndrm-engine-enc_1:\t7 ns\n");
    assert_string_equal(info.driver, "amdgpu");
    assert_string_equal(info.address, "0000:0b:00.0");
    assert_true(info.has_client);
    assert_int_equal(info.client, 221);
    assert_int_equal(info.engine_count, 2);
    assert_int_equal(engine(&info, "gfx")->busy_ns, 1000);
    assert_int_equal(engine(&info, "gfx")->capacity, 1);
    assert_true(engine(&info, "gfx")->busy_cycles == BRIM_FDINFO_UNKNOWN);
    assert_int_equal(engine(&info, "enc_1")->busy_ns, 7);
    assert_bytes(brim_fdinfo_device_bytes(&info, &shared), 3145728.0 * 1024);
    assert_bytes(shared, 1048576);
    assert_bytes(brim_fdinfo_host_bytes(&info, &shared), 20480.0 * 1024);
    assert_bytes(shared, 0);
}

static void test_xe(void **state)
{
    BrimFdinfo info;
    double shared;
    (void)state;
    brim_fdinfo_parse(&info, "drm-driver:\txe\ndrm-total-vram0:\t24 MiB\ndrm-resident-vram0:\t23992 KiB\n"
                             "drm-shared-vram0:\t16 MiB\ndrm-total-vram1:\t1 GiB\ndrm-total-gtt:\t192 KiB\n"
                             "drm-resident-gtt:\t4096\ndrm-total-system:\t0\ndrm-total-stolen:\t9 MiB\n"
                             "drm-cycles-rcs:\t28257900\ndrm-total-cycles-rcs:\t7655183225\n"
                             "drm-engine-capacity-ccs:\t4\ndrm-cycles-ccs:\t5\n");
    assert_false(info.has_client);
    assert_string_equal(info.address, "");
    assert_int_equal(engine(&info, "rcs")->busy_cycles, 28257900);
    assert_int_equal(engine(&info, "rcs")->total_cycles, 7655183225);
    assert_int_equal(engine(&info, "ccs")->capacity, 4);
    assert_true(engine(&info, "ccs")->total_cycles == BRIM_FDINFO_UNKNOWN);
    assert_bytes(brim_fdinfo_device_bytes(&info, &shared), 23992.0 * 1024 + 1073741824);
    assert_bytes(shared, 16777216);
    assert_bytes(brim_fdinfo_host_bytes(&info, &shared), 4096);
}

/* What is resident wins over what was asked for and over its older name, in any order. */
static void test_resident_wins(void **state)
{
    static const char *const texts[] = {
        "drm-total-vram:\t8 KiB\ndrm-memory-vram:\t2 KiB\ndrm-resident-vram:\t1 KiB\n",
        "drm-resident-vram:\t1 KiB\ndrm-memory-vram:\t2 KiB\ndrm-total-vram:\t8 KiB\n"};
    BrimFdinfo info;
    double shared;
    (void)state;
    for (int i = 0; i < 2; i++) {
        brim_fdinfo_parse(&info, texts[i]);
        assert_bytes(brim_fdinfo_device_bytes(&info, &shared), 1024);
    }
    brim_fdinfo_parse(&info, "drm-memory-vram:\t2 KiB\ndrm-total-vram:\t8 KiB\n");
    assert_bytes(brim_fdinfo_device_bytes(&info, &shared), 2048);
    brim_fdinfo_parse(&info, "drm-shared-vram:\t2 KiB\ndrm-total-vram:\t1 KiB\n");
    assert_bytes(brim_fdinfo_device_bytes(&info, &shared), 1024);
    assert_bytes(shared, 1024);
}

/* Each of these lines is as good as none. */
static void test_not_understood(void **state)
{
    static const char *const lines[] = {
        "drm-resident-vram:\t12 kB\n",
        "drm-resident-vram:\t-1 KiB\n",
        "drm-resident-vram:\tmany\n",
        "drm-resident-vram:\n",
        "drm-resident-vram:",
        "drm-resident-vram\t12 KiB\n",
        "drm-resident-:\t12 KiB\n",
        "drm-engine-gfx:\t12 cycles\n",
        "drm-engine-gfx:\t99999999999999999999 ns\n",
        "drm-engine-capacity-gfx:\t0\n",
        "drm-engine-:\t5 ns\n",
        "drm-client-id:\tx\n",
        "drm-cycles-a-name-that-is-far-too-long-for-an-engine:\t1\n",
        "drm-driver:\ta-driver-with-a-name-that-has-no-room\n",
        "drm-:\t1\n",
        ":\n",
        "",
        "\n\n\n",
        "DRM-ENGINE-GFX:\t1 ns\n",
        " drm-engine-gfx:\t1 ns\n",
    };
    BrimFdinfo info;
    double shared;
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        brim_fdinfo_parse(&info, lines[i]);
        if (info.engine_count || info.has_client || info.driver[0] ||
            !isnan(brim_fdinfo_device_bytes(&info, &shared)))
            fail_msg("something was understood of \"%s\"", lines[i]);
    }
}

static void test_too_many(void **state)
{
    char text[8192] = "";
    size_t at = 0;
    BrimFdinfo info;
    (void)state;
    for (int i = 0; i < 40; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "drm-engine-e%d:\t%d ns\ndrm-total-r%d:\t1 KiB\n",
                               i, i, i);
    brim_fdinfo_parse(&info, text);
    assert_int_equal(info.engine_count, BRIM_FDINFO_MOST_ENGINES);
    assert_int_equal(info.region_count, BRIM_FDINFO_MOST_REGIONS);
    assert_int_equal(engine(&info, "e11")->busy_ns, 11);
}

static void test_numbers(void **state)
{
    static const struct {
        double (*parse)(const char *);
        const char *text;
        double expected;
    } cases[] = {
        {brim_sysfs_number, "0", 0},
        {brim_sysfs_number, "-1500", -1500},
        {brim_sysfs_number, "17163091968", 17163091968.0},
        {brim_sysfs_number, "12\n", 12},
        {brim_sysfs_number, "", NAN},
        {brim_sysfs_number, "-", NAN},
        {brim_sysfs_number, "+3", NAN},
        {brim_sysfs_number, " 3", NAN},
        {brim_sysfs_number, "3%", NAN},
        {brim_sysfs_number, "0x10", NAN},
        {brim_sysfs_number, "nan", NAN},
        {brim_sysfs_number, "99999999999999999999", NAN},
        {brim_sysfs_level_hertz, "0: 500Mhz\n1: 800Mhz *\n2: 2475Mhz", 800e6},
        {brim_sysfs_level_hertz, "S: 19Mhz *\n0: 615Mhz\n1: 800Mhz", 19e6},
        {brim_sysfs_level_hertz, "0: 500Mhz", NAN},
        {brim_sysfs_level_hertz, "*", NAN},
        {brim_sysfs_highest_hertz, "0: 1600Mhz *\n1: 1067Mhz", 1600e6},
        {brim_sysfs_highest_hertz, "0: 500\n1: 1Ghz", NAN},
        {brim_sysfs_highest_hertz, "", NAN},
        {brim_sysfs_highest_hertz, "0:", NAN},
        {brim_sysfs_generation, "2.5 GT/s PCIe", 1},
        {brim_sysfs_generation, "5.0 GT/s PCIe", 2},
        {brim_sysfs_generation, "8.0 GT/s PCIe", 3},
        {brim_sysfs_generation, "16.0 GT/s PCIe", 4},
        {brim_sysfs_generation, "32.0 GT/s PCIe", 5},
        {brim_sysfs_generation, "64.0 GT/s PCIe", 6},
        {brim_sysfs_generation, "5 GT/s", 2}, /* before Linux 5.6 */
        {brim_sysfs_generation, "25 GT/s", NAN},
        {brim_sysfs_generation, "2.5", NAN},
        {brim_sysfs_generation, "", NAN},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double got = cases[i].parse(cases[i].text);
        if (isnan(cases[i].expected) ? !isnan(got) : got != cases[i].expected)
            fail_msg("\"%s\" is %g, not %g", cases[i].text, got, cases[i].expected);
    }
}

static void test_values(void **state)
{
    const char *text = "DRIVER=xe\nPCI_ID=8086:E20B\nPCI_SLOT_NAME=0000:03:00.0\nEMPTY=\nMODALIAS=pci:v0";
    char value[16];
    (void)state;
    assert_true(brim_sysfs_value(text, "DRIVER", value, sizeof value));
    assert_string_equal(value, "xe");
    assert_true(brim_sysfs_value(text, "MODALIAS", value, sizeof value));
    assert_string_equal(value, "pci:v0");
    assert_false(brim_sysfs_value(text, "PCI", value, sizeof value));
    assert_false(brim_sysfs_value(text, "ID", value, sizeof value));
    assert_false(brim_sysfs_value(text, "PCI_SLOT_NAME", value, 5));
    assert_false(brim_sysfs_value("", "DRIVER", value, sizeof value));
}

static void test_pci_ids(void **state)
{
    const char *list = "# a comment\n\n1001  Kolter\n\t73bf  not this one\n"
                       "1002  Advanced Micro Devices, Inc. [AMD/ATI]\n"
                       "\t73bf  Navi 21 [Radeon RX 6800/6800 XT / 6900 XT]\n"
                       "\t\t1002 73a5  nor this one\n# in between\n"
                       "\t744c  Navi 31\n8086  Intel Corporation\n\te20b  Battlemage G21 [Arc B580]\n\t56a0";
    const char *amd = "# List of AMDGPU IDs\n1.0.0\n73BF,\tC1,\tAMD Radeon RX 6800 XT\n"
                      "73BF,\tC3,\tAMD Radeon RX 6800\n73BF,\n";
    char name[64];
    (void)state;
    assert_true(brim_pci_ids_find(list, 0x1002, 0x73bf, name, sizeof name));
    assert_string_equal(name, "Navi 21 [Radeon RX 6800/6800 XT / 6900 XT]");
    assert_true(brim_pci_ids_find(list, 0x1002, 0x744c, name, sizeof name));
    assert_string_equal(name, "Navi 31");
    assert_true(brim_pci_ids_find(list, 0x8086, 0xe20b, name, sizeof name));
    assert_false(brim_pci_ids_find(list, 0x8086, 0x56a0, name, sizeof name));
    assert_false(brim_pci_ids_find(list, 0x1002, 0x73a5, name, sizeof name));
    assert_false(brim_pci_ids_find(list, 0x10de, 0x2204, name, sizeof name));
    assert_false(brim_pci_ids_find(list, 0x1002, 0x73bf, name, 8));
    assert_true(brim_pci_ids_find_amd(amd, 0x73bf, 0xc3, name, sizeof name));
    assert_string_equal(name, "AMD Radeon RX 6800");
    assert_false(brim_pci_ids_find_amd(amd, 0x73bf, 0xc2, name, sizeof name));
    assert_false(brim_pci_ids_find_amd(amd, 0x73be, 0xc3, name, sizeof name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_amdgpu),        cmocka_unit_test(test_xe),
        cmocka_unit_test(test_resident_wins), cmocka_unit_test(test_not_understood),
        cmocka_unit_test(test_too_many),      cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_values),        cmocka_unit_test(test_pci_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
