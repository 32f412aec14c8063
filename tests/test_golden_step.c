/* Training steps of YOLOv5n on the cpu backend against YOLOv5's own numbers. */
#include "support/golden_step.h"
#include "support/support.h"

static const GoldenStepCase cpu = {.backend = &brim_backend_cpu,
                                   .loss = 1e-5,
                                   .gradients = 1e-3,
                                   .gradient = 1e-3,
                                   .norm = 1e-4,
                                   .statistics = 1e-4,
                                   .later_loss = 1e-3,
                                   .later_norm = 1e-2,
                                   .change = 1e-2};

static void test_first_step(void **state)
{
    golden_first_step(*state);
}

static void test_accumulation(void **state)
{
    golden_accumulation(*state);
}

static void test_takes_nothing_and_repeats(void **state)
{
    golden_repeats(*state);
}

static void test_two_steps(void **state)
{
    golden_two_steps(*state);
}

static void test_five_small_steps(void **state)
{
    golden_five_small_steps(*state);
}

int main(void)
{
    void *test = (void *)(uintptr_t)&cpu;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(test_first_step, test),
        cmocka_unit_test_prestate(test_accumulation, test),
        cmocka_unit_test_prestate(test_takes_nothing_and_repeats, test),
        cmocka_unit_test_prestate(test_two_steps, test),
        cmocka_unit_test_prestate(test_five_small_steps, test),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
