/* What a training step was planned to take, and what it took: bench_memory MODEL IMGSZ BATCH fp32|amp
 * RECOMPUTE
 * [--cap SLACK]. One process a measurement, since a process's highest memory cannot be taken back. Prints a
 * line of JSON. With --cap the process lives, from the plan on, in a memory cgroup of the planned total times
 * 1 + SLACK (which takes root, and version 1 or 2 of cgroups), so that a byte too many ends it. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "graph/recompute.h"
#include "train/engine.h"
#include "train/weights.h"

enum { CLASSES = 3, LABELS = 8, STEPS = 1 };

typedef struct Bench {
    BrimModel model;
    BrimEngine *engine;
    BrimBatch batch;
    size_t before_bytes, batch_bytes;
} Bench;

/* Stripes and boxes: any will do, as long as there are some. */
static BrimStatus make_batch(Bench *bench, int n, int side_px)
{
    size_t bytes = (size_t)n * (size_t)side_px * (size_t)side_px * 3;
    uint8_t *pictures = brim_mem_take(BRIM_MEM_OTHER, bytes, 1);
    float *targets = brim_mem_take(BRIM_MEM_OTHER, (size_t)n * LABELS * 6, sizeof *targets);
    bench->batch = (BrimBatch){.n = n,
                               .height_px = side_px,
                               .width_px = side_px,
                               .pictures = pictures,
                               .targets = targets,
                               .target_count = n * LABELS};
    if (!pictures || !targets)
        return BRIM_ERROR_MEMORY;
    for (size_t i = 0; i < bytes; i++)
        pictures[i] = (uint8_t)(i * i % 251);
    for (int i = 0; i < n * LABELS; i++) {
        float place = 0.1f + 0.1f * (float)(i % LABELS);
        memcpy(targets + 6 * i,
               (float[]){(float)(i / LABELS), (float)(i % CLASSES), place, place, 0.2f, 0.3f},
               6 * sizeof *targets);
    }
    bench->batch_bytes = bytes + (size_t)n * LABELS * 6 * sizeof *targets;
    return BRIM_OK;
}

static BrimStatus open_bench(Bench *bench, char **words)
{
    BrimStatus status;
    int side_px = atoi(words[2]), n = atoi(words[3]);
    BrimShape shape = {n, side_px, side_px};
    BRIM_TRY(brim_model_load(&bench->model, words[1], CLASSES));
    BRIM_TRY(make_batch(bench, n, side_px));
    BrimEngineConf conf = {.backend = &brim_backend_cpu,
                           .model = &bench->model,
                           .hyper = brim_hyper_default(),
                           .train = &shape,
                           .train_count = 1,
                           .train_target_cap = n * LABELS,
                           .precision =
                               strcmp(words[4], "amp") ? BRIM_PRECISION_FP32 : BRIM_PRECISION_BF16_KEPT};
    BRIM_TRY(brim_recompute_parse(words[5], &bench->model, conf.recompute));
    brim_hyper_scale(&conf.hyper, bench->model.level_count, CLASSES, side_px);
    bench->before_bytes = brim_process_resident_bytes();
    BRIM_TRY(brim_engine_open(&bench->engine, &conf));
fail:
    return status;
}

static size_t planned_bytes(const Bench *bench)
{
    return bench->before_bytes + brim_engine_beside_bytes(bench->engine) +
           brim_engine_plan(bench->engine)->arena_bytes;
}

static BrimStatus write_number(const char *folder, const char *name, unsigned long long number)
{
    char path[256], text[32];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    int length = snprintf(text, sizeof text, "%llu", number);
    bool written = file && fwrite(text, 1, (size_t)length, file) == (size_t)length;
    if (file)
        written = fclose(file) == 0 && written;
    return written ? BRIM_OK : brim_fail(BRIM_ERROR_IO, "%s cannot be written; a cgroup takes root", path);
}

/* Into a cgroup of its own. What the process holds already was charged elsewhere, so the room is for what is
 * to come. */
static BrimStatus enter_cap(size_t bytes)
{
    BrimStatus status;
    bool second = access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0;
    char folder[128];
    snprintf(folder, sizeof folder, "%s/brim-%ld", second ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory",
             (long)getpid());
    mkdir(folder, 0755);
    BRIM_TRY(write_number(folder, second ? "memory.max" : "memory.limit_in_bytes", bytes));
    BRIM_TRY(write_number(folder, "cgroup.procs", (unsigned long long)getpid()));
fail:
    return status;
}

static BrimStatus train(Bench *bench, float items[4])
{
    BrimStatus status;
    const BrimStepScalars scalars = {
        .learning_rate = {0.001f, 0.001f, 0.001f}, .momentum = 0.9f, .clip_norm = 10};
    float norm[2];
    BRIM_TRY(brim_engine_start(bench->engine));
    BRIM_TRY(brim_weights_init(bench->engine, &bench->model, 0));
    BRIM_TRY(brim_weights_start_ema(bench->engine));
    for (int step = 0; step < STEPS; step++) {
        BRIM_TRY(brim_engine_gradient(bench->engine, &bench->batch, &scalars, items));
        BRIM_TRY(brim_engine_update(bench->engine, &scalars, norm));
    }
fail:
    return status;
}

/* Bytes from the arena's start to the last that is no longer poison. */
static size_t written_bytes(Bench *bench)
{
    size_t bytes;
    const unsigned char *arena = brim_engine_arena(bench->engine, &bytes);
    while (bytes > 0 && arena[bytes - 1] == 0xFF)
        bytes--;
    return bytes;
}

/* Where the tensor or workspace begins that ends last: a library need not fill the end of what it asked for. */
static size_t last_start_bytes(const Bench *bench)
{
    const BrimPlacement *place = &brim_engine_plan(bench->engine)->placements[0];
    const BrimGraph *graph = brim_engine_graph_at(bench->engine, 0);
    size_t start = 0, end = 0;
    for (int i = 0; i < graph->tensor_count + graph->op_count; i++) {
        bool tensor = i < graph->tensor_count;
        int op = i - graph->tensor_count;
        size_t from = tensor ? place->tensor_offset[i] : place->workspace_offset[op];
        size_t bytes = tensor ? graph->tensors[i].bytes : graph->ops[op].workspace_bytes;
        if (bytes > 0 && from + bytes > end) {
            start = from;
            end = from + bytes;
        }
    }
    return start;
}

static void print_line(Bench *bench, float loss)
{
    size_t arena_bytes;
    brim_engine_arena(bench->engine, &arena_bytes);
    json_t *line = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:f}", "plan_arena_bytes",
                             (json_int_t)brim_engine_plan(bench->engine)->arena_bytes, "arena_bytes",
                             (json_int_t)arena_bytes, "written_bytes", (json_int_t)written_bytes(bench),
                             "last_start_bytes", (json_int_t)last_start_bytes(bench), "planned_bytes", (json_int_t)planned_bytes(bench), "peak_bytes",
                             (json_int_t)brim_process_peak_bytes(), "loss", (double)loss);
    char *text = json_dumps(line, JSON_REAL_PRECISION(6));
    puts(text);
    free(text);
    json_decref(line);
}

int main(int argc, char **argv)
{
    Bench bench = {0};
    float items[4] = {0};
    if (argc != 6 && !(argc == 8 && strcmp(argv[6], "--cap") == 0)) {
        fputs("bench_memory MODEL IMGSZ BATCH fp32|amp RECOMPUTE [--cap SLACK]\n", stderr);
        return 2;
    }
    BrimStatus status = open_bench(&bench, argv);
    if (status == BRIM_OK && argc == 8) {
        double room =
            (double)planned_bytes(&bench) * (1 + atof(argv[7])) - (double)brim_process_resident_bytes();
        status = enter_cap((size_t)room);
    }
    if (status == BRIM_OK)
        status = train(&bench, items);
    if (status == BRIM_OK)
        print_line(&bench, items[3]);
    else
        fprintf(stderr, "%s\n", brim_last_error());
    brim_engine_close(&bench.engine);
    brim_mem_give((void *)(uintptr_t)bench.batch.pictures);
    brim_mem_give((void *)(uintptr_t)bench.batch.targets);
    return status == BRIM_OK ? 0 : 1;
}
