/* Gradient norm, SGD and EMA over blocks of parameters. Pads are zeros and stay so. */
#include "backend/host/update.h"

#include <math.h>

#include "element/sgd.h"

enum {
    CHUNK = 1 << 15
}; /* floats that are summed in one go: the order of the sum is the chunks', not the threads' */

/* The elements of a block, members' pads included. */
static size_t block_floats(const BrimGraph *graph, BrimTensorId id)
{
    return graph->tensors[id].bytes / sizeof(float);
}

static size_t block_chunks(const BrimGraph *graph, BrimTensorId id)
{
    return (block_floats(graph, id) + CHUNK - 1) / CHUNK;
}

size_t brim_update_workspace_bytes(const BrimGraph *graph, const BrimOp *op)
{
    size_t chunks = 0;
    for (int i = 0; i < brim_operand_count(op->in, 0, BRIM_OP_IN); i++)
        chunks += block_chunks(graph, op->in[i]);
    return chunks * sizeof(double);
}

static double sum_of_squares(const float *values, size_t count)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < count; i++)
        sum += (double)values[i] * values[i];
    return sum;
}

void brim_update_norm(const BrimCall *call)
{
    double *sums = brim_call_workspace(call), total = 0;
    float *norm = brim_call_out(call, 0);
    size_t done = 0;
    for (int i = 0; i < brim_operand_count(call->op->in, 0, BRIM_OP_IN); i++) {
        const float *gradients = brim_call_in(call, i);
        size_t count = block_floats(call->graph, call->op->in[i]);
        size_t chunks = block_chunks(call->graph, call->op->in[i]);
#pragma omp parallel for schedule(static)
        for (size_t chunk = 0; chunk < chunks; chunk++) {
            size_t start = chunk * CHUNK, end = start + CHUNK < count ? start + CHUNK : count;
            sums[done + chunk] = sum_of_squares(gradients + start, end - start);
        }
        done += chunks;
    }
    for (size_t chunk = 0; chunk < done; chunk++)
        total += sums[chunk];
    float scale = brim_sgd_loss_scale(call->scalars->loss_scale);
    norm[0] = (float)(sqrt(total) / (double)scale);
    norm[1] = brim_sgd_factor(norm[0], call->scalars->clip_norm, scale);
}

void brim_update_optimize(const BrimCall *call)
{
    const BrimStepScalars *scalars = call->scalars;
    const float *w = brim_call_in(call, 0), *g = brim_call_in(call, 1), *m = brim_call_in(call, 2);
    const float *ema = brim_call_in(call, 4);
    float *new_w = brim_call_out(call, 0), *new_m = brim_call_out(call, 1), *new_ema = brim_call_out(call, 2);
    float factor = ((const float *)brim_call_in(call, 3))[1];
    float learning_rate = scalars->learning_rate[call->op->group];
    float decay = call->op->group == BRIM_GROUP_WEIGHT ? scalars->weight_decay : 0.0f;
    size_t count = block_floats(call->graph, call->op->in[0]);
    bool moves = factor != 0; /* else the gradients are no numbers, and 0 times them neither */
#pragma omp parallel for simd schedule(static) /* each element is read before it is written in place */
    for (size_t i = 0; i < count; i++) {
        float buffer = m[i];
        float stepped = brim_sgd_step(w[i], g[i] * factor, &buffer, learning_rate, scalars->momentum, decay);
        float value = moves ? stepped : w[i];
        new_w[i] = value;
        new_m[i] = moves ? buffer : m[i];
        if (ema)
            new_ema[i] = brim_ema_step(ema[i], value, scalars->ema_decay);
    }
}

void brim_update_average(const BrimCall *call)
{
    const float *values = brim_call_in(call, 0), *ema = brim_call_in(call, 1);
    float *new_ema = brim_call_out(call, 0);
    size_t count = block_floats(call->graph, call->op->in[0]);
#pragma omp parallel for simd schedule(static)
    for (size_t i = 0; i < count; i++)
        new_ema[i] = brim_ema_step(ema[i], values[i], call->scalars->ema_decay);
}
