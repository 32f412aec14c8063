/* Samples at times of the test's choice. */
#include "support/gpu_tree.h"

#include <math.h>

#include "support/support.h"

GpuTree gpu_tree_open(const BrimVendor *vendor, const char *root)
{
    GpuTree tree = {.vendor = vendor};
    assert_ok(vendor->open(&tree.state, &(BrimVendorPlaces){.root = root}));
    return tree;
}

void gpu_tree_sample(GpuTree *tree, int64_t ms)
{
    brim_draft_restart(&tree->draft, 0, ms * 1000000);
    if (tree->state)
        assert_ok(tree->vendor->sample(tree->state, &tree->draft));
}

void gpu_tree_close(GpuTree *tree)
{
    if (tree->state)
        tree->vendor->close(&tree->state);
    brim_draft_clear(&tree->draft);
}

void assert_figures(const BrimDeviceSample *device, const GpuFigure *figures, int count)
{
    for (int i = 0; i < BRIM_METRIC_COUNT; i++) {
        double expected = NAN, got = device->value[i];
        for (int j = 0; j < count; j++)
            if ((int)figures[j].metric == i)
                expected = figures[j].value;
        if (isnan(expected) ? !isnan(got) : got != expected)
            fail_msg("%s: %s is %.17g, not %.17g", device->name, brim_metric_key((BrimMetric)i), got,
                     expected);
    }
}
