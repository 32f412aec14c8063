/* The drawn picture set: the same from the same seed, boxes where the faces are, readable by the scan. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "conf/dataset.h"
#include "data/decode.h"
#include "data/demo.h"
#include "support/support.h"

static size_t picture_bytes(const BrimPicture *picture)
{
    return (size_t)picture->width_px * 3 * (size_t)picture->height_px;
}

static void one_seed_gives_one_picture(void **state)
{
    (void)state;
    BrimPicture first, again, other;
    BrimLabel labels[BRIM_DEMO_MOST_FACES], labels_again[BRIM_DEMO_MOST_FACES];
    int count, count_again;
    assert_ok(brim_demo_draw(&first, labels, &count, 160, 5, 3));
    assert_ok(brim_demo_draw(&again, labels_again, &count_again, 160, 5, 3));
    assert_int_equal(count, count_again);
    assert_memory_equal(labels, labels_again, (size_t)count * sizeof *labels);
    assert_int_equal(first.width_px, again.width_px);
    assert_memory_equal(first.rgb, again.rgb, picture_bytes(&first));
    assert_ok(brim_demo_draw(&other, labels_again, &count_again, 160, 6, 3));
    assert_true(picture_bytes(&first) != picture_bytes(&other) ||
                memcmp(first.rgb, other.rgb, picture_bytes(&first)) != 0);
    brim_picture_clear(&first);
    brim_picture_clear(&again);
    brim_picture_clear(&other);
    assert_refused(brim_demo_draw(&first, labels, &count, 8, 5, 3), BRIM_ERROR_ARGUMENT, "8 px");
}

static double overlap_of_smaller(const BrimLabel *a, const BrimLabel *b)
{
    double across = fmin(a->x + a->w / 2, b->x + b->w / 2) - fmax(a->x - a->w / 2, b->x - b->w / 2);
    double along = fmin(a->y + a->h / 2, b->y + b->h / 2) - fmax(a->y - a->h / 2, b->y - b->h / 2);
    double smaller = fmin(a->w * a->h, b->w * b->h);
    return across > 0 && along > 0 ? across * along / smaller : 0;
}

/* Learnable at 160 px: boxes inside the picture, none tiny, none hidden; both classes about equally often. */
static void boxes_are_of_use(void **state)
{
    (void)state;
    enum { PICTURES = 200 };
    int faces[BRIM_DEMO_CLASS_COUNT] = {0}, counts[BRIM_DEMO_MOST_FACES + 1] = {0};
    for (uint64_t i = 0; i < PICTURES; i++) {
        BrimPicture picture;
        BrimLabel labels[BRIM_DEMO_MOST_FACES];
        int count;
        assert_ok(brim_demo_draw(&picture, labels, &count, 96, 1, i));
        assert_int_equal(picture.width_px > picture.height_px ? picture.width_px : picture.height_px, 96);
        assert_in_range(count, 1, BRIM_DEMO_MOST_FACES);
        counts[count]++;
        for (int j = 0; j < count; j++) {
            const BrimLabel *box = &labels[j];
            faces[(int)box->class_index]++;
            assert_true(box->x - box->w / 2 > 0 && box->x + box->w / 2 < 1);
            assert_true(box->y - box->h / 2 > 0 && box->y + box->h / 2 < 1);
            assert_true(box->w > 0.09 && box->h > 0.12 && box->w < 0.5 && box->h < 0.5);
            for (int k = 0; k < j; k++)
                assert_true(overlap_of_smaller(box, &labels[k]) < 0.01);
        }
        brim_picture_clear(&picture);
    }
    double share = (double)faces[0] / (faces[0] + faces[1]);
    assert_true(share > 0.42 && share < 0.58);
    for (int i = 1; i <= BRIM_DEMO_MOST_FACES; i++)
        assert_true(counts[i] > 0);
}

/* A face differs from the same place in the picture beside it only if something is drawn there: the mean
 * colour inside the box of a masked face must not be that of the background just outside of it, on most
 * faces. */
static void something_is_drawn_in_the_box(void **state)
{
    (void)state;
    int told_apart = 0, seen = 0;
    for (uint64_t i = 0; i < 40; i++) {
        BrimPicture picture;
        BrimLabel labels[BRIM_DEMO_MOST_FACES];
        int count;
        assert_ok(brim_demo_draw(&picture, labels, &count, 160, 2, i));
        for (int j = 0; j < count; j++, seen++) {
            int x = (int)(labels[j].x * picture.width_px), y = (int)(labels[j].y * picture.height_px);
            int side = (int)fmin(picture.width_px - 1, x + labels[j].w * 0.72 * picture.width_px);
            const uint8_t *inside = picture.rgb + ((size_t)y * picture.width_px + x) * 3;
            const uint8_t *outside = picture.rgb + ((size_t)y * picture.width_px + side) * 3;
            int apart = 0;
            for (int c = 0; c < 3; c++)
                apart += inside[c] > outside[c] ? inside[c] - outside[c] : outside[c] - inside[c];
            told_apart += apart > 30;
        }
        brim_picture_clear(&picture);
    }
    assert_true(told_apart > seen * 8 / 10);
}

static char *below(const char *folder, const char *name)
{
    char *path = brim_path_join(folder, name);
    assert_non_null(path);
    return path;
}

static void a_written_set_is_read_back(void **state)
{
    (void)state;
    char *folder = below(scratch_folder(), "demo");
    assert_ok(brim_demo_write(folder, 7, 3, 128, 11));
    char *train = below(folder, "images/train"), *val = below(folder, "images/val"),
         *yaml = below(folder, "data.yaml");
    BrimSplit split;
    assert_ok(brim_split_scan(&split, &(BrimPathList){&train, 1}, BRIM_DEMO_CLASS_COUNT, 1));
    assert_int_equal(split.sample_count, 7);
    assert_int_equal(split.remark_count, 0);
    for (int i = 0, first = 0; i < 7; i++) { /* the files hold the labels that were drawn, to 6 digits */
        BrimPicture picture;
        BrimLabel labels[BRIM_DEMO_MOST_FACES];
        int count;
        assert_ok(brim_demo_draw(&picture, labels, &count, 128, 11, (uint64_t)i));
        assert_int_equal(split.samples[i].label_count, count);
        assert_int_equal(split.samples[i].width_px, picture.width_px);
        assert_floats_near("labels", &split.labels[first].class_index, &labels[0].class_index,
                           (size_t)count * 5, 6e-7, 0);
        first += count;
        brim_picture_clear(&picture);
    }
    brim_split_clear(&split);
    assert_ok(brim_split_scan(&split, &(BrimPathList){&val, 1}, BRIM_DEMO_CLASS_COUNT, 1));
    assert_int_equal(split.sample_count, 3);
    brim_split_clear(&split);
    assert_true(brim_file_exists(yaml));
    assert_refused(brim_demo_write(folder, 7, 3, 128, 11), BRIM_ERROR_INPUT, "demo/images remove");
    assert_refused(brim_demo_write(folder, 0, 3, 128, 11), BRIM_ERROR_ARGUMENT, "0 pictures");
    brim_mem_give(train);
    brim_mem_give(val);
    brim_mem_give(yaml);
    brim_mem_give(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_seed_gives_one_picture),
        cmocka_unit_test(boxes_are_of_use),
        cmocka_unit_test(something_is_drawn_in_the_box),
        cmocka_unit_test(a_written_set_is_read_back),
    };
    return cmocka_run_group_tests_name("demo", tests, NULL, NULL);
}
