/* Times whole training steps: gradient, then update with EMA, on pictures that are in memory.
 *
 *     bench_step MODEL IMGSZ BATCH STEPS [THREADS] [--device cpu|0] [--precision fp32|amp|bf16] [--ahead]
 *
 * Prints one line of JSON; side_by_side.py and gpu_side_by_side.py read it. Before the steps that are timed
 * come two, on a card ten. --ahead writes a step's pictures while the step before computes. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/process.h"
#include "base/random.h"
#include "run/device.h"
#include "train/scaler.h"
#include "train/weights.h"

enum { CLASSES = 3, LABELS = 8, WARMUP = 2, CARD_WARMUP = 10 };

typedef struct Words {
    const char *model, *threads, *device;
    int side_px, batch, steps;
    const char *precision;
    bool ahead;
} Words;

typedef struct Bench {
    BrimModel model;
    BrimEngine *engine;
    BrimDevice device;
    BrimBatch batch;
    bool ahead, scaled;
    BrimScaler scaler; /* as the trainer has it, so that steps are skipped before they are timed */
    int steps, skipped;
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

static BrimStatus open_bench(Bench *bench, const Words *words)
{
    BrimStatus status;
    const BrimShape shape = {words->batch, words->side_px, words->side_px};
    BRIM_TRY(brim_device_choose(words->device, &bench->device));
    BRIM_TRY(brim_model_load(&bench->model, words->model, CLASSES));
    BRIM_TRY(make_batch(bench, words->batch, words->side_px));
    BrimEngineConf conf = {.backend = bench->device.backend,
                           .card = bench->device.card,
                           .threads = words->threads ? atoi(words->threads) : 0,
                           .model = &bench->model,
                           .hyper = brim_hyper_default(),
                           .train = &shape,
                           .train_count = 1,
                           .train_target_cap = words->batch * LABELS};
    BRIM_TRY(brim_device_precision(&bench->device, words->precision, "", &conf.precision));
    bench->scaler = brim_scaler();
    bench->scaled = brim_precision_traits(conf.precision)->loss_scaled;
    brim_hyper_scale(&conf.hyper, bench->model.level_count, CLASSES, words->side_px);
    BRIM_TRY(brim_engine_open(&bench->engine, &conf));
    BRIM_TRY(brim_engine_start(bench->engine));
    BRIM_TRY(brim_weights_init(bench->engine, &bench->model, 0));
    BRIM_TRY(brim_weights_start_ema(bench->engine));
    BRIM_TRY(brim_weights_round(bench->engine));
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

static BrimStatus run_gradient(Bench *bench, const BrimStepScalars *scalars)
{
    BrimStatus status;
    float items[4];
    BRIM_TRY(brim_engine_begin(bench->engine, &bench->batch, scalars));
    if (bench->ahead)
        BRIM_TRY(brim_engine_ahead(bench->engine, &bench->batch));
    BRIM_TRY(brim_engine_finish(bench->engine, items));
    bench->loss = items[3];
fail:
    return status;
}

static BrimStatus run_bench(Bench *bench)
{
    BrimStatus status = BRIM_OK;
    BrimStepScalars scalars = {.learning_rate = {0.01f, 0.01f, 0.01f},
                               .momentum = 0.937f,
                               .weight_decay = 0.0005f,
                               .clip_norm = 10,
                               .ema_decay = 0.999f,
                               .loss_scale = 1};
    float norm[2];
    int warmup = brim_device_is_card(&bench->device) ? CARD_WARMUP : WARMUP;
    for (int step = -warmup; step < bench->steps; step++) {
        if (bench->scaled)
            scalars.loss_scale = bench->scaler.scale;
        int64_t start_ns = brim_clock_ns();
        BRIM_TRY(run_gradient(bench, &scalars));
        if (step >= 0)
            keep_least(bench, step);
        BRIM_TRY(brim_engine_update(bench->engine, &scalars, norm));
        int64_t end_ns = brim_clock_ns();
        bool skipped = bench->scaled && !brim_scaler_updated(&bench->scaler, norm);
        if (step < 0)
            continue;
        keep_least(bench, step);
        bench->skipped += skipped;
        bench->step_ns[step] = end_ns - start_ns;
    }
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
    uint64_t free_bytes, taken_bytes, peak_bytes = brim_process_peak_bytes();
    brim_engine_room(bench->engine, &free_bytes, &taken_bytes);
    json_t *line = json_pack(
        "{s:s, s:f, s:f, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:i, s:o}", "device",
        brim_engine_device(bench->engine)->name, "median_ms", (double)bench->step_ns[bench->steps / 2] / 1e6,
        "best_ms", (double)bench->step_ns[0] / 1e6, "arena_bytes", (json_int_t)plan->arena_bytes,
        "lower_bound_bytes", (json_int_t)plan->lower_bound_bytes, "planned_bytes",
        (json_int_t)brim_engine_planned_bytes(bench->engine), "taken_bytes", (json_int_t)taken_bytes,
        "peak_bytes", (json_int_t)peak_bytes, "growth_bytes", (json_int_t)(peak_bytes - start_bytes),
        "last_loss", (double)bench->loss, "skipped_steps", bench->skipped, "op_ms", kinds);
    char *text = json_dumps(line, JSON_REAL_PRECISION(5));
    puts(text);
    free(text);
    json_decref(line);
}

/* False where they make no sense. */
static bool read_words(int count, char **words, Words *read)
{
    *read = (Words){.threads = getenv("OMP_NUM_THREADS"), .device = "cpu", .precision = "fp32"};
    if (count < 5)
        return false;
    read->model = words[1];
    read->side_px = atoi(words[2]);
    read->batch = atoi(words[3]);
    read->steps = atoi(words[4]) > 0 ? atoi(words[4]) : 1;
    for (int i = 5; i < count; i++) {
        if (strcmp(words[i], "--ahead") == 0)
            read->ahead = true;
        else if (strcmp(words[i], "--device") == 0 && i + 1 < count)
            read->device = words[++i];
        else if (strcmp(words[i], "--precision") == 0 && i + 1 < count)
            read->precision = words[++i];
        else if (words[i][0] != '-')
            read->threads = words[i];
        else
            return false;
    }
    return read->side_px > 0 && read->batch > 0;
}

int main(int argc, char **argv)
{
    Words words;
    if (!read_words(argc, argv, &words)) {
        fputs("bench_step MODEL IMGSZ BATCH STEPS [THREADS] [--device cpu|0] [--precision fp32|amp|bf16] "
              "[--ahead]\n",
              stderr);
        return 2;
    }
    uint64_t start_bytes = brim_process_resident_bytes();
    Bench bench = {.steps = words.steps, .ahead = words.ahead};
    bench.step_ns = brim_mem_take(BRIM_MEM_OTHER, (size_t)bench.steps, sizeof *bench.step_ns);
    BrimStatus status = bench.step_ns ? open_bench(&bench, &words) : BRIM_ERROR_MEMORY;
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
