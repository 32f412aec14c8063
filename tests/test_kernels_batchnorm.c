/* BatchNorm's kernels against plain loops in double, in both types, on whole features and parts, with one
 * thread a block and with many. */
#include "support/support.h"

#include <math.h>

#include "support/kernel_features.h"

static const double NEAR = 1e-5;

/* The vectors of a BatchNorm. */
typedef struct Channels {
    float *gamma, *beta, *mean, *rstd;
} Channels;

static Channels channels_of(KernelShape shape)
{
    int padded = (shape.c + 7) / 8 * 8;
    Channels channels = {kernel_floats(padded, 20), kernel_floats(padded, 21), kernel_floats(padded, 22),
                         kernel_floats(padded, 23)};
    for (int c = 0; c < padded; c++)
        channels.rstd[c] = fabsf(channels.rstd[c]) + 0.1f;
    return channels;
}

static void assert_vector(const char *what, const float *got, const double *expected, int count)
{
    for (int c = 0; c < count; c++) {
        if (!(fabs(got[c] - expected[c]) <= NEAR * (1 + fabs(expected[c]))))
            fail_msg("%s of channel %d is %.9g instead of %.9g", what, c, (double)got[c], expected[c]);
    }
}

/* Of the kernels that put together what blocks left: more than one warp, but not hundreds of threads that take turns. */
static KernelGrid finish_grid(KernelGrid grid)
{
    return (KernelGrid){3, grid.threads < 64 ? grid.threads : 64};
}

/* Expected mean and biased variance of each channel. */
static void measure(BrimKernelFeature y, double *mean, double *variance)
{
    int pixels = kernel_pixels(y);
    for (int c = 0; c < y.c; c++) {
        for (int pixel = 0; pixel < pixels; pixel++)
            mean[c] += (double)kernel_get(y, pixel, c) / pixels;
        for (int pixel = 0; pixel < pixels; pixel++)
            variance[c] += pow(kernel_get(y, pixel, c) - mean[c], 2) / pixels;
    }
}

static void run_statistics(BrimBnStatisticsArgs *args, KernelGrid grid)
{
    args->blocks = grid.blocks;
    args->partial = kernel_floats(2 * grid.blocks * args->y.padded, 9);
    kernel_run(BRIM_KERNEL_bn_statistics_partial, grid, args);
    kernel_run(BRIM_KERNEL_bn_statistics_finish, finish_grid(grid), args);
}

static BrimBnStatisticsArgs statistics_of(BrimKernelFeature y)
{
    return (BrimBnStatisticsArgs){.y = y,
                                  .old_running_mean = kernel_floats(y.padded, 2),
                                  .old_running_var = kernel_floats(y.padded, 3),
                                  .mean = kernel_floats(y.padded, 4),
                                  .rstd = kernel_floats(y.padded, 5),
                                  .running_mean = kernel_floats(y.padded, 6),
                                  .running_var = kernel_floats(y.padded, 7)};
}

static void check_statistics_of(BrimKernelFeature y, KernelGrid grid)
{
    BrimBnStatisticsArgs args = statistics_of(y);
    double *mean = kernel_numbers(y.padded), *variance = kernel_numbers(y.padded),
           *rstd = kernel_numbers(y.padded);
    double *running_mean = kernel_numbers(y.padded), *running_var = kernel_numbers(y.padded),
           count = kernel_pixels(y);
    measure(y, mean, variance);
    for (int c = 0; c < y.c; c++) {
        rstd[c] = 1 / sqrt(variance[c] + 1e-3);
        running_mean[c] = 0.97 * args.old_running_mean[c] + 0.03 * mean[c];
        running_var[c] =
            0.97 * args.old_running_var[c] + 0.03 * variance[c] * (count > 1 ? count / (count - 1) : 1);
    }
    run_statistics(&args, grid);
    assert_vector("mean", args.mean, mean, y.padded); /* pads are zeros */
    assert_vector("rstd", args.rstd, rstd, y.padded);
    assert_vector("running mean", args.running_mean, running_mean, y.padded);
    assert_vector("running variance", args.running_var, running_var, y.padded);
}

static void check_statistics(KernelShape shape, KernelGrid grid)
{
    check_statistics_of(kernel_feature(shape, 1), grid);
}

/* A spread of 0.01 on a mean of 100: squares summed in single precision leave nothing of it. */
static void test_small_spread(void **state)
{
    (void)state;
    for (int i = 0; i < kernel_grid_count; i++) {
        BrimKernelFeature y = kernel_feature((KernelShape){2, 8, 19, 23, BRIM_KERNEL_F32, false}, 1);
        for (int at = 0; at < kernel_pixels(y) * y.c; at++)
            kernel_set(y, at / y.c, at % y.c, 100 + 0.01f * kernel_get(y, at / y.c, at % y.c));
        BrimBnStatisticsArgs args = statistics_of(y);
        double mean[8] = {0}, variance[8] = {0};
        measure(y, mean, variance);
        run_statistics(&args, kernel_grids[i]);
        for (int c = 0; c < y.c; c++) {
            double got = 1 / ((double)args.rstd[c] * args.rstd[c]) - 1e-3;
            assert_true(fabs(got - variance[c]) < 0.01 * variance[c]);
        }
        kernel_features_close();
    }
}

/* The same grid gives the same bits. */
static void test_same_bits(void **state)
{
    (void)state;
    for (int i = 0; i < kernel_grid_count; i++) {
        BrimKernelFeature y = kernel_feature((KernelShape){3, 16, 9, 11, BRIM_KERNEL_F16, true}, 1);
        BrimBnStatisticsArgs one = statistics_of(y), other = statistics_of(y);
        run_statistics(&one, kernel_grids[i]);
        run_statistics(&other, kernel_grids[i]);
        assert_memory_equal(one.mean, other.mean, 16 * sizeof(float));
        assert_memory_equal(one.rstd, other.rstd, 16 * sizeof(float));
        kernel_features_close();
    }
}

/* One element as the op table has it. */
typedef struct Element {
    double xhat, z, value, slope;
} Element;

static Element element_of(BrimKernelFeature y, const Channels *channels, int i, bool activation)
{
    int c = i % y.c;
    double xhat = (kernel_get(y, i / y.c, c) - (double)channels->mean[c]) * channels->rstd[c];
    double z = xhat * channels->gamma[c] + channels->beta[c], sigmoid = 1 / (1 + exp(-z));
    return (Element){xhat, z, activation ? z * sigmoid : z,
                     activation ? sigmoid * (1 + z * (1 - sigmoid)) : 1};
}

static void apply_case(KernelShape shape, KernelGrid grid, int dest_count, bool res, bool activation)
{
    Channels channels = channels_of(shape);
    BrimBnApplyArgs args = {.y = kernel_feature(shape, 1),
                            .dest_count = dest_count,
                            .activation = activation,
                            .gamma = channels.gamma,
                            .beta = channels.beta,
                            .mean = channels.mean,
                            .rstd = channels.rstd};
    if (res)
        args.res = kernel_feature(shape, 2);
    for (int i = 0; i < dest_count; i++)
        args.dests[i] = kernel_feature(shape, 3 + i);
    int count = kernel_pixels(args.y) * shape.c;
    double *expected = kernel_numbers(count);
    for (int i = 0; i < count; i++)
        expected[i] = element_of(args.y, &channels, i, activation).value +
                      (res ? kernel_get(args.res, i / shape.c, i % shape.c) : 0);
    kernel_run(BRIM_KERNEL_bn_apply, grid, &args);
    for (int i = 0; i < dest_count; i++)
        kernel_assert("bn_apply", args.dests[i], expected, NEAR);
}

static void check_apply(KernelShape shape, KernelGrid grid)
{
    apply_case(shape, grid, 1, false, true);
    apply_case(shape, grid, 4, true, true);
    apply_case(shape, grid, 2, true, false);
}

/* What a BN_BACKWARD_REDUCE is to leave. */
typedef struct Reduced {
    double *sums, *grad_sum, *value; /* sums: of dz, then of dz * xhat */
} Reduced;

static Reduced reduce(const BrimBnReduceArgs *args, const Channels *channels)
{
    int c = args->y.c, count = kernel_pixels(args->y) * c;
    Reduced reduced = {kernel_numbers(2 * c), kernel_numbers(count), kernel_numbers(count)};
    for (int i = 0; i < count; i++) {
        Element element = element_of(args->y, channels, i, args->activation);
        for (int grad = 0; grad < args->grad_count; grad++)
            reduced.grad_sum[i] += kernel_get(args->grads[grad], i / c, i % c);
        reduced.value[i] = element.value;
        reduced.sums[i % c] += reduced.grad_sum[i] * element.slope;
        reduced.sums[c + i % c] += reduced.grad_sum[i] * element.slope * element.xhat;
    }
    return reduced;
}

typedef struct ReduceCase {
    int grads, dests;
    bool grad_sum, in_place, activation;
    int accumulate;
} ReduceCase;

static BrimBnReduceArgs reduce_args(KernelShape shape, ReduceCase test, const Channels *channels)
{
    BrimBnReduceArgs args = {.y = kernel_feature(shape, 1),
                             .grad_count = test.grads,
                             .dest_count = test.dests,
                             .activation = test.activation,
                             .gamma = channels->gamma,
                             .beta = channels->beta,
                             .mean = channels->mean,
                             .rstd = channels->rstd,
                             .dgamma = kernel_floats(shape.c, 10),
                             .dbeta = kernel_floats(shape.c, 11),
                             .sums = kernel_floats(2 * shape.c, 12)};
    for (int i = 0; i < test.grads; i++)
        args.grads[i] = kernel_feature(shape, 2 + i);
    for (int i = 0; i < test.dests; i++)
        args.dests[i] = kernel_feature(shape, 13 + i);
    if (test.grad_sum)
        args.grad_sum = test.in_place ? args.grads[0] : kernel_feature(shape, 8);
    for (int c = 0; c < shape.c && !test.accumulate; c++)
        args.dgamma[c] = args.dbeta[c] = NAN;
    return args;
}

static void reduce_case(KernelShape shape, KernelGrid grid, ReduceCase test)
{
    Channels channels = channels_of(shape);
    BrimKernelScalars scalars = {.accumulate = test.accumulate};
    BrimBnReduceArgs args = reduce_args(shape, test, &channels);
    Reduced expected = reduce(&args, &channels);
    double *dbeta = kernel_numbers(shape.c), *dgamma = kernel_numbers(shape.c);
    for (int c = 0; c < shape.c; c++) {
        dbeta[c] = expected.sums[c] + (test.accumulate ? args.dbeta[c] : 0);
        dgamma[c] = expected.sums[shape.c + c] + (test.accumulate ? args.dgamma[c] : 0);
    }
    args.scalars = &scalars;
    args.blocks = grid.blocks;
    args.partial = kernel_floats(2 * grid.blocks * args.y.padded, 9);
    kernel_run(BRIM_KERNEL_bn_reduce_partial, grid, &args);
    kernel_run(BRIM_KERNEL_bn_reduce_finish, finish_grid(grid), &args);
    assert_vector("sums", args.sums, expected.sums, 2 * shape.c);
    assert_vector("dbeta", args.dbeta, dbeta, shape.c);
    assert_vector("dgamma", args.dgamma, dgamma, shape.c);
    if (test.grad_sum)
        kernel_assert("grad_sum", args.grad_sum, expected.grad_sum, NEAR);
    for (int i = 0; i < test.dests; i++)
        kernel_assert("activation again", args.dests[i], expected.value, NEAR);
}

static void check_reduce(KernelShape shape, KernelGrid grid)
{
    static const ReduceCase cases[] = {{1, 0, false, false, true, 0},
                                       {2, 1, true, false, true, 1},
                                       {3, 4, true, true, false, 0},
                                       {4, 2, true, true, true, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        reduce_case(shape, grid, cases[i]);
        kernel_features_close();
    }
}

static void slope_case(KernelShape shape, KernelGrid grid, bool in_place, bool activation, int cards)
{
    Channels channels = channels_of(shape);
    BrimBnSlopeArgs args = {.y = kernel_feature(shape, 1),
                            .grad = kernel_feature(shape, 2),
                            .activation = activation,
                            .gamma = channels.gamma,
                            .beta = channels.beta,
                            .mean = channels.mean,
                            .rstd = channels.rstd,
                            .sums = kernel_floats(2 * shape.c, 3)};
    args.pixels = cards * kernel_pixels(args.y);
    args.dy = in_place ? args.grad : kernel_feature(shape, 4);
    int c = shape.c, pixels = kernel_pixels(args.y);
    double *expected = kernel_numbers(pixels * c);
    for (int i = 0; i < pixels * c; i++) {
        Element element = element_of(args.y, &channels, i, activation);
        double dz = kernel_get(args.grad, i / c, i % c) * element.slope;
        expected[i] = channels.gamma[i % c] * (double)channels.rstd[i % c] *
                      (dz - (args.sums[i % c] + element.xhat * args.sums[c + i % c]) / (double)args.pixels);
    }
    kernel_run(BRIM_KERNEL_bn_slope, grid, &args);
    kernel_assert("bn_slope", args.dy, expected, NEAR);
}

static void check_slope(KernelShape shape, KernelGrid grid)
{
    slope_case(shape, grid, false, true, 1);
    slope_case(shape, grid, true, true, 1);
    slope_case(shape, grid, true, false, 2);
}

/* ---- over several cards ---- */

enum { CARDS = 3 };

/* Expected mean and biased variance of each channel over all cards' pixels. */
static void measure_all(const BrimKernelFeature *cards, double *mean, double *variance)
{
    int pixels = CARDS * kernel_pixels(cards[0]);
    for (int c = 0; c < cards[0].c; c++) {
        for (int i = 0; i < pixels; i++)
            mean[c] += (double)kernel_get(cards[i % CARDS], i / CARDS, c) / pixels;
        for (int i = 0; i < pixels; i++)
            variance[c] += pow(kernel_get(cards[i % CARDS], i / CARDS, c) - mean[c], 2) / pixels;
    }
}

static double *exchange_room(int padded)
{
    double *all = kernel_numbers(CARDS * 2 * padded);
    for (int i = 0; i < CARDS * 2 * padded; i++)
        all[i] = NAN;
    return all;
}

static void check_statistics_of_cards(KernelShape shape, KernelGrid grid)
{
    BrimKernelFeature cards[CARDS];
    int padded = (shape.c + 7) / 8 * 8;
    double *all = exchange_room(padded), *mean = kernel_numbers(padded), *variance = kernel_numbers(padded);
    double *rstd = kernel_numbers(padded), *running_mean = kernel_numbers(padded),
           *running_var = kernel_numbers(padded);
    BrimBnStatisticsArgs args = {.y = {0}};
    for (int card = 0; card < CARDS; card++) {
        cards[card] = kernel_feature(shape, 30 + card);
        args = (BrimBnStatisticsArgs){.y = cards[card],
                                      .own = all + 2 * card * padded}; /* nothing else is theirs */
        run_statistics(&args, grid);
    }
    args = statistics_of(cards[0]);
    const BrimBnCombineArgs combine = {.all = all,
                                       .cards = CARDS,
                                       .c = shape.c,
                                       .padded = padded,
                                       .pixels = kernel_pixels(cards[0]),
                                       .old_running_mean = args.old_running_mean,
                                       .old_running_var = args.old_running_var,
                                       .mean = args.mean,
                                       .rstd = args.rstd,
                                       .running_mean = args.running_mean,
                                       .running_var = args.running_var};
    measure_all(cards, mean, variance);
    double count = CARDS * kernel_pixels(cards[0]);
    for (int c = 0; c < shape.c; c++) {
        rstd[c] = 1 / sqrt(variance[c] + 1e-3);
        running_mean[c] = 0.97 * args.old_running_mean[c] + 0.03 * mean[c];
        running_var[c] = 0.97 * args.old_running_var[c] + 0.03 * variance[c] * count / (count - 1);
    }
    kernel_run(BRIM_KERNEL_bn_combine, finish_grid(grid), &combine);
    assert_vector("mean", args.mean, mean, padded); /* pads are zeros */
    assert_vector("rstd", args.rstd, rstd, padded);
    assert_vector("running mean", args.running_mean, running_mean, padded);
    assert_vector("running variance", args.running_var, running_var, padded);
}

/* A card's own gradients of gamma and beta, and sums of all. */
static void check_sums_of_cards(KernelShape shape, KernelGrid grid)
{
    static const ReduceCase plain = {1, 0, false, false, true, 0};
    Channels channels = channels_of(shape);
    const BrimKernelScalars scalars = {.accumulate = 0};
    int padded = (shape.c + 7) / 8 * 8;
    double *all = exchange_room(padded), *expected = kernel_numbers(2 * shape.c);
    for (int card = 0; card < CARDS; card++) {
        BrimBnReduceArgs args = reduce_args(shape, plain, &channels);
        args.y = kernel_feature(shape, 30 + card);
        args.grads[0] = kernel_feature(shape, 40 + card);
        args.scalars = &scalars;
        args.blocks = grid.blocks;
        args.partial = kernel_floats(2 * grid.blocks * padded, 9);
        args.own = all + 2 * card * padded;
        args.sums = NULL;
        Reduced own = reduce(&args, &channels);
        kernel_run(BRIM_KERNEL_bn_reduce_partial, grid, &args);
        kernel_run(BRIM_KERNEL_bn_reduce_finish, finish_grid(grid), &args);
        assert_vector("dbeta", args.dbeta, own.sums, shape.c);
        assert_vector("dgamma", args.dgamma, own.sums + shape.c, shape.c);
        for (int i = 0; i < 2 * shape.c; i++)
            expected[i] += own.sums[i];
    }
    const BrimBnSumsArgs sums = {
        .all = all, .cards = CARDS, .c = shape.c, .padded = padded, .sums = kernel_floats(2 * shape.c, 12)};
    kernel_run(BRIM_KERNEL_bn_sums, finish_grid(grid), &sums);
    assert_vector("sums", sums.sums, expected, 2 * shape.c);
}

#define TEST(name)                                                                                           \
    static void test_##name(void **state)                                                                    \
    {                                                                                                        \
        (void)state;                                                                                         \
        kernel_each(check_##name);                                                                           \
    }
TEST(statistics)
TEST(apply)
TEST(reduce)
TEST(slope)
TEST(statistics_of_cards)
TEST(sums_of_cards)
#undef TEST

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statistics),
        cmocka_unit_test(test_small_spread),
        cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_apply),
        cmocka_unit_test(test_reduce),
        cmocka_unit_test(test_slope),
        cmocka_unit_test(test_statistics_of_cards),
        cmocka_unit_test(test_sums_of_cards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
