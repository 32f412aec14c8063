/* Element math of boxes: CIoU and what logits become, with their slopes. */
#include "support/support.h"

#include <math.h>

#include "base/random.h"
#include "element/box.h"

/* In double and straight from the definitions; the aspect term's weight is given. */
static double slow_ciou(const double a[4], const double b[4], double *weight)
{
    double overlap = 1, hull = 0, apart = 0;
    for (int i = 0; i < 2; i++) {
        double high = fmin(a[i] + a[i + 2] / 2, b[i] + b[i + 2] / 2),
               low = fmax(a[i] - a[i + 2] / 2, b[i] - b[i + 2] / 2);
        overlap *= fmax(high - low, 0);
        hull += pow(fmax(a[i] + a[i + 2] / 2, b[i] + b[i + 2] / 2) -
                        fmin(a[i] - a[i + 2] / 2, b[i] - b[i + 2] / 2),
                    2);
        apart += pow(a[i] - b[i], 2);
    }
    double iou = overlap / (a[2] * a[3] + b[2] * b[3] - overlap);
    double aspect = pow((atan(b[2] / b[3]) - atan(a[2] / a[3])) * 2 / acos(-1), 2);
    if (*weight < 0)
        *weight = aspect / (1 - iou + aspect);
    return iou - apart / hull - *weight * aspect;
}

static void ciou_has_the_slope_of_its_values(void **state)
{
    (void)state;
    BrimRandom random = brim_random(4, 0);
    for (int turn = 0; turn < 200; turn++) {
        double a[4], b[4], weight = -1;
        for (int i = 0; i < 4; i++) {
            a[i] = brim_random_uniform(&random, i < 2 ? -1 : 0.3, 3);
            b[i] = brim_random_uniform(&random, i < 2 ? -1 : 0.3, 3);
        }
        BrimBox box = {(float)a[0], (float)a[1], (float)a[2], (float)a[3]}, slope;
        BrimBox label = {(float)b[0], (float)b[1], (float)b[2], (float)b[3]};
        assert_true(fabs((double)brim_box_ciou(box, label, &slope) - slow_ciou(a, b, &weight)) < 2e-6);
        for (int i = 0; i < 4; i++) {
            const double middle = a[i], step = 1e-6;
            a[i] = middle + step;
            double more = slow_ciou(a, b, &weight);
            a[i] = middle - step;
            double expected = (more - slow_ciou(a, b, &weight)) / (2 * step);
            a[i] = middle;
            assert_true(fabs((double)(&slope.x)[i] - expected) < 1e-4);
        }
    }
}

static void logits_become_centres_and_sides(void **state)
{
    (void)state;
    const float step = 1.0f / 1024;
    for (float s = 0.125f; s < 1; s += 0.125f) {
        double by_logit = (double)(s * (1 - s));
        double centre =
            (double)(brim_box_centre(s + step) - brim_box_centre(s - step)) / (double)(2 * step) * by_logit;
        double side =
            (double)(brim_box_side(s + step, 3) - brim_box_side(s - step, 3)) / (double)(2 * step) * by_logit;
        assert_true(fabs((double)brim_box_centre_slope(s) - centre) < 1e-5);
        assert_true(fabs((double)brim_box_side_slope(s, 3) - side) < 1e-5);
    }
    assert_true(brim_box_centre(0) == -0.5f && brim_box_centre(1) == 1.5f);
    assert_true(brim_box_side(0.5f, 3) == 3.0f && brim_box_side(1, 3) == 12.0f);
    assert_true(brim_sigmoid(0) == 0.5f && brim_sigmoid(-INFINITY) == 0.0f && brim_sigmoid(INFINITY) == 1.0f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ciou_has_the_slope_of_its_values),
        cmocka_unit_test(logits_become_centres_and_sides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
