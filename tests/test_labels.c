/* Label lines by table, the walk over folders and lists, and the real sets. */
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "data/encode.h"
#include "data/labels.h"
#include "data/labels_find.h"
#include "support/support.h"

enum { MOST = 16 };

typedef struct Heard {
    int count, line;
    char text[200];
} Heard;

static void hear(void *self, int line, const char *text)
{
    Heard *heard = self;
    heard->count++;
    heard->line = line;
    snprintf(heard->text, sizeof heard->text, "%s", text);
}

static int parse(const char *text, BrimLabel *labels, Heard *heard, int *duplicates)
{
    int skipped;
    *heard = (Heard){0};
    int count = brim_labels_parse(text, strlen(text), 3, labels, MOST, hear, heard, duplicates, &skipped);
    assert_int_equal(skipped, heard->count);
    return count;
}

static void lines_are_taken_or_named(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int taken, line;   /* line: of the last remark, 0 for none */
        const char *words; /* in that remark */
    } cases[] = {
        {"", 0, 0, ""},
        {" \n\n\t\r\n", 0, 0, ""},
        {"0 0.5 0.5 0.1 0.2", 1, 0, ""},
        {"\xEF\xBB\xBF"
         "0 0.5 0.5 0.1 0.2\r\n2\t.5 5e-1 +0.1 1.\r\n",
         2, 0, ""},
        {"0 0.5 0.5 0.1 0.2\r1 0.5 0.5 0.1 0.2\r", 2, 0, ""},
        {"1.0 0 0 1 1\n", 1, 0, ""},
        {"0 0.5 0.5 0.1 0.2\n\n3 0.5 0.5 0.1 0.1\n", 1, 3, "class 3 is not one of 0 to 2"},
        {"-1 0.5 0.5 0.1 0.1", 0, 1, "class -1"},
        {"0.5 0.5 0.5 0.1 0.1", 0, 1, "class 0.5"},
        {"1e99 0.5 0.5 0.1 0.1", 0, 1, "class"},
        {"0 1.1 0.5 0.1 0.1", 0, 1, "x 1.1 is outside 0 to 1"},
        {"0 0.5 -0.01 0.1 0.1", 0, 1, "y -0.01"},
        {"0 0.5 0.5 1.0000001 0.1", 0, 1, "w 1"},
        {"0 0.5 0.5 0.1 250", 0, 1, "h 250"},
        {"0 0.5 0.5 0.1", 0, 1, "4 columns"},
        {"0 0.5 0.5 0.1 0.1 0.9", 0, 1, "6 columns"},
        {"0 .1 .1 .2 .2 .3 .3 .4", 0, 1, "8 columns"},
        {"0 0.5 0.5 nan 0.1", 0, 1, "column 4 is not a number"},
        {"0 inf 0.5 0.1 0.1", 0, 1, "column 2"},
        {"0 0x1p-1 0.5 0.1 0.1", 0, 1, "column 2"},
        {"0 0,5 0.5 0.1 0.1", 0, 1, "column 2"},
        {"0 . 0.5 0.1 0.1", 0, 1, "column 2"},
        {"0 1e 0.5 0.1 0.1", 0, 1, "column 2"},
        {"0 0.5.1 0.5 0.1 0.1", 0, 1, "column 2"},
        {"face 0.5 0.5 0.1 0.1", 0, 1, "column 1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        BrimLabel labels[MOST];
        Heard heard;
        int duplicates, count = parse(cases[i].text, labels, &heard, &duplicates);
        if (count != cases[i].taken || heard.line != cases[i].line || !strstr(heard.text, cases[i].words))
            fail_msg("\"%s\": %d labels, line %d: %s", cases[i].text, count, heard.line, heard.text);
    }
}

static void a_polygon_becomes_its_box(void **state)
{
    (void)state;
    BrimLabel labels[MOST];
    Heard heard;
    int duplicates;
    assert_int_equal(parse("2 0.25 0.5 0.75 0.125 0.5 1\n1 0.5 0.5 0.25 0.125", labels, &heard, &duplicates),
                     2);
    const BrimLabel expected[] = {{2, 0.5f, 0.5625f, 0.5f, 0.875f}, {1, 0.5f, 0.5f, 0.25f, 0.125f}};
    assert_memory_equal(labels, expected, sizeof expected);
    /* A corner may stand a little outside as long as the box's centre and size do not, as in YOLOv5. */
    assert_int_equal(parse("0 -0.25 0.5 0.75 0.125 0.5 1", labels, &heard, &duplicates), 1);
    assert_int_equal(parse("0 -0.75 0.5 0.5 0.125 0.5 1", labels, &heard, &duplicates), 0);
}

static void duplicates_go_as_numpy_unique_has_it(void **state)
{
    (void)state;
    BrimLabel labels[MOST];
    Heard heard;
    int duplicates;
    /* Without a duplicate the order of the file stays. */
    assert_int_equal(parse("1 .5 .5 .1 .1\n0 .5 .5 .1 .1\n", labels, &heard, &duplicates), 2);
    assert_int_equal(duplicates, 0);
    assert_float_equal(labels[0].class_index, 1, 0);
    assert_int_equal(
        parse("1 .5 .5 .1 .1\n0 .5 .5 .1 .1\n1 .50 5e-1 .1 .1\n0 .5 .5 .1 .05", labels, &heard, &duplicates),
        3);
    assert_int_equal(duplicates, 1);
    assert_int_equal(heard.count, 0);
    assert_float_equal(labels[0].h, 0.05f, 0);
    assert_float_equal(labels[1].class_index, 0, 0);
    assert_float_equal(labels[2].class_index, 1, 0);
}

static void room_is_respected(void **state)
{
    (void)state;
    BrimLabel labels[2];
    Heard heard = {0};
    int duplicates, skipped;
    const char *text = "0 0 0 0 0\n0 0 0 0 1\n0 0 0 1 0\n0 0 1 0 0";
    assert_int_equal(brim_labels_parse(text, strlen(text), 1, labels, 2, hear, &heard, &duplicates, &skipped),
                     2);
    assert_int_equal(skipped, 2);
    assert_int_equal(heard.line, 4);
    brim_mem_fail_at(1);
    assert_int_equal(brim_labels_parse(text, strlen(text), 1, labels, 2, NULL, NULL, &duplicates, &skipped),
                     -1);
    brim_mem_fail_at(0);
}

/* Numbers are those of numpy.array(text.split(), dtype=float32), in any locale. */
static void numbers_are_exact_in_any_locale(void **state)
{
    (void)state;
    static const char *const locales[] = {"C", "de_DE.UTF-8", "fr_FR.UTF-8"};
    for (size_t i = 0; i < sizeof locales / sizeof locales[0]; i++) {
        setlocale(LC_ALL, locales[i]); /* stays as it is where the machine lacks it */
        BrimLabel labels[MOST];
        Heard heard;
        int duplicates;
        const char *text = "0 0.1 0.33333333333333331483 0.000000059604644775390625 0.9999999701976776";
        assert_int_equal(parse(text, labels, &heard, &duplicates), 1);
        assert_true(labels[0].x == 0x1.99999ap-4f);
        assert_true(labels[0].y == 0x1.555556p-2f);
        assert_true(labels[0].w == 0x1p-24f);
        assert_true(labels[0].h == 1.0f);
    }
    setlocale(LC_ALL, "C");
}

/* ---- scanning folders that the test makes ---- */

static void put_picture(const char *name, int width, int height)
{
    BrimPicture picture;
    scratch_file(name, "");
    assert_ok(brim_picture_make(&picture, width, height));
    assert_ok(brim_encode_file(&picture, scratch_path(name), 90));
    brim_picture_clear(&picture);
}

static void make_set(void)
{
    put_picture("set/images/train/b.jpg", 40, 30);
    put_picture("set/images/train/deep/a.PNG", 20, 60);
    put_picture("set/images/train/c.jpg", 12, 12);
    put_picture("set/images/train/empty.jpg", 12, 12);
    put_picture("set/images/train/small.png", 40, 9);
    put_picture("set/images/train/.hidden.png", 40, 40);
    scratch_file("set/images/train/broken.jpg", "\xFF\xD8\xFF\xE0 not much of a picture");
    scratch_file("set/images/train/scan.tif", "II*");
    scratch_file("set/images/train/notes.txt", "nothing");
    scratch_file("set/labels/train/b.txt", "0 0.5 0.5 0.5 0.5\n1 0.5 0.5 0.5 0.5\nx\n1 0.5 0.5 0.5 0.5\n");
    scratch_file("set/labels/train/deep/a.txt", "2 0.25 0.5 0.125 0.5");
    scratch_file("set/labels/train/empty.txt", "\n");
    scratch_file("set/train.txt",
                 "./images/train/c.jpg\r\n\n./images/train/b.jpg\n./images/train/b.jpg\n./readme.md\n"
                 "./images/train/gone.jpg\n");
    if (access(scratch_path("set/images/train/deep/loop"), F_OK) != 0)
        assert_int_equal(symlink("..", scratch_path("set/images/train/deep/loop")), 0);
}

static BrimStatus scan(BrimSplit *split, const char *path, int threads)
{
    char *paths[] = {(char *)path};
    return brim_split_scan(split, &(BrimPathList){paths, 1}, 3, threads);
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

static void assert_remark(const BrimSplit *split, const char *words)
{
    for (int i = 0; i < split->remark_count; i++)
        if (strstr(split->remarks[i], words))
            return;
    fail_msg("no remark says \"%s\"", words);
}

static void a_folder_is_walked_and_counted(void **state)
{
    (void)state;
    BrimSplit split;
    make_set();
    assert_ok(scan(&split, scratch_path("set/images/train"), 0));
    static const char *const names[] = {"train/b.jpg", "train/c.jpg", "deep/a.PNG", "train/empty.jpg"};
    static const int labels[] = {2, 0, 1, 0};
    assert_int_equal(split.sample_count, 4);
    for (int i = 0; i < 4; i++) {
        assert_true(ends_with(split.samples[i].picture_path, names[i]));
        assert_int_equal(split.samples[i].label_count, labels[i]);
    }
    assert_int_equal(split.samples[2].width_px, 20);
    assert_int_equal(split.samples[2].height_px, 60);
    assert_int_equal(split.samples[2].first_label, 2);
    assert_float_equal(split.labels[2].class_index, 2, 0);
    assert_int_equal(split.label_count, 3);
    assert_int_equal(split.without_label_file, 1);
    assert_int_equal(split.empty, 1);
    assert_int_equal(split.corrupt, 2);
    assert_int_equal(split.duplicate_labels, 1);
    assert_int_equal(split.skipped_labels, 1);
    assert_int_equal(split.most_labels, 2);
    assert_int_equal(split.remark_count, 5);
    assert_remark(&split, "labels/train/b.txt:3: column 1 is not a number; line skipped");
    assert_remark(&split, "labels/train/b.txt: 1 duplicate label removed");
    assert_remark(&split, "small.png: 40 x 9 px, a side must have at least 10; picture left out");
    assert_remark(&split, "broken.jpg: not a whole JPEG picture");
    assert_remark(&split, "scan.tif: brim reads");
    brim_split_clear(&split);
}

static void label_files_lie_where_yolov5_looks(void **state)
{
    static const char *const cases[][2] = {
        {"images/a.jpg", "labels/a.txt"},
        {"/d/images/train/a.b.png", "/d/labels/train/a.b.txt"},
        {"/images/x/images/a.bmp", "/images/x/labels/a.txt"}, /* the last one counts */
        {"/d/myimages/a.jpg", "/d/myimages/a.txt"},
        {"/d.e/images2/a", "/d.e/images2/a.txt"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *path = brim_label_path(cases[i][0]);
        assert_string_equal(path, cases[i][1]);
        brim_mem_give(path);
    }
}

static void lists_and_single_pictures_are_taken(void **state)
{
    (void)state;
    BrimSplit split;
    make_set();
    assert_ok(scan(&split, scratch_path("set/train.txt"), 1));
    assert_int_equal(split.sample_count, 2);
    assert_true(ends_with(split.samples[0].picture_path, "set/images/train/b.jpg"));
    assert_int_equal(split.samples[0].label_count, 2);
    assert_remark(&split, "train.txt:5: not a picture that brim reads");
    assert_remark(&split, "gone.jpg");
    assert_int_equal(split.corrupt, 1);
    brim_split_clear(&split);
    assert_ok(scan(&split, scratch_path("set/images/train/deep/a.PNG"), 1));
    assert_int_equal(split.sample_count, 1);
    assert_int_equal(split.label_count, 1);
    brim_split_clear(&split);
}

static void what_holds_no_picture_is_refused(void **state)
{
    (void)state;
    BrimSplit split;
    make_set();
    assert_refused(scan(&split, scratch_path("set/labels"), 1), BRIM_ERROR_INPUT, "no picture set/labels");
    assert_refused(scan(&split, scratch_path("set/nowhere"), 1), BRIM_ERROR_INPUT,
                   "set/nowhere no such folder");
    assert_refused(scan(&split, scratch_path("set/images/train/broken.jpg"), 1), BRIM_ERROR_INPUT,
                   "picture broken.jpg");
    assert_int_equal(split.sample_count, 0);
}

static void assert_same_split(const BrimSplit *a, const BrimSplit *b)
{
    assert_int_equal(a->sample_count, b->sample_count);
    assert_int_equal(a->label_count, b->label_count);
    assert_int_equal(a->remark_count, b->remark_count);
    assert_memory_equal(a->labels, b->labels, (size_t)a->label_count * sizeof *a->labels);
    for (int i = 0; i < a->sample_count; i++) {
        assert_string_equal(a->samples[i].picture_path, b->samples[i].picture_path);
        assert_int_equal(a->samples[i].first_label, b->samples[i].first_label);
        assert_int_equal(a->samples[i].width_px, b->samples[i].width_px);
    }
    for (int i = 0; i < a->remark_count; i++)
        assert_string_equal(a->remarks[i], b->remarks[i]);
}

static void threads_change_nothing(void **state)
{
    (void)state;
    BrimSplit one, five;
    make_set();
    for (int i = 0; i < 60; i++) {
        char name[100], text[100];
        snprintf(name, sizeof name, "many/images/%d.png", i);
        put_picture(name, 10 + i, 12);
        snprintf(name, sizeof name, "many/labels/%d.txt", i);
        snprintf(text, sizeof text, "%d 0.5 0.5 0.%d 0.1\n2 0.1 0.1 0.1 0.1\n", i % 5, i + 10);
        scratch_file(name, text);
    }
    assert_ok(scan(&one, scratch_path("many"), 1));
    assert_ok(scan(&five, scratch_path("many"), 5));
    assert_int_equal(one.sample_count, 60);
    assert_int_equal(one.skipped_labels, 24);
    assert_same_split(&one, &five);
    brim_split_clear(&one);
    brim_split_clear(&five);
}

static void memory_may_fail_anywhere(void **state)
{
    (void)state;
    make_set();
    size_t before = brim_mem_held_bytes(BRIM_MEM_TAG_COUNT);
    int failures = 0;
    for (uint64_t nth = 1;; nth++) {
        BrimSplit split;
        brim_mem_fail_at(nth);
        BrimStatus status = scan(&split, scratch_path("set/images"), 1);
        brim_mem_fail_at(0);
        brim_split_clear(&split);
        assert_int_equal(brim_mem_held_bytes(BRIM_MEM_TAG_COUNT), before);
        if (status == BRIM_OK)
            break;
        assert_int_equal(status, BRIM_ERROR_MEMORY);
        failures++;
    }
    assert_true(failures > 30);
}

/* ---- the reference sets ---- */

static void check_set(const char *folder, int class_count, int pictures, int boxes)
{
    BrimSplit split;
    need_shared(folder);
    char *paths[] = {(char *)shared_path(folder)};
    assert_ok(brim_split_scan(&split, &(BrimPathList){paths, 1}, class_count, 0));
    assert_int_equal(split.sample_count, pictures);
    assert_int_equal(split.label_count, boxes);
    assert_int_equal(split.corrupt + split.skipped_labels + split.duplicate_labels, 0);
    brim_split_clear(&split);
}

static void real_sets_have_their_counts(void **state)
{
    (void)state;
    check_set("data/facemask700/images/train", 3, 561, 2444);
    check_set("data/facemask700/images/val", 3, 139, 626);
    check_set("data/coco128val/images", 80, 128, 898);
}

/* Sizes and boxes as YOLOv5 itself loaded them, in its order, to the last bit. */
static void facemask_is_what_yolov5_loaded(void **state)
{
    (void)state;
    BrimTensorFile file;
    BrimSplit split;
    load_golden(&file, "reference/golden/7_anchors/facemask700_train.safetensors");
    char *paths[] = {(char *)shared_path("data/facemask700/images/train")};
    assert_ok(brim_split_scan(&split, &(BrimPathList){paths, 1}, 3, 0));
    const int64_t *sides = golden(&file, "image_wh")->data, *owner = golden(&file, "label_image_index")->data;
    const float *wh = golden_floats(&file, "label_wh_normalised");
    int label = 0;
    for (int i = 0; i < split.sample_count; i++) {
        const BrimSample *sample = &split.samples[i];
        assert_int_equal(sample->width_px, sides[2 * i]);
        assert_int_equal(sample->height_px, sides[2 * i + 1]);
        assert_int_equal(sample->first_label, label);
        for (int j = 0; j < sample->label_count; j++, label++) {
            assert_int_equal(owner[label], i);
            assert_true(split.labels[label].w == wh[2 * label] && split.labels[label].h == wh[2 * label + 1]);
        }
    }
    assert_int_equal(label, 2444);
    brim_split_clear(&split);
    brim_tensors_clear(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_taken_or_named),
        cmocka_unit_test(a_polygon_becomes_its_box),
        cmocka_unit_test(duplicates_go_as_numpy_unique_has_it),
        cmocka_unit_test(room_is_respected),
        cmocka_unit_test(numbers_are_exact_in_any_locale),
        cmocka_unit_test(a_folder_is_walked_and_counted),
        cmocka_unit_test(label_files_lie_where_yolov5_looks),
        cmocka_unit_test(lists_and_single_pictures_are_taken),
        cmocka_unit_test(what_holds_no_picture_is_refused),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(memory_may_fail_anywhere),
        cmocka_unit_test(real_sets_have_their_counts),
        cmocka_unit_test(facemask_is_what_yolov5_loaded),
    };
    return cmocka_run_group_tests_name("labels", tests, NULL, NULL);
}
