/* What the backward pass computes again on the cuda backend, on a card that is none (tests/fake_cuda),
 * changes no bit of what it computes: whatever runs again runs as it ran before. */
#include "support/precision_case.h"
#include "support/recompute_case.h"
#include "support/support.h"

static void test_levels(void **state)
{
    (void)state;
    recompute_levels(&brim_backend_cuda, BRIM_PRECISION_FP32, true);
}

static void test_levels_in_16_bits(void **state)
{
    (void)state;
    recompute_levels(&brim_backend_cuda, BRIM_PRECISION_AMP, true);
}

static void test_levels_in_bfloat16(void **state)
{
    (void)state;
    skip_unless_computed_in(&brim_backend_cuda, BRIM_PRECISION_BF16);
    recompute_levels(&brim_backend_cuda, BRIM_PRECISION_BF16, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_levels_in_16_bits),
        cmocka_unit_test(test_levels_in_bfloat16),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
