/* Box, objectness and class loss of all levels. Images are dealt to threads; each leaves its sums behind,
 * which are added in the images' order. */
#include "backend/host/loss.h"

#include <string.h>

#include "backend/host/loss_head.h"
#include "backend/host/loss_match.h"

/* Sums of one image at one level, before means and gains. */
typedef struct Sums {
    double box, objectness, classes;
} Sums;

/* What all images of a level share. */
typedef struct Level {
    const BrimHeadConf *conf;
    const BrimHeadView *head, *dhead;
    float anchors[BRIM_MAX_ANCHORS][2]; /* in cells */
    const BrimMatch *matches;
    int match_count;
    float box_slope, objectness_slope, class_slope; /* of the total, by one term of the sums */
} Level;

/* How much the levels' objectness counts: YOLOv5's values for three levels (P3 to P5) and for other numbers
 * (from P3). */
static double level_balance(int level_count, int level)
{
    static const double three[] = {4.0, 1.0, 0.4}, others[] = {4.0, 1.0, 0.25, 0.06, 0.02};
    return level_count == 3 ? three[level] : others[level];
}

static inline BrimLossTerm loss_term(float gamma, float x, float target, float positive_weight)
{
    return gamma > 0 ? brim_focal_cross_entropy(x, target, positive_weight, gamma)
                     : brim_cross_entropy(x, target, positive_weight);
}

/* The CIoU of a matched cell's box; adds the gradient of the box loss. */
static float match_box(const Level *level, const BrimMatch *match, int channel, size_t at)
{
    const float *anchor = level->anchors[match->anchor];
    float sigmoid[4], *slope[4];
    for (int i = 0; i < 4; i++) {
        sigmoid[i] = brim_sigmoid(brim_head_channel(level->head, match->image, channel + i)[at]);
        slope[i] = brim_head_channel(level->dhead, match->image, channel + i) + at;
    }
    BrimBox box = {brim_box_centre(sigmoid[0]), brim_box_centre(sigmoid[1]),
                   brim_box_side(sigmoid[2], anchor[0]), brim_box_side(sigmoid[3], anchor[1])};
    BrimBox by;
    float iou = brim_box_ciou(box, match->box, &by);
    *slope[0] -= level->box_slope * by.x * brim_box_centre_slope(sigmoid[0]);
    *slope[1] -= level->box_slope * by.y * brim_box_centre_slope(sigmoid[1]);
    *slope[2] -= level->box_slope * by.w * brim_box_side_slope(sigmoid[2], anchor[0]);
    *slope[3] -= level->box_slope * by.h * brim_box_side_slope(sigmoid[3], anchor[1]);
    return iou;
}

/* The class loss of a matched cell; adds its gradient. */
static double match_classes(const Level *level, const BrimMatch *match, int channel, size_t at)
{
    const BrimHyper *hyper = &level->conf->hyper;
    float yes = (float)(1.0 - 0.5 * hyper->label_smoothing), no = (float)(0.5 * hyper->label_smoothing);
    float gamma = (float)hyper->fl_gamma;
    double sum = 0;
    for (int c = 0; c < level->conf->class_count; c++) {
        float x = brim_head_channel(level->head, match->image, channel + c)[at];
        BrimLossTerm term = loss_term(gamma, x, c == match->class_index ? yes : no, (float)hyper->cls_pw);
        brim_head_channel(level->dhead, match->image, channel + c)[at] += level->class_slope * term.gradient;
        sum += term.loss;
    }
    return sum;
}

/* The matches of one image, in the list's order. A match leaves its IoU, the target of objectness, where the
 * gradient of objectness will be: the last of a cell stands, as in YOLOv5. */
static void image_matches(const Level *level, int image, Sums *sums)
{
    const BrimHeadConf *conf = level->conf;
    for (int i = 0; i < level->match_count; i++) {
        const BrimMatch *match = &level->matches[i];
        if (match->image != image)
            continue;
        int channel = match->anchor * (5 + conf->class_count);
        size_t at = ((size_t)match->y * level->head->w + match->x) * level->head->block;
        float iou = match_box(level, match, channel, at);
        sums->box += 1.0f - iou;
        brim_head_channel(level->dhead, image, channel + 4)[at] = iou < 0 ? 0.0f : iou;
        if (conf->class_count > 1)
            sums->classes += match_classes(level, match, channel + 5, at);
    }
}

/* Objectness of every cell of one image; its targets lie where the gradient is written. */
static void image_objectness(const Level *level, int image, Sums *sums)
{
    const BrimHyper *hyper = &level->conf->hyper;
    float positive_weight = (float)hyper->obj_pw, gamma = (float)hyper->fl_gamma;
    double sum = 0;
    size_t block = level->head->block, end = (size_t)level->head->h * level->head->w * block;
    for (int anchor = 0; anchor < level->conf->anchor_count; anchor++) {
        int channel = anchor * (5 + level->conf->class_count) + 4;
        const float *x = brim_head_channel(level->head, image, channel);
        float *target = brim_head_channel(level->dhead, image, channel);
        for (size_t i = 0; i < end; i += block) {
            BrimLossTerm term = loss_term(gamma, x[i], target[i], positive_weight);
            sum += term.loss;
            target[i] = level->objectness_slope * term.gradient;
        }
    }
    sums->objectness = sum;
}

static void run_level(const Level *level, Sums *images)
{
    size_t image_floats = brim_head_image_floats(level->dhead);
#pragma omp parallel for schedule(dynamic)
    for (int image = 0; image < level->head->n; image++) {
        memset(level->dhead->data + image_floats * image, 0, image_floats * sizeof(float));
        images[image] = (Sums){0};
        image_matches(level, image, &images[image]);
        image_objectness(level, image, &images[image]);
    }
}

/* The matches stand in front of the images' sums. */
static size_t matches_bytes(const BrimHeadConf *conf, int target_cap)
{
    return (brim_match_cap(conf, target_cap) * sizeof(BrimMatch) + 63) / 64 * 64;
}

size_t brim_loss_workspace_bytes(const BrimHeadConf *conf, const BrimHeadView *heads, int target_cap)
{
    return matches_bytes(conf, target_cap) + (size_t)heads[0].n * sizeof(Sums);
}

/* Runs one level and adds its loss, with gains, to box, objectness and classes. */
static void add_level(const BrimHeadConf *conf, int index, Level *level, Sums *images, double losses[3])
{
    const BrimHyper *hyper = &conf->hyper;
    int batch = level->head->n;
    double cells = (double)batch * conf->anchor_count * level->head->h * level->head->w;
    double matches = level->match_count ? level->match_count : 1;
    double box_gain = hyper->box / matches;
    double objectness_gain = hyper->obj * level_balance(conf->level_count, index) / cells;
    double class_gain = hyper->cls / (matches * conf->class_count);
    level->box_slope = (float)(batch * box_gain);
    level->objectness_slope = (float)(batch * objectness_gain);
    level->class_slope = (float)(batch * class_gain);
    for (int anchor = 0; anchor < conf->anchor_count; anchor++) {
        level->anchors[anchor][0] = conf->anchors_px[index][anchor][0] / (float)conf->stride_px[index];
        level->anchors[anchor][1] = conf->anchors_px[index][anchor][1] / (float)conf->stride_px[index];
    }
    run_level(level, images);
    for (int image = 0; image < batch; image++) {
        losses[0] += box_gain * images[image].box;
        losses[1] += objectness_gain * images[image].objectness;
        losses[2] += class_gain * images[image].classes;
    }
}

void brim_loss_run(const BrimHeadConf *conf, const BrimHeadView *heads, const float *targets,
                   int target_count, int target_cap, void *workspace, float items[4],
                   const BrimHeadView *dheads)
{
    BrimMatch *matches = workspace;
    Sums *images = (Sums *)((char *)workspace + matches_bytes(conf, target_cap));
    double losses[3] = {0};
    if (target_count > target_cap)
        target_count = target_cap;
    for (int i = 0; i < conf->level_count; i++) {
        Level level = {.conf = conf, .head = &heads[i], .dhead = &dheads[i], .matches = matches};
        level.match_count = brim_match_level(conf, i, &heads[i], targets, target_count, matches);
        add_level(conf, i, &level, images, losses);
    }
    for (int i = 0; i < 3; i++)
        items[i] = (float)losses[i];
    items[3] = (float)(heads[0].n * (losses[0] + losses[1] + losses[2]));
}
