/* Where a training step's time goes on a card:
 *
 *     bench_card MODEL IMGSZ BATCH fp32|amp|bf16 [CARD] [--quick]
 *
 * Prints Markdown: what the card reaches, then per kind of op its launches, time in the fastest of a few
 * steps, bytes and operations (plan/cost.h), what of the card's reach they come to, and the least time that
 * they could take (the roofline).
 * --quick measures the reach with tiny sizes, for a card that is none; its figures mean nothing.
 * docs/gpu-bench.md says what each column is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "card_ceilings.h"
#include "backend/cuda/layout/layout.h"
#include "plan/cost.h"
#include "run/bench_batch.h"
#include "train/scaler.h"
#include "train/weights.h"

enum { WARMUP = 10, STEPS = 10, CLASSES = 3 };

typedef struct Bench {
    BrimModel model;
    const char *name;
    BrimShape shape;
    BrimPrecision precision;
    int card;
    bool quick;
    CardCeilings ceilings;
    BrimScaler scaler;
    BrimEngine *engine;
    BrimBatch batch;
    int64_t best_ns[BRIM_OP_KIND_COUNT]; /* of the step that was fastest in all */
    int32_t launches[BRIM_OP_KIND_COUNT];
} Bench;

/* What the ops of a kind do, and the least time for it. */
typedef struct Row {
    int count;
    BrimCost cost;
    double floor_ms, ms;
    int launches;
} Row;

static bool read_words(Bench *bench, int count, char **words)
{
    if (count < 5 || brim_precision_parse(words[4], BRIM_PRECISION_AMP, "", &bench->precision) != BRIM_OK)
        return false;
    int side_px = atoi(words[2]);
    bench->name = words[1];
    bench->shape = (BrimShape){atoi(words[3]), side_px, side_px};
    for (int i = 5; i < count; i++) {
        if (strcmp(words[i], "--quick") == 0)
            bench->quick = true;
        else
            bench->card = atoi(words[i]);
    }
    return bench->shape.n > 0 && side_px > 0;
}

static BrimStatus open_bench(Bench *bench)
{
    BrimStatus status;
    BRIM_TRY(brim_model_load(&bench->model, bench->name, CLASSES));
    BRIM_TRY(brim_bench_batch_make(&bench->batch, bench->shape.n, bench->shape.width_px, CLASSES));
    BrimEngineConf conf = {.backend = &brim_backend_cuda,
                           .card = bench->card,
                           .model = &bench->model,
                           .hyper = brim_hyper_default(),
                           .train = &bench->shape,
                           .train_count = 1,
                           .train_target_cap = bench->shape.n * BRIM_BENCH_LABELS,
                           .precision = bench->precision,
                           .time_ops = true};
    brim_hyper_scale(&conf.hyper, bench->model.level_count, CLASSES, bench->shape.width_px);
    BRIM_TRY(brim_engine_open(&bench->engine, &conf));
    BRIM_TRY(brim_engine_start(bench->engine));
    BRIM_TRY(brim_weights_init(bench->engine, &bench->model, 0));
    BRIM_TRY(brim_weights_start_ema(bench->engine));
    BRIM_TRY(brim_weights_round(bench->engine));
fail:
    return status;
}

/* A step; the sum of its ops' times, without end where gradients overflowed and nothing was updated. */
static BrimStatus run_step(Bench *bench, int64_t times_ns[BRIM_OP_KIND_COUNT], int64_t *sum_ns)
{
    bool scaled = brim_precision_traits(bench->precision)->loss_scaled;
    BrimStatus status;
    float items[4], norm[2];
    int64_t update_ns[BRIM_OP_KIND_COUNT];
    int32_t update_launches[BRIM_OP_KIND_COUNT];
    const BrimStepScalars scalars = {.learning_rate = {0.001f, 0.001f, 0.001f},
                                     .momentum = 0.937f,
                                     .weight_decay = 0.0005f,
                                     .clip_norm = 10,
                                     .ema_decay = 0.999f,
                                     .loss_scale = scaled ? bench->scaler.scale : 1};
    BRIM_TRY(brim_engine_gradient(bench->engine, &bench->batch, &scalars, items));
    brim_engine_op_times(bench->engine, times_ns);
    brim_engine_op_launches(bench->engine, bench->launches);
    BRIM_TRY(brim_engine_update(bench->engine, &scalars, norm));
    brim_engine_op_times(bench->engine, update_ns);
    brim_engine_op_launches(bench->engine, update_launches);
    *sum_ns = 0;
    for (int kind = 0; kind < BRIM_OP_KIND_COUNT; kind++) {
        *sum_ns += times_ns[kind] += update_ns[kind];
        bench->launches[kind] += update_launches[kind];
    }
    if (scaled && !brim_scaler_updated(&bench->scaler, norm))
        *sum_ns = INT64_MAX;
fail:
    return status;
}

static BrimStatus measure(Bench *bench)
{
    BrimStatus status;
    int64_t best_ns = INT64_MAX;
    BRIM_TRY(card_ceilings_measure(&bench->ceilings, bench->card,
                                   brim_cuda_type(brim_precision_traits(bench->precision)->feature),
                                   bench->quick));
    BRIM_TRY(open_bench(bench));
    bench->scaler = brim_scaler();
    for (int step = -WARMUP; step < STEPS; step++) {
        int64_t times_ns[BRIM_OP_KIND_COUNT], sum_ns;
        BRIM_TRY(run_step(bench, times_ns, &sum_ns));
        if (step >= 0 && sum_ns < best_ns) {
            best_ns = sum_ns;
            memcpy(bench->best_ns, times_ns, sizeof times_ns);
        }
    }
fail:
    return status;
}

/* ---- the table ---- */

static void add_op(const Bench *bench, const BrimGraph *graph, BrimOpId id, Row rows[BRIM_OP_KIND_COUNT])
{
    BrimOpKind kind = graph->ops[id].kind;
    BrimCost cost = brim_cost_of(graph, id);
    double compute_ms = cost.flops / bench->ceilings.flops_per_s * 1e3;
    double memory_ms = cost.bytes / bench->ceilings.bytes_per_s * 1e3;
    if (kind == BRIM_OP_AVERAGE && bench->launches[kind] == 0)
        kind = BRIM_OP_OPTIMIZE; /* one launch does both */
    rows[kind].count++;
    rows[kind].cost.flops += cost.flops;
    rows[kind].cost.bytes += cost.bytes;
    rows[kind].floor_ms += compute_ms > memory_ms ? compute_ms : memory_ms;
}

static void print_row(const Bench *bench, const char *name, const Row *row, double all_ms)
{
    double bytes_per_s = row->cost.bytes / row->ms * 1e3, flops_per_s = row->cost.flops / row->ms * 1e3;
    printf("| %s | %d | %d | %.3f | %.0f %% | %.1f | %.0f | %.0f %% |", name, row->count, row->launches,
           row->ms, 100 * row->ms / all_ms, row->cost.bytes / 1e6, bytes_per_s / 1e9,
           100 * bytes_per_s / bench->ceilings.bytes_per_s);
    if (row->cost.flops > 0)
        printf(" %.1f | %.1f | %.0f %% |", row->cost.flops / 1e9, flops_per_s / 1e12,
               100 * flops_per_s / bench->ceilings.flops_per_s);
    else
        printf(" | | |");
    printf(" %.3f | %.1f |\n", row->floor_ms, row->ms / row->floor_ms);
}

static void print_head(const Bench *bench)
{
    printf("### %s, %d px, batch %d, %s\n\n", bench->name, bench->shape.width_px, bench->shape.n,
           brim_precision_traits(bench->precision)->text);
    printf("%s. It reaches %.0f GB/s in a copy within its memory and %.1f TFLOP/s in %s.\n\n",
           brim_engine_device(bench->engine)->name, bench->ceilings.bytes_per_s / 1e9,
           bench->ceilings.flops_per_s / 1e12, bench->ceilings.flops_by);
    if (bench->quick)
        printf("**Measured with tiny sizes, or on a card that is none: the figures mean nothing.**\n\n");
    printf("| op | ops | launches | ms | of the step | MB | GB/s | of the copy | GFLOP | TFLOP/s | of the "
           "convolution | "
           "floor, ms | times the floor |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
}

static void print_table(const Bench *bench)
{
    Row rows[BRIM_OP_KIND_COUNT] = {0}, all = {0};
    const BrimGraph *graph = brim_engine_graph(bench->engine);
    for (BrimOpId id = 0; id < graph->op_count; id++)
        add_op(bench, graph, id, rows);
    for (int kind = 0; kind < BRIM_OP_KIND_COUNT; kind++) {
        Row *row = &rows[kind];
        row->ms = (double)bench->best_ns[kind] / 1e6;
        row->launches = bench->launches[kind];
        all.count += row->count;
        all.launches += row->launches;
        all.ms += row->ms;
        all.floor_ms += row->floor_ms;
        all.cost.bytes += row->cost.bytes;
        all.cost.flops += row->cost.flops;
    }
    print_head(bench);
    for (int kind = 0; kind < BRIM_OP_KIND_COUNT; kind++)
        if (rows[kind].count > 0)
            print_row(bench, brim_op_text((BrimOpKind)kind), &rows[kind], all.ms);
    print_row(bench, "**all**", &all, all.ms);
}

int main(int argc, char **argv)
{
    static Bench bench;
    if (!read_words(&bench, argc, argv)) {
        fputs("bench_card MODEL IMGSZ BATCH fp32|amp|bf16 [CARD] [--quick]\n", stderr);
        return 2;
    }
    BrimStatus status = measure(&bench);
    if (status == BRIM_OK)
        print_table(&bench);
    else
        fprintf(stderr, "bench_card: %s\n", brim_last_error());
    brim_engine_close(&bench.engine);
    brim_bench_batch_clear(&bench.batch);
    return status == BRIM_OK ? 0 : 1;
}
