/* Gradient norm, SGD and EMA over blocks of parameters, four elements at a time. Pads are zeros and stay so.
 */
#include <math.h>

#include "backend/cuda/kernels/kernel.h"
#include "backend/cuda/kernels/quad.h"
#include "element/sgd.h"

BRIM_DEVICE double brim_sum_of_squares(const BrimNormBlock &block, int part)
{
    int64_t quads = block.count / BRIM_QUAD, run = (quads + block.parts - 1) / block.parts;
    int64_t last = run * (part + 1) < quads ? run * (part + 1) : quads;
    double sum = 0;
    for (int64_t i = run * part + brim_thread(); i < last; i += brim_threads()) {
        BrimQuad g = brim_quad(block.gradients, i);
        for (int k = 0; k < BRIM_QUAD; k++)
            sum += (double)g.v[k] * (double)g.v[k];
    }
    return sum;
}

/* Grid: over the parts of the sum, a block each; which elements a part has does not depend on the grid. */
BRIM_KERNEL brim_norm_partial(const BrimNormArgs args)
{
    for (int part = brim_block(); part < args.parts; part += brim_blocks()) {
        int at = 0;
        while (part >= args.blocks[at].first + args.blocks[at].parts)
            at++;
        double sum = brim_block_sum(brim_sum_of_squares(args.blocks[at], part - args.blocks[at].first));
        if (brim_thread() == 0)
            args.partial[part] = sum;
    }
}

/* Grid: one block. */
BRIM_KERNEL brim_norm_finish(const BrimNormArgs args)
{
    float scale = brim_sgd_loss_scale(args.scalars->loss_scale);
    double sum = 0;
    for (int i = brim_thread(); i < args.parts; i += brim_threads())
        sum += args.partial[i];
    sum = brim_block_sum(sum);
    if (brim_thread() == 0) {
        args.norm[0] = (float)(sqrt(sum) / (double)scale);
        args.norm[1] = brim_sgd_factor(args.norm[0], args.scalars->clip_norm, scale);
    }
}

/* Quad i of a block. A factor of 0 says that the gradients are no numbers, and 0 times them neither. */
BRIM_DEVICE void brim_optimize_quad(const BrimOptimizeBlock &block, const BrimKernelScalars &scalars,
                                    float learning_rate, float factor, int64_t i)
{
    BrimQuad w = brim_quad(block.w, i);
    if (block.g && factor != 0) {
        float decay = block.group == BRIM_KERNEL_WEIGHTS ? scalars.weight_decay : 0.0f;
        BrimQuad g = brim_quad(block.g, i), m = brim_quad(block.m, i);
        for (int k = 0; k < BRIM_QUAD; k++)
            w.v[k] = brim_sgd_step(w.v[k], g.v[k] * factor, &m.v[k], learning_rate, scalars.momentum, decay);
        brim_set_quad(block.w, i, w);
        brim_set_quad(block.m, i, m);
    }
    if (block.narrow)
        BRIM_BY_TYPE(block.type, brim_set_quad((T *)block.narrow, i, w));
    if (block.ema) {
        BrimQuad ema = brim_quad(block.ema, i);
        for (int k = 0; k < BRIM_QUAD; k++)
            ema.v[k] = brim_ema_step(ema.v[k], w.v[k], scalars.ema_decay);
        brim_set_quad(block.ema, i, ema);
    }
}

/* Grid: over the quads of the largest block; each block is walked by the whole grid, one after the other. */
BRIM_KERNEL brim_optimize(const BrimOptimizeArgs args)
{
    const BrimKernelScalars scalars = *args.scalars;
    float factor = args.norm ? args.norm[1] : 0.0f;
    for (int at = 0; at < args.block_count; at++) {
        float learning_rate = args.scalars->learning_rate[args.blocks[at].group]; /* no index into a copy */
        for (int64_t i = BRIM_GRID_FIRST; i < args.blocks[at].count / BRIM_QUAD; i += BRIM_GRID_STEP)
            brim_optimize_quad(args.blocks[at], scalars, learning_rate, factor, i);
    }
}
