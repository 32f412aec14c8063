/* Where a pixel of a picture resized bilinearly lies between two of the source, as OpenCV rounds it
 * (modules/imgproc/src/resize.cpp, 4.6). */
#ifndef BRIM_ELEMENT_RESIZE_H
#define BRIM_ELEMENT_RESIZE_H

#include <math.h>
#include <stdint.h>

#include "element/element.h"

enum { BRIM_RESIZE_ONE = 2048 }; /* INTER_RESIZE_COEF_SCALE */

typedef struct BrimResizeTap {
    int32_t at;            /* of the first; may lie outside, as the second may */
    int16_t first, second; /* weights */
} BrimResizeTap;

BRIM_ELEMENT double brim_resize_scale(int from_px, int to_px)
{
    return 1.0 / ((double)to_px / from_px);
}

/* Half-pixel centres in the precisions that OpenCV takes: double up to the position, float from there. */
BRIM_ELEMENT BrimResizeTap brim_resize_tap(int place, double scale)
{
    BrimResizeTap tap;
    float position = (float)((place + 0.5) * scale - 0.5);
    tap.at = (int)floorf(position);
    float part = position - (float)tap.at;
    tap.first = (int16_t)lrintf((1.0f - part) * BRIM_RESIZE_ONE);
    tap.second = (int16_t)lrintf(part * BRIM_RESIZE_ONE);
    return tap;
}

/* Along a row, where past an edge the edge pixel alone counts; along a column both neighbours are clamped. */
BRIM_ELEMENT BrimResizeTap brim_resize_column(int place, double scale, int from_px)
{
    BrimResizeTap tap = brim_resize_tap(place, scale);
    if (tap.at < 0 || tap.at >= from_px - 1) {
        int second = tap.at >= from_px - 1 && from_px > 1;
        tap.at = second ? from_px - 2 : 0;
        tap.first = (int16_t)(second ? 0 : BRIM_RESIZE_ONE);
        tap.second = (int16_t)(BRIM_RESIZE_ONE - tap.first);
    }
    return tap;
}

/* Two rows blended along x. The shifts are those of OpenCV's 16-bit multiplications; a single rounding at the
 * end would differ. */
BRIM_ELEMENT uint8_t brim_resize_blend(int above, int below, int first, int second)
{
    return (uint8_t)((((first * (above >> 4)) >> 16) + ((second * (below >> 4)) >> 16) + 2) >> 2);
}

#endif
