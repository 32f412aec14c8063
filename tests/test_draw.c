/* Boxes and sheets: colours where they belong, nothing outside, text with and without fonts, hostile names.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "report/draw.h"
#include "support/support.h"

static char *const names_text[] = {"face",
                                   "a name that is far longer than any picture is wide, and then some more",
                                   "\xC3\xA4rger \xFF\xC0\x80\xED\xA0\x80 \xF0\x9F\x98\x80", ""};
static const BrimDrawNames names = {.names = names_text, .class_count = 4};

static void make_grey(BrimPicture *picture, int width, int height)
{
    assert_ok(brim_picture_make(picture, width, height));
    memset(picture->rgb, 90, (size_t)width * (size_t)height * 3);
}

static uint32_t pixel(const BrimPicture *picture, int x, int y)
{
    const uint8_t *at = picture->rgb + ((size_t)y * (size_t)picture->width_px + (size_t)x) * 3;
    return (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2];
}

static int count_pixels(const BrimPicture *picture, uint32_t colour)
{
    int count = 0;
    for (int y = 0; y < picture->height_px; y++)
        for (int x = 0; x < picture->width_px; x++)
            count += pixel(picture, x, y) == colour;
    return count;
}

static void lines_and_names_are_as_asked_for(void **state)
{
    (void)state;
    enum { RED = 0xE6194B, GREY = 0x5A5A5A };
    BrimPicture picture;
    BrimDrawBox box = {50, 60, 150, 140, 0, 0.876f};
    make_grey(&picture, 200, 160);
    BrimDrawNames plain = names;
    plain.hidden = true;
    plain.line_px = 8;
    assert_ok(brim_draw_boxes(&picture, &box, 1, plain));
    assert_int_equal(pixel(&picture, 47, 100), RED);
    assert_int_equal(pixel(&picture, 53, 100), RED);
    assert_int_equal(pixel(&picture, 45, 100), GREY);
    assert_int_equal(pixel(&picture, 60, 50), GREY); /* no bar above */
    brim_picture_clear(&picture);
}

static void a_box_has_its_outline_and_name(void **state)
{
    (void)state;
    enum { RED = 0xE6194B, GREY = 0x5A5A5A };
    BrimPicture picture;
    make_grey(&picture, 200, 160);
    BrimDrawBox box = {50, 60, 150, 140, 0, 0.876f};
    assert_ok(brim_draw_boxes(&picture, &box, 1, names));
    assert_int_equal(pixel(&picture, 50, 100), RED); /* left edge, 2 px wide around x = 50 */
    assert_int_equal(pixel(&picture, 49, 100), RED);
    assert_int_equal(pixel(&picture, 150, 100), RED);
    assert_int_equal(pixel(&picture, 100, 140), RED);
    assert_int_equal(pixel(&picture, 100, 100), GREY); /* the inside stays */
    assert_int_equal(pixel(&picture, 45, 100), GREY);
    assert_int_equal(pixel(&picture, 50, 55), RED); /* the bar above */
    assert_int_equal(pixel(&picture, 50, 30), GREY);
    int lightest = 0;
    for (int y = 45; y < 59; y++)
        for (int x = 50; x < 130; x++)
            lightest += (pixel(&picture, x, y) & 0xFF) > 160;
    assert_true(lightest > 20); /* letters */
    brim_picture_clear(&picture);
}

static void names_stay_inside(void **state)
{
    (void)state;
    BrimPicture picture;
    enum { GREEN = 0x3CB44B, BLUE = 0x4363D8 };
    /* At the top the bar moves into the box; at the right it moves left; without confidence none is shown. */
    make_grey(&picture, 300, 160);
    BrimDrawBox boxes[] = {{270, 0, 299, 100, 2, -1}};
    assert_ok(brim_draw_boxes(&picture, boxes, 1, names));
    assert_true(count_pixels(&picture, BLUE) > 300);
    assert_int_equal(pixel(&picture, 298, 60), BLUE);
    int in_first_rows = 0;
    for (int x = 200; x < 300; x++)
        in_first_rows += pixel(&picture, x, 2) == BLUE;
    assert_true(in_first_rows > 40); /* wider than the box, so it was moved */
    brim_picture_clear(&picture);
    make_grey(&picture, 100, 100);
    BrimDrawBox wide = {20, 40, 60, 90, 1, 0.5f};
    assert_ok(brim_draw_boxes(&picture, &wide, 1, names));
    int row = 0;
    for (int x = 0; x < 100; x++)
        row += pixel(&picture, x, 28) == GREEN;
    assert_true(row > 60); /* from edge to edge but for the letters */
    brim_picture_clear(&picture);
}

static void odd_boxes_do_no_harm(void **state)
{
    (void)state;
    static const BrimDrawBox boxes[] = {{-1e30f, -5, 1e30f, 7, 3, 1},
                                        {NAN, NAN, NAN, NAN, 0, NAN},
                                        {60, 60, 20, 20, -7, 0.1f},
                                        {1e9f, 1e9f, 2e9f, 2e9f, 99, 7.f},
                                        {INFINITY, 0, -INFINITY, 0, 2147483647, -0.f},
                                        {10, 10, 10, 10, -2147483647 - 1, 1}};
    BrimPicture picture;
    make_grey(&picture, 64, 48);
    assert_ok(brim_draw_boxes(&picture, boxes, 6, names));
    assert_ok(brim_draw_boxes(&picture, NULL, 0, names));
    brim_picture_clear(&picture);
    make_grey(&picture, 1, 1);
    assert_ok(brim_draw_boxes(&picture, boxes, 6, (BrimDrawNames){.names = NULL}));
    brim_picture_clear(&picture);
}

static void a_sheet_has_its_tiles_in_rows(void **state)
{
    (void)state;
    BrimPicture sheet, shades[5];
    BrimDrawTile tiles[5];
    BrimDrawBox box = {100, 50, 300, 150, 0, -1};
    for (int i = 0; i < 5; i++) {
        assert_ok(brim_picture_make(&shades[i], 1000, 500));
        memset(shades[i].rgb, 40 * i + 20, 1000 * 500 * 3);
        tiles[i] = (BrimDrawTile){shades[i], i == 1 ? "a title.jpg" : NULL, &box, i == 4};
    }
    assert_ok(brim_draw_sheet(&sheet, tiles, 5, names));
    /* Three columns, two rows, shrunk from 1000 x 500 to 640 x 320. */
    assert_int_equal(sheet.width_px, 1920);
    assert_int_equal(sheet.height_px, 640);
    for (int i = 0; i < 5; i++)
        assert_int_equal(pixel(&sheet, i % 3 * 640 + 500, i / 3 * 320 + 250),
                         0x010101u * (unsigned)(40 * i + 20));
    assert_int_equal(pixel(&sheet, 1600, 500), 0xFFFFFF);          /* the place that stays empty */
    assert_int_equal(pixel(&sheet, 640, 100), 0xFFFFFF);           /* the line between tiles */
    assert_int_equal(pixel(&sheet, 640 + 64, 320 + 80), 0xE6194B); /* the box, shrunk likewise */
    int letters = 0; /* of the title, on a tile of shade 60 */
    for (int y = 0; y < 40; y++)
        for (int x = 642; x < 800; x++)
            letters += (pixel(&sheet, x, y) & 0xFF) > 180;
    assert_true(letters > 20);
    brim_picture_clear(&sheet);
    assert_ok(brim_draw_sheet(&sheet, tiles, 1, names));
    assert_int_equal(sheet.width_px, 1000); /* small ones are not enlarged */
    brim_picture_clear(&sheet);
    assert_refused(brim_draw_sheet(&sheet, tiles, 0, names), BRIM_ERROR_ARGUMENT, "0 pictures");
    for (int i = 0; i < 5; i++)
        brim_picture_clear(&shades[i]);
}

static const struct CMUnitTest drawing[] = {
    cmocka_unit_test(a_box_has_its_outline_and_name),
    cmocka_unit_test(lines_and_names_are_as_asked_for),
    cmocka_unit_test(names_stay_inside),
    cmocka_unit_test(odd_boxes_do_no_harm),
    cmocka_unit_test(a_sheet_has_its_tiles_in_rows),
};

/* cairo carries letters of its own for a machine without any font: the same tests pass there. A process of
 * its own, as fontconfig is read once. */
static void text_needs_no_font(void **state)
{
    (void)state;
    static const char conf[] = "<?xml version=\"1.0\"?><!DOCTYPE fontconfig SYSTEM \"fonts.dtd\">"
                               "<fontconfig><dir>/nowhere</dir></fontconfig>";
    char *path = brim_path_join(scratch_folder(), "fonts.conf"), program[1000] = "";
    assert_ok(brim_file_write(path, conf, sizeof conf - 1));
    assert_true(readlink("/proc/self/exe", program, sizeof program - 1) > 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        setenv("FONTCONFIG_FILE", path, 1);
        execl(program, program, "drawing", (char *)NULL);
        _exit(99);
    }
    int result;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFEXITED(result));
    assert_int_equal(WEXITSTATUS(result), 0);
    brim_mem_give(path);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest fonts[] = {cmocka_unit_test(text_needs_no_font)};
    int failed = cmocka_run_group_tests_name("draw", drawing, NULL, NULL);
    if (count == 2 && strcmp(arguments[1], "drawing") == 0)
        return failed;
    return failed + cmocka_run_group_tests_name("draw without fonts", fonts, NULL, NULL);
}
