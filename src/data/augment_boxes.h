/* Labels as boxes in pixels, on their way through the augmentation. */
#ifndef BRIM_DATA_AUGMENT_BOXES_H
#define BRIM_DATA_AUGMENT_BOXES_H

#include "data/augment_warp.h"
#include "data/labels.h"

typedef struct BrimPixelBox {
    float class_index;
    float x1, y1, x2, y2; /* px */
} BrimPixelBox;

/* A label on a picture of the given sides that lies at pad in a larger one. */
BrimPixelBox brim_box_to_pixels(const BrimLabel *label, double width_px, double height_px, double pad_x_px,
                                double pad_y_px);

/* Back to fractions, cut to the picture (less 0.001 px at the right and lower edge, as YOLOv5 does). */
BrimLabel brim_box_to_label(const BrimPixelBox *box, int width_px, int height_px);

void brim_box_clip(BrimPixelBox *box, double width_px, double height_px);

/* The least upright box around a warped one, cut to the result's sides. */
BrimPixelBox brim_box_warp(const BrimPixelBox *box, const BrimWarp *warp, int width_px, int height_px);

/* Whether enough is left of a box after the warp: over 2 px a side, over a tenth of its area, not thinner
 * than 1:100. before is scaled by the warp's scale. */
bool brim_box_worth_keeping(const BrimPixelBox *before, const BrimPixelBox *after, double scale);

/* Warps boxes in place, drops those not worth keeping, and returns how many are left. */
int brim_boxes_warp(BrimPixelBox *boxes, int count, const BrimWarp *warp, int width_px, int height_px);

#endif
