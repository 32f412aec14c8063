/* Training steps and inference of YOLOv5n on the cuda backend, on a card that is none (tests/fake_cuda),
 * against YOLOv5's own numbers. */
#include "support/golden_inference.h"
#include "support/golden_step.h"
#include "support/support.h"

/* A network that has just begun answers to the least change: weights rounded to 16 bits and nothing else move
 * its gradients by 0.03 in fp32. */
static GoldenStepCase amp_step = {.backend = &brim_backend_cuda,
                                  .precision = BRIM_PRECISION_AMP,
                                  .loss_scale = 1024,
                                  .loss = 1e-3,
                                  .gradients = 0.15,
                                  .gradient = 0.3,
                                  .norm = 0.05,
                                  .statistics = 0.01};

/* Eight times as coarse, and the gradients of such a network are off by as much as half of their size; the loss is not
 * scaled. */
static GoldenStepCase bf16_step = {.backend = &brim_backend_cuda,
                                   .precision = BRIM_PRECISION_BF16,
                                   .loss = 1e-2,
                                   .gradients = 0.6,
                                   .gradient = 1.2,
                                   .norm = 0.2,
                                   .statistics = 0.05};

static GoldenPictureCase amp_picture = {.name = "zidane_rect640",
                                        .backend = &brim_backend_cuda,
                                        .precision = BRIM_PRECISION_AMP,
                                        .logit = 0.1,
                                        .box_px = 4, /* 1.9 to 3.5, by the order of sums in fp32 alone */
                                        .score = 0.02,
                                        .sum = 0.02,
                                        .iou = 0.95,
                                        .sure_alone = true};

int main(void)
{
    GoldenStepCase step = golden_step_fp32(&brim_backend_cuda);
    GoldenPictureCase picture = golden_picture_fp32("zidane_rect640", &brim_backend_cuda);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(golden_first_step, &step),
        cmocka_unit_test_prestate(golden_first_step, &amp_step),
        cmocka_unit_test_prestate(golden_first_step, &bf16_step),
        cmocka_unit_test_prestate(golden_accumulation, &step),
        cmocka_unit_test_prestate(golden_accumulation, &amp_step),
        cmocka_unit_test_prestate(golden_repeats, &amp_step),
        cmocka_unit_test_prestate(golden_two_steps, &step),
        cmocka_unit_test_prestate(golden_picture, &picture),
        cmocka_unit_test_prestate(golden_picture, &amp_picture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
