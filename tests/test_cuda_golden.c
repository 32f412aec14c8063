/* Training steps and inference of YOLOv5n on the cuda backend, on a card that is none (tests/fake_cuda),
 * against YOLOv5's own numbers. */
#include "support/golden_inference.h"
#include "support/golden_step.h"
#include "support/support.h"

/* As the cpu backend. */
static const GoldenStepCase fp32 = {.backend = &brim_backend_cuda,
                                    .loss = 1e-5,
                                    .gradients = 1e-3,
                                    .gradient = 1e-3,
                                    .norm = 1e-4,
                                    .statistics = 1e-4,
                                    .later_loss = 1e-3,
                                    .later_norm = 1e-2,
                                    .change = 1e-2};

/* A network that has just begun answers to the least change: weights rounded to 16 bits and nothing else move
 * its gradients by 0.03 in fp32. */
static const GoldenStepCase amp = {.backend = &brim_backend_cuda,
                                   .precision = BRIM_PRECISION_AMP,
                                   .loss_scale = 1024,
                                   .loss = 1e-3,
                                   .gradients = 0.15,
                                   .gradient = 0.3,
                                   .norm = 0.05,
                                   .statistics = 0.01};

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

static void test_picture(void **state)
{
    (void)state;
    static const GoldenPictureCase test = {.name = "zidane_rect640",
                                           .backend = &brim_backend_cuda,
                                           .logit = 3e-4,
                                           .box_px = 0.02,
                                           .score = 1e-4,
                                           .sum = 1e-5,
                                           .iou = 0.99};
    golden_picture(&test);
}

static void test_picture_in_16_bits(void **state)
{
    (void)state;
    static const GoldenPictureCase test = {.name = "zidane_rect640",
                                           .backend = &brim_backend_cuda,
                                           .precision = BRIM_PRECISION_AMP,
                                           .logit = 0.1,
                                           .box_px = 4, /* 1.9 to 3.5, by the order of sums in fp32 alone */
                                           .score = 0.02,
                                           .sum = 0.02,
                                           .iou = 0.95,
                                           .sure_alone = true};
    golden_picture(&test);
}

int main(void)
{
    void *wide = (void *)(uintptr_t)&fp32, *narrow = (void *)(uintptr_t)&amp;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(test_first_step, wide),
        cmocka_unit_test_prestate(test_first_step, narrow),
        cmocka_unit_test_prestate(test_accumulation, wide),
        cmocka_unit_test_prestate(test_accumulation, narrow),
        cmocka_unit_test_prestate(test_takes_nothing_and_repeats, narrow),
        cmocka_unit_test_prestate(test_two_steps, wide),
        cmocka_unit_test(test_picture),
        cmocka_unit_test(test_picture_in_16_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
