/* Boxes of a head: logits to a box, and the complete IoU (CIoU) of two boxes with its gradient. */
#ifndef BRIM_ELEMENT_BOX_H
#define BRIM_ELEMENT_BOX_H

#include <math.h>

#include "element/loss.h"

#define BRIM_BOX_EPS 1e-7f /* bbox_iou, utils/metrics.py */

/* Centre and size. */
typedef struct BrimBox {
    float x, y, w, h;
} BrimBox;

/* The centre's offset from the cell's corner, -0.5..1.5 cells, and a side, 0..4 anchors; of the logit's
 * sigmoid. */
BRIM_ELEMENT float brim_box_centre(float sigmoid)
{
    return sigmoid * 2.0f - 0.5f;
}

BRIM_ELEMENT float brim_box_side(float sigmoid, float anchor)
{
    float twice = sigmoid * 2.0f;
    return twice * twice * anchor;
}

BRIM_ELEMENT float brim_box_centre_slope(float sigmoid)
{
    return 2.0f * sigmoid * (1.0f - sigmoid);
}

BRIM_ELEMENT float brim_box_side_slope(float sigmoid, float anchor)
{
    return 8.0f * sigmoid * sigmoid * (1.0f - sigmoid) * anchor;
}

/* How the overlap and the hull of two intervals lie along one axis, and how both move when box a's ends do.
 * Where ends coincide each takes half of the slope, as autograd shares it. */
typedef struct BrimSpan {
    float overlap, hull;
    float overlap_low, overlap_high; /* d overlap / d a's low and high end */
    float hull_low, hull_high;
} BrimSpan;

BRIM_ELEMENT BrimSpan brim_box_span(float a_low, float a_high, float b_low, float b_high)
{
    float high_inside = a_high < b_high ? 1.0f : a_high == b_high ? 0.5f : 0.0f;
    float low_inside = a_low > b_low ? 1.0f : a_low == b_low ? 0.5f : 0.0f;
    float overlap = fminf(a_high, b_high) - fmaxf(a_low, b_low);
    BrimSpan span;
    span.overlap = overlap < 0 ? 0.0f : overlap;
    span.overlap_high = overlap < 0 ? 0.0f : high_inside;
    span.overlap_low = overlap < 0 ? 0.0f : -low_inside;
    span.hull = fmaxf(a_high, b_high) - fminf(a_low, b_low);
    span.hull_high = 1.0f - high_inside;
    span.hull_low = low_inside - 1.0f;
    return span;
}

/* The CIoU of box a and box b, and its gradient by a's x, y, w, h. The weight of the aspect term is held
 * constant in the gradient, as the CIoU paper and YOLOv5 do. */
BRIM_ELEMENT float brim_box_ciou(BrimBox a, BrimBox b, BrimBox *gradient)
{
    BrimSpan sx = brim_box_span(a.x - a.w / 2, a.x + a.w / 2, b.x - b.w / 2, b.x + b.w / 2);
    BrimSpan sy = brim_box_span(a.y - a.h / 2, a.y + a.h / 2, b.y - b.h / 2, b.y + b.h / 2);
    float overlap = sx.overlap * sy.overlap;
    float both = a.w * a.h + b.w * b.h - overlap + BRIM_BOX_EPS;
    float iou = overlap / both;

    float diagonal = sx.hull * sx.hull + sy.hull * sy.hull + BRIM_BOX_EPS; /* squared */
    float apart_x = b.x - a.x, apart_y = b.y - a.y;
    float distance = (apart_x * apart_x + apart_y * apart_y) / diagonal;

    const float four_by_pi2 = 0.405284734569351f;
    float turn = atanf(b.w / b.h) - atanf(a.w / a.h);
    float aspect = four_by_pi2 * turn * turn;
    float aspect_weight = aspect / (aspect - iou + (1.0f + BRIM_BOX_EPS));

    float by_overlap = (1.0f + iou) / both;
    float by_area = -iou / both;
    float by_hull = 2.0f * distance / diagonal;
    float by_ratio = 2.0f * aspect_weight * four_by_pi2 * turn / (a.w * a.w + a.h * a.h);

    float low_x = by_overlap * sy.overlap * sx.overlap_low + by_hull * sx.hull * sx.hull_low;
    float high_x = by_overlap * sy.overlap * sx.overlap_high + by_hull * sx.hull * sx.hull_high;
    float low_y = by_overlap * sx.overlap * sy.overlap_low + by_hull * sy.hull * sy.hull_low;
    float high_y = by_overlap * sx.overlap * sy.overlap_high + by_hull * sy.hull * sy.hull_high;
    gradient->x = low_x + high_x + 2.0f * apart_x / diagonal;
    gradient->y = low_y + high_y + 2.0f * apart_y / diagonal;
    gradient->w = (high_x - low_x) / 2 + by_area * a.h + by_ratio * a.h;
    gradient->h = (high_y - low_y) / 2 + by_area * a.w - by_ratio * a.w;
    return iou - (distance + aspect * aspect_weight);
}

/* The CIoU of the box that four logits make with the one it should be, both in cells from the cell's corner;
 * gradient: by the logits, times `slope`. */
BRIM_ELEMENT float brim_box_fit(const float logits[4], float anchor_w, float anchor_h, BrimBox aim,
                                float slope, float gradient[4])
{
    float x = brim_sigmoid(logits[0]), y = brim_sigmoid(logits[1]);
    float w = brim_sigmoid(logits[2]), h = brim_sigmoid(logits[3]);
    BrimBox box, by;
    box.x = brim_box_centre(x);
    box.y = brim_box_centre(y);
    box.w = brim_box_side(w, anchor_w);
    box.h = brim_box_side(h, anchor_h);
    float iou = brim_box_ciou(box, aim, &by);
    gradient[0] = slope * by.x * brim_box_centre_slope(x);
    gradient[1] = slope * by.y * brim_box_centre_slope(y);
    gradient[2] = slope * by.w * brim_box_side_slope(w, anchor_w);
    gradient[3] = slope * by.h * brim_box_side_slope(h, anchor_h);
    return iou;
}

/* One of a prediction's x, y, w, h in px, from its logit's sigmoid. anchor_px: its w, then its h. */
BRIM_ELEMENT float brim_box_decode(int column, float sigmoid, int x, int y, float stride_px,
                                   const float anchor_px[2])
{
    return column < 2 ? (brim_box_centre(sigmoid) + (float)(column ? y : x)) * stride_px
                      : brim_box_side(sigmoid, anchor_px[column - 2]);
}

#endif
