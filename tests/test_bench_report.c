/* What a benchmark makes of its rows, on made-up ones: the rule of the verdicts, and every form of the
 * report. */
#include <math.h>
#include <string.h>

#include <jansson.h>

#include "base/file.h"
#include "report/bench_plot.h"
#include "report/bench_table.h"
#include "report/bench_verdict.h"
#include "report/sheet.h"
#include "support/support.h"

#define MIB ((uint64_t)1 << 20)

/* ---- the rule ---- */

typedef struct Judged {
    int batch;
    double pictures_per_s;
    uint64_t planned_mib;
    BrimBenchVerdict verdict;
} Judged;

static void check_verdicts(const Judged *judged, int count)
{
    BrimBenchRow rows[16] = {{0}};
    for (int i = 0; i < count; i++)
        rows[i] =
            (BrimBenchRow){.training = true,
                           .batch = judged[i].batch,
                           .pictures_per_s = judged[i].pictures_per_s,
                           .planned_bytes = judged[i].planned_mib * MIB,
                           .verdict = judged[i].verdict == BRIM_BENCH_DOES_NOT_FIT ? BRIM_BENCH_DOES_NOT_FIT
                                                                                   : BRIM_BENCH_NONE};
    brim_bench_judge(rows, count);
    for (int i = 0; i < count; i++) {
        if (rows[i].verdict != judged[i].verdict)
            fail_msg("batch %d is called \"%s\", not \"%s\"", rows[i].batch,
                     brim_bench_verdict_text(rows[i].verdict), brim_bench_verdict_text(judged[i].verdict));
    }
}

static void verdicts_follow_the_rule(void **state)
{
    (void)state;
    const Judged gpu[] = {{1, 20, 500, BRIM_BENCH_LOW_MEMORY},     {2, 39, 600, BRIM_BENCH_LOW_MEMORY},
                          {4, 70, 800, BRIM_BENCH_LOW_MEMORY},     {8, 82, 1200, BRIM_BENCH_BALANCED},
                          {16, 96, 2000, BRIM_BENCH_BEST_VALUE},   {32, 100, 3600, BRIM_BENCH_HIGH_MEMORY},
                          {64, 98, 6800, BRIM_BENCH_DOES_NOT_PAY}, {128, 0, 13000, BRIM_BENCH_DOES_NOT_FIT}};
    check_verdicts(gpu, 8);
    const Judged cpu[] = {{1, 10, 100, BRIM_BENCH_BEST_VALUE},
                          {2, 10, 150, BRIM_BENCH_DOES_NOT_PAY},
                          {4, 9, 250, BRIM_BENCH_DOES_NOT_PAY}};
    check_verdicts(cpu, 3);
    /* Exactly at the edges: 95 and 80 of 100 are enough. */
    const Judged edges[] = {{1, 79.9, 1, BRIM_BENCH_LOW_MEMORY},
                            {2, 80, 2, BRIM_BENCH_BALANCED},
                            {4, 94.9, 3, BRIM_BENCH_BALANCED},
                            {8, 95, 4, BRIM_BENCH_BEST_VALUE},
                            {16, 100, 5, BRIM_BENCH_HIGH_MEMORY}};
    check_verdicts(edges, 5);
    /* Of two that are alike the smaller batch, wherever it stands. */
    const Judged alike[] = {{4, 10, 100, BRIM_BENCH_DOES_NOT_PAY}, {2, 10, 100, BRIM_BENCH_BEST_VALUE}};
    check_verdicts(alike, 2);
    const Judged alone[] = {{64, 0.01, 9000, BRIM_BENCH_BEST_VALUE},
                            {128, 0, 99000, BRIM_BENCH_DOES_NOT_FIT}};
    check_verdicts(alone, 2);
    const Judged none[] = {{64, 0, 9000, BRIM_BENCH_DOES_NOT_FIT}};
    check_verdicts(none, 1);
}

static void training_and_inference_are_judged_apart(void **state)
{
    (void)state;
    BrimBenchRow rows[] = {{.batch = 1, .pictures_per_s = 100, .planned_bytes = 10 * MIB},
                           {.batch = 1, .pictures_per_s = 5, .planned_bytes = 50 * MIB, .training = true}};
    const BrimBench bench = {.rows = rows, .row_count = 2};
    brim_bench_judge(rows, 2);
    assert_ptr_equal(brim_bench_best(&bench, false), &rows[0]);
    assert_ptr_equal(brim_bench_best(&bench, true), &rows[1]);
}

/* ---- sheets ---- */

static void unknown_figures_are_not_zero(void **state)
{
    (void)state;
    static const BrimSheetColumn columns[] = {
        {.head = "name", .key = "name"},
        {.head = "size MiB", .key = "size_bytes", .unit = 0x1p20, .decimals = 1},
        {.head = "ms", .key = "step_ms", .unit = 1, .decimals = 1, .key_decimals = 3}};
    const BrimSheetCell cells[] = {{.text = "long name"}, {.number = 1572864}, {.number = 12.3456},
                                   {.text = "b"},         {.number = NAN},     {.number = NAN}};
    const BrimSheet sheet = {columns, 3, cells, 2, 0};
    BrimText text = {0};
    char *whole = NULL;
    brim_sheet_table(&text, &sheet);
    brim_sheet_markdown(&text, &sheet);
    brim_sheet_csv(&text, &sheet);
    assert_ok(brim_text_end(&text, &whole));
    assert_string_equal(whole, "name       size    ms\n"
                               "            MiB\n"
                               "long name   1.5  12.3\n"
                               "b             -     -\n"
                               "| name      | size MiB |   ms |\n"
                               "|-----------|---------:|-----:|\n"
                               "| long name |      1.5 | 12.3 |\n"
                               "| b         |        - |    - |\n"
                               "name,size_bytes,step_ms\n"
                               "long name,1572864,12.346\n"
                               "b,,\n");
    brim_mem_give(whole);
    json_t *rows = brim_sheet_json(&sheet);
    const json_t *first = json_array_get(rows, 0), *second = json_array_get(rows, 1);
    assert_int_equal(json_integer_value(json_object_get(first, "size_bytes")), 1572864);
    assert_true(json_is_null(json_object_get(second, "size_bytes")));
    assert_true(json_is_null(json_object_get(second, "step_ms")));
    json_decref(rows);
}

/* ---- forms of the report ---- */

/* A sweep with one of everything. */
static BrimBench made_up(void)
{
    static BrimBenchRow rows[4];
    rows[0] = (BrimBenchRow){.batch = 1,
                             .steps = 9,
                             .median_ms = 10,
                             .best_ms = 9,
                             .pictures_per_s = 100,
                             .utilization = 0.987654,
                             .arena_bytes = 20 * MIB,
                             .planned_bytes = 90 * MIB,
                             .peak_bytes = 80 * MIB};
    rows[1] = (BrimBenchRow){.batch = 1,
                             .training = true,
                             .steps = 9,
                             .median_ms = 40,
                             .best_ms = 39,
                             .pictures_per_s = 25,
                             .utilization = 0.5,
                             .arena_bytes = 60 * MIB,
                             .planned_bytes = 130 * MIB};
    rows[2] = (BrimBenchRow){.batch = 4,
                             .training = true,
                             .steps = 9,
                             .median_ms = 100,
                             .best_ms = 99,
                             .pictures_per_s = 40,
                             .utilization = 0.9,
                             .arena_bytes = 160 * MIB,
                             .planned_bytes = 230 * MIB};
    rows[3] = (BrimBenchRow){.batch = 512,
                             .training = true,
                             .arena_bytes = 9000 * MIB,
                             .planned_bytes = 9216 * MIB,
                             .verdict = BRIM_BENCH_DOES_NOT_FIT};
    brim_bench_judge(rows, 4);
    return (BrimBench){.model = "yolov5n",
                       .device = "cpu",
                       .precision = "fp32",
                       .imgsz_px = 640,
                       .threads = 2,
                       .memory_bytes = 8192 * MIB,
                       .rows = rows,
                       .row_count = 4};
}

static void csv_has_a_field_for_every_column(void **state)
{
    (void)state;
    char *text = NULL;
    const BrimBench bench = made_up();
    assert_ok(brim_bench_text(&bench, "csv", &text));
    assert_string_equal(
        text, "mode,batch_size,steps,step_median_ms,step_best_ms,pictures_per_s,arena_planned_bytes,"
              "process_planned_bytes,process_measured_bytes,process_planned_bytes_per_picture,cpu_"
              "utilization,verdict\n"
              "inference,1,9,10.000,9.000,100.000,20971520,94371840,83886080,94371840,0.9877,best value\n"
              "training,1,9,40.000,39.000,25.000,62914560,136314880,,136314880,0.5000,low memory\n"
              "training,4,9,100.000,99.000,40.000,167772160,241172480,,60293120,0.9000,best value\n"
              "training,512,,,,,9437184000,9663676416,,18874368,,does not fit\n");
    brim_mem_give(text);
}

static void json_parses_and_knows_what_it_does_not_know(void **state)
{
    (void)state;
    char *text = NULL;
    json_error_t error;
    const BrimBench bench = made_up();
    assert_ok(brim_bench_text(&bench, "json", &text));
    json_t *root = json_loads(text, 0, &error);
    if (!root)
        fail_msg("line %d: %s", error.line, error.text);
    const json_t *rows = json_object_get(root, "rows");
    const json_t *last = json_array_get(rows, 3);
    assert_int_equal(json_array_size(rows), 4);
    assert_int_equal(json_integer_value(json_object_get(root, "memory_limit_bytes")), 8192 * MIB);
    assert_string_equal(json_string_value(json_object_get(last, "verdict")), "does not fit");
    assert_true(json_is_null(json_object_get(last, "step_median_ms")));
    assert_true(json_is_null(json_object_get(json_array_get(rows, 1), "process_measured_bytes")));
    assert_int_equal(json_integer_value(json_object_get(last, "process_planned_bytes")), 9216 * MIB);
    json_decref(root);
    brim_mem_give(text);
}

static void markdown_has_a_table(void **state)
{
    (void)state;
    char *text = NULL;
    const BrimBench bench = made_up();
    assert_ok(brim_bench_text(&bench, "md", &text));
    assert_true(strncmp(text, "# yolov5n at 640 px", 19) == 0);
    assert_non_null(strstr(text, "|        9216 |            - |        18.0 |     - | does not fit |"));
    assert_non_null(strstr(text, "- Training: --batch-size 4 gives 40.00 pictures/s with 230 MiB planned."));
    brim_mem_give(text);
}

static void no_line_is_wider_than_a_terminal(void **state)
{
    (void)state;
    char *text = NULL;
    const BrimBench bench = made_up();
    assert_ok(brim_bench_text(&bench, "table", &text));
    const char *table = strstr(text, "           batch"), *rule = strstr(text, "best value    the");
    assert_true(table && rule);
    for (const char *at = table; at < rule; at += strcspn(at, "\n") + 1)
        if (strcspn(at, "\n") > 80)
            fail_msg("%zu columns: %.*s", strcspn(at, "\n"), (int)strcspn(at, "\n"), at);
    assert_non_null(
        strstr(text, "training     512       -         -   9000     9216         -    -  does not fit\n"));
    brim_mem_give(text);
}

/* The last column of texts is cut, a path at its beginning, and no character in its middle. */
static void a_last_text_is_cut_to_the_terminal(void **state)
{
    (void)state;
    static const BrimSheetColumn names[] = {{.head = "pid", .unit = 1}, {.head = "name"}},
                                 paths[] = {{.head = "pid", .unit = 1}, {.head = "folder", .ends = true}};
    const BrimSheetCell cells[] = {{.number = 7}, {.text = "abcdefgh\xC3\xA4xyz"}};
    BrimText text = {0};
    char *whole = NULL;
    brim_sheet_table(&text, &(BrimSheet){names, 2, cells, 1, 14});
    brim_sheet_table(&text, &(BrimSheet){paths, 2, cells, 1, 14});
    brim_sheet_table(&text, &(BrimSheet){names, 2, cells, 1, 0});
    assert_ok(brim_text_end(&text, &whole));
    assert_string_equal(whole, "pid  name\n  7  abcdefgh\n"
                               "pid  folder\n  7  efgh\xC3\xA4xyz\n"
                               "pid  name\n  7  abcdefgh\xC3\xA4xyz\n");
    brim_mem_give(whole);
}

static void check_begin(const char *name, const char *begin)
{
    char *data = NULL;
    size_t bytes;
    char *path = brim_path_join(scratch_folder(), name);
    const BrimBench bench = made_up();
    assert_non_null(path);
    assert_ok(brim_bench_plot(path, &bench));
    assert_ok(brim_file_read(path, 1 << 24, &data, &bytes));
    assert_true(bytes > 2000);
    assert_memory_equal(data, begin, strlen(begin));
    brim_mem_give(data);
    brim_mem_give(path);
}

static void plots_are_what_their_names_say(void **state)
{
    (void)state;
    check_begin("plot.svg", "<?xml");
    check_begin("plot.png", "\x89PNG");
    const BrimBench bench = made_up();
    assert_refused(brim_bench_plot("no/such/folder/plot.svg", &bench), BRIM_ERROR_IO, "no/such/folder");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts_follow_the_rule),
        cmocka_unit_test(training_and_inference_are_judged_apart),
        cmocka_unit_test(unknown_figures_are_not_zero),
        cmocka_unit_test(csv_has_a_field_for_every_column),
        cmocka_unit_test(json_parses_and_knows_what_it_does_not_know),
        cmocka_unit_test(markdown_has_a_table),
        cmocka_unit_test(no_line_is_wider_than_a_terminal),
        cmocka_unit_test(a_last_text_is_cut_to_the_terminal),
        cmocka_unit_test(plots_are_what_their_names_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
