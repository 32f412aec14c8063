/* Letterbox geometry against v7.0's table, and its pixels. */
#include "support/support.h"

#include <math.h>
#include <string.h>

#include <jansson.h>

#include "data/letterbox.h"

static double number(const json_t *json, const char *key)
{
    return json_number_value(json_object_get(json, key));
}

static int whole_at(const json_t *json, const char *key, size_t index)
{
    return (int)json_integer_value(json_array_get(json_object_get(json, key), index));
}

static void check_row(const json_t *row)
{
    const json_t *shape = json_object_get(row, "new_shape");
    int side_h = json_is_array(shape) ? whole_at(row, "new_shape", 0) : (int)json_integer_value(shape);
    int side_w = json_is_array(shape) ? whole_at(row, "new_shape", 1) : (int)json_integer_value(shape);
    int height = whole_at(row, "src_hw", 0), width = whole_at(row, "src_hw", 1);
    int stride = json_is_true(json_object_get(row, "auto")) ? 32 : 0;
    BrimLetterboxFit fit = brim_letterbox_fit(width, height, side_w, side_h, stride,
                                              json_is_true(json_object_get(row, "scaleup")));
    double ratio = json_number_value(json_array_get(json_object_get(row, "ratio_wh"), 0));
    assert_true(fabs(fit.ratio - ratio) <= 1e-12);
    assert_true(fit.pad_x_px == number(row, "dw"));
    assert_true(fit.pad_y_px == number(row, "dh"));
    assert_int_equal(fit.top_px, number(row, "top"));
    assert_int_equal(fit.bottom_px, number(row, "bottom"));
    assert_int_equal(fit.left_px, number(row, "left"));
    assert_int_equal(fit.right_px, number(row, "right"));
    assert_int_equal(fit.top_px + fit.height_px + fit.bottom_px, whole_at(row, "out_hw", 0));
    assert_int_equal(fit.left_px + fit.width_px + fit.right_px, whole_at(row, "out_hw", 1));
}

static void fits_as_yolov5_does(void **state)
{
    (void)state;
    json_t *table = load_golden_json("reference/golden/9_augment/letterbox_table.json");
    assert_int_equal(json_array_size(table), 122);
    for (size_t i = 0; i < json_array_size(table); i++)
        if (!json_object_get(json_array_get(table, i), "scaleFill")) /* stretched: brim never does that */
            check_row(json_array_get(table, i));
    json_decref(table);
}

static void surrounds_a_picture_with_grey(void **state)
{
    (void)state;
    BrimPicture picture, frame;
    assert_ok(brim_picture_make(&picture, 5, 3));
    assert_ok(brim_picture_make(&frame, 8, 6));
    memset(picture.rgb, 7, 5 * 3 * 3);
    memset(frame.rgb, 9, 8 * 6 * 3);
    brim_letterbox_place(&picture, &frame, 1, 2);
    for (int y = 0; y < 6; y++)
        for (int x = 0; x < 8; x++)
            for (int c = 0; c < 3; c++) {
                bool inside = x >= 1 && x < 6 && y >= 2 && y < 5;
                assert_int_equal(frame.rgb[(y * 8 + x) * 3 + c], inside ? 7 : BRIM_LETTERBOX_GREY);
            }
    brim_picture_clear(&picture);
    brim_picture_clear(&frame);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(fits_as_yolov5_does),
                                       cmocka_unit_test(surrounds_a_picture_with_grey)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
