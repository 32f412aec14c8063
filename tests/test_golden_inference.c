/* YOLOv5n's published weights on pictures, on the cpu backend, against YOLOv5's own heads, predictions and
 * detections. */
#include "support/golden_inference.h"
#include "support/support.h"

int main(void)
{
    GoldenPictureCase bus = golden_picture_fp32("bus_rect640", &brim_backend_cpu),
                      square = golden_picture_fp32("bus_sq640", &brim_backend_cpu),
                      zidane = golden_picture_fp32("zidane_rect640", &brim_backend_cpu);
    const struct CMUnitTest tests[] = {
        {"bus_rect640", golden_picture, NULL, NULL, &bus},
        {"bus_sq640", golden_picture, NULL, NULL, &square},
        {"zidane_rect640", golden_picture, NULL, NULL, &zidane},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
