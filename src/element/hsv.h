/* One pixel's way to OpenCV's 8-bit HSV, in its fixed point, and back in float. */
#ifndef BRIM_ELEMENT_HSV_H
#define BRIM_ELEMENT_HSV_H

#include <math.h>
#include <stdint.h>

#include "element/element.h"

enum {
    BRIM_HSV_HUES = 180, /* OpenCV halves degrees to fit a byte */
    BRIM_HSV_SHIFT = 12, /* hsv_shift, modules/imgproc/src/color_hsv */
    BRIM_HSV_HALF = 1 << (BRIM_HSV_SHIFT - 1)
};

/* What becomes of each hue (below BRIM_HSV_HUES), saturation and value. */
typedef struct BrimHsvTables {
    uint8_t hue[256], saturation[256], value[256];
} BrimHsvTables;

/* numerator / value rounded, 0 for 0, as OpenCV has it in tables. No quotient of those below ends in a half.
 */
BRIM_ELEMENT int brim_hsv_reciprocal(int numerator, int value)
{
    return value > 0 ? (2 * numerator + value) / (2 * value) : 0;
}

BRIM_ELEMENT int brim_hsv_hue_reciprocal(int range)
{
    return brim_hsv_reciprocal((BRIM_HSV_HUES << BRIM_HSV_SHIFT) / 6, range);
}

BRIM_ELEMENT int brim_hsv_saturation_reciprocal(int value)
{
    return brim_hsv_reciprocal(255 << BRIM_HSV_SHIFT, value);
}

/* What hue and saturation are made of. */
typedef struct BrimHsvParts {
    int value, range; /* the most of R, G and B, and how far it lies above the least */
    int turn;         /* along the circle, in sixths of 1 / range */
} BrimHsvParts;

BRIM_ELEMENT BrimHsvParts brim_hsv_parts(int r, int g, int b)
{
    BrimHsvParts parts;
    int high = r > g ? r : g, low = r < g ? r : g;
    high = high > b ? high : b;
    low = low < b ? low : b;
    parts.value = high;
    parts.range = high - low;
    parts.turn = high == r ? g - b : high == g ? b - r + 2 * parts.range : r - g + 4 * parts.range;
    return parts;
}

/* reciprocal: brim_hsv_hue_reciprocal(parts.range) */
BRIM_ELEMENT int brim_hsv_hue(BrimHsvParts parts, int reciprocal)
{
    int hue = (parts.turn * reciprocal + BRIM_HSV_HALF) >> BRIM_HSV_SHIFT;
    return hue < 0 ? hue + BRIM_HSV_HUES : hue;
}

/* reciprocal: brim_hsv_saturation_reciprocal(parts.value) */
BRIM_ELEMENT int brim_hsv_saturation(BrimHsvParts parts, int reciprocal)
{
    return (parts.range * reciprocal + BRIM_HSV_HALF) >> BRIM_HSV_SHIFT;
}

/* How far a colour (0 R, 1 G, 2 B) sinks from the value at full saturation: by the hue's distance from where
 * it is full; sixths of the circle as OpenCV's sectors. */
BRIM_ELEMENT float brim_hsv_sink(int hue, int colour)
{
    float sixth = (float)hue * (6.0f / BRIM_HSV_HUES);
    float away = fabsf(sixth - 2.0f * (float)colour);
    away = away > 3.0f ? 6.0f - away : away;
    return fminf(fmaxf(away - 1.0f, 0.0f), 1.0f);
}

BRIM_ELEMENT uint8_t brim_hsv_colour(float sink, int saturation, int value)
{
    float most = (float)value, sunk = most * (float)saturation * (1.0f / 255.0f);
    return (uint8_t)(most - sunk * sink + 0.5f);
}

#endif
