/* Non-maximum suppression against v7.0's results, a slow restatement, and small cases. */
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "train/nms.h"
#include "train/rank.h"

enum { MAX_DET = 300 };

static int run(const BrimNmsConf *conf, const float *predictions, int rows, int class_count,
               BrimDetection *found)
{
    BrimNms *nms = NULL;
    assert_ok(brim_nms_open(&nms, conf, rows, class_count));
    uint64_t takes = brim_mem_takes();
    int count = brim_nms_run(nms, predictions, rows, found);
    assert_int_equal(brim_nms_run(nms, predictions, rows, found),
                     count); /* nothing is left of the picture before */
    assert_int_equal(brim_mem_takes(), takes);
    brim_nms_close(&nms);
    assert_null(nms);
    return count;
}

typedef struct Case {
    const char *name, *expected; /* tensor det0 is called so */
    BrimNmsConf conf;
} Case;

static const int zero_and_two[] = {0, 2};

static const Case cases[] = {
    {"few", "det", {0.25, 0.45, MAX_DET, false, false, NULL, 0}},
    {"many_multilabel_c001_i60", "det", {0.001, 0.6, MAX_DET, true, false, NULL, 0}},
    {"first_image_empty", "det", {0.25, 0.45, MAX_DET, false, false, NULL, 0}},
    {"ties_quantised", "det0_stable_sort", {0.2, 0.5, MAX_DET, true, false, NULL, 0}},
    {"ties_at_most_16_candidates", "det", {0.2, 0.5, MAX_DET, false, false, NULL, 0}},
    {"agnostic", "det", {0.25, 0.45, MAX_DET, false, true, NULL, 0}},
    {"agnostic_off", "det", {0.25, 0.45, MAX_DET, false, false, NULL, 0}},
    {"classes_0_2", "det", {0.25, 0.45, MAX_DET, false, false, zero_and_two, 2}},
    {"max_det_7", "det", {0.05, 0.9, 7, true, false, NULL, 0}},
    {"single_class_multilabel", "det", {0.1, 0.6, MAX_DET, true, false, NULL, 0}},
    {"nc80_class_offset_rounding", "det", {0.15, 0.45, MAX_DET, true, false, NULL, 0}},
    {"more_than_30000_candidates", "det", {0.0001, 0.6, MAX_DET, true, false, NULL, 0}},
    {"degenerate_zero_area_offscreen_threshold", "det", {0.25, 0.45, MAX_DET, false, false, NULL, 0}},
};

static void check_case(const Case *now)
{
    char name[128];
    BrimTensorFile file;
    BrimDetection found[MAX_DET];
    snprintf(name, sizeof name, "reference/golden/5_nms/%s.safetensors", now->name);
    load_golden(&file, name);
    const BrimHostTensor *pred = golden(&file, "pred");
    int rows = (int)pred->dims[1], columns = (int)pred->dims[2];
    for (int image = 0; image < pred->dims[0]; image++) {
        snprintf(name, sizeof name, strcmp(now->expected, "det") == 0 ? "%s%d" : "%s", now->expected, image);
        const BrimHostTensor *expected = golden(&file, name);
        int count = run(&now->conf, (const float *)pred->data + (size_t)image * rows * columns, rows,
                        columns - 5, found);
        assert_int_equal(count, expected->dims[0]);
        for (int i = 0; i < count; i++) {
            const float *row = (const float *)expected->data + 6 * i;
            assert_floats_near(now->name, &found[i].x1, row, 4, 1e-4, 0);
            assert_floats_near(now->name, &found[i].confidence, row + 4, 1, 1e-6, 0);
            assert_true(found[i].class_index == row[5]);
        }
    }
    brim_tensors_clear(&file);
}

static void finds_what_yolov5_finds_in_its_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_case(&cases[i]);
}

static void thresholds_are_strict_and_classes_do_not_meet(void **state)
{
    (void)state;
    const BrimNmsConf conf = {0.25, 0.5, MAX_DET, true, false, NULL, 0};
    const float rows[][7] = {
        {50, 50, 20, 20, 1, 0.9f, 0.2f},   /* kept, of class 0 */
        {50, 50, 20, 10, 1, 0.8f, 0.7f},   /* IoU 0.5 with it is not above 0.5; kept in both */
        {50, 50, 20, 12, 1, 0.2f, 0.6f},   /* class 1 is suppressed */
        {150, 50, 20, 20, 1, 0.25f, 0.2f}, /* class 0 is not above 0.25 */
        {200, 50, 20, 20, 0.25f, 1, 1},    /* nor is this objectness */
        {90, 50, 20, 20, NAN, 1, 1},       {90, 50, 20, 20, 1, NAN, 0.3f}}; /* class 1 */
    const int expected_rows[] = {0, 1, 1, 6}, expected_classes[] = {0, 0, 1, 1};
    BrimDetection found[MAX_DET];
    assert_int_equal(run(&conf, rows[0], 7, 2, found), 4);
    for (int i = 0; i < 4; i++) {
        const float *row = rows[expected_rows[i]];
        assert_int_equal((int)found[i].class_index, expected_classes[i]);
        assert_true(found[i].confidence == row[4] * row[5 + expected_classes[i]]);
        assert_true(found[i].x1 == row[0] - 10 && found[i].y2 == row[1] + row[3] / 2);
    }
    BrimNmsConf best = conf;
    best.multi_label = false;
    /* Rows 0 and 1 of class 0, and 2 of class 1; NaN is no class. */
    assert_int_equal(run(&best, rows[0], 7, 2, found), 3);
    assert_true(found[2].class_index == 1 && found[2].confidence == 0.6f);
}

static void boxes_below_a_pixel_meet_as_well(void **state)
{
    (void)state;
    const BrimNmsConf conf = {0.25, 0.5, MAX_DET, false, false, NULL, 0};
    const float rows[][6] = {{10, 10, 0.5f, 0.5f, 1, 0.9f}, {10, 10, 0.5f, 0.4f, 1, 0.8f}};
    BrimDetection found[MAX_DET];
    assert_int_equal(run(&conf, rows[0], 2, 1, found), 1);
}

/* 70,000 candidates: the room for 60,000 fills up on the way. Suppressing nothing, the best 50 come out,
 * equal ones in the order of rows. */
static void the_most_confident_enter_whatever_their_number(void **state)
{
    (void)state;
    enum { ROWS = 70000, WANTED = 30000 };
    const BrimNmsConf conf = {0.001, 1, WANTED, false, false, NULL, 0};
    float(*rows)[6] = brim_mem_take(BRIM_MEM_OTHER, ROWS, sizeof *rows);
    BrimDetection *found = brim_mem_take(BRIM_MEM_OTHER, WANTED, sizeof *found);
    int *counts = brim_mem_take(BRIM_MEM_OTHER, 1001, sizeof *counts);
    BrimRandom random = brim_random(9, 0);
    for (int i = 0; i < ROWS; i++) {
        int level = 2 + (int)brim_random_below(&random, 998);
        counts[level]++;
        const float row[6] = {(float)i * 4, 0, 2, 2, 1, (float)level / 1000};
        memcpy(rows[i], row, sizeof row);
    }
    assert_int_equal(run(&conf, rows[0], ROWS, 1, found), WANTED);
    float before_x = -1, before = 2;
    for (int i = 0; i < WANTED; i++) {
        assert_true(found[i].confidence < before ||
                    (found[i].confidence == before && found[i].x1 > before_x));
        before = found[i].confidence;
        before_x = found[i].x1;
        counts[(int)roundf(before * 1000)]--;
    }
    int last = (int)roundf(before * 1000);
    for (int level = last + 1; level <= 1000; level++)
        assert_int_equal(counts[level], 0); /* nobody above the last one was left out */
    brim_mem_give(counts);
    brim_mem_give(found);
    brim_mem_give(rows);
}

static float slow_iou(const BrimDetection *a, const BrimDetection *b)
{
    float w = fminf(a->x2, b->x2) - fmaxf(a->x1, b->x1), h = fminf(a->y2, b->y2) - fmaxf(a->y1, b->y1);
    float overlap = fmaxf(w, 0) * fmaxf(h, 0);
    return overlap / ((a->x2 - a->x1) * (a->y2 - a->y1) + (b->x2 - b->x1) * (b->y2 - b->y1) - overlap);
}

/* Every detection is compatible with those before it, and every candidate left out is covered by one of them.
 */
static void what_is_left_out_is_covered(void **state)
{
    (void)state;
    enum { ROWS = 400 };
    const BrimNmsConf conf = {0.1, 0.4, MAX_DET, false, true, NULL, 0};
    float rows[ROWS][7];
    BrimDetection found[MAX_DET];
    BrimRandom random = brim_random(11, 0);
    for (int i = 0; i < ROWS; i++)
        for (int k = 0; k < 7; k++)
            rows[i][k] = (float)brim_random_uniform(&random, k < 4 ? 10 : 0.4, k < 2 ? 200 : k < 4 ? 60 : 1);
    int count = run(&conf, rows[0], ROWS, 2, found);
    assert_in_range(count, 10, MAX_DET - 1);
    for (int i = 0; i < ROWS; i++) {
        float best = rows[i][4] * fmaxf(rows[i][5], rows[i][6]);
        const BrimDetection box = {rows[i][0] - rows[i][2] / 2,
                                   rows[i][1] - rows[i][3] / 2,
                                   rows[i][0] + rows[i][2] / 2,
                                   rows[i][1] + rows[i][3] / 2,
                                   best,
                                   0};
        bool covered = false, kept = false;
        for (int k = 0; k < count; k++) {
            kept |= found[k].confidence == best;
            covered |= found[k].confidence > best && slow_iou(&found[k], &box) > 0.4f;
        }
        assert_true(kept != covered);
    }
}

static void wrong_settings_are_refused(void **state)
{
    (void)state;
    BrimNms *nms = NULL;
    BrimNmsConf conf = {0.25, 1.5, MAX_DET, false, false, NULL, 0};
    assert_refused(brim_nms_open(&nms, &conf, 10, 2), BRIM_ERROR_ARGUMENT, "IoU 1.5");
    conf.iou_thres = 0.5;
    assert_refused(brim_nms_open(&nms, &conf, 1 << 30, 80), BRIM_ERROR_ARGUMENT, "rows classes");
    for (int nth = 1; nth <= 5; nth++) {
        brim_mem_fail_at((uint64_t)nth);
        assert_int_equal(brim_nms_open(&nms, &conf, 10, 2), BRIM_ERROR_MEMORY);
        assert_null(nms);
        brim_mem_fail_at(0);
    }
    brim_nms_close(&nms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_yolov5_finds_in_its_order),
        cmocka_unit_test(thresholds_are_strict_and_classes_do_not_meet),
        cmocka_unit_test(boxes_below_a_pixel_meet_as_well),
        cmocka_unit_test(the_most_confident_enter_whatever_their_number),
        cmocka_unit_test(what_is_left_out_is_covered),
        cmocka_unit_test(wrong_settings_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
