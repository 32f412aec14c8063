/* A vendor of the monitor on a recorded tree, with time as the test says. */
#ifndef BRIM_TESTS_GPU_TREE_H
#define BRIM_TESTS_GPU_TREE_H

#include "monitor/vendor.h"
#include "support/tree.h"

typedef struct GpuTree {
    const BrimVendor *vendor;
    BrimVendorState *state;
    BrimDraft draft;
} GpuTree;

/* Fails the test when the vendor does not open. */
GpuTree gpu_tree_open(const BrimVendor *vendor, const char *root);

/* Everything once, at so many ms; the devices and processes are in ->draft. */
void gpu_tree_sample(GpuTree *tree, int64_t ms);
void gpu_tree_close(GpuTree *tree);

typedef struct GpuFigure {
    BrimMetric metric;
    double value;
} GpuFigure;

/* The device has exactly these figures, to the last bit; all others are unknown. */
void assert_figures(const BrimDeviceSample *device, const GpuFigure *figures, int count);

#endif
