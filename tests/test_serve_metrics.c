/* A sample as Prometheus reads it: the whole text for one machine, and what becomes of strange names. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "support/samples.h"
#include "support/support.h"
#include "watch/serve_metrics.h"

#define GOLDEN "tests/monitor/metrics.prom"

static const BrimServeCounts counts = {.samples = 42, .sample_s = 0.00125};

static char *metrics_of(const MadeUp *made_up)
{
    char *text;
    assert_ok(brim_serve_metrics(&made_up->sample, &counts, &text));
    return text;
}

/* made_up_machine has all kinds of device; BRIM_WRITE_GOLDEN=1 writes the file anew, to be read before it is
 * kept. */
static void test_the_whole_text(void **state)
{
    (void)state;
    static MadeUp made_up;
    char *expected;
    size_t bytes;
    made_up_machine(&made_up, 3);
    char *text = metrics_of(&made_up);
    if (getenv("BRIM_WRITE_GOLDEN"))
        assert_ok(brim_file_write(GOLDEN, text, strlen(text)));
    assert_ok(brim_file_read(GOLDEN, 1 << 20, &expected, &bytes));
    assert_string_equal(text, expected);
    brim_mem_give(text);
    brim_mem_give(expected);
}

static void has(const char *text, const char *line)
{
    if (!strstr(text, line))
        fail_msg("not there: %s\nin:\n%s", line, text);
}

static void test_strange_names(void **state)
{
    (void)state;
    static MadeUp made_up;
    made_up_begin(&made_up, 0);
    made_up_device(&made_up, "nvidia", "a\"b\\c\nd\xff\xc3\xa4", "GPU-1")->value[BRIM_METRIC_MEMORY_USED] =
        1048576;
    made_up_process(&made_up, 7, "{evil=\"1\"} 3\n# TYPE x y", 0)->memory_bytes = 5;
    made_up_process(&made_up, 8, "nowhere", 99)->memory_bytes = 6;
    char *text = metrics_of(&made_up);
    has(text, "\nbrim_device_memory_used_bytes{vendor=\"nvidia\",index=\"0\",id=\"GPU-1\","
              "name=\"a\\\"b\\\\c\\nd?\xc3\xa4\"} 1048576\n");
    has(text, "\nDCGM_FI_DEV_FB_USED{gpu=\"0\",UUID=\"GPU-1\",device=\"nvidia0\","
              "modelName=\"a\\\"b\\\\c\\nd?\xc3\xa4\"} 1\n");
    has(text, "\nbrim_process_memory_bytes{pid=\"7\",name=\"{evil=\\\"1\\\"} 3\\n# TYPE x y\","
              "vendor=\"nvidia\",id=\"GPU-1\"} 5\n");
    has(text, "\nbrim_process_memory_bytes{pid=\"8\",name=\"nowhere\"} 6\n");
    brim_mem_give(text);
}

static void test_unknown_is_left_out(void **state)
{
    (void)state;
    static MadeUp made_up;
    made_up_begin(&made_up, 0);
    made_up_device(&made_up, "nvidia", "n", "GPU-1")->value[BRIM_METRIC_POWER] = INFINITY;
    made_up_process(&made_up, 7, "p", 0);
    made_up_run(&made_up, 7, "yolov5n")->arena_bytes = 9007199254740991u >> 4;
    char *text = metrics_of(&made_up);
    assert_null(strstr(text, "DCGM_"));
    assert_null(strstr(text, "brim_process_"));
    assert_null(strstr(text, "memory"));
    assert_null(strstr(text, "power"));
    assert_null(strstr(text, "epoch"));
    assert_null(strstr(text, "nan"));
    has(text, "\nbrim_run_arena_bytes{pid=\"7\",command=\"train\",model=\"yolov5n\"} 562949953421311\n");
    has(text, "\nbrim_device_lost{vendor=\"nvidia\",index=\"0\",id=\"GPU-1\",name=\"n\"} 0\n");
    brim_mem_give(text);
}

/* Two parts of a card whose instances nobody knows are two series all the same. */
static void test_parts_without_instance(void **state)
{
    (void)state;
    static MadeUp made_up;
    made_up_machine(&made_up, 0);
    made_up.devices[2].gpu_instance = made_up.devices[3].gpu_instance = -1;
    char *text = metrics_of(&made_up);
    has(text, "\nDCGM_FI_DEV_FB_TOTAL{gpu=\"1\",UUID=\"MIG-9d\",device=\"nvidia1\",modelName=\"NVIDIA "
              "A100-SXM4-40GB\","
              "GPU_I_PROFILE=\"1g.5gb\",Hostname=\"node-7\"} 4864\n");
    has(text, "UUID=\"MIG-8c\"");
    brim_mem_give(text);
}

/* A name with its labels stands once: Prometheus takes no two values for one moment. */
static void test_no_line_is_twice(void **state)
{
    (void)state;
    static MadeUp made_up;
    static char *series[512];
    int count = 0;
    char *rest = NULL;
    made_up_machine(&made_up, 5);
    char *text = metrics_of(&made_up);
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        if (line[0] == '#')
            continue;
        *strrchr(line, ' ') = '\0';
        for (int i = 0; i < count; i++)
            assert_string_not_equal(series[i], line);
        assert_true(count < 512);
        series[count++] = line;
    }
    assert_true(count > 100);
    brim_mem_give(text);
}

/* Every name belongs to one family and stands in one piece, with HELP and TYPE once before it. */
static void test_families_are_whole(void **state)
{
    (void)state;
    static MadeUp made_up;
    made_up_machine(&made_up, 5);
    char *text = metrics_of(&made_up), *rest = NULL, family[64] = "", typed[128][64];
    int count = 0;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        if (strncmp(line, "# HELP ", 7) == 0)
            continue;
        if (sscanf(line, "# TYPE %63s", family) == 1) {
            for (int i = 0; i < count; i++)
                assert_string_not_equal(typed[i], family);
            assert_true(count < 128);
            strcpy(typed[count++], family);
            continue;
        }
        assert_int_equal(strcspn(line, "{ "), strlen(family));
        assert_memory_equal(line, family, strlen(family));
    }
    assert_true(count > 40);
    brim_mem_give(text);
}

static void test_memory_that_runs_out(void **state)
{
    (void)state;
    static MadeUp made_up;
    char *text = NULL;
    size_t held = brim_mem_held_bytes(BRIM_MEM_TAG_COUNT);
    uint64_t nth = 1;
    made_up_machine(&made_up, 0);
    for (;; nth++) {
        brim_mem_fail_at(nth);
        BrimStatus status = brim_serve_metrics(&made_up.sample, &counts, &text);
        brim_mem_fail_at(0);
        if (status == BRIM_OK)
            break;
        assert_int_equal(status, BRIM_ERROR_MEMORY);
        assert_null(text);
        assert_int_equal(brim_mem_held_bytes(BRIM_MEM_TAG_COUNT), held);
    }
    assert_true(nth > 20);
    brim_mem_give(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_whole_text),       cmocka_unit_test(test_strange_names),
        cmocka_unit_test(test_unknown_is_left_out),  cmocka_unit_test(test_parts_without_instance),
        cmocka_unit_test(test_families_are_whole),   cmocka_unit_test(test_no_line_is_twice),
        cmocka_unit_test(test_memory_that_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
