/* The loss, its gradient and the decoding: against YOLOv5's numbers, finite differences and itself in other
 * layouts. */
#include "support/support.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <string.h>

#include "backend/host/loss_head.h"
#include "backend/host/loss_match.h"
#include "base/random.h"
#include "element/match.h"

enum { LEVELS = 3 };

typedef struct Run {
    BrimHeadConf conf;
    BrimHeadView heads[LEVELS], dheads[LEVELS];
    float items[4];
} Run;

/* Heads of a square picture, taken; anchors are those of the built-in models. */
static void open_run(Run *run, int class_count, int batch, int picture_px, int block)
{
    static const float anchors[LEVELS][3][2] = {
        {{10, 13}, {16, 30}, {33, 23}}, {{30, 61}, {62, 45}, {59, 119}}, {{116, 90}, {156, 198}, {373, 326}}};
    *run = (Run){.conf = {.class_count = class_count, .level_count = LEVELS, .anchor_count = 3}};
    run->conf.hyper = brim_hyper_default();
    for (int i = 0; i < LEVELS; i++) {
        int stride = run->conf.stride_px[i] = 8 << i;
        memcpy(run->conf.anchors_px[i], anchors[i], sizeof anchors[i]);
        run->heads[i] = (BrimHeadView){
            NULL, batch, 3 * (5 + class_count), picture_px / stride, picture_px / stride, block};
        run->dheads[i] = run->heads[i];
        size_t floats = brim_head_image_floats(&run->heads[i]) * batch;
        run->heads[i].data = brim_mem_take(BRIM_MEM_OTHER, floats, sizeof(float));
        run->dheads[i].data = brim_mem_take(BRIM_MEM_OTHER, floats, sizeof(float));
        memset(run->dheads[i].data, 0xFF, floats * sizeof(float));
    }
}

static void close_run(Run *run)
{
    for (int i = 0; i < LEVELS; i++) {
        brim_mem_give(run->heads[i].data);
        brim_mem_give(run->dheads[i].data);
    }
}

/* Between a head and YOLOv5's order, [n, anchor, y, x, 5 + nc]. */
static void copy_head(const BrimHeadView *head, float *theirs, bool to_head)
{
    int cells = head->h * head->w, columns = head->channels / 3;
    for (int i = 0; i < head->n * head->channels; i++) {
        int image = i / head->channels, channel = i % head->channels;
        float *ours = brim_head_channel(head, image, channel);
        for (int cell = 0; cell < cells; cell++) {
            float *other = theirs + ((size_t)(image * 3 + channel / columns) * cells + cell) * columns +
                           channel % columns;
            float *mine = ours + (size_t)cell * head->block;
            *(to_head ? mine : other) = *(to_head ? other : mine);
        }
    }
}

static void run_loss(Run *run, const float *targets, int count)
{
    void *workspace =
        brim_mem_take(BRIM_MEM_OTHER, 1, brim_loss_workspace_bytes(&run->conf, run->heads, count));
    uint64_t takes = brim_mem_takes();
    brim_loss_run(&run->conf, run->heads, targets, count, count, workspace, run->items, 1, run->dheads);
    assert_int_equal(brim_mem_takes(), takes);
    float items[4]; /* without gradients */
    brim_loss_run(&run->conf, run->heads, targets, count, count, workspace, items, 1, NULL);
    assert_memory_equal(items, run->items, sizeof items);
    brim_mem_give(workspace);
}

typedef struct Case {
    const char *name;
    double label_smoothing, cls_pw, obj_pw, fl_gamma, anchor_t;
} Case;

static const Case cases[] = {{"random", 0, 1, 1, 0, 4},
                             {"edges", 0, 1, 1, 0, 4},
                             {"zero", 0, 1, 1, 0, 4},
                             {"single", 0, 1, 1, 0, 4},
                             {"second_image_only", 0, 1, 1, 0, 4},
                             {"label_smoothing01_pw15", 0.1, 1.5, 1.3, 0, 4},
                             {"focal_gamma15", 0, 1, 1, 1.5, 4},
                             {"anchor_t3", 0, 1, 1, 0, 3}};

static const BrimHostTensor *case_tensor(const BrimTensorFile *file, const char *name, const char *part,
                                         int level)
{
    char full[128];
    snprintf(full, sizeof full, "%s/%s", name, part);
    char *number = strchr(full, '#');
    if (number)
        *number = (char)('0' + level);
    return brim_tensors_find(file, full);
}

static void check_matches(const Run *run, const BrimTensorFile *file, const char *name, int level)
{
    const BrimHostTensor *targets = case_tensor(file, name, "targets", 0);
    const BrimHostTensor *indices = case_tensor(file, name, "match#_b_a_gj_gi_cls", level);
    const BrimHostTensor *boxes = case_tensor(file, name, "match#_tbox", level);
    int target_count = (int)targets->dims[0];
    BrimMatch *matches =
        brim_mem_take(BRIM_MEM_OTHER, brim_match_cap(&run->conf, target_count), sizeof *matches);
    int count = brim_match_level(&run->conf, level, &run->heads[level], targets->data, target_count, matches);
    assert_int_equal(count, indices->dims[0]);
    for (int i = 0; i < count; i++) {
        const int64_t *expected = (const int64_t *)indices->data + 5 * i;
        const int64_t got[5] = {matches[i].image, matches[i].anchor, matches[i].y, matches[i].x,
                                matches[i].class_index};
        assert_memory_equal(got, expected, sizeof got);
        assert_floats_near("tbox", &matches[i].box.x, (const float *)boxes->data + 4 * i, 4, 1e-6, 0);
    }
    brim_mem_give(matches);
}

static void check_gradient(const Run *run, const BrimTensorFile *file, const char *name, int level)
{
    const BrimHeadView *dhead = &run->dheads[level];
    size_t count = (size_t)dhead->n * dhead->channels * dhead->h * dhead->w;
    float *gradient = brim_mem_take(BRIM_MEM_OTHER, count, sizeof(float));
    copy_head(dhead, gradient, false);
    const BrimHostTensor *expected = case_tensor(file, name, "grad#", level);
    if (expected)
        assert_floats_near(name, gradient, expected->data, count, 1e-7, 1e-4);
    double sums[3] = {0};
    for (size_t i = 0; i < count; i++) {
        sums[0] += (double)gradient[i];
        sums[1] += fabs((double)gradient[i]);
        sums[2] += (double)gradient[i] * (double)gradient[i];
    }
    const float *gradsum = case_tensor(file, name, "gradsum#", level)->data;
    assert_true(fabs(sums[0] - (double)gradsum[0]) <= 1e-5 * (double)gradsum[1]);
    assert_true(fabs(sums[1] - (double)gradsum[1]) <= 1e-5 * (double)gradsum[1]);
    assert_true(fabs(sums[2] - (double)gradsum[2]) <= 1e-5 * (double)gradsum[2]);
    brim_mem_give(gradient);
}

static void check_golden(const char *name, int class_count, int picture_px, double objectness_gain)
{
    BrimTensorFile file;
    load_golden(&file, name);
    Run run;
    open_run(&run, class_count, 2, picture_px, 1);
    run.conf.hyper.cls = 0.5 * class_count / 80;
    run.conf.hyper.obj = objectness_gain;
    for (int i = 0; i < LEVELS; i++)
        copy_head(&run.heads[i], golden(&file, i == 0 ? "head0" : i == 1 ? "head1" : "head2")->data, true);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const Case *now = &cases[i];
        run.conf.hyper.label_smoothing = now->label_smoothing;
        run.conf.hyper.cls_pw = now->cls_pw;
        run.conf.hyper.obj_pw = now->obj_pw;
        run.conf.hyper.fl_gamma = now->fl_gamma;
        run.conf.hyper.anchor_t = now->anchor_t;
        const BrimHostTensor *targets = case_tensor(&file, now->name, "targets", 0);
        run_loss(&run, targets->data, (int)targets->dims[0]);
        assert_floats_near(now->name, run.items,
                           case_tensor(&file, now->name, "loss_items_box_obj_cls", 0)->data, 3, 0, 1e-5);
        assert_floats_near(now->name, run.items + 3, case_tensor(&file, now->name, "loss_total", 0)->data, 1,
                           0, 1e-5);
        for (int level = 0; level < LEVELS; level++) {
            check_matches(&run, &file, now->name, level);
            check_gradient(&run, &file, now->name, level);
        }
    }
    close_run(&run);
    brim_tensors_clear(&file);
}

static void loss_is_yolov5s_with_one_class(void **state)
{
    (void)state;
    check_golden("reference/golden/3_loss/nc1_160.safetensors", 1, 160, 0.0625);
}

static void loss_is_yolov5s_with_three_classes(void **state)
{
    (void)state;
    check_golden("reference/golden/3_loss/nc3_320.safetensors", 3, 320, 0.25);
}

static const float some_targets[4][6] = {{0, 1, 0.5f, 0.52f, 0.3f, 0.41f},
                                         {1, 2, 0.31f, 0.77f, 0.12f, 0.2f},
                                         {1, 0, 0.31f, 0.77f, 0.15f, 0.22f},
                                         {0, 2, 1.0f, 0.0f, 0.6f, 0.9f}};

/* The same logits for the same head in any block. */
static void fill_heads(Run *run)
{
    BrimRandom random = brim_random(3, 0);
    for (int i = 0; i < LEVELS; i++) {
        const BrimHeadView *head = &run->heads[i];
        for (int c = 0; c < head->n * head->channels; c++) {
            float *x = brim_head_channel(head, c / head->channels, c % head->channels);
            for (int cell = 0; cell < head->h * head->w; cell++)
                x[(size_t)cell * head->block] = (float)brim_random_uniform(&random, -2, 2);
        }
    }
}

static void open_filled(Run *run, int block)
{
    open_run(run, 3, 2, 96, block);
    fill_heads(run);
    run_loss(run, some_targets[0], 4);
}

static void check_same(const Run *run, const Run *plain)
{
    assert_memory_equal(run->items, plain->items, sizeof plain->items);
    for (int i = 0; i < LEVELS; i++) {
        size_t floats = brim_head_image_floats(&plain->dheads[i]) * 2;
        float *gradient = brim_mem_take(BRIM_MEM_OTHER, floats, 2 * sizeof(float));
        copy_head(&plain->dheads[i], gradient, false);
        copy_head(&run->dheads[i], gradient + floats, false);
        assert_memory_equal(gradient, gradient + floats, floats * sizeof(float));
        brim_mem_give(gradient);
    }
}

static void the_layout_changes_no_bit_and_pads_are_zero(void **state)
{
    (void)state;
    Run plain, blocked;
    open_filled(&plain, 1);
    for (int block = 8; block <= 16; block += 8) {
        open_filled(&blocked, block);
        check_same(&blocked, &plain);
        for (int i = 0; i < LEVELS; i++) {
            BrimHeadView whole = blocked.dheads[i];
            whole.channels = (whole.channels + block - 1) / block * block;
            assert_int_equal(whole.channels, block == 8 ? 24 : 32);
            for (int c = blocked.dheads[i].channels; c < whole.channels; c++)
                for (int cell = 0; cell < whole.h * whole.w; cell++)
                    assert_true(brim_head_channel(&whole, 1, c)[cell * block] == 0.0f);
        }
        float predictions[2][2 * 3 * (144 + 36 + 9) * 8];
        brim_decode_run(&plain.conf, plain.heads, predictions[0]);
        brim_decode_run(&blocked.conf, blocked.heads, predictions[1]);
        assert_memory_equal(predictions[0], predictions[1], sizeof predictions[0]);
        close_run(&blocked);
    }
    close_run(&plain);
}

static void threads_change_no_bit(void **state)
{
    (void)state;
    Run one, four;
    int before = omp_get_max_threads();
    omp_set_num_threads(1);
    open_filled(&one, 1);
    omp_set_num_threads(4);
    open_filled(&four, 1);
    check_same(&four, &one);
    omp_set_num_threads(before);
    close_run(&one);
    close_run(&four);
}

/* The gradient of objectness and classes in a whole run. Boxes have no part in it: objectness aims at their
 * CIoU as at a constant. */
static void gradients_are_the_slope_of_the_total(void **state)
{
    (void)state;
    for (int focal = 0; focal < 2; focal++) {
        Run run;
        open_run(&run, 3, 2, 96, 1);
        fill_heads(&run);
        run.conf.hyper.obj = 30, run.conf.hyper.obj_pw = 1.4, run.conf.hyper.cls_pw = 0.7;
        run.conf.hyper.label_smoothing = 0.1, run.conf.hyper.fl_gamma = focal ? 1.5 : 0;
        BrimRandom random = brim_random(5, 0);
        for (int turn = 0; turn < 150; turn++) {
            const BrimHeadView *head = &run.heads[turn % LEVELS];
            int channel = 8 * (int)brim_random_below(&random, 3) + 4 + (int)brim_random_below(&random, 4);
            size_t cell = brim_random_below(&random, (uint32_t)(head->h * head->w));
            float *x = brim_head_channel(head, turn & 1, channel) + cell, middle = *x;
            *x = middle + 0.02f;
            run_loss(&run, some_targets[0], 4);
            double more = (double)run.items[3];
            *x = middle - 0.02f;
            run_loss(&run, some_targets[0], 4);
            double expected = (more - (double)run.items[3]) / 0.04;
            *x = middle;
            run_loss(&run, some_targets[0], 4);
            double got = (double)brim_head_channel(&run.dheads[turn % LEVELS], turn & 1, channel)[cell];
            if (fabs(got - expected) > 2e-3 + 1e-3 * fabs(expected))
                fail_msg("channel %d, cell %zu: gradient %g, slope %g", channel, cell, got, expected);
        }
        close_run(&run);
    }
}

static void whatever_heads_and_targets_hold_nothing_breaks(void **state)
{
    (void)state;
    const float odd[][6] = {{0, 0, NAN, INFINITY, 0.1f, 0.1f},  {1, 0, -3, 1e30f, 0.3f, 0.3f},
                            {2, 0, 0.5f, 0.5f, 0.3f, 0.3f},     {-1, 0, 0.5f, 0.5f, 0.3f, 0.3f},
                            {NAN, NAN, 0.5f, 0.5f, 0.3f, 0.3f}, {0, 3, 0.5f, 0.5f, 0.3f, 0.3f},
                            {0, 0, 0.5f, 0.5f, NAN, INFINITY},  {0, 0, 0.5f, 0.5f, 0, 0}};
    Run run;
    open_run(&run, 3, 2, 96, 1);
    for (int i = 0; i < LEVELS; i++) {
        BrimMatch matches[BRIM_MATCH_OFFSETS * 3 * 8];
        int count = brim_match_level(&run.conf, i, &run.heads[i], odd[0], 8, matches);
        for (int m = 0; m < count; m++) {
            assert_in_range(matches[m].x, 0, run.heads[i].w - 1);
            assert_in_range(matches[m].y, 0, run.heads[i].h - 1);
            assert_in_range(matches[m].image, 0, 1);
        }
    }
    run_loss(&run, odd[2], 6); /* not one of these has a place */
    assert_true(run.items[0] == 0.0f && run.items[2] == 0.0f && isfinite(run.items[3]));
    const float values[] = {NAN, INFINITY, -INFINITY, 1e30f, -1e30f};
    for (int v = 0; v < 5; v++) {
        for (int i = 0; i < LEVELS; i++)
            for (int x = 0; x < 2 * 24 * run.heads[i].h * run.heads[i].w; x++)
                run.heads[i].data[x] = values[v];
        run_loss(&run, some_targets[0], 4);
    }
    close_run(&run);
}

static void decodes_as_yolov5_does(void **state)
{
    (void)state;
    enum { ROWS = 3 * (1600 + 400 + 100), COLUMNS = 85 };
    BrimTensorFile file;
    load_golden(&file, "reference/golden/1_inference/n_rand320.safetensors");
    Run run;
    open_run(&run, 80, 1, 320, 16);
    for (int i = 0; i < LEVELS; i++)
        copy_head(&run.heads[i], golden(&file, i == 0 ? "head0" : i == 1 ? "head1" : "head2")->data, true);
    float *rows = brim_mem_take(BRIM_MEM_OTHER, ROWS * COLUMNS, sizeof(float));
    brim_decode_run(&run.conf, run.heads, rows);
    assert_floats_near("first", rows, golden_floats(&file, "decoded_first200"), 200 * COLUMNS, 1e-4, 1e-5);
    assert_floats_near("last", rows + (ROWS - 200) * COLUMNS, golden_floats(&file, "decoded_last200"),
                       200 * COLUMNS, 1e-4, 1e-5);
    const int64_t *top = golden(&file, "top400_rows")->data;
    for (int i = 0; i < 400; i++)
        assert_floats_near("top", rows + top[i] * COLUMNS,
                           golden_floats(&file, "decoded_top400") + i * COLUMNS, COLUMNS, 1e-4, 1e-5);
    brim_mem_give(rows);
    close_run(&run);
    brim_tensors_clear(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loss_is_yolov5s_with_one_class),
        cmocka_unit_test(loss_is_yolov5s_with_three_classes),
        cmocka_unit_test(the_layout_changes_no_bit_and_pads_are_zero),
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(gradients_are_the_slope_of_the_total),
        cmocka_unit_test(whatever_heads_and_targets_hold_nothing_breaks),
        cmocka_unit_test(decodes_as_yolov5_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
