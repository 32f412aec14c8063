/* Where a pixel of a warped picture comes from, as OpenCV's warpAffine and warpPerspective round it: to 1/32
 * px. */
#ifndef BRIM_ELEMENT_WARP_H
#define BRIM_ELEMENT_WARP_H

#include <limits.h>
#include <math.h>
#include <stdint.h>

#include "element/element.h"

enum {
    BRIM_WARP_FRACTION_BITS = 5, /* INTER_BITS */
    BRIM_WARP_FRACTIONS = 1 << BRIM_WARP_FRACTION_BITS,
    BRIM_WARP_AFFINE_BITS = 10, /* of the affine coordinates before they are cut to the above */
    BRIM_WARP_AFFINE_ONE = 1 << BRIM_WARP_AFFINE_BITS,
    BRIM_WARP_AFFINE_CUT = BRIM_WARP_AFFINE_BITS - BRIM_WARP_FRACTION_BITS,
    BRIM_WARP_AFFINE_HALF = 1 << (BRIM_WARP_AFFINE_CUT - 1),
    BRIM_WARP_GREY = 114 /* of what lies outside: the letterbox's */
};

/* A place of the result, (x, y, 1), times m is one of the source; divided by the third where perspective is
 * set.
 */
typedef struct BrimWarpBack {
    double m[3][3];
    int32_t perspective;
} BrimWarpBack;

/* In 1/32 px of the source. */
typedef struct BrimWarpPlace {
    int32_t x, y;
} BrimWarpPlace;

/* Rounded, and held to what an int can say; plain comparisons, since this runs twice a pixel. */
BRIM_ELEMENT int brim_warp_round(double value)
{
    value = value > INT_MAX / 2 ? INT_MAX / 2 : value;
    value = value < INT_MIN / 2 ? INT_MIN / 2 : value;
    return (int)lrint(value);
}

/* Of an affine warp a place is a row's part and a column's, each rounded, as OpenCV tabulates them. Parts are
 * in 1 / BRIM_WARP_AFFINE_ONE px. */
BRIM_ELEMENT BrimWarpPlace brim_warp_affine_row(const BrimWarpBack *back, int y)
{
    BrimWarpPlace part;
    part.x =
        brim_warp_round((back->m[0][1] * y + back->m[0][2]) * BRIM_WARP_AFFINE_ONE) + BRIM_WARP_AFFINE_HALF;
    part.y =
        brim_warp_round((back->m[1][1] * y + back->m[1][2]) * BRIM_WARP_AFFINE_ONE) + BRIM_WARP_AFFINE_HALF;
    return part;
}

BRIM_ELEMENT BrimWarpPlace brim_warp_affine_column(const BrimWarpBack *back, int x)
{
    BrimWarpPlace part;
    part.x = brim_warp_round(back->m[0][0] * x * BRIM_WARP_AFFINE_ONE);
    part.y = brim_warp_round(back->m[1][0] * x * BRIM_WARP_AFFINE_ONE);
    return part;
}

BRIM_ELEMENT BrimWarpPlace brim_warp_affine_place(BrimWarpPlace row, BrimWarpPlace column)
{
    BrimWarpPlace place;
    place.x = (row.x + column.x) >> BRIM_WARP_AFFINE_CUT;
    place.y = (row.y + column.y) >> BRIM_WARP_AFFINE_CUT;
    return place;
}

BRIM_ELEMENT BrimWarpPlace brim_warp_perspective_place(const BrimWarpBack *back, int x, int y)
{
    BrimWarpPlace place;
    double w = back->m[2][0] * x + back->m[2][1] * y + back->m[2][2];
    w = w != 0 ? BRIM_WARP_FRACTIONS / w : 0;
    place.x = brim_warp_round((back->m[0][0] * x + back->m[0][1] * y + back->m[0][2]) * w);
    place.y = brim_warp_round((back->m[1][0] * x + back->m[1][1] * y + back->m[1][2]) * w);
    return place;
}

/* Of four neighbours, the upper two first, at so many 1/32 px to the right and below. */
BRIM_ELEMENT int brim_warp_blend(int a, int b, int c, int d, int right, int below)
{
    int above = a * (BRIM_WARP_FRACTIONS - right) + b * right;
    int under = c * (BRIM_WARP_FRACTIONS - right) + d * right;
    return (above * (BRIM_WARP_FRACTIONS - below) + under * below +
            BRIM_WARP_FRACTIONS * BRIM_WARP_FRACTIONS / 2) >>
           (2 * BRIM_WARP_FRACTION_BITS);
}

#endif
