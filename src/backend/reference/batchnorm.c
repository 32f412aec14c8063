/* BatchNorm with its activation, forward and backward, a channel at a time; and its folding into a
 * convolution. */
#include "backend/reference/ops.h"
#include "base/half.h"
#include "element/activation.h"
#include "element/batchnorm.h"

/* The one channel of y that is worked on. */
typedef struct Channel {
    BrimFeature y;
    int c;
    float gamma, beta, mean, rstd;
    bool activation;
} Channel;

/* y, gamma, beta, mean, rstd are operands 0 to 4 of three of the ops. */
static Channel channel_of(const BrimCall *call, int c)
{
    return (Channel){.y = brim_call_in_feature(call, 0),
                     .c = c,
                     .gamma = ((const float *)brim_call_in(call, 1))[c],
                     .beta = ((const float *)brim_call_in(call, 2))[c],
                     .mean = ((const float *)brim_call_in(call, 3))[c],
                     .rstd = ((const float *)brim_call_in(call, 4))[c],
                     .activation = call->op->activation};
}

static float normal_at(const Channel *channel, int n, int y, int x)
{
    size_t at = brim_feature_index(&channel->y, n, channel->c, y, x);
    float output = channel->y.narrow ? brim_bfloat_to_float(channel->y.narrow[at]) : channel->y.data[at];
    return brim_batchnorm_xhat(output, channel->mean, channel->rstd);
}

static float value_at(const Channel *channel, int n, int y, int x)
{
    float z = brim_batchnorm_apply(normal_at(channel, n, y, x), channel->gamma, channel->beta);
    return channel->activation ? brim_silu(z) : z;
}

/* What a gradient of the activation is multiplied with to be one of z. */
static float slope_at(const Channel *channel, int n, int y, int x)
{
    float z = brim_batchnorm_apply(normal_at(channel, n, y, x), channel->gamma, channel->beta);
    return channel->activation ? brim_silu_slope(z) : 1.0f;
}

static void write_channel(const Channel *channel, const BrimFeature *res, const BrimFeature *dests,
                          int dest_count)
{
    for (int n = 0; n < channel->y.n; n++) {
        for (int y = 0; y < channel->y.h; y++) {
            for (int x = 0; x < channel->y.w; x++) {
                float value = value_at(channel, n, y, x);
                if (res->data)
                    value += *brim_feature_at(res, n, channel->c, y, x);
                for (int i = 0; i < dest_count; i++)
                    *brim_feature_at(&dests[i], n, channel->c, y, x) = value;
            }
        }
    }
}

static double elements_of(const BrimFeature *feature)
{
    return (double)feature->n * feature->h * feature->w;
}

/* sum of (y - shift)^power over a channel */
static double channel_moment(const BrimFeature *feature, int c, double shift, int power)
{
    double sum = 0;
    for (int n = 0; n < feature->n; n++) {
        for (int y = 0; y < feature->h; y++) {
            for (int x = 0; x < feature->w; x++) {
                double value = *brim_feature_at(feature, n, c, y, x) - shift;
                sum += power == 2 ? value * value : value;
            }
        }
    }
    return sum;
}

static void narrow_channel(const BrimFeature *y, const BrimFeature *narrow, int c)
{
    size_t first = brim_feature_index(y, 0, c, 0, 0);
    for (int n = 0; n < y->n && narrow->narrow; n++) {
        for (size_t i = 0; i < (size_t)y->h * (size_t)y->w; i++) {
            size_t at = (size_t)n * y->image_floats + first + i * (size_t)y->block;
            narrow->narrow[at] = brim_bfloat_from_float(y->data[at]);
        }
    }
}

void brim_reference_bn_forward(const BrimCall *call)
{
    BrimFeature y = brim_call_in_feature(call, 0), res = brim_call_in_feature(call, 5), dests[BRIM_MAX_DESTS];
    const float *gamma = brim_call_in(call, 1), *beta = brim_call_in(call, 2);
    const float *old_mean = brim_call_in(call, 3), *old_variance = brim_call_in(call, 4);
    float *mean = brim_call_out(call, 0), *rstd = brim_call_out(call, 1);
    float *running_mean = brim_call_out(call, 2), *running_variance = brim_call_out(call, 3);
    int dest_count = brim_call_out_run(call, BRIM_OUT_BN_DESTS, dests, BRIM_MAX_DESTS);
    BrimFeature narrow = brim_call_out_feature(call, BRIM_OUT_BN_NARROW);
    double count = elements_of(&y);
    for (int c = 0; c < y.c; c++) {
        double average = channel_moment(&y, c, 0, 1) / count;
        double variance = channel_moment(&y, c, average, 2) / count;
        mean[c] = (float)average;
        rstd[c] = brim_batchnorm_rstd(variance);
        running_mean[c] = brim_batchnorm_running(old_mean[c], average);
        running_variance[c] =
            brim_batchnorm_running(old_variance[c], variance * brim_batchnorm_unbias(count));
        Channel channel = {y, c, gamma[c], beta[c], mean[c], rstd[c], call->op->activation};
        write_channel(&channel, &res, dests, dest_count);
        narrow_channel(&y, &narrow, c);
    }
}

void brim_reference_bn_recompute(const BrimCall *call)
{
    BrimFeature y = brim_call_in_feature(call, 0), res = brim_call_in_feature(call, 5), dests[BRIM_MAX_DESTS];
    int dest_count = brim_call_out_run(call, 0, dests, BRIM_MAX_DESTS);
    for (int c = 0; c < y.c; c++) {
        Channel channel = channel_of(call, c);
        write_channel(&channel, &res, dests, dest_count);
    }
}

/* The gradients of one element, added up in their order. */
static float gradient_at(const BrimFeature *grads, int grad_count, int n, int c, int y, int x)
{
    float sum = *brim_feature_at(&grads[0], n, c, y, x);
    for (int i = 1; i < grad_count; i++)
        sum += *brim_feature_at(&grads[i], n, c, y, x);
    return sum;
}

/* sums[0] = sum of dz, sums[1] = sum of dz * xhat; the summed gradient goes to grad_sum, which may be one of
 * grads. */
static void reduce_channel(const Channel *channel, const BrimFeature *grads, int grad_count,
                           const BrimFeature *grad_sum, double sums[2])
{
    sums[0] = sums[1] = 0;
    for (int n = 0; n < channel->y.n; n++) {
        for (int y = 0; y < channel->y.h; y++) {
            for (int x = 0; x < channel->y.w; x++) {
                float gradient = gradient_at(grads, grad_count, n, channel->c, y, x);
                double dz = (double)gradient * slope_at(channel, n, y, x);
                sums[0] += dz;
                sums[1] += dz * normal_at(channel, n, y, x);
                if (grad_sum->data)
                    *brim_feature_at(grad_sum, n, channel->c, y, x) = gradient;
            }
        }
    }
}

void brim_reference_bn_backward_reduce(const BrimCall *call)
{
    BrimFeature y = brim_call_in_feature(call, 0), none = {.data = NULL};
    BrimFeature grads[BRIM_MAX_GRADS], dests[BRIM_MAX_DESTS], grad_sum = brim_call_out_feature(call, 3);
    float *dgamma = brim_call_out(call, 0), *dbeta = brim_call_out(call, 1), *sums = brim_call_out(call, 2);
    int grad_count = brim_call_in_run(call, BRIM_IN_GRADS, grads, BRIM_MAX_GRADS);
    int dest_count = brim_call_out_run(call, BRIM_OUT_BN_DESTS, dests, BRIM_MAX_DESTS);
    bool accumulate = call->scalars->accumulate;
    for (int c = 0; c < y.c; c++) {
        double both[2];
        Channel channel = channel_of(call, c);
        reduce_channel(&channel, grads, grad_count, &grad_sum, both);
        sums[c] = (float)both[0];
        sums[y.c + c] = (float)both[1];
        dbeta[c] = (float)(both[0] + (accumulate ? (double)dbeta[c] : 0));
        dgamma[c] = (float)(both[1] + (accumulate ? (double)dgamma[c] : 0));
        write_channel(&channel, &none, dests, dest_count);
    }
}

void brim_reference_bn_backward_apply(const BrimCall *call)
{
    BrimFeature grad = brim_call_in_feature(call, 6), dy = brim_call_out_feature(call, 0);
    const float *sums = brim_call_in(call, 5);
    double count = elements_of(&dy);
    for (int c = 0; c < dy.c; c++) {
        Channel channel = channel_of(call, c);
        float mean_dz = (float)(sums[c] / count), mean_dz_xhat = (float)(sums[dy.c + c] / count);
        for (int n = 0; n < dy.n; n++) {
            for (int y = 0; y < dy.h; y++) {
                for (int x = 0; x < dy.w; x++) {
                    float dz = *brim_feature_at(&grad, n, c, y, x) * slope_at(&channel, n, y, x);
                    *brim_feature_at(&dy, n, c, y, x) = brim_batchnorm_slope(
                        dz, normal_at(&channel, n, y, x), channel.gamma, channel.rstd, mean_dz, mean_dz_xhat);
                }
            }
        }
    }
}

void brim_reference_fold(const BrimCall *call)
{
    const int32_t *dims = call->graph->tensors[call->op->in[0]].dims;
    const float *w = brim_call_in(call, 0), *gamma = brim_call_in(call, 1), *beta = brim_call_in(call, 2);
    const float *mean = brim_call_in(call, 3), *variance = brim_call_in(call, 4);
    float *folded_w = brim_call_out(call, 0), *folded_bias = brim_call_out(call, 1);
    size_t filter = (size_t)dims[1] * dims[2] * dims[3];
    for (int o = 0; o < dims[0]; o++) {
        float scale = gamma[o] * brim_batchnorm_rstd(variance[o]);
        for (size_t i = 0; i < filter; i++)
            folded_w[o * filter + i] = w[o * filter + i] * scale;
        folded_bias[o] = beta[o] - mean[o] * scale;
    }
}
