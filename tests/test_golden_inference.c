/* YOLOv5n's published weights on pictures, on the cpu backend, against YOLOv5's own heads, predictions and
 * detections. */
#include "support/golden_inference.h"
#include "support/support.h"

static void check_picture(void **state)
{
    const GoldenPictureCase test = {.name = *state,
                                    .backend = &brim_backend_cpu,
                                    .logit = 3e-4,
                                    .box_px = 0.02,
                                    .score = 1e-4,
                                    .sum = 1e-5,
                                    .iou = 0.99};
    golden_picture(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"bus_rect640", check_picture, NULL, NULL, "bus_rect640"},
        {"bus_sq640", check_picture, NULL, NULL, "bus_sq640"},
        {"zidane_rect640", check_picture, NULL, NULL, "zidane_rect640"},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
