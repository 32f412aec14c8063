/* Where a training step's time goes: bench_ops MODEL IMGSZ BATCH [THREADS], for example `bench_ops yolov5n
 * 320 16 2`. Prints, per kind of op, the time of the best step, and GFLOP/s of convolutions or GB/s of what
 * the others touch. */
#include <stdio.h>
#include <stdlib.h>

#include "train/engine.h"
#include "train/weights.h"

enum { STEPS = 5, CLASSES = 3, TARGET_CAP = 64 };

static BrimModel model;

/* Bytes of an operand, whose part of a feature has no storage of its own. */
static double operand_bytes(const BrimGraph *graph, BrimTensorId id)
{
    const BrimTensor *tensor = id == BRIM_NONE ? NULL : &graph->tensors[id];
    return tensor ? (double)brim_tensor_elements(tensor) * (double)brim_dtype_bytes(tensor->dtype) : 0;
}

/* Two a multiplication and addition; 0 for what is no convolution. */
static double op_flops(const BrimGraph *graph, const BrimOp *op)
{
    if (op->kind < BRIM_OP_CONV_FORWARD || op->kind > BRIM_OP_CONV_BACKWARD_WEIGHTS)
        return 0;
    BrimTensorId y = op->kind == BRIM_OP_CONV_FORWARD         ? op->out[0]
                     : op->kind == BRIM_OP_CONV_BACKWARD_DATA ? op->in[0]
                                                              : op->in[1];
    BrimTensorId w = op->kind == BRIM_OP_CONV_BACKWARD_WEIGHTS ? op->out[0] : op->in[1];
    const int32_t *dims = graph->tensors[w].dims;
    return 2.0 * (double)brim_tensor_elements(&graph->tensors[y]) * dims[1] * dims[2] * dims[3];
}

static void print_table(const BrimGraph *graph, const int64_t *best_ns)
{
    printf("| op | count | ms | GFLOP/s | GB/s |\n|---|---|---|---|---|\n");
    for (BrimOpKind kind = 0; kind < BRIM_OP_KIND_COUNT; kind++) {
        double flops = 0, bytes = 0;
        int count = 0;
        for (BrimOpId id = 0; id < graph->op_count; id++) {
            const BrimOp *op = &graph->ops[id];
            if (op->kind != kind)
                continue;
            count++;
            flops += op_flops(graph, op);
            for (int i = 0; i < BRIM_OP_IN; i++)
                bytes += operand_bytes(graph, op->in[i]);
            for (int i = 0; i < BRIM_OP_OUT; i++)
                bytes += operand_bytes(graph, op->out[i]);
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
