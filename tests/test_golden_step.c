/* Training steps of YOLOv5n on the cpu backend against YOLOv5's own numbers. */
#include "support/golden_step.h"
#include "support/support.h"

int main(void)
{
    GoldenStepCase cpu = golden_step_fp32(&brim_backend_cpu);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(golden_first_step, &cpu),
        cmocka_unit_test_prestate(golden_accumulation, &cpu),
        cmocka_unit_test_prestate(golden_repeats, &cpu),
        cmocka_unit_test_prestate(golden_two_steps, &cpu),
        cmocka_unit_test_prestate(golden_five_small_steps, &cpu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
