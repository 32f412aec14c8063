/* The kernels of loss and decoding, run by the host, against the host's own loss: the same heads, once as
 * planes and once with channels side by side. */
#include "support/support.h"

#include <math.h>
#include <string.h>

#include "backend/cuda/kernels/loss.h"
#include "backend/cuda/kernels/on_host.h"
#include "backend/host/loss_head.h"
#include "base/half.h"
#include "base/random.h"

enum { CAP = 60, POISON = 0xFF };

typedef enum Labels {
    RANDOM,  /* anywhere, of any size */
    EDGES,   /* centres on the picture's border, on cells' borders and halfway between */
    CROWDED, /* many in few cells, of few sizes */
    ABSENT,  /* half of the rows of an image or class that is not there */
    NUMBERS  /* half of the rows with a place that is none: the loss is no number then, but nothing breaks */
} Labels;

typedef struct Case {
    int class_count, level_count, anchor_count, batch, height_px, width_px;
    Labels labels;
    int target_count;
    bool half;
    double label_smoothing, fl_gamma, cls_pw, obj_pw;
    float loss_scale;
} Case;

static const Case cases[] = {
    {3, 3, 3, 2, 96, 128, RANDOM, 20, false, 0, 0, 1, 1, 1},
    {80, 3, 3, 1, 64, 64, RANDOM, CAP, false, 0, 0, 1, 1, 1},
    {1, 3, 3, 5, 64, 96, RANDOM, CAP, false, 0, 0, 1, 1, 1},
    {3, 4, 3, 2, 128, 64, EDGES, CAP, false, 0.1, 0, 1.5, 1.3, 1},
    {2, 1, 2, 5, 32, 32, EDGES, CAP, false, 0, 1.5, 1, 1, 1},
    {3, 2, 3, 2, 32, 64, CROWDED, CAP, false, 0.1, 0, 1, 1, 1},
    {7, 5, 8, 1, 256, 128, CROWDED, CAP, false, 0, 1.5, 0.7, 1, 1},
    {3, 3, 3, 2, 64, 64, ABSENT, CAP, false, 0, 0, 1, 1, 1},
    {3, 3, 3, 2, 64, 64, NUMBERS, CAP, false, 0, 0, 1, 1, 1},
    {3, 3, 3, 2, 64, 64, RANDOM, 0, false, 0, 0, 1, 1, 1},
    {3, 3, 3, 2, 64, 64, RANDOM, 1, false, 0, 0, 1, 1, 1},
    {3, 3, 3, 5, 64, 64, RANDOM, CAP + 9, false, 0, 0, 1, 1, 1},
    {1, 3, 3, 1, 96, 96, EDGES, CAP, true, 0, 0, 1, 1, 4096},
    {80, 3, 3, 2, 64, 96, CROWDED, CAP, true, 0.1, 0, 1, 1, 65536},
    {3, 5, 3, 5, 128, 128, RANDOM, CAP, true, 0, 1.5, 1.5, 1.3, 1024},
};
enum { CASE_COUNT = sizeof cases / sizeof cases[0] };

/* A case made ready: what the host takes, and what the kernels take. */
typedef struct Setup {
    const Case *test;
    BrimHeadConf conf;
    BrimHeadView heads[BRIM_MAX_LEVELS], dheads[BRIM_MAX_LEVELS];
    float *targets;
    int32_t target_count;
    BrimKernelScalars scalars;
    BrimLossArgs args;
    size_t workspace_bytes;
    float items[4];
} Setup;

static void *take(size_t bytes)
{
    void *data = brim_mem_take(BRIM_MEM_OTHER, 1, bytes);
    assert_non_null(data);
    return memset(data, POISON, bytes);
}

static size_t feature_bytes(const BrimKernelFeature *feature)
{
    return (size_t)(feature->n * feature->h * feature->w) * (size_t)feature->pitch * (feature->half ? 2 : 4);
}

/* Element of the feature that cell `cell` of a plane is. */
static float get(const BrimKernelFeature *feature, int image, int channel, int cell)
{
    size_t at = (size_t)(image * feature->h * feature->w + cell) * (size_t)feature->pitch + (size_t)channel;
    return feature->half ? brim_half_to_float(((uint16_t *)feature->data)[at]) : ((float *)feature->data)[at];
}

static void put(const BrimKernelFeature *feature, int image, int channel, int cell, float value)
{
    size_t at = (size_t)(image * feature->h * feature->w + cell) * (size_t)feature->pitch + (size_t)channel;
    if (feature->half)
        ((uint16_t *)feature->data)[at] = brim_half_from_float(value);
    else
        ((float *)feature->data)[at] = value;
}

/* Normal logits, the same in both, which a half can hold where the case asks for halves; pads are poison:
 * nobody reads them. */
static void open_level(Setup *setup, int level, BrimRandom *random)
{
    const Case *test = setup->test;
    int channels = test->anchor_count * (5 + test->class_count), padded = (channels + 7) / 8 * 8;
    int h = test->height_px / setup->conf.stride_px[level], w = test->width_px / setup->conf.stride_px[level];
    size_t floats = (size_t)(test->batch * channels * h * w);
    BrimHeadView *plain = &setup->heads[level];
    BrimKernelFeature *head = &setup->args.heads[level];
    *plain = (BrimHeadView){take(floats * sizeof(float)), test->batch, channels, h, w, 1};
    setup->dheads[level] = *plain;
    setup->dheads[level].data = take(floats * sizeof(float));
    *head = (BrimKernelFeature){NULL, test->batch, channels, h, w, padded, padded, test->half};
    head->data = take(feature_bytes(head));
    setup->args.dheads[level] = *head;
    setup->args.dheads[level].data = take(feature_bytes(head));
    for (int i = 0; i < test->batch * channels; i++) {
        for (int cell = 0; cell < h * w; cell++) {
            put(head, i / channels, i % channels, cell, 2 * (float)brim_random_normal(random));
            plain->data[(size_t)i * (size_t)(h * w) + (size_t)cell] =
                get(head, i / channels, i % channels, cell);
        }
    }
}

/* One row; grid: cells of the finest level. */
static void fill_target(const Setup *setup, int i, BrimRandom *random, float row[6])
{
    const Case *test = setup->test;
    static const float bad[] = {NAN, -1, 1e30f, INFINITY, 5, -0.25f};
    float grid = (float)setup->heads[0].w;
    for (int k = 0; k < 6; k++)
        row[k] = (float)brim_random_unit(random) * (k < 2 ? 1 : 0.98f) + (k < 2 ? 0 : 0.01f);
    row[0] = (float)brim_random_below(random, (uint32_t)test->batch);
    row[1] = (float)brim_random_below(random, (uint32_t)test->class_count);
    if (test->labels == EDGES) { /* halves of cells, both ends included */
        row[2] = (float)brim_random_below(random, 2 * (uint32_t)grid + 1) / (2 * grid);
        row[3] = i % 3 ? (float)(i % 2) : row[3];
    } else if (test->labels == CROWDED) {
        row[0] = 0;
        row[2] = row[3] = 0.5f + 0.001f * (float)(i % 7);
        row[4] = row[5] = i % 2 ? 0.3f : 0.31f;
    } else if (i % 2 && (test->labels == ABSENT || test->labels == NUMBERS)) {
        row[test->labels == ABSENT ? i / 2 % 2 : 2 + i / 2 % 4] = bad[i / 12 % 6];
    }
}

static void open_targets(Setup *setup, BrimRandom *random)
{
    setup->target_count = setup->test->target_count;
    setup->targets = take(CAP * 6 * sizeof(float));
    for (int i = 0; i < CAP; i++)
        fill_target(setup, i, random, setup->targets + 6 * i);
    setup->args.targets = setup->targets;
    setup->args.target_count = &setup->target_count;
    setup->args.target_cap = CAP;
}

static BrimKernelHead kernel_head(const BrimHeadConf *conf)
{
    const BrimHyper *hyper = &conf->hyper;
    BrimKernelHead head = {.class_count = conf->class_count,
                           .level_count = conf->level_count,
                           .anchor_count = conf->anchor_count,
                           .box_gain = (float)hyper->box,
                           .obj_gain = (float)hyper->obj,
                           .cls_gain = (float)hyper->cls,
                           .anchor_t = (float)hyper->anchor_t,
                           .cls_pw = (float)hyper->cls_pw,
                           .obj_pw = (float)hyper->obj_pw,
                           .fl_gamma = (float)hyper->fl_gamma,
                           .label_smoothing = (float)hyper->label_smoothing};
    memcpy(head.stride_px, conf->stride_px, sizeof head.stride_px);
    memcpy(head.anchors_px, conf->anchors_px, sizeof head.anchors_px);
    for (int level = 0; level < conf->level_count; level++)
        head.balance[level] = (float)brim_loss_balance(conf->level_count, level);
    return head;
}

static void open_setup(Setup *setup, const Case *test)
{
    BrimRandom random = brim_random(5, (uint64_t)(test - cases));
    *setup = (Setup){.test = test, .scalars = {.loss_scale = test->loss_scale}};
    setup->conf = (BrimHeadConf){.class_count = test->class_count,
                                 .level_count = test->level_count,
                                 .anchor_count = test->anchor_count,
                                 .hyper = brim_hyper_default()};
    setup->conf.hyper.label_smoothing = test->label_smoothing;
    setup->conf.hyper.fl_gamma = test->fl_gamma;
    setup->conf.hyper.cls_pw = test->cls_pw;
    setup->conf.hyper.obj_pw = test->obj_pw;
    for (int level = 0; level < test->level_count; level++) {
        setup->conf.stride_px[level] = 8 << level;
        for (int anchor = 0; anchor < test->anchor_count; anchor++) {
            setup->conf.anchors_px[level][anchor][0] = (float)((8 << level) + 5 * anchor);
            setup->conf.anchors_px[level][anchor][1] = (float)((10 << level) + 3 * anchor);
        }
        open_level(setup, level, &random);
    }
    open_targets(setup, &random);
    setup->args.head = kernel_head(&setup->conf);
    setup->args.scalars = &setup->scalars;
    setup->args.items = setup->items;
    setup->workspace_bytes = brim_loss_room(&setup->args).end;
    setup->args.workspace = take(setup->workspace_bytes);
}

static void close_setup(Setup *setup)
{
    for (int level = 0; level < setup->test->level_count; level++) {
        brim_mem_give(setup->heads[level].data);
        brim_mem_give(setup->dheads[level].data);
        brim_mem_give(setup->args.heads[level].data);
        brim_mem_give(setup->args.dheads[level].data);
    }
    brim_mem_give(setup->targets);
    brim_mem_give(setup->args.workspace);
}

static void run(BrimKernel kernel, int blocks, int threads, const void *args)
{
    if (threads == 1)
        brim_kernel_run_on_host(kernel, blocks, args);
    else
        assert_true(brim_kernel_run_threads_on_host(kernel, blocks, threads, args));
}

/* Each cell's chain the other way round, as threads in another order might have left it. */
static void turn_chains(const BrimLossArgs *args)
{
    BrimLossRoom room = brim_loss_room(args);
    int32_t *nexts = (int32_t *)((char *)args->workspace + room.nexts);
    for (int level = 0; level < args->head.level_count; level++, nexts += brim_loss_slots(args)) {
        int32_t *chains =
            (int32_t *)((char *)args->workspace + room.chains) + brim_loss_cells_before(args, level);
        int cells = brim_loss_cells_before(args, level + 1) - brim_loss_cells_before(args, level);
        for (int i = 0; i < cells; i++) {
            int32_t turned = 0;
            for (int32_t slot = chains[i], next; slot; slot = next) {
                next = nexts[slot - 1];
                nexts[slot - 1] = turned;
                turned = slot;
            }
            chains[i] = turned;
        }
    }
}

/* As the backend starts them. */
static void run_loss(Setup *setup, int blocks, int threads, bool turned)
{
    BrimLossRoom room = brim_loss_room(&setup->args);
    memset(setup->args.workspace, POISON, setup->workspace_bytes);
    memset((char *)setup->args.workspace + room.counts, 0, room.nexts - room.counts);
    for (int level = 0; level < setup->test->level_count; level++) {
        if (setup->args.dheads[level].data)
            memset(setup->args.dheads[level].data, POISON, feature_bytes(&setup->args.dheads[level]));
    }
    run(BRIM_KERNEL_loss_match, blocks, threads, &setup->args);
    if (turned)
        turn_chains(&setup->args);
    run(BRIM_KERNEL_loss_order, blocks, threads, &setup->args);
    run(BRIM_KERNEL_loss_cells, blocks, threads, &setup->args);
    run(BRIM_KERNEL_loss_finish, 1, threads, &setup->args);
}

static void run_on_host(Setup *setup, float items[4])
{
    void *workspace = take(brim_loss_workspace_bytes(&setup->conf, setup->heads, CAP));
    brim_loss_run(&setup->conf, setup->heads, setup->targets, setup->target_count, CAP, workspace, items,
                  setup->test->loss_scale, setup->dheads);
    brim_mem_give(workspace);
}

/* Sums in another order; what is no number is none here and there. */
static void check_items(const float got[4], const float expected[4])
{
    for (int i = 0; i < 4; i++) {
        if (!isnan(got[i]) || !isnan(expected[i]))
            assert_floats_near("items", got + i, expected + i, 1, 1e-7, 1e-5);
    }
}

/* Every element, pads included. Floats differ by the rounding of gains; halves by their own as well. */
static void check_gradient(const Setup *setup, int index, int level)
{
    const BrimKernelFeature *got = &setup->args.dheads[level];
    const float *plain = setup->dheads[level].data;
    int cells = got->h * got->w;
    double relative = got->half ? 1e-3 : 1e-5, absolute = got->half ? 6e-8 : 1e-12;
    for (int image = 0; image < got->n; image++) {
        for (int channel = 0; channel < got->padded; channel++) {
            for (int cell = 0; cell < cells; cell++) {
                float value = get(got, image, channel, cell), expected = 0;
                if (channel < got->c)
                    expected = plain[((size_t)image * (size_t)got->c + (size_t)channel) * (size_t)cells +
                                     (size_t)cell];
                if (got->half)
                    expected = brim_half_to_float(brim_half_from_float(expected));
                bool same = (double)fabsf(value - expected) <= absolute + relative * fabs((double)expected);
                if (!same && value != expected && !(isnan(value) && isnan(expected)))
                    fail_msg("case %d, level %d: d[%d %d %d] is %g, not %g", index, level, image, channel,
                             cell, (double)value, (double)expected);
            }
        }
    }
}

static void test_loss_is_the_hosts(void **state)
{
    (void)state;
    for (int i = 0; i < CASE_COUNT; i++) {
        Setup setup;
        float items[4];
        open_setup(&setup, &cases[i]);
        run_on_host(&setup, items);
        run_loss(&setup, 3, 1, false);
        check_items(setup.items, items);
        for (int level = 0; level < cases[i].level_count; level++)
            check_gradient(&setup, i, level);
        close_setup(&setup);
    }
}

/* Gradients of the level, as they were, to be given back. */
static void *copy_of(const BrimKernelFeature *feature)
{
    return memcpy(take(feature_bytes(feature)), feature->data, feature_bytes(feature));
}

/* The same bits for any number of blocks and any order in which matches were found; with other threads a
 * block only the sums of the loss are rounded elsewhere. Without gradients the loss is as it was. */
static void test_loss_knows_no_grid(void **state)
{
    (void)state;
    static const struct {
        int blocks, threads;
        bool turned;
    } ways[] = {{3, 1, false}, {1, 1, false}, {200, 1, true}, {40, 64, true}};
    for (int i = 0; i < CASE_COUNT; i++) {
        Setup setup;
        float items[4];
        void *before[BRIM_MAX_LEVELS];
        open_setup(&setup, &cases[i]);
        run_loss(&setup, 5, 1, false);
        memcpy(items, setup.items, sizeof items);
        for (int level = 0; level < cases[i].level_count; level++)
            before[level] = copy_of(&setup.args.dheads[level]);
        for (size_t way = 0; way < sizeof ways / sizeof ways[0]; way++) {
            if (ways[way].threads > 1 && cases[i].labels != CROWDED)
                continue; /* slow */
            run_loss(&setup, ways[way].blocks, ways[way].threads, ways[way].turned);
            for (int level = 0; level < cases[i].level_count; level++)
                assert_memory_equal(setup.args.dheads[level].data, before[level],
                                    feature_bytes(&setup.args.dheads[level]));
            if (ways[way].threads == 1)
                assert_memory_equal(setup.items, items, sizeof items);
            check_items(setup.items, items);
        }
        void *dheads[BRIM_MAX_LEVELS];
        for (int level = 0; level < cases[i].level_count; level++) {
            dheads[level] = setup.args.dheads[level].data;
            setup.args.dheads[level].data = NULL;
        }
        run_loss(&setup, 2, 1, false);
        assert_memory_equal(setup.items, items, sizeof items);
        for (int level = 0; level < cases[i].level_count; level++) {
            setup.args.dheads[level].data = dheads[level];
            brim_mem_give(before[level]);
        }
        close_setup(&setup);
    }
}

static void test_decoding_is_the_hosts(void **state)
{
    (void)state;
    for (int i = 0; i < CASE_COUNT; i++) {
        Setup setup;
        open_setup(&setup, &cases[i]);
        size_t count = 0;
        for (int level = 0; level < cases[i].level_count; level++)
            count += (size_t)(setup.heads[level].n * setup.heads[level].channels * setup.heads[level].h *
                              setup.heads[level].w);
        float *expected = take(count * sizeof(float)), *got = take(count * sizeof(float));
        BrimDecodeArgs args = {.head = setup.args.head, .predictions = got};
        memcpy(args.heads, setup.args.heads, sizeof args.heads);
        brim_decode_run(&setup.conf, setup.heads, expected);
        run(BRIM_KERNEL_decode, 7, 1, &args);
        assert_memory_equal(got, expected, count * sizeof(float));
        memset(got, POISON, count * sizeof(float));
        run(BRIM_KERNEL_decode, 40, 64, &args);
        assert_memory_equal(got, expected, count * sizeof(float));
        brim_mem_give(expected);
        brim_mem_give(got);
        close_setup(&setup);
    }
}

/* The cases do what they are there for: some cell has many matches, and some level has none. */
static void test_cases_are_hard(void **state)
{
    (void)state;
    int longest = 0, empty = 0;
    for (int i = 0; i < CASE_COUNT; i++) {
        Setup setup;
        open_setup(&setup, &cases[i]);
        run_loss(&setup, 1, 1, false);
        BrimLossRoom room = brim_loss_room(&setup.args);
        const char *workspace = setup.args.workspace;
        const int32_t *chains = (const int32_t *)(workspace + room.chains), *nexts;
        for (int level = 0; level < cases[i].level_count; level++) {
            nexts = (const int32_t *)(workspace + room.nexts) + level * brim_loss_slots(&setup.args);
            empty += ((const int32_t *)(workspace + room.counts))[level] == 0;
            for (int at = brim_loss_cells_before(&setup.args, level);
                 at < brim_loss_cells_before(&setup.args, level + 1); at++) {
                int length = 0;
                for (int slot = chains[at]; slot; slot = nexts[slot - 1])
                    length++;
                longest = length > longest ? length : longest;
            }
        }
        close_setup(&setup);
    }
    assert_true(longest >= 30);
    assert_true(empty >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases_are_hard),
        cmocka_unit_test(test_loss_is_the_hosts),
        cmocka_unit_test(test_loss_knows_no_grid),
        cmocka_unit_test(test_decoding_is_the_hosts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
