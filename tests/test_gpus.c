/* Cards by name: what is meant is found, what is not known is never taken for something else. */
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/gpus.h"

static void test_found(void **state)
{
    static const struct {
        const char *words, *name;
    } cases[] = {
        {"RTX 3050 Laptop", "GeForce RTX 3050 Laptop GPU"},
        {"3050 laptop", "GeForce RTX 3050 Laptop GPU"},
        {"NVIDIA GeForce RTX 3050 Laptop GPU", "GeForce RTX 3050 Laptop GPU"},
        {"rtx3050laptop", "GeForce RTX 3050 Laptop GPU"},
        {"rtx-3050-laptop 4gb", "GeForce RTX 3050 Laptop GPU"},
        {"3050 laptop 6GB", "GeForce RTX 3050 6GB Laptop GPU"},
        {"RTX 3050", "GeForce RTX 3050 (8GB)"},
        {"3060", "GeForce RTX 3060"},
        {"3060Ti", "GeForce RTX 3060 Ti"},
        {"3060 laptop", "GeForce RTX 3060 Laptop GPU"},
        {"gtx 1080", "GeForce GTX 1080"},
        {"1080 TI", "GeForce GTX 1080 Ti"},
        {"a100 80", "A100-SXM4-80GB"},
        {"A100-SXM4-40GB", "A100-SXM4-40GB"},
        {"v100", "Tesla V100-SXM2-16GB"},
        {"t4", "Tesla T4"},
        {"l4", "L4"},
        {"l40s", "L40S"},
        {"h100", "H100 80GB HBM3"},
        {"h200", "H200"},
        {"4090", "GeForce RTX 4090"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const BrimGpu *gpu = NULL;
        assert_ok(brim_gpu_find(&gpu, cases[i].words));
        assert_string_equal(gpu->name, cases[i].name);
    }
}

/* Every card is found by its whole name. */
static void test_whole_names(void **state)
{
    (void)state;
    for (int i = 0; i < brim_gpu_count(); i++) {
        const BrimGpu *gpu = NULL;
        assert_ok(brim_gpu_find(&gpu, brim_gpu_at(i)->name));
        assert_ptr_equal(gpu, brim_gpu_at(i));
    }
}

static void test_refused(void **state)
{
    char longest[4000];
    const BrimGpu *gpu = NULL;
    (void)state;
    assert_refused(brim_gpu_find(&gpu, "a100"), BRIM_ERROR_INPUT,
                   "A100-SXM4-40GB, A100-SXM4-80GB; say which");
    assert_refused(brim_gpu_find(&gpu, "RTX 5070"), BRIM_ERROR_INPUT, "GeForce RTX 5070 Ti");
    assert_refused(brim_gpu_find(&gpu, "2080"), BRIM_ERROR_INPUT, "2080 SUPER");
    assert_refused(brim_gpu_find(&gpu, "RTX 3050 Ti Laptop"), BRIM_ERROR_INPUT, "RTX 3050 Laptop");
    assert_refused(brim_gpu_find(&gpu, "4gb"), BRIM_ERROR_INPUT, "no card \"4gb\"");
    assert_refused(brim_gpu_find(&gpu, "1060 3GB"), BRIM_ERROR_INPUT, "GeForce GTX 1060 6GB");
    assert_refused(brim_gpu_find(&gpu, "v100 32GB"), BRIM_ERROR_INPUT, "Tesla V100");
    assert_refused(brim_gpu_find(&gpu, "16 GB"), BRIM_ERROR_INPUT, "no card");
    assert_refused(brim_gpu_find(&gpu, "voodoo"), BRIM_ERROR_INPUT, "--gpu list");
    assert_refused(brim_gpu_find(&gpu, ""), BRIM_ERROR_INPUT, "--gpu list");
    assert_refused(brim_gpu_find(&gpu, " - () "), BRIM_ERROR_INPUT, "--gpu list");
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_refused(brim_gpu_find(&gpu, longest), BRIM_ERROR_INPUT, "no card");
    for (size_t i = 0; i < sizeof longest - 1; i++)
        longest[i] = i % 2 ? '1' : 'a';
    assert_refused(brim_gpu_find(&gpu, longest), BRIM_ERROR_INPUT, "no card");
    assert_null(gpu);
}

/* The table against the list that it was made from. */
static void test_reference(void **state)
{
    char line[512];
    int row = 0;
    (void)state;
    need_shared("reference/gpus.csv");
    FILE *file = fopen(shared_path("reference/gpus.csv"), "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    for (; fgets(line, sizeof line, file); row++) {
        char name[64], observed[128] = "";
        double capability, tensor_tflops;
        int sm_count, memory_gb, linux_mib, windows_mib, bandwidth_gb_s, boost_mhz;
        const BrimGpu *gpu = brim_gpu_at(row);
        int got = sscanf(line, "%63[^,],%lf,%d,%d,%d,%d,%d,%d,%lf,%127[^,]", name, &capability, &sm_count,
                         &memory_gb, &linux_mib, &windows_mib, &bandwidth_gb_s, &boost_mhz, &tensor_tflops,
                         observed);
        assert_true(got >= 9 && row < brim_gpu_count());
        assert_string_equal(gpu->name, name);
        assert_int_equal(gpu->capability, (int)(10 * capability + 0.5));
        assert_int_equal(gpu->sm_count, sm_count);
        assert_int_equal(gpu->memory_gb, memory_gb);
        assert_int_equal(gpu->linux_mib, linux_mib);
        assert_int_equal(gpu->windows_mib, windows_mib);
        assert_int_equal(gpu->bandwidth_gb_s, bandwidth_gb_s);
        assert_int_equal(gpu->boost_mhz, boost_mhz);
        assert_true(gpu->tensor_tflops > tensor_tflops - 1e-9 && gpu->tensor_tflops < tensor_tflops + 1e-9);
        assert_int_equal(gpu->observed, observed[0] != '\0');
        const char *last = strrchr(line, ',');
        while (last > line && last[-1] != ',')
            last--;
        assert_int_equal(gpu->context_mib, atoi(last));
    }
    fclose(file);
    assert_int_equal(row, brim_gpu_count());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found),
        cmocka_unit_test(test_whole_names),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
