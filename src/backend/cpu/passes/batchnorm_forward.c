/* BatchNorm with SiLU and the shortcut's sum: statistics in one reading of the convolution's output, the rest
 * in a second. The element math is element/batchnorm.h's, a vector at a time. */
#include "backend/cpu/passes/batchnorm.h"

#include "element/batchnorm.h"

/* What a unit leaves: sums over its pixels of y - shift and of its square. */
typedef struct Moments {
    double sum[BLOCK], square[BLOCK];
} Moments;

/* A value near the channel's mean, so that the squares stay small beside the spread: the mean of some pixels.
 */
static Vector pick_shift(const BrimFeature *y, int block)
{
    enum { SAMPLES = 16 };
    int pixels = y->h * y->w;
    const Unit unit = {.block = block};
    const Vector *data = unit_data(y, &unit);
    Vector sum = {0};
    for (int i = 0; i < SAMPLES; i++)
        sum += data[(size_t)pixels * (2 * i + 1) / (2 * SAMPLES)];
    return sum / SAMPLES;
}

static void measure_unit(const BrimFeature *y, const Unit *unit, Moments *moments)
{
    const Vector *data = unit_data(y, unit);
    Vector shift = pick_shift(y, unit->block);
    Vector sum = {0}, square = {0};
    for (int start = 0; start < unit->pixels; start += SUM_PIXELS) {
        int end = start + SUM_PIXELS < unit->pixels ? start + SUM_PIXELS : unit->pixels;
        Vector some = {0}, some_square = {0};
        for (int i = start; i < end; i++) {
            Vector off = data[i] - shift;
            some += off;
            some_square += off * off;
        }
        sum += some;
        square += some_square;
    }
    for (int lane = 0; lane < BLOCK; lane++) {
        moments->sum[lane] = (double)sum[lane];
        moments->square[lane] = (double)square[lane];
    }
}

typedef struct Statistics {
    float *mean, *rstd, *running_mean, *running_var;
} Statistics;

/* Puts the units of one channel block together, in their order. */
static void finish_block(const BrimFeature *y, const Units *units, int block, const Moments *moments,
                         const Statistics *statistics)
{
    int per_block = units->n * units->chunks;
    double count = (double)units->n * units->pixels;
    Vector shift = pick_shift(y, block);
    for (int lane = 0; lane < BLOCK; lane++) {
        int channel = block * BLOCK + lane;
        double sum = 0, square = 0;
        for (int i = 0; i < per_block; i++) {
            sum += moments[block * per_block + i].sum[lane];
            square += moments[block * per_block + i].square[lane];
        }
        double off = sum / count, variance = square / count - off * off;
        variance = variance > 0 ? variance : 0;
        bool real = channel < y->c; /* pads stay zero */
        statistics->mean[channel] = real ? (float)((double)shift[lane] + off) : 0.0f;
        statistics->rstd[channel] = real ? brim_batchnorm_rstd(variance) : 0.0f;
        if (!real)
            continue;
        statistics->running_mean[channel] =
            brim_batchnorm_running(statistics->running_mean[channel], (double)shift[lane] + off);
        statistics->running_var[channel] =
            brim_batchnorm_running(statistics->running_var[channel], variance * brim_batchnorm_unbias(count));
    }
}

/* act(bn(y)) + residual, to all dests. */
static inline __attribute__((always_inline)) void normalise(const Output *y, bool narrow, const Vector *residual,
                                                            Vector *const *dests, int dest_count, int pixels,
                                                            const Channels *channels, bool activation)
{
    for (int i = 0; i < pixels; i++) {
        Vector value = (output_at(y, i, narrow) - channels->mean) * channels->slope + channels->beta;
        if (activation)
            value = vector_silu(value);
        if (residual)
            value += residual[i];
        for (int dest = 0; dest < dest_count; dest++)
            dests[dest][i] = value;
    }
}

static void normalise_unit(const BnNames *bn, const Unit *unit)
{
    Vector *dests[BRIM_MAX_DESTS];
    for (int i = 0; i < bn->dest_count; i++)
        dests[i] = unit_data(&bn->dests[i], unit);
    const Output y = bn_output(bn, unit);
    const Vector *residual = unit_data(&bn->residual, unit);
    const Channels channels = bn_channels(bn, unit);
    if (y.narrow)
        normalise(&y, true, residual, dests, bn->dest_count, unit->pixels, &channels, bn->activation);
    else if (bn->dest_count == 1 && bn->activation && !residual)
        normalise(&y, false, NULL, dests, 1, unit->pixels, &channels, true);
    else
        normalise(&y, false, residual, dests, bn->dest_count, unit->pixels, &channels, bn->activation);
}

static void narrow_unit(const BrimFeature *y, const BrimFeature *narrow, const Unit *unit)
{
    const Vector *from = unit_data(y, unit);
    VectorNarrow *to = unit_narrow(narrow, unit);
    for (int i = 0; i < unit->pixels; i++)
        to[i] = vector_narrow(from[i]);
}

/* narrow: where y goes as bfloat16 on the way, if it has data. */
static void normalise_all(const BnNames *bn, const Units *units, const BrimFeature *narrow)
{
#pragma omp parallel for schedule(static)
    for (int i = 0; i < units->count; i++) {
        Unit unit = unit_at(units, i);
        if (narrow->narrow)
            narrow_unit(&bn->y, narrow, &unit);
        normalise_unit(bn, &unit);
    }
}

void BRIM_PASS(bn_forward)(const BrimCall *call)
{
    Moments *moments = brim_call_workspace(call);
    BnNames bn = bn_names(call);
    const Statistics statistics = {brim_call_out(call, 0), brim_call_out(call, 1), brim_call_out(call, 2),
                                   brim_call_out(call, 3)};
    bn.mean = statistics.mean;
    bn.rstd = statistics.rstd;
    bn.residual = brim_call_in_feature(call, 5);
    bn.dest_count = brim_call_out_run(call, BRIM_OUT_BN_DESTS, bn.dests, BRIM_MAX_DESTS);
    Units units = units_of(&bn.y);
#pragma omp parallel for schedule(static)
    for (int i = 0; i < units.count; i++) {
        Unit unit = unit_at(&units, i);
        measure_unit(&bn.y, &unit, &moments[i]);
    }
    for (int block = 0; block < units.blocks; block++)
        finish_block(&bn.y, &units, block, moments, &statistics);
    const BrimFeature narrow = brim_call_out_feature(call, BRIM_OUT_BN_NARROW);
    normalise_all(&bn, &units, &narrow);
}

void BRIM_PASS(bn_recompute)(const BrimCall *call)
{
    BnNames bn = bn_names(call);
    bn.mean = brim_call_in(call, 3);
    bn.rstd = brim_call_in(call, 4);
    bn.residual = brim_call_in_feature(call, 5);
    bn.dest_count = brim_call_out_run(call, 0, bn.dests, BRIM_MAX_DESTS);
    Units units = units_of(&bn.y);
    normalise_all(&bn, &units, &(BrimFeature){.narrow = NULL});
}
