/* AutoAnchor: whether a model's anchors fit the data, and others where they do not. */
#ifndef BRIM_RUN_ANCHORS_H
#define BRIM_RUN_ANCHORS_H

#include "conf/hyper.h"
#include "conf/model.h"
#include "data/labels.h"

/* Replaces the model's anchors when their best possible recall is at most 0.98 and those found have a better
 * one; says in one line how it is. Labels are measured on pictures scaled by 0.9 to 1.1, drawn from the seed.
 */
BrimStatus brim_anchors_fit(BrimModel *model, const BrimSplit *split, const BrimHyper *hyper, int imgsz_px,
                            uint64_t seed, BrimListener listener, void *self);

#endif
