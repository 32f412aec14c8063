/* Benchmarks: the rule of the verdicts on made-up rows, a small sweep and a short random training for real,
 * and every form of the report. */
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/process.h"
#include "support/support.h"

#define MIB ((uint64_t)1 << 20)

/* ---- real runs ---- */

typedef struct Seen {
    int steps, rows, saved, remarks;
    int stop_after; /* steps; 0: never */
    BrimBenchRow row[8];
    BrimBench bench; /* its rows stand in row, judged */
    BrimBenchStep step[8];
    char *text;
} Seen;

static void keep_report(Seen *seen, const BrimEvent *event)
{
    const BrimBench *bench = event->bench;
    assert_in_range(bench->row_count, 1, 8);
    assert_in_range(bench->step_count, 0, 8);
    seen->bench = *bench;
    memcpy(seen->row, bench->rows, (size_t)bench->row_count * sizeof *bench->rows);
    memcpy(seen->step, bench->steps ? bench->steps : seen->step,
           (size_t)bench->step_count * sizeof *bench->steps);
    seen->text = brim_mem_text(BRIM_MEM_OTHER, event->text);
}

static bool watch(void *self, const BrimEvent *event)
{
    Seen *seen = self;
    seen->steps += event->kind == BRIM_EVENT_STEP;
    seen->rows += event->kind == BRIM_EVENT_BENCH_ROW;
    seen->remarks += event->kind == BRIM_EVENT_REMARK;
    seen->saved += event->kind == BRIM_EVENT_SAVED;
    if (event->kind == BRIM_EVENT_BENCH)
        keep_report(seen, event);
    return !seen->stop_after || seen->steps < seen->stop_after;
}

static const int two_sizes[] = {2, 1, 2}; /* in no order, and one of them twice */

static BrimBenchOptions small_sweep(void)
{
    BrimBenchOptions options = brim_bench_defaults();
    options.device = "cpu"; /* whatever cards and drivers are here */
    options.model = "yolov5n";
    options.imgsz = 64;
    options.batch_sizes = two_sizes;
    options.batch_size_count = 3;
    options.steps = 3;
    options.warmup = 1;
    options.threads = 1;
    return options;
}

static void check_row(const BrimBenchRow *row)
{
    assert_int_equal(row->steps, 3);
    assert_true(row->best_ms > 0 && row->best_ms <= row->median_ms);
    assert_float_equal(row->pictures_per_s, row->batch * 1e3 / row->median_ms, 1e-6 * row->pictures_per_s);
    assert_true(row->utilization > 0.05 && row->utilization < 1.1);
    assert_true(row->arena_bytes > 7 * MIB); /* yolov5n has 1.87 million parameters */
    assert_true(row->planned_bytes > row->arena_bytes + 64 * 64 * 3 * (uint64_t)row->batch);
    assert_true(row->verdict != BRIM_BENCH_NONE && row->verdict != BRIM_BENCH_DOES_NOT_FIT);
}

static void a_sweep_measures_each_batch_size_once(void **state)
{
    (void)state;
    Seen seen = {0};
    const BrimBenchOptions options = small_sweep();
    assert_ok(brim_bench(&options, watch, &seen));
    assert_int_equal(seen.rows, 4);
    assert_int_equal(seen.steps, 4 * (3 + 1));
    assert_int_equal(seen.bench.row_count, 4);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(seen.row[i].training, i >= 2);
        assert_int_equal(seen.row[i].batch, i % 2 + 1);
        check_row(&seen.row[i]);
    }
    assert_true(seen.row[3].arena_bytes > seen.row[2].arena_bytes);     /* two pictures keep more than one */
    assert_true(seen.row[2].arena_bytes > 2 * seen.row[0].arena_bytes); /* gradients, momentum and EMA */
    assert_non_null(strstr(seen.text, "best value"));
    assert_non_null(strstr(seen.text, "Training: --batch-size"));
    brim_mem_give(seen.text);
}

/* Measured is not more than planned; and where the kernel lets it begin anew, a small row after a large one
 * has its own. */
static void the_measured_peak_is_the_rows_own(void **state)
{
    (void)state;
    Seen large = {0}, small = {0};
    BrimBenchOptions options = small_sweep();
    options.training = true;
    options.imgsz = 320;
    options.batch_sizes = &(int){8};
    options.batch_size_count = 1;
    assert_ok(brim_bench(&options, watch, &large));
    options.batch_sizes = &(int){1};
    assert_ok(brim_bench(&options, watch, &small));
    brim_mem_give(large.text);
    brim_mem_give(small.text);
    if (!large.bench.peaks_reset) {
        print_message("skipped: /proc/self/clear_refs cannot be written here\n");
        skip();
    }
    assert_true(large.row[0].peak_bytes >= large.row[0].arena_bytes);
    assert_true(small.row[0].peak_bytes >= small.row[0].arena_bytes);
#ifndef __SANITIZE_ADDRESS__ /* whose own memory is the process's, and which holds on to what was freed */
    assert_true(large.row[0].peak_bytes <= large.row[0].planned_bytes);
    assert_true(small.row[0].peak_bytes <= small.row[0].planned_bytes);
    assert_true(small.row[0].peak_bytes < large.row[0].arena_bytes);
#endif
}

/* The kernel shows it: after a run the process is as large as before, however large the run was. */
static void the_memory_is_given_back(void **state)
{
    static const int large[] = {8};
    BrimBenchOptions options = small_sweep();
    uint64_t before_bytes = 0;
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    skip(); /* it keeps what was given back, to find those who use it still */
#endif
    options.imgsz = 256;
    options.batch_sizes = large;
    options.batch_size_count = 1;
    options.steps = 1;
    for (int run = 0; run < 3; run++) {
        Seen seen = {.steps = 0};
        assert_ok(brim_bench(&options, watch, &seen));
        assert_true(seen.row[1].training && seen.row[1].arena_bytes > 100 * MIB);
        uint64_t after_bytes = brim_process_resident_bytes();
        if (run > 0) /* the first leaves the library's code and caches behind */
            assert_true(after_bytes < before_bytes + 2 * MIB);
        assert_true(after_bytes < seen.row[1].arena_bytes / 2);
        before_bytes = after_bytes;
        assert_int_equal(brim_mem_held_bytes(BRIM_MEM_ARENA), 0);
        brim_mem_give(seen.text);
    }
}

static void what_does_not_fit_is_not_run(void **state)
{
    (void)state;
    Seen seen = {0};
    BrimBenchOptions options = small_sweep();
    options.memory_bytes = MIB;
    assert_ok(brim_bench(&options, watch, &seen));
    assert_int_equal(seen.steps, 0);
    assert_int_equal(seen.bench.row_count, 4);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(seen.row[i].verdict, BRIM_BENCH_DOES_NOT_FIT);
        assert_true(seen.row[i].planned_bytes > MIB);
    }
    assert_non_null(strstr(seen.text, "does not fit\n"));
    assert_non_null(strstr(seen.text, "as --memory says"));
    brim_mem_give(seen.text);
}

/* 2^31 bytes of pictures are more than an op's operand may have. */
static void a_batch_that_cannot_be_run_spoils_nothing(void **state)
{
    (void)state;
    Seen seen = {0};
    BrimBenchOptions options = small_sweep();
    const int sizes[] = {1, 43691};
    options.imgsz = 128;
    options.inference = true;
    options.batch_sizes = sizes;
    options.batch_size_count = 2;
    assert_ok(brim_bench(&options, watch, &seen));
    assert_int_equal(seen.row[0].verdict, BRIM_BENCH_BEST_VALUE);
    assert_int_equal(seen.row[1].verdict, BRIM_BENCH_CANNOT_RUN);
    assert_int_equal(seen.remarks, 2); /* the device, and the batch that cannot be run */
    assert_non_null(strstr(seen.text, "cannot be run"));
    brim_mem_give(seen.text);
    options.random_training = true;
    options.batch_size = sizes[1];
    assert_refused(brim_bench(&options, NULL, NULL), BRIM_ERROR_ARGUMENT, "over 2 GiB");
}

static float loss_of(const BrimBenchStep *step)
{
    return step->losses[0] + step->losses[1] + step->losses[2];
}

static void a_random_training_tells_each_loss(void **state)
{
    (void)state;
    Seen first = {0}, again = {0};
    BrimBenchOptions options = small_sweep();
    options.random_training = true;
    options.batches = 5;
    options.batch_size = 2;
    assert_ok(brim_bench(&options, watch, &first));
    assert_ok(brim_bench(&options, watch, &again));
    assert_int_equal(first.bench.step_count, 5);
    assert_int_equal(first.steps, 5);
    for (int i = 0; i < 5; i++) {
        assert_true(first.step[i].milliseconds > 0);
        for (int part = 0; part < 3; part++)
            assert_true(isfinite(first.step[i].losses[part]) && first.step[i].losses[part] > 0);
        assert_memory_equal(first.step[i].losses, again.step[i].losses, sizeof again.step[i].losses);
    }
    /* The same batch again and again: what is learned of it shows. */
    assert_true(loss_of(&first.step[4]) < loss_of(&first.step[0]));
    assert_non_null(strstr(first.text, "loss: first "));
    brim_mem_give(first.text);
    brim_mem_give(again.text);
}

static void a_random_training_that_does_not_fit_says_what_it_needs(void **state)
{
    (void)state;
    BrimBenchOptions options = small_sweep();
    options.random_training = true;
    options.memory_bytes = MIB;
    assert_refused(brim_bench(&options, NULL, NULL), BRIM_ERROR_FIT, "the training needs");
}

static void it_stops_when_asked(void **state)
{
    (void)state;
    Seen seen = {.stop_after = 6};
    const BrimBenchOptions options = small_sweep();
    assert_refused(brim_bench(&options, watch, &seen), BRIM_STOPPED, "stopped at batches of 2");
    assert_int_equal(seen.steps, 6);
    assert_null(seen.text);
}

static void slips_are_refused_before_anything_is_run(void **state)
{
    (void)state;
    Seen seen = {0};
    BrimBenchOptions options = small_sweep();
    options.plot = "plot.bmp";
    assert_refused(brim_bench(&options, watch, &seen), BRIM_ERROR_ARGUMENT, "ends with .svg or .png");
    options = small_sweep();
    options.precision = "int8";
    assert_refused(brim_bench(&options, watch, &seen), BRIM_ERROR_ARGUMENT, "there are fp32, amp and bf16");
    options.precision = "bf16";
    options.device = "cpu";
    assert_refused(brim_bench(&options, watch, &seen), BRIM_ERROR_UNSUPPORTED, "8.0 on the CPU choose amp");
    options = small_sweep();
    options.format = "xml";
    assert_refused(brim_bench(&options, watch, &seen), BRIM_ERROR_ARGUMENT,
                   "there are table, md, csv and json");
    options = small_sweep();
    options.batch_sizes = &(int){0};
    options.batch_size_count = 1;
    assert_refused(brim_bench(&options, watch, &seen), BRIM_ERROR_ARGUMENT, "--batch-sizes 0: it must be from 1 to 65536");
    assert_int_equal(seen.steps, 0);
}

static void files_are_written_where_they_are_asked_for(void **state)
{
    (void)state;
    char *data = NULL;
    size_t bytes;
    Seen seen = {0};
    BrimBenchOptions options = small_sweep();
    char *output = brim_path_join(scratch_folder(), "bench.CSV"),
         *plot = brim_path_join(scratch_folder(), "b.png");
    options.inference = true;
    options.output = output;
    options.plot = plot;
    assert_ok(brim_bench(&options, watch, &seen));
    assert_int_equal(seen.saved, 2);
    assert_int_equal(seen.bench.row_count, 2);
    assert_ok(brim_file_read(output, 1 << 20, &data, &bytes));
    assert_string_equal(data, seen.text);
    assert_true(strncmp(data, "mode,batch_size,", 16) == 0);
    assert_true(brim_file_exists(plot));
    brim_mem_give(data);
    brim_mem_give(seen.text);
    brim_mem_give(output);
    brim_mem_give(plot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sweep_measures_each_batch_size_once),
        cmocka_unit_test(the_measured_peak_is_the_rows_own),
        cmocka_unit_test(the_memory_is_given_back),
        cmocka_unit_test(what_does_not_fit_is_not_run),
        cmocka_unit_test(a_batch_that_cannot_be_run_spoils_nothing),
        cmocka_unit_test(a_random_training_tells_each_loss),
        cmocka_unit_test(a_random_training_that_does_not_fit_says_what_it_needs),
        cmocka_unit_test(it_stops_when_asked),
        cmocka_unit_test(slips_are_refused_before_anything_is_run),
        cmocka_unit_test(files_are_written_where_they_are_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
