/* Where a training step's time goes: bench_ops MODEL IMGSZ BATCH [THREADS], for example `bench_ops yolov5n
 * 320 16 2`. Prints, per kind of op, the time of the best step, and GFLOP/s of convolutions or GB/s of what
 * the others touch. */
#include <stdio.h>
#include <stdlib.h>

#include "plan/cost.h"
#include "train/engine.h"
#include "train/weights.h"

enum { STEPS = 5, CLASSES = 3, TARGET_CAP = 64 };

static BrimModel model;

static void print_table(const BrimGraph *graph, const int64_t *best_ns)
{
    printf("| op | count | ms | GFLOP/s | GB/s |\n|---|---|---|---|---|\n");
    for (BrimOpKind kind = 0; kind < BRIM_OP_KIND_COUNT; kind++) {
        double flops = 0, bytes = 0;
        int count = 0;
        for (BrimOpId id = 0; id < graph->op_count; id++) {
            if (graph->ops[id].kind != kind)
                continue;
            count++;
            BrimCost cost = brim_cost_of(graph, id);
            flops += cost.flops;
            bytes += cost.bytes;
        }
        double ns = (double)best_ns[kind];
        if (count > 0 && ns > 0)
            printf("| %s | %d | %.3f | %.1f | %.1f |\n", brim_op_text(kind), count, ns / 1e6, flops / ns,
                   bytes / ns);
    }
}

/* Times of each kind in the step that was fastest altogether. */
static BrimStatus measure(BrimEngine *engine, const BrimBatch *batch, int64_t *best_ns)
{
    BrimStatus status;
    float items[4], norm[2];
    int64_t best = INT64_MAX;
    BrimStepScalars scalars = {.momentum = 0.9f, .ema_decay = 0.99f};
    for (int step = 0; step < STEPS; step++) {
        int64_t times[2][BRIM_OP_KIND_COUNT], sum = 0;
        BRIM_TRY(brim_engine_gradient(engine, batch, &scalars, items));
        brim_engine_op_times(engine, times[0]);
        BRIM_TRY(brim_engine_update(engine, &scalars, norm));
        brim_engine_op_times(engine, times[1]);
        for (int kind = 0; kind < BRIM_OP_KIND_COUNT; kind++)
            sum += times[0][kind] += times[1][kind];
        for (int kind = 0; kind < BRIM_OP_KIND_COUNT && sum < best; kind++)
            best_ns[kind] = times[0][kind];
        best = sum < best ? sum : best;
    }
    status = BRIM_OK;
fail:
    return status;
}

int main(int argc, char **argv)
{
    BrimStatus status;
    BrimEngine *engine = NULL;
    uint8_t *pictures = NULL;
    float targets[TARGET_CAP * 6] = {0,    0,    0.5f,
                                     0.5f, 0.4f, 0.4f}; /* the engine copies all rows it planned */
    int64_t best_ns[BRIM_OP_KIND_COUNT] = {0};
    if (argc < 4) {
        fprintf(stderr, "bench_ops MODEL IMGSZ BATCH [THREADS]\n");
        return 2;
    }
    BrimShape shape = {atoi(argv[3]), atoi(argv[2]), atoi(argv[2])};
    BrimBatch batch = {.n = shape.n,
                       .height_px = shape.height_px,
                       .width_px = shape.width_px,
                       .targets = targets,
                       .target_count = 1};
    BRIM_TRY(brim_model_load(&model, argv[1], CLASSES));
    BrimEngineConf conf = {.backend = &brim_backend_cpu,
                           .threads = argc > 4 ? atoi(argv[4]) : 0,
                           .model = &model,
                           .hyper = brim_hyper_default(),
                           .train = &shape,
                           .train_count = 1,
                           .train_target_cap = TARGET_CAP};
    BRIM_TRY(brim_engine_open(&engine, &conf));
    BRIM_TRY(brim_engine_start(engine));
    BRIM_TRY(brim_weights_init(engine, &model, 1));
    BRIM_TRY(brim_weights_start_ema(engine));
    pictures =
        brim_mem_take(BRIM_MEM_OTHER, (size_t)shape.n * 3, (size_t)shape.height_px * (size_t)shape.width_px);
    status = BRIM_ERROR_MEMORY;
    if (!pictures)
        goto fail;
    batch.pictures = pictures;
    BRIM_TRY(measure(engine, &batch, best_ns));
    printf("%s, %d px, batch %d, %s\n\n", argv[1], shape.width_px, shape.n, brim_engine_device(engine)->name);
    print_table(brim_engine_graph(engine), best_ns);
fail:
    if (status != BRIM_OK)
        fprintf(stderr, "bench_ops: %s\n", brim_last_error());
    brim_mem_give(pictures);
    brim_engine_close(&engine);
    return status == BRIM_OK ? 0 : 1;
}
