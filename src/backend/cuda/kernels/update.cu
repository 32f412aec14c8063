/* Gradient norm, SGD and EMA over blocks of parameters, four elements at a time. Pads are zeros and stay so.
 */
#include <math.h>

#include "backend/cuda/kernels/kernel.h"
#include "backend/cuda/kernels/quad.h"
#include "element/sgd.h"

/* Grid: over the parts of the sum, a block each; which elements a part has does not depend on the grid. */
BRIM_KERNEL brim_norm_partial(const BrimNormArgs args)
{
    int64_t quads = args.count / BRIM_QUAD, run = (quads + args.blocks - 1) / args.blocks;
    for (int part = brim_block(); part < args.blocks; part += brim_blocks()) {
        int64_t last = run * (part + 1) < quads ? run * (part + 1) : quads;
        double sum = 0;
        for (int64_t i = run * part + brim_thread(); i < last; i += brim_threads()) {
            BrimQuad g = brim_quad(args.gradients, i);
            for (int k = 0; k < BRIM_QUAD; k++)
                sum += (double)g.v[k] * (double)g.v[k];
        }
        sum = brim_block_sum(sum);
        if (brim_thread() == 0)
            args.partial[args.first + part] = sum;
    }
}

/* Grid: one block. */
BRIM_KERNEL brim_norm_finish(const BrimNormArgs args)
{
    float scale = brim_sgd_loss_scale(args.scalars->loss_scale);
    double sum = 0;
    for (int i = brim_thread(); i < args.blocks; i += brim_threads())
        sum += args.partial[i];
    sum = brim_block_sum(sum);
    if (brim_thread() == 0) {
        args.norm[0] = (float)(sqrt(sum) / (double)scale);
        args.norm[1] = brim_sgd_factor(args.norm[0], args.scalars->clip_norm, scale);
    }
}

/* Grid: over quads. */
BRIM_KERNEL brim_optimize(const BrimOptimizeArgs args)
{
    const BrimKernelScalars scalars = *args.scalars;
    float factor = args.norm[1], decay = args.group == BRIM_KERNEL_WEIGHTS ? scalars.weight_decay : 0.0f;
    float learning_rate = scalars.learning_rate[args.group];
    for (int64_t i = BRIM_GRID_FIRST; i < args.count / BRIM_QUAD; i += BRIM_GRID_STEP) {
        BrimQuad w = brim_quad(args.w, i);
        if (factor != 0) { /* else the gradients are no numbers, and 0 times them neither */
            BrimQuad g = brim_quad(args.g, i), m = brim_quad(args.m, i);
            for (int k = 0; k < BRIM_QUAD; k++)
                w.v[k] =
                    brim_sgd_step(w.v[k], g.v[k] * factor, &m.v[k], learning_rate, scalars.momentum, decay);
            brim_set_quad(args.w, i, w);
            brim_set_quad(args.m, i, m);
        }
        if (args.half)
            brim_set_quad((BrimHalf *)args.half, i, w);
        if (args.ema) {
            BrimQuad ema = brim_quad(args.ema, i);
            for (int k = 0; k < BRIM_QUAD; k++)
                ema.v[k] = brim_ema_step(ema.v[k], w.v[k], scalars.ema_decay);
            brim_set_quad(args.ema, i, ema);
        }
    }
}

/* Grid: over quads. */
BRIM_KERNEL brim_average(const BrimAverageArgs args)
{
    float decay = args.scalars->ema_decay;
    for (int64_t i = BRIM_GRID_FIRST; i < args.count / BRIM_QUAD; i += BRIM_GRID_STEP) {
        BrimQuad ema = brim_quad(args.ema, i), values = brim_quad(args.values, i);
        for (int k = 0; k < BRIM_QUAD; k++)
            ema.v[k] = brim_ema_step(ema.v[k], values.v[k], decay);
        brim_set_quad(args.ema, i, ema);
    }
}
