/* Features in host memory, each remembered with what it was made of. */
#include "support/kernel_features.h"

#include <math.h>
#include <string.h>

#include "support/elements.h"
#include "support/support.h"

enum { MADE_ROOM = 64, BESIDE = 8 };

const KernelGrid kernel_grids[] = {{1, 1}, {7, 1}, {3, 64}, {2, 40}, {1, 256}, {20, 32}};
const int kernel_grid_count = sizeof kernel_grids / sizeof kernel_grids[0];

static const KernelShape shapes[] = {
    {2, 8, 3, 5, BRIM_KERNEL_F32, false},   {2, 13, 7, 3, BRIM_KERNEL_F32, false},
    {1, 24, 6, 5, BRIM_KERNEL_F32, true},   {2, 13, 5, 5, BRIM_KERNEL_F16, false},
    {3, 16, 9, 11, BRIM_KERNEL_F16, true},  {1, 3, 4, 6, BRIM_KERNEL_F16, false},
    {1, 8, 1, 1, BRIM_KERNEL_F32, false},   {1, 264, 2, 3, BRIM_KERNEL_F16, false},
    {2, 13, 5, 5, BRIM_KERNEL_BF16, false}, {2, 16, 5, 7, BRIM_KERNEL_BF16, true},
};

static void *made[MADE_ROOM];
static int made_count;

static uint32_t state;

static float random_float(void)
{
    state = state * 1664525u + 1013904223u;
    return (float)(state >> 8) / (float)(1 << 22) - 2.0f;
}

static void *remember(size_t bytes)
{
    assert_true(made_count < MADE_ROOM);
    void *data = brim_mem_take(BRIM_MEM_OTHER, bytes, 1);
    assert_non_null(data);
    made[made_count++] = data;
    return data;
}

BrimKernelFeature kernel_feature(KernelShape shape, int seed)
{
    int padded = (shape.c + 7) / 8 * 8, pitch = shape.part ? shape.c + 2 * BESIDE : padded;
    size_t pixels = (size_t)shape.n * shape.h * shape.w, element = element_bytes(shape.type);
    char *data = remember(pixels * pitch * element);
    state = (uint32_t)seed * 7919u + 17u;
    for (size_t i = 0; i < pixels * pitch; i++)
        element_put(shape.type, data, i, NAN);
    BrimKernelFeature feature = {.data = data + (shape.part ? BESIDE * element : 0),
                                 .n = shape.n,
                                 .c = shape.c,
                                 .h = shape.h,
                                 .w = shape.w,
                                 .pitch = pitch,
                                 .padded = padded,
                                 .type = (int32_t)shape.type};
    for (size_t i = 0; i < pixels; i++) {
        for (int c = 0; c < shape.c; c++)
            element_put(shape.type, feature.data, i * pitch + c, random_float());
    }
    return feature;
}

void kernel_each(void (*check)(KernelShape shape, KernelGrid grid))
{
    for (size_t shape = 0; shape < sizeof shapes / sizeof shapes[0]; shape++) {
        for (int grid = 0; grid < kernel_grid_count; grid++) {
            check(shapes[shape], kernel_grids[grid]);
            kernel_features_close();
        }
    }
}

void kernel_features_close(void)
{
    while (made_count > 0)
        brim_mem_give(made[--made_count]);
}

float *kernel_floats(int count, int seed)
{
    float *floats = remember((size_t)count * sizeof *floats);
    state = (uint32_t)seed * 7919u + 17u;
    for (int i = 0; i < count; i++)
        floats[i] = random_float();
    return floats;
}

double *kernel_numbers(int count)
{
    double *zeros = remember((size_t)count * sizeof *zeros);
    for (int i = 0; i < count; i++)
        zeros[i] = 0;
    return zeros;
}

float kernel_get(BrimKernelFeature feature, int pixel, int channel)
{
    return element_get((BrimKernelType)feature.type, feature.data, (size_t)pixel * feature.pitch + channel);
}

void kernel_set(BrimKernelFeature feature, int pixel, int channel, float value)
{
    element_put((BrimKernelType)feature.type, feature.data, (size_t)pixel * feature.pitch + channel, value);
}

int kernel_pixels(BrimKernelFeature feature)
{
    return feature.n * feature.h * feature.w;
}

int kernel_elements(BrimKernelFeature feature)
{
    return kernel_pixels(feature) * feature.c;
}

void kernel_run(BrimKernel kernel, KernelGrid grid, const void *args)
{
    if (grid.threads == 1)
        brim_kernel_run_on_host(kernel, grid.blocks, args);
    else
        assert_true(brim_kernel_run_threads_on_host(kernel, grid.blocks, grid.threads, args));
}

/* Pads are zeros; what is beside a part is still NaN. */
static void assert_around(const char *what, BrimKernelFeature feature, int pixel)
{
    bool part = feature.pitch != feature.padded;
    for (int c = feature.c; c < feature.padded; c++) {
        if (kernel_get(feature, pixel, c) != 0)
            fail_msg("%s: pad %d of pixel %d is %g", what, c, pixel, (double)kernel_get(feature, pixel, c));
    }
    for (int c = 1; part && c <= BESIDE; c++) {
        if (!isnan(kernel_get(feature, pixel, -c)) || !isnan(kernel_get(feature, pixel, feature.c + c - 1)))
            fail_msg("%s: what lies beside pixel %d was written", what, pixel);
    }
}

void kernel_assert(const char *what, BrimKernelFeature feature, const double *expected, double tolerance)
{
    double rounding =
        feature.type == BRIM_KERNEL_F32 ? 0 : 2 * element_rounding((BrimKernelType)feature.type);
    tolerance = tolerance < rounding ? rounding : tolerance;
    for (int pixel = 0; pixel < kernel_pixels(feature); pixel++) {
        for (int c = 0; c < feature.c; c++) {
            double got = kernel_get(feature, pixel, c), wanted = expected[(size_t)pixel * feature.c + c];
            if (!(fabs(got - wanted) <= tolerance * (1 + fabs(wanted))))
                fail_msg("%s: pixel %d channel %d is %.9g instead of %.9g", what, pixel, c, got, wanted);
        }
        assert_around(what, feature, pixel);
    }
}
