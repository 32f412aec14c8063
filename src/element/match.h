/* Which anchors and cells a label is assigned to: YOLOv5 takes the cell of its centre and the nearer
 * neighbours. Labels on a cell's border fall one way or the other by the last bit, so all of this is single
 * precision without fused multiply-add (gcc -ffp-contract=off, nvcc -fmad=false). */
#ifndef BRIM_ELEMENT_MATCH_H
#define BRIM_ELEMENT_MATCH_H

#include <math.h>

#include "element/element.h"

enum { BRIM_MATCH_OFFSETS = 5 }; /* the centre's own cell, left, up, right, down; the order is YOLOv5's */

/* A label in the units of a level. */
typedef struct BrimLabel {
    int image, class_index;
    float x, y, w, h; /* cells */
} BrimLabel;

/* Written so that NaN is refused as well. */
BRIM_ELEMENT int brim_match_below(float value, int count)
{
    return value >= 0 && value < (float)count;
}

/* target: image, class, x, y, w, h (0..1); w and h: of the grid. 0 where the image or the class is not
 * there. */
BRIM_ELEMENT int brim_match_label(const float target[6], int image_count, int class_count, int w, int h,
                                  BrimLabel *label)
{
    if (!brim_match_below(target[0], image_count) || !brim_match_below(target[1], class_count))
        return 0;
    label->image = (int)target[0];
    label->class_index = (int)target[1];
    label->x = target[2] * (float)w;
    label->y = target[3] * (float)h;
    label->w = target[4] * (float)w;
    label->h = target[5] * (float)h;
    return 1;
}

/* Neither side is anchor_t times the anchor's or more, nor the other way round. */
BRIM_ELEMENT int brim_match_anchor(float w, float h, float anchor_w, float anchor_h, float anchor_t)
{
    float rw = w / anchor_w, rh = h / anchor_h;
    return rw < anchor_t && 1.0f / rw < anchor_t && rh < anchor_t && 1.0f / rh < anchor_t;
}

/* The coordinate lies in the first half of its cell, and not in the first cell. */
BRIM_ELEMENT int brim_match_near(float x)
{
    return x > 1.0f && x - floorf(x) < 0.5f;
}

/* The label centred at x, y (in cells) belongs to the cell at this offset as well; w and h: of the grid, in
 * cells. */
BRIM_ELEMENT int brim_match_offset(int offset, float x, float y, int w, int h)
{
    switch (offset) {
    case 0:
        return 1;
    case 1:
        return brim_match_near(x);
    case 2:
        return brim_match_near(y);
    case 3:
        return brim_match_near((float)w - x);
    default:
        return brim_match_near((float)h - y);
    }
}

/* The cell along one axis: half a cell before or after the coordinate, or at it, kept inside the grid
 * whatever comes (a float out of int's range has no cast). */
BRIM_ELEMENT int brim_match_cell(float x, float before, int cells)
{
    float at = x - before;
    return at >= (float)cells ? cells - 1 : at >= 1.0f ? (int)at : 0;
}

BRIM_ELEMENT float brim_match_before_x(int offset)
{
    return offset == 1 ? 0.5f : offset == 3 ? -0.5f : 0.0f;
}

BRIM_ELEMENT float brim_match_before_y(int offset)
{
    return offset == 2 ? 0.5f : offset == 4 ? -0.5f : 0.0f;
}

#endif
