/* Gradients of filters from the convolution's form to the optimizer's, and BatchNorm folded into filters. */
#include "backend/cuda/kernels/kernel.h"
#include "backend/cuda/kernels/quad.h"
#include "element/batchnorm.h"

template <class T> BRIM_DEVICE void filter_add(const BrimFilterGradientArgs &args)
{
    int accumulate = args.scalars->accumulate;
    for (int64_t i = BRIM_GRID_FIRST; i < args.count / BRIM_QUAD; i += BRIM_GRID_STEP) {
        BrimQuad value = brim_quad((const T *)args.from, i);
        if (accumulate) {
            BrimQuad before = brim_quad(args.dw, i);
            for (int k = 0; k < BRIM_QUAD; k++)
                value.v[k] += before.v[k];
        }
        brim_set_quad(args.dw, i, value);
    }
}

/* Grid: over quads. */
BRIM_KERNEL brim_filter_gradient(const BrimFilterGradientArgs args)
{
    BRIM_BY_TYPE(args.type, filter_add<T>(args));
}

/* One output channel. */
template <class T> BRIM_DEVICE void filter_fold(const BrimFoldArgs &args, int out, float scale)
{
    const float *w = args.w + (int64_t)out * args.filter_elements;
    T *folded = (T *)args.folded + (int64_t)out * args.filter_elements;
    for (int i = brim_thread(); i < args.filter_elements / BRIM_QUAD; i += brim_threads()) {
        BrimQuad quad = brim_quad(w, i);
        for (int k = 0; k < BRIM_QUAD; k++)
            quad.v[k] *= scale;
        brim_set_quad(folded, i, quad);
    }
}

/* Grid: over the padded output channels, a block each; those beyond the last become zeros. A filter without
 * BatchNorm is converted alone. */
BRIM_KERNEL brim_fold(const BrimFoldArgs args)
{
    for (int out = brim_block(); out < args.padded_out; out += brim_blocks()) {
        float scale = out < args.out ? 1.0f : 0.0f, bias = 0;
        if (out < args.out && args.gamma) {
            scale = args.gamma[out] * brim_batchnorm_rstd((double)args.var[out]);
            bias = args.beta[out] - args.mean[out] * scale;
        }
        BRIM_BY_TYPE(args.type, filter_fold<T>(args, out, scale));
        if (args.bias && brim_thread() == 0)
            args.bias[out] = bias;
    }
}
