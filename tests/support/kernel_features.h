/* Features as kernels see them, in host memory, for tests of kernels without a card: random numbers, with NaN
 * in the pads and in what lies beside a part, so that whoever reads or leaves there what he should not is
 * found. */
#ifndef BRIM_TESTS_KERNEL_FEATURES_H
#define BRIM_TESTS_KERNEL_FEATURES_H

#include <stdbool.h>

#include "backend/cuda/kernels/on_host.h"

/* What a kernel is run with. */
typedef struct KernelGrid {
    int blocks, threads;
} KernelGrid;

typedef struct KernelShape {
    int n, c, h, w;
    BrimKernelType type;
    bool part; /* channels 8 .. 8 + c of a feature that has 16 more; c a multiple of 8 */
} KernelShape;

/* The grids and shapes that every kernel is tried with: one thread a block and many; odd sides, one pixel,
 * channels that fill no eight, parts of others, more eights than a block has threads. */
extern const KernelGrid kernel_grids[];
extern const int kernel_grid_count;
void kernel_each(void (*check)(KernelShape shape, KernelGrid grid));

/* Filled from `seed`; gone with kernel_features_close. */
BrimKernelFeature kernel_feature(KernelShape shape, int seed);
void kernel_features_close(void);

/* Floats from seed, -2..2, and zeros for what is expected; gone with kernel_features_close. */
float *kernel_floats(int count, int seed);
double *kernel_numbers(int count);

float kernel_get(BrimKernelFeature feature, int pixel, int channel);
void kernel_set(BrimKernelFeature feature, int pixel, int channel, float value);
int kernel_pixels(BrimKernelFeature feature);
int kernel_elements(BrimKernelFeature feature); /* without pads */

/* Runs it, and fails the test where a block's threads did not all come to the same waits. */
void kernel_run(BrimKernel kernel, KernelGrid grid, const void *args);

/* The feature has the expected values, [pixel][channel], by |got - expected| <= tolerance * (1 + |expected|),
 * by the rounding of 16 bits at least; its pads are zeros, and what lies beside a part is as it was made. */
void kernel_assert(const char *what, BrimKernelFeature feature, const double *expected, double tolerance);

#endif
