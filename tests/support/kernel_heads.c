/* The cases, and how they are filled. */
#include "support/kernel_heads.h"

#include "support/support.h"

#include <math.h>
#include <string.h>

#include "base/random.h"
#include "support/elements.h"

const HeadCase head_cases[] = {
    {3, 3, 3, 2, 96, 128, HEAD_RANDOM, 20, BRIM_KERNEL_F32, 0, 0, 1, 1, 1},
    {80, 3, 3, 1, 64, 64, HEAD_RANDOM, HEAD_CAP, BRIM_KERNEL_F32, 0, 0, 1, 1, 1},
    {1, 3, 3, 5, 64, 96, HEAD_RANDOM, HEAD_CAP, BRIM_KERNEL_F32, 0, 0, 1, 1, 1},
    {3, 4, 3, 2, 128, 64, HEAD_EDGES, HEAD_CAP, BRIM_KERNEL_F32, 0.1, 0, 1.5, 1.3, 1},
    {2, 1, 2, 5, 32, 32, HEAD_EDGES, HEAD_CAP, BRIM_KERNEL_F32, 0, 1.5, 1, 1, 1},
    {3, 2, 3, 2, 32, 64, HEAD_CROWDED, HEAD_CAP, BRIM_KERNEL_F32, 0.1, 0, 1, 1, 1},
    {7, 5, 8, 1, 256, 128, HEAD_CROWDED, HEAD_CAP, BRIM_KERNEL_F32, 0, 1.5, 0.7, 1, 1},
    {3, 3, 3, 2, 64, 64, HEAD_ABSENT, HEAD_CAP, BRIM_KERNEL_F32, 0, 0, 1, 1, 1},
    {3, 3, 3, 2, 64, 64, HEAD_NUMBERS, HEAD_CAP, BRIM_KERNEL_F32, 0, 0, 1, 1, 1},
    {3, 3, 3, 2, 64, 64, HEAD_RANDOM, 0, BRIM_KERNEL_F32, 0, 0, 1, 1, 1},
    {3, 3, 3, 2, 64, 64, HEAD_RANDOM, 1, BRIM_KERNEL_F32, 0, 0, 1, 1, 1},
    {3, 3, 3, 5, 64, 64, HEAD_RANDOM, HEAD_CAP + 9, BRIM_KERNEL_F32, 0, 0, 1, 1, 1},
    {1, 3, 3, 1, 96, 96, HEAD_EDGES, HEAD_CAP, BRIM_KERNEL_F16, 0, 0, 1, 1, 4096},
    {80, 3, 3, 2, 64, 96, HEAD_CROWDED, HEAD_CAP, BRIM_KERNEL_F16, 0.1, 0, 1, 1, 65536},
    {3, 5, 3, 5, 128, 128, HEAD_RANDOM, HEAD_CAP, BRIM_KERNEL_F16, 0, 1.5, 1.5, 1.3, 1024},
    {3, 3, 3, 2, 96, 64, HEAD_RANDOM, HEAD_CAP, BRIM_KERNEL_BF16, 0, 0, 1, 1, 1},
};

void *head_take(size_t bytes)
{
    void *data = brim_mem_take(BRIM_MEM_OTHER, 1, bytes);
    assert_non_null(data);
    return memset(data, HEAD_POISON, bytes);
}

size_t head_bytes(const BrimKernelFeature *feature)
{
    return (size_t)(feature->n * feature->h * feature->w) * (size_t)feature->pitch *
           element_bytes((BrimKernelType)feature->type);
}

float head_get(const BrimKernelFeature *feature, int image, int channel, int cell)
{
    size_t at = (size_t)(image * feature->h * feature->w + cell) * (size_t)feature->pitch + (size_t)channel;
    return element_get((BrimKernelType)feature->type, feature->data, at);
}

static void put(const BrimKernelFeature *feature, int image, int channel, int cell, float value)
{
    size_t at = (size_t)(image * feature->h * feature->w + cell) * (size_t)feature->pitch + (size_t)channel;
    element_put((BrimKernelType)feature->type, feature->data, at, value);
}

/* Normal logits, the same in both, which the case's type can hold; pads are poison:
 * nobody reads them. */
static void open_level(HeadSetup *setup, int level, BrimRandom *random)
{
    const HeadCase *test = setup->test;
    int channels = test->anchor_count * (5 + test->class_count), padded = (channels + 7) / 8 * 8;
    int h = test->height_px / setup->conf.stride_px[level], w = test->width_px / setup->conf.stride_px[level];
    size_t floats = (size_t)(test->batch * channels * h * w);
    BrimHeadView *plain = &setup->heads[level];
    BrimKernelFeature *head = &setup->args.heads[level];
    *plain = (BrimHeadView){head_take(floats * sizeof(float)), test->batch, channels, h, w, 1};
    setup->dheads[level] = *plain;
    setup->dheads[level].data = head_take(floats * sizeof(float));
    *head = (BrimKernelFeature){NULL, test->batch, channels, h, w, padded, padded, (int32_t)test->type};
    head->data = head_take(head_bytes(head));
    setup->args.dheads[level] = *head;
    setup->args.dheads[level].data = head_take(head_bytes(head));
    for (int i = 0; i < test->batch * channels; i++) {
        for (int cell = 0; cell < h * w; cell++) {
            put(head, i / channels, i % channels, cell, 2 * (float)brim_random_normal(random));
            plain->data[(size_t)i * (size_t)(h * w) + (size_t)cell] =
                head_get(head, i / channels, i % channels, cell);
        }
    }
}

/* One row; grid: cells of the finest level. */
static void fill_target(const HeadSetup *setup, int i, BrimRandom *random, float row[6])
{
    const HeadCase *test = setup->test;
    static const float bad[] = {NAN, -1, 1e30f, INFINITY, 5, -0.25f};
    float grid = (float)setup->heads[0].w;
    for (int k = 0; k < 6; k++)
        row[k] = (float)brim_random_unit(random) * (k < 2 ? 1 : 0.98f) + (k < 2 ? 0 : 0.01f);
    row[0] = (float)brim_random_below(random, (uint32_t)test->batch);
    row[1] = (float)brim_random_below(random, (uint32_t)test->class_count);
    if (test->labels == HEAD_EDGES) { /* halves of cells, both ends included */
        row[2] = (float)brim_random_below(random, 2 * (uint32_t)grid + 1) / (2 * grid);
        row[3] = i % 3 ? (float)(i % 2) : row[3];
    } else if (test->labels == HEAD_CROWDED) {
        row[0] = 0;
        row[2] = row[3] = 0.5f + 0.001f * (float)(i % 7);
        row[4] = row[5] = i % 2 ? 0.3f : 0.31f;
    } else if (i % 2 && (test->labels == HEAD_ABSENT || test->labels == HEAD_NUMBERS)) {
        row[test->labels == HEAD_ABSENT ? i / 2 % 2 : 2 + i / 2 % 4] = bad[i / 12 % 6];
    }
}

static void open_targets(HeadSetup *setup, BrimRandom *random)
{
    setup->target_count = setup->test->target_count;
    setup->targets = head_take(HEAD_CAP * 6 * sizeof(float));
    for (int i = 0; i < HEAD_CAP; i++)
        fill_target(setup, i, random, setup->targets + 6 * i);
    setup->args.targets = setup->targets;
    setup->args.target_count = &setup->target_count;
    setup->args.target_cap = HEAD_CAP;
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

void head_open(HeadSetup *setup, const HeadCase *test)
{
    BrimRandom random = brim_random(5, (uint64_t)(test - head_cases));
    *setup = (HeadSetup){.test = test, .scalars = {.loss_scale = test->loss_scale}};
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
    setup->args.workspace = head_take(setup->workspace_bytes);
}

void head_close(HeadSetup *setup)
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
