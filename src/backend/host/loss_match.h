/* Labels assigned to anchors and cells of one level. */
#ifndef BRIM_BACKEND_HOST_LOSS_MATCH_H
#define BRIM_BACKEND_HOST_LOSS_MATCH_H

#include "backend/host/loss.h"
#include "element/box.h"

typedef struct BrimMatch {
    int32_t image, anchor, y, x, class_index;
    BrimBox box; /* in cells; the centre from the corner of cell y, x */
} BrimMatch;

/* Matches of one level at most: each label with each anchor in every cell that an offset may name. */
size_t brim_match_cap(const BrimHeadConf *conf, int target_cap);

/* The level's matches in YOLOv5's order, which is offset, then anchor, then target; their number. Targets
 * (see brim_loss_run) of an image or class that is not there are passed over. */
int brim_match_level(const BrimHeadConf *conf, int level, const BrimHeadView *head, const float *targets,
                     int target_count, BrimMatch *matches);

#endif
