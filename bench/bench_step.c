/* Times whole training steps: gradient, then update with EMA, on pictures that are in memory.
 *
 *     bench_step MODEL IMGSZ BATCH STEPS [THREADS]
 *
 * Prints one line of JSON; side_by_side.py reads it. Two steps before those that are timed. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/process.h"
#include "base/random.h"
#include "train/weights.h"

enum { CLASSES = 3, LABELS = 8, WARMUP = 2 };

typedef struct Bench {
    BrimModel model;
    BrimEngine *engine;
    BrimBatch batch;
    int steps;
    int64_t *step_ns;
    int64_t kind_ns[BRIM_OP_KIND_COUNT]; /* least of the steps */
    float loss;
} Bench;

static BrimStatus make_batch(Bench *bench, int batch, int side_px)
{
    BrimRandom random = brim_random(0, 0);
    size_t bytes = (size_t)batch * (size_t)side_px * (size_t)side_px * 3;
    uint8_t *pictures = brim_mem_take(BRIM_MEM_OTHER, bytes, 1);
    float *targets = brim_mem_take(BRIM_MEM_OTHER, (size_t)batch * LABELS * 6, sizeof *targets);
    if (!pictures || !targets)
        return BRIM_ERROR_MEMORY;
    for (size_t i = 0; i < bytes; i++)
        pictures[i] = (uint8_t)brim_random_uniform(&random, 0, 256);
    for (int i = 0; i < batch * LABELS; i++) {
        float *row = targets + (size_t)i * 6;
        row[0] = (float)(i / LABELS);
        row[1] = (float)(int)brim_random_uniform(&random, 0, CLASSES);
        for (int j = 2; j < 6; j++)
            row[j] = (float)(j < 4 ? brim_random_uniform(&random, 0.1, 0.9)
                                   : brim_random_uniform(&random, 0.03, 0.28));
    }
    bench->batch = (BrimBatch){.n = batch,
                               .height_px = side_px,
                               .width_px = side_px,
                               .pictures = pictures,
                               .targets = targets,
                               .target_count = batch * LABELS};
    return BRIM_OK;
}

static BrimStatus open_bench(Bench *bench, const char *model, int side_px, int batch, int threads)
{
    BrimStatus status;
    const BrimShape shape = {batch, side_px, side_px};
    BRIM_TRY(brim_model_load(&bench->model, model, CLASSES));
    BRIM_TRY(make_batch(bench, batch, side_px));
    BrimEngineConf conf = {.backend = &brim_backend_cpu,
                           .threads = threads,
                           .model = &bench->model,
                           .hyper = brim_hyper_default(),
                           .train = &shape,
                           .train_count = 1,
                           .train_target_cap = batch * LABELS};
    brim_hyper_scale(&conf.hyper, bench->model.level_count, CLASSES, side_px);
    BRIM_TRY(brim_engine_open(&bench->engine, &conf));
    BRIM_TRY(brim_engine_start(bench->engine));
    BRIM_TRY(brim_weights_init(bench->engine, &bench->model, 0));
    BRIM_TRY(brim_weights_start_ema(bench->engine));
fail:
    return status;
}

static void keep_least(Bench *bench, int step)
{
    int64_t now_ns[BRIM_OP_KIND_COUNT];
    brim_engine_op_times(bench->engine, now_ns);
    for (int kind = 0; kind < BRIM_OP_KIND_COUNT; kind++) {
        if (now_ns[kind] && (step == 0 || !bench->kind_ns[kind] || now_ns[kind] < bench->kind_ns[kind]))
            bench->kind_ns[kind] = now_ns[kind];
    }
}

static BrimStatus run_bench(Bench *bench)
{
    BrimStatus status = BRIM_OK;
    const BrimStepScalars scalars = {.learning_rate = {0.01f, 0.01f, 0.01f},
                                     .momentum = 0.937f,
                                     .weight_decay = 0.0005f,
                                     .clip_norm = 10,
                                     .ema_decay = 0.999f};
    float items[4], norm[2];
    for (int step = -WARMUP; step < bench->steps; step++) {
        int64_t start_ns = brim_clock_ns();
        BRIM_TRY(brim_engine_gradient(bench->engine, &bench->batch, &scalars, items));
        if (step >= 0)
            keep_least(bench, step);
        BRIM_TRY(brim_engine_update(bench->engine, &scalars, norm));
        if (step < 0)
            continue;
        keep_least(bench, step);
        bench->step_ns[step] = brim_clock_ns() - start_ns;
    }
    bench->loss = items[3];
fail:
    return status;
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void print_results(Bench *bench, uint64_t start_bytes)
{
    json_t *kinds = json_object();
    const BrimPlan *plan = brim_engine_plan(bench->engine);
    qsort(bench->step_ns, (size_t)bench->steps, sizeof *bench->step_ns, by_size);
    for (int kind = 0; kind < BRIM_OP_KIND_COUNT; kind++) {
        if (bench->kind_ns[kind])
            json_object_set_new(kinds, brim_op_text((BrimOpKind)kind),
                                json_real((double)bench->kind_ns[kind] / 1e6));
    }
    json_t *line = json_pack(
        "{s:s, s:f, s:f, s:I, s:I, s:I, s:I, s:f, s:o}", "device", brim_engine_device(bench->engine)->name,
        "median_ms", (double)bench->step_ns[bench->steps / 2] / 1e6, "best_ms",
        (double)bench->step_ns[0] / 1e6, "arena_bytes", (json_int_t)plan->arena_bytes, "lower_bound_bytes",
        (json_int_t)plan->lower_bound_bytes, "peak_bytes", (json_int_t)brim_process_peak_bytes(),
        "growth_bytes", (json_int_t)(brim_process_peak_bytes() - start_bytes), "last_loss",
        (double)bench->loss, "op_ms", kinds);
    char *text = json_dumps(line, JSON_REAL_PRECISION(5));
    puts(text);
    free(text);
    json_decref(line);
}

int main(int argc, char **argv)
{
    if (argc < 5) {
        fputs("bench_step MODEL IMGSZ BATCH STEPS [THREADS]\n", stderr);
        return 2;
    }
    uint64_t start_bytes = brim_process_resident_bytes();
    Bench bench = {.steps = atoi(argv[4]) > 0 ? atoi(argv[4]) : 1};
    bench.step_ns = brim_mem_take(BRIM_MEM_OTHER, (size_t)bench.steps, sizeof *bench.step_ns);
    const char *threads = argc > 5 ? argv[5] : getenv("OMP_NUM_THREADS");
    BrimStatus status =
        open_bench(&bench, argv[1], atoi(argv[2]), atoi(argv[3]), threads ? atoi(threads) : 0);
    if (status == BRIM_OK)
        status = run_bench(&bench);
    if (status == BRIM_OK)
        print_results(&bench, start_bytes);
    else
        fprintf(stderr, "%s\n", brim_last_error());
    brim_engine_close(&bench.engine);
    brim_mem_give((void *)(uintptr_t)bench.batch.pictures);
    brim_mem_give((void *)(uintptr_t)bench.batch.targets);
    brim_mem_give(bench.step_ns);
    return status == BRIM_OK ? 0 : 1;
}
