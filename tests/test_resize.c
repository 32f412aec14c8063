/* Resizing against OpenCV's pixels. */
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>

#include "data/resize.h"

static BrimPicture picture_of(const BrimHostTensor *tensor)
{
    return (BrimPicture){(int)tensor->dims[1], (int)tensor->dims[0], tensor->data};
}

/* The largest difference between what brim makes of a source and what OpenCV made of it. */
static int worst_of(const BrimPicture *from, const BrimPicture *expected, BrimResize how)
{
    BrimPicture made;
    assert_ok(brim_picture_make(&made, expected->width_px, expected->height_px));
    void *scratch = brim_mem_take(BRIM_MEM_OTHER, brim_resize_scratch_bytes(128, 128), 1);
    brim_resize(from, &made, how, scratch);
    int worst = 0;
    for (int i = 0; i < made.width_px * made.height_px * 3; i++) {
        int off = abs(made.rgb[i] - expected->rgb[i]);
        worst = off > worst ? off : worst;
    }
    brim_mem_give(scratch);
    brim_picture_clear(&made);
    return worst;
}

static void makes_opencvs_pixels(void **state)
{
    (void)state;
    BrimTensorFile file;
    char name[32];
    load_golden(&file, "reference/golden/9_augment/resize.safetensors");
    for (int i = 0; i < 8; i++) {
        snprintf(name, sizeof name, "%d/src_bgr", i);
        BrimPicture from = picture_of(golden(&file, name));
        snprintf(name, sizeof name, "%d/linear", i);
        BrimPicture linear = picture_of(golden(&file, name));
        snprintf(name, sizeof name, "%d/area", i);
        BrimPicture area = picture_of(golden(&file, name));
        assert_int_equal(worst_of(&from, &linear, BRIM_RESIZE_LINEAR), 0);
        if (area.width_px <= from.width_px && area.height_px <= from.height_px)
            assert_int_equal(worst_of(&from, &area, BRIM_RESIZE_AREA), 0);
    }
    brim_tensors_clear(&file);
}

/* One pixel a side, and a flat colour: nothing outside the source may be read, and no weight lost. */
static void keeps_a_flat_colour_at_any_size(void **state)
{
    (void)state;
    static const int sides[][4] = {
        {1, 1, 7, 5}, {1, 40, 3, 9}, {40, 1, 9, 3}, {33, 21, 1, 1}, {97, 61, 64, 64}};
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        BrimPicture from, expected;
        assert_ok(brim_picture_make(&from, sides[i][0], sides[i][1]));
        assert_ok(brim_picture_make(&expected, sides[i][2], sides[i][3]));
        for (int j = 0; j < from.width_px * from.height_px * 3; j++)
            from.rgb[j] = 201;
        for (int j = 0; j < expected.width_px * expected.height_px * 3; j++)
            expected.rgb[j] = 201;
        assert_int_equal(worst_of(&from, &expected, BRIM_RESIZE_LINEAR), 0);
        if (sides[i][2] <= sides[i][0] && sides[i][3] <= sides[i][1])
            assert_int_equal(worst_of(&from, &expected, BRIM_RESIZE_AREA), 0);
        brim_picture_clear(&from);
        brim_picture_clear(&expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(makes_opencvs_pixels),
                                       cmocka_unit_test(keeps_a_flat_colour_at_any_size)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
