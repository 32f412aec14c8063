/* What a training step on a card must do at least, from its graph alone:
 *
 *     bench_floor MODEL IMGSZ BATCH fp32|amp [GPU]
 *
 * Prints Markdown: bytes and operations of each kind of op (plan/cost.h), and, for a card that brim knows
 * ("H100 80"), the least time that its data sheet allows for them. Runs nothing and needs no card. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/training.h"
#include "plan/cost.h"
#include "plan/gpus.h"
#include "plan/plan.h"

enum { CLASSES = 3, LABELS = 8 };

typedef struct Row {
    int count;
    BrimCost cost;
    double floor_ms;
} Row;

static BrimModel model;

static BrimStatus make_graph(BrimGraph **graph, char **words)
{
    BrimStatus status;
    static const int block = 1; /* channels without pads */
    int side_px = atoi(words[2]), batch = atoi(words[3]);
    BRIM_TRY(brim_model_load(&model, words[1], CLASSES));
    const BrimStepConf conf = {.model = &model,
                               .hyper = brim_hyper_default(),
                               .batch = batch,
                               .height_px = side_px,
                               .width_px = side_px,
                               .target_cap = batch * LABELS,
                               .training_run = true,
                               .precision =
                                   strcmp(words[4], "amp") ? BRIM_PRECISION_FP32 : BRIM_PRECISION_AMP};
    BRIM_TRY(brim_graph_training(graph, &conf));
    const BrimSizer sizer = brim_plan_plain_sizer(&block);
    BRIM_TRY(brim_plan_measure(*graph, &sizer)); /* blocks of parameters have no size before */
fail:
    return status;
}

/* gpu NULL: no time. */
static void add(Row *row, BrimCost cost, const BrimGpu *gpu, bool amp)
{
    row->count++;
    row->cost.flops += cost.flops;
    row->cost.bytes += cost.bytes;
    if (!gpu)
        return;
    double flops_per_s = amp && gpu->tensor_tflops > 0 ? gpu->tensor_tflops * 1e12 : brim_gpu_fp32_flops(gpu);
    double compute_ms = cost.flops / flops_per_s * 1e3, memory_ms = cost.bytes / gpu->bandwidth_gb_s / 1e6;
    row->floor_ms += compute_ms > memory_ms ? compute_ms : memory_ms;
}

static void print_row(const char *name, const Row *row, bool timed)
{
    printf("| %s | %d | %.1f | %.1f |", name, row->count, row->cost.bytes / 1e6, row->cost.flops / 1e9);
    if (timed)
        printf(" %.3f |", row->floor_ms);
    putchar('\n');
}

static void print_table(const BrimGraph *graph, const BrimGpu *gpu, bool amp)
{
    Row rows[BRIM_OP_KIND_COUNT] = {0}, all = {0};
    for (BrimOpId id = 0; id < graph->op_count; id++) {
        BrimCost cost = brim_cost_of(graph, id);
        add(&rows[graph->ops[id].kind], cost, gpu, amp);
        add(&all, cost, gpu, amp);
    }
    printf("| op | ops | MB | GFLOP |%s\n|---|---|---|---|%s\n", gpu ? " floor, ms |" : "",
           gpu ? "---|" : "");
    for (int kind = 0; kind < BRIM_OP_KIND_COUNT; kind++)
        if (rows[kind].count > 0)
            print_row(brim_op_text((BrimOpKind)kind), &rows[kind], gpu);
    print_row("**all**", &all, gpu);
}

int main(int argc, char **argv)
{
    BrimStatus status;
    BrimGraph *graph = NULL;
    const BrimGpu *gpu = NULL;
    if (argc < 5 || argc > 6) {
        fputs("bench_floor MODEL IMGSZ BATCH fp32|amp [GPU]\n", stderr);
        return 2;
    }
    if (argc == 6)
        BRIM_TRY(brim_gpu_find(&gpu, argv[5]));
    BRIM_TRY(make_graph(&graph, argv));
    printf("%s, %s px, batch %s, %s", argv[1], argv[2], argv[3], argv[4]);
    if (gpu)
        printf(", on the data sheet of %s", gpu->name);
    printf("\n\n");
    print_table(graph, gpu, strcmp(argv[4], "amp") == 0);
fail:
    if (status != BRIM_OK)
        fprintf(stderr, "bench_floor: %s\n", brim_last_error());
    brim_graph_close(&graph);
    return status == BRIM_OK ? 0 : 1;
}
