/* Warps, boxes and colours against v7.0's. */
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "data/augment_boxes.h"
#include "data/augment_hsv.h"
#include "data/mosaic.h"

static double number_at(const json_t *array, size_t index)
{
    return json_number_value(json_array_get(array, index));
}

static double drawn(const json_t *row, const char *key, size_t index)
{
    const json_t *value = json_object_get(json_object_get(row, "drawn"), key);
    return json_is_array(value) ? number_at(value, index) : json_number_value(value);
}

static const BrimHostTensor *tensor_of(const BrimTensorFile *file, int number, const char *name)
{
    char full[64];
    snprintf(full, sizeof full, "%d/%s", number, name);
    return brim_tensors_find(file, full);
}

static BrimPicture picture_of(const BrimHostTensor *tensor)
{
    return (BrimPicture){(int)tensor->dims[1], (int)tensor->dims[0], tensor->data};
}

/* The largest and the mean difference of two pictures. */
static int worst_of(const BrimPicture *got, const BrimPicture *expected, double *mean)
{
    int worst = 0, count = got->width_px * got->height_px * 3;
    double sum = 0;
    for (int i = 0; i < count; i++) {
        int off = abs(got->rgb[i] - expected->rgb[i]);
        worst = off > worst ? off : worst;
        sum += off;
    }
    *mean = sum / count;
    return worst;
}

static BrimWarp warp_of(const json_t *row)
{
    BrimWarpDraw draw = {drawn(row, "perspective_x_y", 0),
                         drawn(row, "perspective_x_y", 1),
                         drawn(row, "angle_deg", 0),
                         drawn(row, "scale", 0),
                         drawn(row, "shear_deg_x_y", 0),
                         drawn(row, "shear_deg_x_y", 1),
                         drawn(row, "translate_fraction_x_y", 0),
                         drawn(row, "translate_fraction_x_y", 1)};
    const json_t *from = json_object_get(row, "src_hw"), *to = json_object_get(row, "out_hw");
    bool perspective = json_number_value(json_object_get(json_object_get(row, "hyp"), "perspective")) != 0;
    return brim_warp_make(&draw, (int)number_at(from, 1), (int)number_at(from, 0), (int)number_at(to, 1),
                          (int)number_at(to, 0), perspective);
}

static void check_pixels(const BrimTensorFile *file, int number, const BrimWarp *warp)
{
    const BrimHostTensor *in = tensor_of(file, number, "image_in_bgr");
    if (!in)
        return;
    BrimPicture from = picture_of(in), expected = picture_of(tensor_of(file, number, "image_out_bgr")), made;
    assert_ok(brim_picture_make(&made, expected.width_px, expected.height_px));
    void *scratch = brim_mem_take(BRIM_MEM_OTHER, brim_warp_scratch_bytes(made.width_px), 1);
    brim_warp_picture(&from, &made, warp, scratch);
    brim_mem_give(scratch);
    double mean;
    int worst = worst_of(&made, &expected, &mean);
    if (worst > 0 || mean > 0)
        fail_msg("case %d: pixels are off by %d at most and %g in the mean", number, worst, mean);
    brim_picture_clear(&made);
}

static void check_boxes(const BrimTensorFile *file, int number, const BrimWarp *warp, int width, int height)
{
    const BrimHostTensor *in = tensor_of(file, number, "boxes_in_cls_xyxy");
    const BrimHostTensor *out = tensor_of(file, number, "boxes_out_cls_xyxy");
    const float *warped = tensor_of(file, number, "boxes_warped_clipped_xyxy")->data;
    const int64_t *keep = tensor_of(file, number, "keep_mask")->data;
    BrimPixelBox boxes[64];
    int count = (int)in->dims[0];
    memcpy(boxes, in->data, in->bytes);
    for (int i = 0; i < count; i++) {
        BrimPixelBox box = brim_box_warp(&boxes[i], warp, width, height);
        assert_floats_near("a warped box", &box.x1, warped + (size_t)i * 4, 4, 1e-2, 0);
        assert_int_equal(brim_box_worth_keeping(&boxes[i], &box, warp->scale), keep[i]);
    }
    assert_int_equal(brim_boxes_warp(boxes, count, warp, width, height), out->dims[0]);
    assert_floats_near("the boxes kept", &boxes[0].class_index, out->data, (size_t)out->dims[0] * 5, 1e-2, 0);
}

static void warps_pixels_and_boxes_as_yolov5_does(void **state)
{
    (void)state;
    BrimTensorFile file;
    load_golden(&file, "reference/golden/9_augment/random_perspective.safetensors");
    json_t *cases = load_golden_json("reference/golden/9_augment/random_perspective.json");
    for (int i = 0; i < (int)json_array_size(cases); i++) {
        const json_t *row = json_array_get(cases, (size_t)i), *m = json_object_get(row, "M");
        BrimWarp warp = warp_of(row);
        for (size_t j = 0; j < 9; j++)
            assert_true(fabs(warp.m[j / 3][j % 3] - number_at(json_array_get(m, j / 3), j % 3)) <= 1e-9);
        const json_t *to = json_object_get(row, "out_hw");
        check_boxes(&file, i, &warp, (int)number_at(to, 1), (int)number_at(to, 0));
        check_pixels(&file, i, &warp);
    }
    json_decref(cases);
    brim_tensors_clear(&file);
}

/* A warp without rotation, and the same one with a rotation too small to move anything by 1/32 px, take
 * different ways to the same pixels, inside, outside and along the edges. */
static void blends_level_rows_to_the_same_pixels(void **state)
{
    (void)state;
    enum { FROM = 50, TO = 64 };
    BrimPicture from, level, tilted;
    BrimRandom random = brim_random(1, 2);
    assert_ok(brim_picture_make(&from, FROM, FROM + 7));
    assert_ok(brim_picture_make(&level, TO, TO));
    assert_ok(brim_picture_make(&tilted, TO, TO));
    void *scratch = brim_mem_take(BRIM_MEM_OTHER, brim_warp_scratch_bytes(TO), 1);
    for (int i = 0; i < FROM * (FROM + 7) * 3; i++)
        from.rgb[i] = (uint8_t)brim_random_below(&random, 256);
    for (int i = 0; i < 50; i++) {
        BrimHyper hyper = brim_hyper_default();
        hyper.scale = 0.9;
        hyper.translate = i % 2 ? 0.9 : 0.1;
        BrimWarpDraw draw = brim_warp_draw(&random, &hyper);
        BrimWarp warp = brim_warp_make(&draw, FROM, FROM + 7, TO, TO, false);
        brim_warp_picture(&from, &level, &warp, scratch);
        warp.m[0][1] = 1e-12;
        brim_warp_picture(&from, &tilted, &warp, scratch);
        assert_memory_equal(level.rgb, tilted.rgb, TO * TO * 3);
    }
    brim_mem_give(scratch);
    brim_picture_clear(&from);
    brim_picture_clear(&level);
    brim_picture_clear(&tilted);
}

static void keeps_boxes_on_the_thresholds_as_yolov5_does(void **state)
{
    (void)state;
    json_t *file = load_golden_json("reference/golden/9_augment/box_candidates.json");
    const json_t *rows = json_object_get(file, "rows"), *keep = json_object_get(file, "keep_area010");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        float at[8];
        for (size_t j = 0; j < 8; j++)
            at[j] = (float)number_at(row, j);
        BrimPixelBox before = {0, at[0], at[1], at[2], at[3]}, after = {0, at[4], at[5], at[6], at[7]};
        assert_int_equal(brim_box_worth_keeping(&before, &after, 1), number_at(keep, i));
    }
    json_decref(file);
}

static void row_floats(const json_t *rows, size_t row, float out[4])
{
    for (size_t j = 0; j < 4; j++)
        out[j] = (float)number_at(json_array_get(rows, row), j);
}

static void check_conversion(const json_t *now)
{
    int width = (int)json_number_value(json_object_get(now, "w")),
        height = (int)json_number_value(json_object_get(now, "h"));
    double pad_x = json_number_value(json_object_get(now, "padw")),
           pad_y = json_number_value(json_object_get(now, "padh"));
    const json_t *fractions = json_object_get(now, "xywhn"), *pixels = json_object_get(now, "xyxy_pixels");
    const json_t *back = json_object_get(now, "xywhn_clip_eps1e_3");
    for (size_t i = 0; i < json_array_size(fractions); i++) {
        float in[4], expected[4];
        row_floats(fractions, i, in);
        row_floats(pixels, i, expected);
        BrimLabel label = {0, in[0], in[1], in[2], in[3]};
        BrimPixelBox box = brim_box_to_pixels(&label, width, height, pad_x, pad_y);
        assert_floats_near("pixels of a label", &box.x1, expected, 4, 1e-3, 0);
        row_floats(back, i, expected);
        label = brim_box_to_label(&box, width, height);
        assert_floats_near("a label of pixels", &label.x, expected, 4, 1e-6, 0);
    }
}

static void converts_boxes_as_yolov5_does(void **state)
{
    (void)state;
    json_t *file = load_golden_json("reference/golden/9_augment/box_conversions.json");
    const json_t *cases = json_object_get(file, "conversions");
    for (size_t i = 0; i < json_array_size(cases); i++)
        check_conversion(json_array_get(cases, i));
    json_decref(file);
}

static void swap_channels(uint8_t pixel[3], const uint8_t from[3])
{
    pixel[0] = from[2];
    pixel[1] = from[1];
    pixel[2] = from[0];
}

static void check_colours(const BrimTensorFile *file, int number, const BrimHsvTables *tables)
{
    const BrimHostTensor *in = tensor_of(file, number, "in_bgr");
    const uint8_t *bgr = in->data, *hsv = tensor_of(file, number, "in_hsv")->data;
    const uint8_t *out = tensor_of(file, number, "out_bgr")->data;
    for (size_t i = 0; i < in->bytes; i += 3) {
        uint8_t rgb[3], got[3], expected[3],
            moved[3] = {tables->hue[hsv[i]], tables->saturation[hsv[i + 1]], tables->value[hsv[i + 2]]};
        swap_channels(rgb, bgr + i);
        brim_hsv_from_rgb(got, rgb);
        assert_memory_equal(got, hsv + i, 3);
        brim_hsv_to_rgb(got, moved);
        swap_channels(expected, out + i);
        for (int c = 0; c < 3; c++)
            assert_in_range(got[c] + 1, expected[c], expected[c] + 2);
    }
}

static void recolours_as_yolov5_does(void **state)
{
    (void)state;
    BrimTensorFile file;
    load_golden(&file, "reference/golden/9_augment/hsv.safetensors");
    json_t *cases = load_golden_json("reference/golden/9_augment/hsv.json");
    for (int i = 0; i < (int)json_array_size(cases); i++) {
        const json_t *gains = json_object_get(json_array_get(cases, (size_t)i), "r");
        BrimHsvTables tables;
        brim_hsv_tables(&tables, number_at(gains, 0), number_at(gains, 1), number_at(gains, 2));
        assert_memory_equal(tables.hue, tensor_of(&file, i, "lut_h")->data, 256);
        assert_memory_equal(tables.saturation, tensor_of(&file, i, "lut_s")->data, 256);
        assert_memory_equal(tables.value, tensor_of(&file, i, "lut_v")->data, 256);
        check_colours(&file, i, &tables);
    }
    json_decref(cases);
    brim_tensors_clear(&file);
}

/* Pixels of a flipped picture stand where the flip says, and are recoloured as single pixels are. */
static void flips_while_it_recolours(void **state)
{
    (void)state;
    enum { WIDTH = 7, HEIGHT = 5 };
    BrimPicture from, to;
    BrimHsvTables tables;
    assert_ok(brim_picture_make(&from, WIDTH, HEIGHT));
    assert_ok(brim_picture_make(&to, WIDTH, HEIGHT));
    for (int i = 0; i < WIDTH * HEIGHT * 3; i++)
        from.rgb[i] = (uint8_t)(i * 37);
    brim_hsv_tables(&tables, 1.01, 0.7, 1.2);
    for (int flips = 0; flips < 8; flips++) {
        bool flip_x = flips & 1, flip_y = flips & 2, colour = flips & 4;
        brim_hsv_apply(&from, &to, colour ? &tables : NULL, flip_x, flip_y);
        for (int y = 0; y < HEIGHT; y++)
            for (int x = 0; x < WIDTH; x++) {
                int from_x = flip_x ? WIDTH - 1 - x : x, from_y = flip_y ? HEIGHT - 1 - y : y;
                uint8_t hsv[3], expected[3];
                memcpy(expected, from.rgb + (from_y * WIDTH + from_x) * 3, 3);
                brim_hsv_from_rgb(hsv, expected);
                hsv[0] = tables.hue[hsv[0]];
                hsv[1] = tables.saturation[hsv[1]];
                hsv[2] = tables.value[hsv[2]];
                if (colour)
                    brim_hsv_to_rgb(expected, hsv);
                assert_memory_equal(to.rgb + (y * WIDTH + x) * 3, expected, 3);
            }
    }
    brim_picture_clear(&from);
    brim_picture_clear(&to);
}

/* v7.0's four cases, from its slices: the corner nearest the point touches it. */
static void lays_the_tiles_of_a_mosaic_around_its_point(void **state)
{
    (void)state;
    const BrimMosaicTile expected[] = {{0, 40, 10, 0, 90, 60},  /* 100 x 60 px ends at (90, 100) */
                                       {90, 40, 0, 0, 100, 60}, /* begins right of it */
                                       {0, 100, 10, 0, 90, 60}, /* below, left */
                                       {90, 100, 0, 0, 100, 60}};
    for (int i = 0; i < BRIM_MOSAIC_TILES; i++) {
        BrimMosaicTile tile = brim_mosaic_tile(i, 90, 100, 100, 60, 200);
        assert_memory_equal(&tile, &expected[i], sizeof tile);
    }
    BrimMosaicTile cut = brim_mosaic_tile(3, 150, 180, 100, 60, 200);
    assert_memory_equal(&cut, (&(BrimMosaicTile){150, 180, 0, 0, 50, 20}), sizeof cut);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(warps_pixels_and_boxes_as_yolov5_does),
                                       cmocka_unit_test(blends_level_rows_to_the_same_pixels),
                                       cmocka_unit_test(keeps_boxes_on_the_thresholds_as_yolov5_does),
                                       cmocka_unit_test(converts_boxes_as_yolov5_does),
                                       cmocka_unit_test(recolours_as_yolov5_does),
                                       cmocka_unit_test(flips_while_it_recolours),
                                       cmocka_unit_test(lays_the_tiles_of_a_mosaic_around_its_point)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
