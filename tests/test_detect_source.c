/* What a detection looks at: names that do not meet, shapes that a plan covers, and back from the letterbox.
 */
#include "support/support.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "data/encode.h"
#include "run/detect_source.h"
#include "train/back.h"

/* An empty picture below the scratch folder. */
static void put(const char *name)
{
    BrimPicture picture;
    assert_ok(brim_picture_make(&picture, 8, 4));
    assert_ok(brim_encode_file(&picture, scratch_path(name), 90));
    brim_picture_clear(&picture);
}

static void no_two_pictures_are_written_under_one_name(void **state)
{
    (void)state;

    BrimDetectSource source = {0};
    put("a.jpg"), put("a.png"), put("a_2.jpg"), put("b.jpg");
    assert_ok(brim_detect_source_find(&source, scratch_folder(), NULL, NULL));
    assert_int_equal(source.count, 4);
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < i; j++)
            assert_string_not_equal(source.pictures[i].stem, source.pictures[j].stem);
    assert_string_equal(source.pictures[0].stem, "a");
    assert_string_equal(source.pictures[3].stem, "b");
    assert_int_equal(source.longest_px, 8);
    assert_int_equal(source.most_px, 32);
    brim_detect_source_clear(&source);
}

/* At 4096 px and stride 8 there are more shapes than a plan covers. */
static void too_many_shapes_become_squares(void **state)
{
    (void)state;
    enum { COUNT = 300, IMGSZ = 4096, STRIDE = 8 };
    static BrimDetectPicture pictures[COUNT];
    BrimDetectSource source = {.pictures = pictures, .count = BRIM_PLAN_MAX_GRAPHS};
    BrimShape *shapes = NULL;
    int count;
    for (int i = 0; i < COUNT; i++)
        pictures[i] = (BrimDetectPicture){.width_px = IMGSZ, .height_px = STRIDE * (i + 1)};
    assert_ok(brim_detect_source_shapes(&source, IMGSZ, STRIDE, &shapes, &count));
    assert_int_equal(count, BRIM_PLAN_MAX_GRAPHS); /* as many as there is room for */
    assert_false(source.squares);
    brim_mem_give(shapes);
    source.count = COUNT;
    assert_ok(brim_detect_source_shapes(&source, IMGSZ, STRIDE, &shapes, &count));
    assert_int_equal(count, 1);
    assert_true(source.squares && shapes[0].height_px == IMGSZ && shapes[0].width_px == IMGSZ);
    BrimLetterboxFit fit = brim_detect_fit(&source, IMGSZ, 80, IMGSZ, STRIDE);
    assert_int_equal(fit.height_px + fit.top_px + fit.bottom_px, IMGSZ);
    brim_mem_give(shapes);
}

/* One case of v7.0's scale_boxes with its ratio and pad. */
static void check_scaled(const json_t *one)
{
    const json_t *way = json_object_get(one, "scaled_with_ratio_pad"), *pad = json_object_get(way, "pad_w_h");
    const json_t *image = json_object_get(one, "image_hw"), *boxes = json_object_get(one, "boxes");
    double ratio = json_number_value(json_object_get(way, "ratio"));
    const BrimLetterbox box = {ratio,
                               ratio,
                               json_number_value(json_array_get(pad, 0)),
                               json_number_value(json_array_get(pad, 1)),
                               (int)json_integer_value(json_array_get(image, 1)),
                               (int)json_integer_value(json_array_get(image, 0))};
    assert_true(json_array_size(boxes) > 0 && ratio > 0);
    for (size_t i = 0; i < json_array_size(boxes); i++) {
        float corners[4], expected[4];
        for (size_t k = 0; k < 4; k++) {
            corners[k] = (float)json_number_value(json_array_get(json_array_get(boxes, i), k));
            const json_t *row = json_array_get(json_object_get(way, "out"), i);
            expected[k] = (float)json_number_value(json_array_get(row, k));
        }
        BrimDetection detection = {corners[0], corners[1], corners[2], corners[3], 1, 0};
        brim_back_detection(&box, &detection);
        assert_floats_near("scale_boxes", &detection.x1, expected, 4, 1e-3, 0);
    }
}

static void boxes_go_back_as_scale_boxes_has_them(void **state)
{
    (void)state;
    size_t i;
    json_t *one;
    json_t *root = load_golden_json("reference/golden/9_augment/box_conversions.json");
    assert_true(json_array_size(json_object_get(root, "scale_boxes")) > 0);
    json_array_foreach(json_object_get(root, "scale_boxes"), i, one) check_scaled(one);
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_two_pictures_are_written_under_one_name),
        cmocka_unit_test(too_many_shapes_become_squares),
        cmocka_unit_test(boxes_go_back_as_scale_boxes_has_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
