/* A benchmark from its options to its report: a sweep over batch sizes, or the short random training. All
 * rows run in this process: a fork would not have the threads that a program using the library may have
 * started. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/process.h"
#include "report/bench_plot.h"
#include "report/bench_table.h"
#include "report/bench_verdict.h"
#include "run/bench_row.h"
#include "run/device.h"
#include "run/model_file.h"
#include "run/ranges.h"
#include "run/remarks.h"

typedef struct BenchRun {
    const BrimBenchOptions *options;
    BrimListener listener;
    void *self;
    BrimModel model;
    BrimBenchRowConf conf; /* what all rows share */
    BrimDeviceInfo device;
    int *batch_sizes; /* ascending, each once */
    int batch_size_count;
    BrimBenchRow *rows;
    BrimBenchStep *steps;
    BrimBench bench;
    const char *format;
    int64_t start_ns;
} BenchRun;

BrimBenchOptions brim_bench_defaults(void)
{
    static const int batch_sizes[] = {1, 2, 4, 8, 16};
    return (BrimBenchOptions){.model = "yolov5s",
                              .precision = "fp32",
                              .batch_sizes = batch_sizes,
                              .batch_size_count = sizeof batch_sizes / sizeof batch_sizes[0],
                              .imgsz = 640,
                              .warmup = 2,
                              .batches = 7,
                              .batch_size = 32};
}

/* ---- options ---- */

/* "md" of "results.md"; "" where there is none. */
static const char *ending(const char *path)
{
    const char *dot = path ? strrchr(path, '.') : NULL;
    return dot ? dot + 1 : "";
}

static const char *choose_format(const BrimBenchOptions *options)
{
    static const char *const by_ending[] = {"md", "csv", "json"};
    for (int i = 0; i < 3 && !options->format; i++) {
        if (strcasecmp(ending(options->output), by_ending[i]) == 0)
            return by_ending[i];
    }
    return options->format ? options->format : "table";
}

/* Whatever could only be refused after minutes of measuring is refused here. */
static BrimStatus check_options(const BrimBenchOptions *options)
{
    const char *plot = ending(options->plot);
    if (!options->model || !options->model[0])
        return brim_fail(BRIM_ERROR_ARGUMENT,
                         "no model is named: yolov5n, s, m, l or x, a model yaml, or weights");
    if (options->plot && strcasecmp(plot, "svg") != 0 && strcasecmp(plot, "png") != 0)
        return brim_fail(BRIM_ERROR_ARGUMENT, "--plot %s: a plot's name ends with .svg or .png",
                         options->plot);
    if (options->plot && options->random_training)
        return brim_fail(BRIM_ERROR_ARGUMENT,
                         "--random-training has one batch size only: there is nothing to plot");
    if (!options->random_training && options->batch_size_count < 1)
        return brim_fail(BRIM_ERROR_ARGUMENT, "no batch sizes given; --batch-sizes 1,2,4 names some");
    return BRIM_OK;
}

static BrimStatus check_numbers(const BrimBenchOptions *options)
{
    BrimStatus status = brim_imgsz_check(options->imgsz);
    const BrimRange ranges[] = {{"steps", options->steps, 0, BRIM_MOST_BENCH_STEPS},
                                {"warmup", options->warmup, 0, BRIM_MOST_BENCH_WARMUP},
                                {"batches", options->batches, 1, BRIM_MOST_BENCH_STEPS},
                                {"batch-size", options->batch_size, 1, BRIM_MOST_BATCH},
                                {"threads", options->threads, 0, BRIM_MOST_THREADS}};
    if (status == BRIM_OK)
        status = brim_ranges_check(ranges, sizeof ranges / sizeof ranges[0]);
    for (int i = 0; i < options->batch_size_count && status == BRIM_OK; i++)
        status = brim_ranges_check(
            &(const BrimRange){"batch-sizes", options->batch_sizes[i], 1, BRIM_MOST_BATCH}, 1);
    return status;
}

static int by_size(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

/* Ascending, so that also where the kernel's mark cannot be reset each row rises above those before. */
static BrimStatus order_batch_sizes(BenchRun *run)
{
    const BrimBenchOptions *options = run->options;
    size_t given = (size_t)options->batch_size_count;
    run->batch_sizes = brim_mem_take(BRIM_MEM_CONF, given, sizeof *run->batch_sizes);
    if (!run->batch_sizes)
        return BRIM_ERROR_MEMORY;
    if (given)
        memcpy(run->batch_sizes, options->batch_sizes, given * sizeof *run->batch_sizes);
    qsort(run->batch_sizes, given, sizeof *run->batch_sizes, by_size);
    for (size_t i = 0; i < given; i++) {
        if (i == 0 || run->batch_sizes[i] != run->batch_sizes[i - 1])
            run->batch_sizes[run->batch_size_count++] = run->batch_sizes[i];
    }
    return BRIM_OK;
}

static BrimStatus choose_limit(const BrimBenchOptions *options, BrimBenchRowConf *conf)
{
    uint64_t capacity_bytes, free_bytes;
    BrimStatus status = brim_device_room(&conf->device, &capacity_bytes, &free_bytes);
    conf->limit_bytes = options->memory_bytes ? options->memory_bytes : free_bytes / 5 * 4;
    return status;
}

static BrimStatus read_options(BenchRun *run)
{
    BrimStatus status;
    const BrimBenchOptions *options = run->options;
    BrimBenchRowConf *conf = &run->conf;
    *conf = (BrimBenchRowConf){.model = &run->model,
                               .threads = options->threads,
                               .steps = options->steps,
                               .warmup = options->warmup,
                               .listener = run->listener,
                               .listener_self = run->self};
    run->format = choose_format(options);
    BRIM_TRY(brim_bench_format_check(run->format));
    BRIM_TRY(check_options(options));
    BRIM_TRY(check_numbers(options));
    BRIM_TRY(brim_device_choose(options->device, &conf->device));
    BRIM_TRY(brim_device_precision(&conf->device, options->precision ? options->precision : "fp32", "",
                                   &conf->precision));
    brim_device_remark(&conf->device, options->threads, run->listener, run->self);
    BRIM_TRY(choose_limit(options, conf));
    BRIM_TRY(brim_model_find(&run->model, options->model, 0));
    BRIM_TRY(order_batch_sizes(run));
    conf->imgsz_px = brim_imgsz_round(options->imgsz, &run->model, run->listener, run->self);
    run->bench.peaks_reset = brim_process_reset_peak();
fail:
    return status;
}

/* ---- measuring ---- */

static BrimStatus measure(BenchRun *run, bool training, int batch)
{
    BrimBenchRow *row = &run->rows[run->bench.row_count];
    run->conf.training = training;
    run->conf.batch = batch;
    BrimStatus status = brim_bench_row_run(&run->conf, row, &run->device);
    if (status != BRIM_OK)
        return status;
    run->bench.row_count++;
    const BrimEvent event = {.kind = BRIM_EVENT_BENCH_ROW, .bench_row = row};
    if (run->listener && !run->listener(run->self, &event))
        return brim_fail(BRIM_STOPPED, "stopped after batches of %d; there is no report", batch);
    return BRIM_OK;
}

static BrimStatus sweep(BenchRun *run)
{
    BrimStatus status = BRIM_OK;
    const BrimBenchOptions *options = run->options;
    bool both = options->training == options->inference;
    run->rows = brim_mem_take(BRIM_MEM_CONF, 2 * (size_t)run->batch_size_count, sizeof *run->rows);
    if (!run->rows)
        return BRIM_ERROR_MEMORY;
    for (int training = 0; training < 2; training++) {
        for (int i = 0; i < run->batch_size_count && (both || options->training == training); i++)
            BRIM_TRY(measure(run, training, run->batch_sizes[i]));
    }
    brim_bench_judge(run->rows, run->bench.row_count);
fail:
    return status;
}

/* An option that changes nothing should not look as if it did. */
static void remark_unused(const BenchRun *run)
{
    const BrimBenchOptions *options = run->options, usual = brim_bench_defaults();
    if (options->steps != usual.steps || options->warmup != usual.warmup ||
        options->batch_sizes != usual.batch_sizes)
        brim_remark(
            run->listener, run->self,
            "--steps, --warmup and --batch-sizes belong to the sweep; a random training has --batches and "
            "--batch-size");
}

/* One row, whose steps are the batches; nothing goes before them. */
static BrimStatus train(BenchRun *run)
{
    char needed[24], given[24];
    int batches = run->options->batches;
    run->rows = brim_mem_take(BRIM_MEM_CONF, 1, sizeof *run->rows);
    run->steps = brim_mem_take(BRIM_MEM_CONF, (size_t)batches, sizeof *run->steps);
    if (!run->rows || !run->steps)
        return BRIM_ERROR_MEMORY;
    remark_unused(run);
    run->conf.steps = batches;
    run->conf.warmup = 0;
    run->conf.each = run->steps;
    BrimStatus status = measure(run, true, run->options->batch_size);
    if (status != BRIM_OK || brim_bench_measured(&run->rows[0]))
        return status;
    if (run->rows[0].verdict == BRIM_BENCH_CANNOT_RUN)
        return BRIM_ERROR_ARGUMENT; /* the sentence that says why stands already */
    brim_bench_bytes(needed, sizeof needed, run->rows[0].planned_bytes);
    brim_bench_bytes(given, sizeof given, run->conf.limit_bytes);
    return brim_fail(BRIM_ERROR_FIT,
                     "the training needs %s, %s are %s; a smaller --batch-size or --imgsz needs less", needed,
                     given, run->options->memory_bytes ? "given" : "free");
}

/* ---- the report ---- */

static void describe(BenchRun *run)
{
    BrimBench *bench = &run->bench;
    bench->model = run->model.name;
    bench->device = run->device.name;
    bench->precision = brim_precision_traits(run->conf.precision)->option;
    bench->imgsz_px = run->conf.imgsz_px;
    bench->threads = run->device.threads;
    bench->on_card = brim_device_is_card(&run->conf.device);
    bench->memory_bytes = run->conf.limit_bytes;
    bench->memory_given = run->options->memory_bytes > 0;
    bench->seconds = (double)(brim_clock_ns() - run->start_ns) / 1e9;
    bench->rows = run->rows;
    bench->steps = run->steps;
    bench->step_count = run->steps ? run->options->batches : 0;
}

static void tell(const BenchRun *run, const BrimEvent *event)
{
    if (run->listener)
        run->listener(run->self, event);
}

/* Told before it is written: where a disk is full, the figures are not lost. */
static BrimStatus report(BenchRun *run)
{
    BrimStatus status;
    char *text = NULL;
    const BrimBenchOptions *options = run->options;
    describe(run);
    BRIM_TRY(brim_bench_text(&run->bench, run->format, &text));
    tell(run, &(BrimEvent){.kind = BRIM_EVENT_BENCH, .text = text, .bench = &run->bench});
    if (options->output) {
        BRIM_TRY(brim_file_write(options->output, text, strlen(text)));
        tell(run, &(BrimEvent){.kind = BRIM_EVENT_SAVED, .text = options->output});
    }
    if (options->plot) {
        BRIM_TRY(brim_bench_plot(options->plot, &run->bench));
        tell(run, &(BrimEvent){.kind = BRIM_EVENT_SAVED, .text = options->plot});
    }
    tell(run, &(BrimEvent){.kind = BRIM_EVENT_DONE, .seconds = run->bench.seconds});
fail:
    brim_mem_give(text);
    return status;
}

BrimStatus brim_bench(const BrimBenchOptions *options, BrimListener listener, void *self)
{
    BrimStatus status;
    BenchRun run = {.options = options, .listener = listener, .self = self, .start_ns = brim_clock_ns()};
    BRIM_TRY(read_options(&run));
    BRIM_TRY(options->random_training ? train(&run) : sweep(&run));
    BRIM_TRY(report(&run));
fail:
    brim_mem_give(run.batch_sizes);
    brim_mem_give(run.rows);
    brim_mem_give(run.steps);
    return status;
}
