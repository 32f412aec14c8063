/* The way back through SiLU and BatchNorm: a pass that sums, and one that needs the sums. Both take SiLU's
 * slope from the convolution's output, which is cheaper to compute twice than to keep. */
#include "backend/cpu/passes/batchnorm.h"

/* What a unit leaves: sums over its pixels of dz and of dz * xhat. */
typedef struct Slopes {
    double dz[BLOCK], dz_xhat[BLOCK];
} Slopes;

/* What the loop over pixels reads and writes. */
typedef struct Run {
    Output y;
    const Vector *grads[BRIM_MAX_GRADS];
    Vector *grad_sum, *dests[BRIM_MAX_DESTS];
    int grad_count, dest_count, pixels;
    bool activation;
    Channels channels;
} Run;

static Run run_of(const BnNames *bn, const Unit *unit)
{
    Run run = {.y = bn_output(bn, unit),
               .grad_sum = unit_data(&bn->grad_sum, unit),
               .grad_count = bn->grad_count,
               .dest_count = bn->dest_count,
               .pixels = unit->pixels,
               .activation = bn->activation,
               .channels = bn_channels(bn, unit)};
    for (int i = 0; i < bn->grad_count; i++)
        run.grads[i] = unit_data(&bn->grads[i], unit);
    for (int i = 0; i < bn->dest_count; i++)
        run.dests[i] = unit_data(&bn->dests[i], unit);
    return run;
}

/* Of SiLU where its value is z * sigmoid(z). The value is multiplied here and not added, so that it is rounded whether
 * or not it is written as well: a step's bits do not depend on what is computed again. */
static inline Vector silu_slope(Vector value, Vector sigmoid)
{
    return sigmoid + value * (1.0f - sigmoid);
}

/* The counts are parameters so that the common ones become code of their own. */
static inline __attribute__((always_inline)) void reduce(const Run *run, bool narrow, int grad_count,
                                                         int dest_count, bool activation, Slopes *slopes)
{
    const Channels channels = run->channels;
    Vector sum = {0}, sum_xhat = {0};
    for (int start = 0; start < run->pixels; start += SUM_PIXELS) {
        int end = start + SUM_PIXELS < run->pixels ? start + SUM_PIXELS : run->pixels;
        Vector some = {0}, some_xhat = {0};
        for (int i = start; i < end; i++) {
            Vector centred = output_at(&run->y, i, narrow) - channels.mean;
            Vector z = centred * channels.slope + channels.beta;
            Vector dz = run->grads[0][i];
            for (int grad = 1; grad < grad_count; grad++)
                dz += run->grads[grad][i];
            if (run->grad_sum)
                run->grad_sum[i] = dz;
            Vector value = z;
            if (activation) {
                Vector sigmoid = vector_sigmoid(z);
                value = z * sigmoid;
                dz *= silu_slope(value, sigmoid);
            }
            for (int dest = 0; dest < dest_count; dest++)
                run->dests[dest][i] = value;
            some += dz;
            some_xhat += dz * (centred * channels.rstd);
        }
        sum += some;
        sum_xhat += some_xhat;
    }
    for (int lane = 0; lane < BLOCK; lane++) {
        slopes->dz[lane] = (double)sum[lane];
        slopes->dz_xhat[lane] = (double)sum_xhat[lane];
    }
}

static void reduce_unit(const Run *run, Slopes *slopes)
{
    if (run->y.narrow)
        reduce(run, true, run->grad_count, run->dest_count, run->activation, slopes);
    else if (run->activation && run->grad_count == 1 && run->dest_count == 0)
        reduce(run, false, 1, 0, true, slopes);
    else if (run->activation && run->grad_count == 1 && run->dest_count == 1)
        reduce(run, false, 1, 1, true, slopes);
    else
        reduce(run, false, run->grad_count, run->dest_count, run->activation, slopes);
}

typedef struct Results {
    float *dgamma, *dbeta, *sums;
    bool accumulate;
} Results;

/* Puts the units of one channel block together, in their order. */
static void finish_block(int channels, const Units *units, int block, const Slopes *slopes,
                         const Results *results)
{
    int per_block = units->n * units->chunks;
    for (int lane = 0; lane < BLOCK; lane++) {
        int channel = block * BLOCK + lane;
        double dz = 0, dz_xhat = 0;
        for (int i = 0; i < per_block; i++) {
            dz += slopes[block * per_block + i].dz[lane];
            dz_xhat += slopes[block * per_block + i].dz_xhat[lane];
        }
        bool real = channel < channels; /* pads stay zero */
        if (real) {
            results->sums[channel] = (float)dz;
            results->sums[channels + channel] = (float)dz_xhat;
        }
        float before = results->accumulate && real ? results->dbeta[channel] : 0.0f;
        float before_gamma = results->accumulate && real ? results->dgamma[channel] : 0.0f;
        results->dbeta[channel] = real ? before + (float)dz : 0.0f;
        results->dgamma[channel] = real ? before_gamma + (float)dz_xhat : 0.0f;
    }
}

void BRIM_PASS(bn_backward_reduce)(const BrimCall *call)
{
    Slopes *slopes = brim_call_workspace(call);
    BnNames bn = bn_names(call);
    const Results results = {brim_call_out(call, 0), brim_call_out(call, 1), brim_call_out(call, 2),
                             call->scalars->accumulate};
    bn.mean = brim_call_in(call, 3);
    bn.rstd = brim_call_in(call, 4);
    bn.grad_count = brim_call_in_run(call, BRIM_IN_GRADS, bn.grads, BRIM_MAX_GRADS);
    bn.grad_sum = brim_call_out_feature(call, 3);
    bn.dest_count = brim_call_out_run(call, BRIM_OUT_BN_DESTS, bn.dests, BRIM_MAX_DESTS);
    Units units = units_of(&bn.y);
#pragma omp parallel for schedule(static)
    for (int i = 0; i < units.count; i++) {
        Unit unit = unit_at(&units, i);
        Run run = run_of(&bn, &unit);
        reduce_unit(&run, &slopes[i]);
    }
    for (int block = 0; block < units.blocks; block++)
        finish_block(bn.y.c, &units, block, slopes, &results);
}

/* Channels' sums divided by their elements; zero for pads. */
static Vector mean_of(const float *sums, int channels, int block, float count)
{
    Vector mean = {0};
    for (int lane = 0; lane < BLOCK && block * BLOCK + lane < channels; lane++)
        mean[lane] = sums[block * BLOCK + lane] / count;
    return mean;
}

static inline __attribute__((always_inline)) void apply(const Run *run, bool narrow, Vector *dy, Vector mean_dz,
                                                        Vector mean_dz_xhat, bool activation)
{
    const Channels channels = run->channels;
    const Vector *grad = run->grads[0];
    for (int i = 0; i < run->pixels; i++) {
        Vector centred = output_at(&run->y, i, narrow) - channels.mean, dz = grad[i];
        if (activation) {
            Vector z = centred * channels.slope + channels.beta;
            Vector sigmoid = vector_sigmoid(z);
            dz *= silu_slope(z * sigmoid, sigmoid);
        }
        dy[i] = channels.slope * (dz - mean_dz - (centred * channels.rstd) * mean_dz_xhat);
    }
}

void BRIM_PASS(bn_backward_apply)(const BrimCall *call)
{
    BnNames bn = bn_names(call);
    const float *sums = brim_call_in(call, 5);
    const BrimFeature dy = brim_call_out_feature(call, 0);
    bn.mean = brim_call_in(call, 3);
    bn.rstd = brim_call_in(call, 4);
    bn.grads[0] = brim_call_in_feature(call, 6);
    bn.grad_count = 1;
    Units units = units_of(&bn.y);
    float count = (float)units.n * (float)units.pixels;
#pragma omp parallel for schedule(static)
    for (int i = 0; i < units.count; i++) {
        Unit unit = unit_at(&units, i);
        const Run run = run_of(&bn, &unit);
        Vector mean_dz = mean_of(sums, bn.y.c, unit.block, count);
        Vector mean_dz_xhat = mean_of(sums + bn.y.c, bn.y.c, unit.block, count);
        if (run.y.narrow)
            apply(&run, true, unit_data(&dy, &unit), mean_dz, mean_dz_xhat, bn.activation);
        else if (bn.activation)
            apply(&run, false, unit_data(&dy, &unit), mean_dz, mean_dz_xhat, true);
        else
            apply(&run, false, unit_data(&dy, &unit), mean_dz, mean_dz_xhat, false);
    }
}
