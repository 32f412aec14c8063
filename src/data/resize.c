/* OpenCV's bilinear resize, step by step as its arithmetic rounds (modules/imgproc/src/resize.cpp, 4.6); the
 * area average stands in resize_area.c. */
#include "data/resize.h"

#include <math.h>
#include <string.h>

#include "data/resize_area.h"

enum { WEIGHT_ONE = 2048 }; /* INTER_RESIZE_COEF_SCALE */

/* Where a pixel of the result lies between two of the source. */
typedef struct Tap {
    int32_t at;            /* of the first; clamped along x, not along y */
    int16_t first, second; /* weights */
} Tap;

/* Half-pixel centres in the precisions that OpenCV takes: double up to the position, float from there. */
static Tap tap_of(int place, double scale)
{
    float position = (float)((place + 0.5) * scale - 0.5);
    int at = (int)floorf(position);
    float part = position - (float)at;
    return (Tap){at, (int16_t)lrintf((1.0f - part) * WEIGHT_ONE), (int16_t)lrintf(part * WEIGHT_ONE)};
}

/* Byte offsets and weights along a row; past an edge the edge pixel alone counts. */
static void tap_columns(Tap *taps, int from_width, int to_width)
{
    double scale = 1.0 / ((double)to_width / from_width);
    for (int x = 0; x < to_width; x++) {
        Tap tap = tap_of(x, scale);
        if (tap.at < 0)
            tap = (Tap){0, WEIGHT_ONE, 0};
        if (tap.at >= from_width - 1)
            tap = from_width > 1 ? (Tap){from_width - 2, 0, WEIGHT_ONE} : (Tap){0, WEIGHT_ONE, 0};
        tap.at *= 3;
        taps[x] = tap;
    }
}

static void blend_columns(int32_t *restrict row, const uint8_t *restrict from, const Tap *restrict taps,
                          int to_width, int next)
{
    for (int x = 0; x < to_width; x++, row += 3) {
        const uint8_t *pixel = from + taps[x].at;
        int first = taps[x].first, second = taps[x].second;
        row[0] = pixel[0] * first + pixel[next] * second;
        row[1] = pixel[1] * first + pixel[next + 1] * second;
        row[2] = pixel[2] * first + pixel[next + 2] * second;
    }
}

/* The shifts are those of OpenCV's 16-bit multiplications; a single rounding at the end would differ. */
static void blend_rows(uint8_t *restrict to, const int32_t *restrict above, const int32_t *restrict below,
                       int first, int second, int count)
{
    for (int i = 0; i < count; i++)
        to[i] = (uint8_t)((((first * (above[i] >> 4)) >> 16) + ((second * (below[i] >> 4)) >> 16) + 2) >> 2);
}

static int clamp_row(int row, int height)
{
    return row < 0 ? 0 : row >= height ? height - 1 : row;
}

static void resize_linear(const BrimPicture *from, BrimPicture *to, void *scratch)
{
    int width = to->width_px, next = from->width_px > 1 ? 3 : 0;
    size_t from_bytes = (size_t)from->width_px * 3, to_bytes = (size_t)width * 3;
    Tap *taps = scratch;
    int32_t *rows[2] = {(int32_t *)(taps + width), (int32_t *)(taps + width) + to_bytes};
    int held[2] = {-1, -1}; /* which source row lies blended in each of the two */
    double scale = 1.0 / ((double)to->height_px / from->height_px);
    tap_columns(taps, from->width_px, width);
    for (int y = 0; y < to->height_px; y++) {
        Tap tap = tap_of(y, scale);
        int wanted[2] = {clamp_row(tap.at, from->height_px), clamp_row(tap.at + 1, from->height_px)};
        if (held[1] == wanted[0]) {
            int32_t *swap = rows[0];
            rows[0] = rows[1];
            rows[1] = swap;
            held[1] = held[0];
            held[0] = wanted[0];
        }
        for (int i = 0; i < 2; i++) {
            if (held[i] != wanted[i])
                blend_columns(rows[i], from->rgb + (size_t)wanted[i] * from_bytes, taps, width, next);
            held[i] = wanted[i];
        }
        blend_rows(to->rgb + (size_t)y * to_bytes, rows[0], rows[1], tap.first, tap.second, width * 3);
    }
}

size_t brim_resize_scratch_bytes(int from_side_px, int to_side_px)
{
    size_t linear = (size_t)to_side_px * (sizeof(Tap) + 2 * 3 * sizeof(int32_t));
    size_t area = brim_resize_area_scratch_bytes(from_side_px, to_side_px);
    return linear > area ? linear : area;
}

void brim_resize(const BrimPicture *from, BrimPicture *to, BrimResize how, void *scratch)
{
    bool same = from->width_px == to->width_px && from->height_px == to->height_px;
    bool halves = from->width_px == 2 * to->width_px && from->height_px == 2 * to->height_px;
    if (same)
        memcpy(to->rgb, from->rgb, (size_t)to->width_px * (size_t)to->height_px * 3);
    else if (how == BRIM_RESIZE_AREA || halves) /* to OpenCV, too, halving by two pixels is an area's mean */
        brim_resize_area(from, to, scratch);
    else
        resize_linear(from, to, scratch);
}
