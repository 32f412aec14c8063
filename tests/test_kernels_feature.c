/* Kernels between convolutions, but BatchNorm's: each against plain loops, in both types, on whole features
 * and parts, with one thread a block and with many. */
#include "support/support.h"

#include <math.h>
#include <stdlib.h>

#include "support/kernel_features.h"

static const double NEAR = 2e-6;

static double silu(double z)
{
    return z / (1 + exp(-z));
}

/* Where colour c of pixel `pixel` of x comes from, with `side` pixels of the picture down and across in one
 * of x. */
static int picture_at(KernelShape shape, int side, int pixel, int c)
{
    int corner = c / 4, row = pixel / shape.w * side + corner / 2,
        column = pixel % shape.w * side + corner % 2;
    return (row * shape.w * side + column) * 3 + c % 4;
}

static void input_case(KernelShape shape, KernelGrid grid, int side)
{
    BrimInputArgs args = {.x = kernel_feature(shape, 1), .space_to_depth = side == 2};
    int count = 3 * side * side * kernel_pixels(args.x);
    uint8_t *pictures = malloc((size_t)count);
    double *expected = kernel_numbers(kernel_elements(args.x));
    for (int i = 0; i < count; i++)
        pictures[i] = (uint8_t)(i * 37 + 255);
    for (int i = 0; i < kernel_elements(args.x); i++)
        if (i % shape.c % 4 < 3)
            expected[i] = pictures[picture_at(shape, side, i / shape.c, i % shape.c)] / 255.0f;
    args.pictures = pictures;
    kernel_run(BRIM_KERNEL_input, grid, &args);
    kernel_assert("input", args.x, expected, 0);
    free(pictures);
}

static void check_input(KernelShape shape, KernelGrid grid)
{
    shape.part = false;
    shape.c = 3;
    input_case(shape, grid, 1);
    shape.c = 16;
    input_case(shape, grid, 2);
}

static void act_case(KernelShape shape, KernelGrid grid, int dest_count, bool res, bool activation,
                     bool in_place)
{
    BrimActArgs args = {.x = kernel_feature(shape, 1), .dest_count = dest_count, .activation = activation};
    if (res)
        args.res = kernel_feature(shape, 2);
    for (int i = 0; i < dest_count; i++)
        args.dests[i] = in_place && i == 0 ? args.x : kernel_feature(shape, 3 + i);
    double *expected = kernel_numbers(kernel_elements(args.x));
    for (int i = 0; i < kernel_elements(args.x); i++) {
        double x = kernel_get(args.x, i / shape.c, i % shape.c);
        expected[i] = (activation ? silu(x) : x) + (res ? kernel_get(args.res, i / shape.c, i % shape.c) : 0);
    }
    kernel_run(BRIM_KERNEL_act, grid, &args);
    for (int i = 0; i < dest_count; i++)
        kernel_assert("act", args.dests[i], expected, NEAR);
}

static void check_act(KernelShape shape, KernelGrid grid)
{
    act_case(shape, grid, 1, false, false, false);
    act_case(shape, grid, 4, true, true, false);
    act_case(shape, grid, 2, true, false, true);
    act_case(shape, grid, 1, false, true, true);
}

static void check_add(KernelShape shape, KernelGrid grid)
{
    for (int count = 1; count <= BRIM_KERNEL_GRADS; count++) {
        BrimAddArgs args = {.grad_count = count};
        for (int i = 0; i < count; i++)
            args.grads[i] = kernel_feature(shape, i);
        args.y = count % 2 ? args.grads[0] : kernel_feature(shape, 9);
        double *expected = kernel_numbers(kernel_elements(args.y));
        for (int i = 0; i < kernel_elements(args.y); i++) {
            for (int term = 0; term < count; term++)
                expected[i] += kernel_get(args.grads[term], i / shape.c, i % shape.c);
        }
        kernel_run(BRIM_KERNEL_add, grid, &args);
        kernel_assert("add", args.y, expected, NEAR);
    }
}

static void check_bias(KernelShape shape, KernelGrid grid)
{
    BrimBiasArgs args = {.y = kernel_feature(shape, 1), .bias = kernel_floats(shape.c, 2)};
    double *expected = kernel_numbers(kernel_elements(args.y));
    for (int i = 0; i < kernel_elements(args.y); i++)
        expected[i] = (double)kernel_get(args.y, i / shape.c, i % shape.c) + args.bias[i % shape.c];
    kernel_run(BRIM_KERNEL_bias, grid, &args);
    kernel_assert("bias", args.y, expected, NEAR);
}

static void check_bias_gradient(KernelShape shape, KernelGrid grid)
{
    for (int accumulate = 0; accumulate < 2; accumulate++) {
        BrimKernelScalars scalars = {.accumulate = accumulate};
        BrimBiasGradientArgs args = {.dy = kernel_feature(shape, 1),
                                     .blocks = grid.blocks,
                                     .dbias = kernel_floats(shape.c, 2),
                                     .scalars = &scalars};
        args.partial = kernel_floats(args.blocks * args.dy.padded, 3);
        for (int c = 0; c < shape.c; c++)
            args.dbias[c] = accumulate ? args.dbias[c] : NAN;
        double *expected = kernel_numbers(shape.c);
        for (int i = 0; i < kernel_elements(args.dy); i++)
            expected[i % shape.c] += kernel_get(args.dy, i / shape.c, i % shape.c);
        for (int c = 0; accumulate && c < shape.c; c++)
            expected[c] += args.dbias[c];
        kernel_run(BRIM_KERNEL_bias_gradient_partial, grid, &args);
        kernel_run(BRIM_KERNEL_bias_gradient_finish, (KernelGrid){2, grid.threads}, &args);
        for (int c = 0; c < shape.c; c++)
            assert_true(fabs(args.dbias[c] - expected[c]) <= 1e-5 * (1 + fabs(expected[c])));
    }
}

static void check_upsample(KernelShape shape, KernelGrid grid)
{
    KernelShape large = shape;
    large.h *= 2;
    large.w *= 2;
    BrimUpsampleArgs args = {.x = kernel_feature(shape, 1), .dy = kernel_feature(large, 2), .dest_count = 2};
    args.dests[0] = kernel_feature(large, 3);
    args.dests[1] = kernel_feature(large, 4);
    double *up = kernel_numbers(kernel_elements(args.dy)), *down = kernel_numbers(kernel_elements(args.x));
    for (int i = 0; i < kernel_elements(args.dy); i++) {
        int pixel = i / shape.c, row = pixel / large.w / 2, column = pixel % large.w / 2;
        up[i] = kernel_get(args.x, row * shape.w + column, i % shape.c);
        down[(row * shape.w + column) * shape.c + i % shape.c] += kernel_get(args.dy, pixel, i % shape.c);
    }
    kernel_run(BRIM_KERNEL_upsample_forward, grid, &args);
    kernel_assert("upsample", args.dests[0], up, 0);
    kernel_assert("upsample", args.dests[1], up, 0);
    kernel_run(BRIM_KERNEL_upsample_backward, grid, &args);
    kernel_assert("upsample backward", args.x, down, NEAR);
}

/* The pixel of the first maximum of the window around y, x in the image that starts at `image`. */
static int first_maximum(const BrimPoolArgs *args, int image, int y, int x, int c)
{
    int best = -1, reach = args->kernel / 2;
    for (int row = y - reach; row <= y + reach; row++) {
        for (int column = x - reach; column <= x + reach; column++) {
            int pixel = image + row * args->x.w + column;
            bool inside = row >= 0 && row < args->x.h && column >= 0 && column < args->x.w;
            if (inside && (best < 0 || kernel_get(args->x, pixel, c) > kernel_get(args->x, best, c)))
                best = pixel;
        }
    }
    return best;
}

static void check_pool_kernel(KernelShape shape, KernelGrid grid, int kernel)
{
    BrimPoolArgs args = {.x = kernel_feature(shape, 1),
                         .y = kernel_feature(shape, 2),
                         .dy = kernel_feature(shape, 3),
                         .dx = kernel_feature(shape, 4),
                         .kernel = kernel};
    double *most = kernel_numbers(kernel_elements(args.x)),
           *gradient = kernel_numbers(kernel_elements(args.x));
    for (int i = 0; i < kernel_elements(args.x); i++) { /* few values, so that many maxima are not alone */
        kernel_set(args.x, i / shape.c, i % shape.c,
                   floorf(kernel_get(args.x, i / shape.c, i % shape.c) * 1.5f));
        gradient[i] = kernel_get(args.dx, i / shape.c, i % shape.c);
    }
    for (int i = 0; i < kernel_elements(args.x); i++) {
        int pixel = i / shape.c, c = i % shape.c, area = shape.h * shape.w;
        int best = first_maximum(&args, pixel / area * area, pixel % area / shape.w, pixel % shape.w, c);
        most[i] = kernel_get(args.x, best, c);
        gradient[best * shape.c + c] += kernel_get(args.dy, pixel, c);
    }
    kernel_run(BRIM_KERNEL_pool_forward, grid, &args);
    kernel_assert("pool", args.y, most, 0);
    kernel_run(BRIM_KERNEL_pool_backward, grid, &args);
    kernel_assert("pool backward", args.dx, gradient, 1e-5);
}

static void check_pool(KernelShape shape, KernelGrid grid)
{
    check_pool_kernel(shape, grid, 5);
    check_pool_kernel(shape, grid, 3);
    check_pool_kernel(shape, grid, 9);
}

/* Planes of several tiles, so that windows reach from one into the next, and the largest that are one. */
static void test_pool_by_tiles(void **state)
{
    (void)state;
    static const KernelShape planes[] = {
        {1, 8, 27, 45, BRIM_KERNEL_F16, false}, {2, 16, 41, 3, BRIM_KERNEL_F16, true},
        {1, 8, 20, 20, BRIM_KERNEL_F16, false}, {1, 13, 14, 28, BRIM_KERNEL_F32, false},
        {2, 8, 13, 13, BRIM_KERNEL_F32, true},  {1, 8, 23, 20, BRIM_KERNEL_BF16, true},
    };
    for (size_t plane = 0; plane < sizeof planes / sizeof planes[0]; plane++) {
        for (int grid = 0; grid < kernel_grid_count; grid++) {
            check_pool_kernel(planes[plane], kernel_grids[grid], 5);
            kernel_features_close();
        }
    }
}

#define TEST(name)                                                                                           \
    static void test_##name(void **state)                                                                    \
    {                                                                                                        \
        (void)state;                                                                                         \
        kernel_each(check_##name);                                                                           \
    }
TEST(input)
TEST(act)
TEST(add)
TEST(bias)
TEST(bias_gradient)
TEST(upsample)
TEST(pool)
#undef TEST

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_input),         cmocka_unit_test(test_act),
        cmocka_unit_test(test_add),           cmocka_unit_test(test_bias),
        cmocka_unit_test(test_upsample),      cmocka_unit_test(test_pool),
        cmocka_unit_test(test_bias_gradient), cmocka_unit_test(test_pool_by_tiles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
