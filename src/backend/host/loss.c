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
    const BrimHeadView *head;
    const BrimHeadView *dhead; /* NULL: the loss alone is wanted */
    float *aims;               /* n, anchor, y, x: what objectness aims at, the CIoU of the match or 0 */
    float anchors[BRIM_MAX_ANCHORS][2]; /* in cells */
    const BrimMatch *matches;
    int match_count;
    float box_slope, objectness_slope, class_slope; /* of the total, by one term of the sums */
} Level;

/* Adds to the gradient of one logit, where there are gradients. */
static inline void add_slope(const Level *level, int image, int channel, size_t cell, float slope)
{
    if (level->dhead)
        brim_head_channel(level->dhead, image, channel)[cell * level->dhead->block] += slope;
}

/* The CIoU of a matched cell's box; adds the gradient of the box loss. */
static float match_box(const Level *level, const BrimMatch *match, int channel, size_t cell)
{
    const float *anchor = level->anchors[match->anchor];
    float logits[4], slopes[4];
    for (int i = 0; i < 4; i++)
        logits[i] = brim_head_channel(level->head, match->image, channel + i)[cell * level->head->block];
    float iou = brim_box_fit(logits, anchor[0], anchor[1], match->box, -level->box_slope, slopes);
    for (int i = 0; i < 4; i++)
        add_slope(level, match->image, channel + i, cell, slopes[i]);
    return iou;
}

/* The class loss of a matched cell; adds its gradient. */
static double match_classes(const Level *level, const BrimMatch *match, int channel, size_t cell)
{
    const BrimHyper *hyper = &level->conf->hyper;
    double sum = 0;
    for (int c = 0; c < level->conf->class_count; c++) {
        float x = brim_head_channel(level->head, match->image, channel + c)[cell * level->head->block];
        float aim = brim_loss_class_aim(c == match->class_index, hyper->label_smoothing);
        BrimLossTerm term = brim_loss_term((float)hyper->fl_gamma, x, aim, (float)hyper->cls_pw);
        add_slope(level, match->image, channel + c, cell, level->class_slope * term.gradient);
        sum += term.loss;
    }
    return sum;
}

/* The matches of one image, in the list's order: the last one of a cell decides what objectness aims at, as
 * in YOLOv5, while the gradients of all of them add up. */
static void image_matches(const Level *level, int image, float *aims, Sums *sums)
{
    int class_count = level->conf->class_count;
    size_t cells = (size_t)level->head->h * level->head->w;
    for (int i = 0; i < level->match_count; i++) {
        const BrimMatch *match = &level->matches[i];
        if (match->image != image)
            continue;
        int channel = match->anchor * (5 + class_count);
        size_t cell = (size_t)match->y * level->head->w + match->x;
        float iou = match_box(level, match, channel, cell);
        sums->box += 1.0f - iou;
        aims[match->anchor * cells + cell] = iou < 0 ? 0.0f : iou;
        if (class_count > 1)
            sums->classes += match_classes(level, match, channel + 5, cell);
    }
}

/* Objectness of every cell of one anchor: its sum; writes its gradient. */
static double anchor_objectness(const Level *level, int image, int anchor, const float *aims)
{
    const BrimHyper *hyper = &level->conf->hyper;
    float positive_weight = (float)hyper->obj_pw, gamma = (float)hyper->fl_gamma;
    int channel = anchor * (5 + level->conf->class_count) + 4;
    size_t cells = (size_t)level->head->h * level->head->w, step = level->head->block;
    const float *x = brim_head_channel(level->head, image, channel);
    float *slope = level->dhead ? brim_head_channel(level->dhead, image, channel) : NULL;
    double sum = 0;
    for (size_t cell = 0; cell < cells; cell++) {
        BrimLossTerm term = brim_loss_term(gamma, x[cell * step], aims[cell], positive_weight);
        sum += term.loss;
        if (slope)
            slope[cell * step] = level->objectness_slope * term.gradient;
    }
    return sum;
}

static void run_image(const Level *level, int image, Sums *sums)
{
    size_t cells = (size_t)level->head->h * level->head->w;
    size_t anchor_count = level->conf->anchor_count, image_floats = brim_head_image_floats(level->head);
    float *aims = level->aims + anchor_count * cells * image;
    *sums = (Sums){0};
    memset(aims, 0, anchor_count * cells * sizeof *aims);
    if (level->dhead)
        memset(level->dhead->data + image_floats * image, 0, image_floats * sizeof(float));
    image_matches(level, image, aims, sums);
    for (size_t anchor = 0; anchor < anchor_count; anchor++)
        sums->objectness += anchor_objectness(level, image, (int)anchor, aims + anchor * cells);
}

/* The workspace's parts: where each begins, and where the last one ends. */
typedef struct Room {
    size_t sums, aims, end;
} Room;

static Room lay_out(const BrimHeadConf *conf, const BrimHeadView *heads, int target_cap)
{
    size_t most_cells = 0;
    for (int i = 0; i < conf->level_count; i++) {
        size_t cells = (size_t)heads[i].n * conf->anchor_count * heads[i].h * heads[i].w;
        most_cells = cells > most_cells ? cells : most_cells;
    }
    Room room;
    room.sums = (brim_match_cap(conf, target_cap) * sizeof(BrimMatch) + 63) / 64 * 64;
    room.aims = room.sums + (heads[0].n * sizeof(Sums) + 63) / 64 * 64;
    room.end = room.aims + most_cells * sizeof(float);
    return room;
}

size_t brim_loss_workspace_bytes(const BrimHeadConf *conf, const BrimHeadView *heads, int target_cap)
{
    return lay_out(conf, heads, target_cap).end;
}

/* Runs one level and adds its loss, with gains, to box, objectness and classes. */
static void add_level(const BrimHeadConf *conf, int index, float loss_scale, Level *level, Sums *images,
                      double losses[3])
{
    const BrimHyper *hyper = &conf->hyper;
    int batch = level->head->n;
    double cells = (double)batch * conf->anchor_count * level->head->h * level->head->w;
    double objectness = hyper->obj * brim_loss_balance(conf->level_count, index);
    BrimLossGains gains = brim_loss_gains(hyper->box, objectness, hyper->cls, cells, level->match_count,
                                          conf->class_count);
    level->box_slope = (float)(batch * gains.box) * loss_scale;
    level->objectness_slope = (float)(batch * gains.objectness) * loss_scale;
    level->class_slope = (float)(batch * gains.classes) * loss_scale;
    for (int anchor = 0; anchor < conf->anchor_count; anchor++) {
        level->anchors[anchor][0] = conf->anchors_px[index][anchor][0] / (float)conf->stride_px[index];
        level->anchors[anchor][1] = conf->anchors_px[index][anchor][1] / (float)conf->stride_px[index];
    }
#pragma omp parallel for schedule(dynamic)
    for (int image = 0; image < batch; image++)
        run_image(level, image, &images[image]);
    for (int image = 0; image < batch; image++) {
        losses[0] += gains.box * images[image].box;
        losses[1] += gains.objectness * images[image].objectness;
        losses[2] += gains.classes * images[image].classes;
    }
}

void brim_loss_run(const BrimHeadConf *conf, const BrimHeadView *heads, const float *targets,
                   int target_count, int target_cap, void *workspace, float items[4],
                   float loss_scale, const BrimHeadView *dheads)
{
    Room room = lay_out(conf, heads, target_cap);
    BrimMatch *matches = workspace;
    Sums *images = (Sums *)((char *)workspace + room.sums);
    float *aims = (float *)((char *)workspace + room.aims);
    double losses[3] = {0};
    if (target_count > target_cap)
        target_count = target_cap;
    for (int i = 0; i < conf->level_count; i++) {
        Level level = {.conf = conf, .head = &heads[i], .matches = matches, .aims = aims};
        level.dhead = dheads ? &dheads[i] : NULL;
        level.match_count = brim_match_level(conf, i, &heads[i], targets, target_count, matches);
        add_level(conf, i, loss_scale, &level, images, losses);
    }
    for (int i = 0; i < 3; i++)
        items[i] = (float)losses[i];
    items[3] = (float)(heads[0].n * (losses[0] + losses[1] + losses[2]));
}
