/* Convolution and its two gradients, by the definition: each output is one sum. */
#include "backend/reference/ops.h"

/* A convolution's operands: y[n o yh yw] = sum over i, ky, kx of x[n i ...] * w[o i ky kx]. */
typedef struct Conv {
    BrimFeature x, y;
    int kernel, stride, padding;
} Conv;

static float filter_at(const float *w, const Conv *conv, int o, int i, int ky, int kx)
{
    return w[(((size_t)o * conv->x.c + i) * conv->kernel + ky) * conv->kernel + kx];
}

/* x's row or column that filter tap k of output `at` reads; -1 in the padding. */
static int input_of(const Conv *conv, int at, int k, int size)
{
    int place = at * conv->stride + k - conv->padding;
    return place < size ? place : -1;
}

/* y's row or column that reads input `at` through filter tap k; -1 where none does. */
static int output_of(const Conv *conv, int at, int k, int size)
{
    int place = at + conv->padding - k;
    if (place < 0 || place % conv->stride)
        return -1;
    place /= conv->stride;
    return place < size ? place : -1;
}

static double forward_sum(const Conv *conv, const float *w, int n, int o, int y, int x)
{
    double sum = 0;
    for (int i = 0; i < conv->x.c; i++) {
        for (int ky = 0; ky < conv->kernel; ky++) {
            int from_y = input_of(conv, y, ky, conv->x.h);
            for (int kx = 0; from_y >= 0 && kx < conv->kernel; kx++) {
                int from_x = input_of(conv, x, kx, conv->x.w);
                if (from_x >= 0)
                    sum += (double)*brim_feature_at(&conv->x, n, i, from_y, from_x) *
                           filter_at(w, conv, o, i, ky, kx);
            }
        }
    }
    return sum;
}

void brim_reference_conv_forward(const BrimCall *call)
{
    Conv conv = {brim_call_in_feature(call, 0), brim_call_out_feature(call, 0), call->op->kernel,
                 call->op->stride, call->op->padding};
    const float *w = brim_call_in(call, 1), *bias = brim_call_in(call, 2);
#pragma omp parallel for collapse(2) schedule(static)
    for (int n = 0; n < conv.y.n; n++) {
        for (int o = 0; o < conv.y.c; o++) {
            for (int y = 0; y < conv.y.h; y++) {
                for (int x = 0; x < conv.y.w; x++)
                    *brim_feature_at(&conv.y, n, o, y, x) =
                        (float)(forward_sum(&conv, w, n, o, y, x) + (bias ? (double)bias[o] : 0));
            }
        }
    }
}

static double data_sum(const Conv *conv, const float *w, int n, int i, int y, int x)
{
    double sum = 0;
    for (int o = 0; o < conv->y.c; o++) {
        for (int ky = 0; ky < conv->kernel; ky++) {
            int to_y = output_of(conv, y, ky, conv->y.h);
            for (int kx = 0; to_y >= 0 && kx < conv->kernel; kx++) {
                int to_x = output_of(conv, x, kx, conv->y.w);
                if (to_x >= 0)
                    sum += (double)*brim_feature_at(&conv->y, n, o, to_y, to_x) *
                           filter_at(w, conv, o, i, ky, kx);
            }
        }
    }
    return sum;
}

void brim_reference_conv_backward_data(const BrimCall *call)
{
    Conv conv = {brim_call_out_feature(call, 0), brim_call_in_feature(call, 0), call->op->kernel,
                 call->op->stride, call->op->padding};
    const float *w = brim_call_in(call, 1);
#pragma omp parallel for collapse(2) schedule(static)
    for (int n = 0; n < conv.x.n; n++) {
        for (int i = 0; i < conv.x.c; i++) {
            for (int y = 0; y < conv.x.h; y++) {
                for (int x = 0; x < conv.x.w; x++)
                    *brim_feature_at(&conv.x, n, i, y, x) = (float)data_sum(&conv, w, n, i, y, x);
            }
        }
    }
}

static double filter_sum(const Conv *conv, int o, int i, int ky, int kx)
{
    double sum = 0;
    for (int n = 0; n < conv->y.n; n++) {
        for (int y = 0; y < conv->y.h; y++) {
            int from_y = input_of(conv, y, ky, conv->x.h);
            for (int x = 0; from_y >= 0 && x < conv->y.w; x++) {
                int from_x = input_of(conv, x, kx, conv->x.w);
                if (from_x >= 0)
                    sum += (double)*brim_feature_at(&conv->x, n, i, from_y, from_x) *
                           *brim_feature_at(&conv->y, n, o, y, x);
            }
        }
    }
    return sum;
}

static double bias_sum(const BrimFeature *dy, int o)
{
    double sum = 0;
    for (int n = 0; n < dy->n; n++) {
        for (int y = 0; y < dy->h; y++) {
            for (int x = 0; x < dy->w; x++)
                sum += *brim_feature_at(dy, n, o, y, x);
        }
    }
    return sum;
}

void brim_reference_conv_backward_weights(const BrimCall *call)
{
    Conv conv = {brim_call_in_feature(call, 0), brim_call_in_feature(call, 1), call->op->kernel,
                 call->op->stride, call->op->padding};
    float *dw = brim_call_out(call, 0), *dbias = brim_call_out(call, 1);
    bool accumulate = call->scalars->accumulate;
    size_t taps = (size_t)conv.kernel * conv.kernel;
#pragma omp parallel for schedule(static)
    for (int o = 0; o < conv.y.c; o++) {
        for (int i = 0; i < conv.x.c; i++) {
            for (size_t tap = 0; tap < taps; tap++) {
                float *slot = &dw[((size_t)o * conv.x.c + i) * taps + tap];
                double sum = filter_sum(&conv, o, i, (int)tap / conv.kernel, (int)tap % conv.kernel);
                *slot = (float)(sum + (accumulate ? (double)*slot : 0));
            }
        }
        if (dbias)
            dbias[o] = (float)(bias_sum(&conv.y, o) + (accumulate ? (double)dbias[o] : 0));
    }
}
