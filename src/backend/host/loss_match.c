/* The assignment of labels to cells; its arithmetic is in element/match.h. */
#include "backend/host/loss_match.h"

#include "element/match.h"

size_t brim_match_cap(const BrimHeadConf *conf, int target_cap)
{
    return (size_t)BRIM_MATCH_OFFSETS * conf->anchor_count * target_cap;
}

static BrimMatch match_of(const BrimLabel *label, int anchor, int offset, const BrimHeadView *head)
{
    BrimMatch match = {.image = label->image, .anchor = anchor, .class_index = label->class_index};
    match.x = brim_match_cell(label->x, brim_match_before_x(offset), head->w);
    match.y = brim_match_cell(label->y, brim_match_before_y(offset), head->h);
    match.box = (BrimBox){label->x - (float)match.x, label->y - (float)match.y, label->w, label->h};
    return match;
}

int brim_match_level(const BrimHeadConf *conf, int level, const BrimHeadView *head, const float *targets,
                     int target_count, BrimMatch *matches)
{
    float stride = (float)conf->stride_px[level];
    float anchor_t = (float)conf->hyper.anchor_t;
    int count = 0;
    for (int offset = 0; offset < BRIM_MATCH_OFFSETS; offset++) {
        for (int anchor = 0; anchor < conf->anchor_count; anchor++) {
            float anchor_w = conf->anchors_px[level][anchor][0] / stride;
            float anchor_h = conf->anchors_px[level][anchor][1] / stride;
            for (int i = 0; i < target_count; i++) {
                BrimLabel label;
                if (brim_match_label(targets + 6 * (size_t)i, head->n, conf->class_count, head->w, head->h,
                                     &label) &&
                    brim_match_offset(offset, label.x, label.y, head->w, head->h) &&
                    brim_match_anchor(label.w, label.h, anchor_w, anchor_h, anchor_t))
                    matches[count++] = match_of(&label, anchor, offset, head);
            }
        }
    }
    return count;
}
