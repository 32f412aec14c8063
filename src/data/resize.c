/* OpenCV's bilinear resize, as element/resize.h rounds it; the area average stands in resize_area.c. */
#include "data/resize.h"

#include <string.h>

#include "data/resize_area.h"
#include "element/resize.h"

/* Byte offsets and weights along a row. */
static void tap_columns(BrimResizeTap *taps, int from_width, int to_width)
{
    double scale = brim_resize_scale(from_width, to_width);
    for (int x = 0; x < to_width; x++) {
        taps[x] = brim_resize_column(x, scale, from_width);
        taps[x].at *= 3;
    }
}

static void blend_columns(int32_t *restrict row, const uint8_t *restrict from,
                          const BrimResizeTap *restrict taps, int to_width, int next)
{
    for (int x = 0; x < to_width; x++, row += 3) {
        const uint8_t *pixel = from + taps[x].at;
        int first = taps[x].first, second = taps[x].second;
        row[0] = pixel[0] * first + pixel[next] * second;
        row[1] = pixel[1] * first + pixel[next + 1] * second;
        row[2] = pixel[2] * first + pixel[next + 2] * second;
    }
}

static void blend_rows(uint8_t *restrict to, const int32_t *restrict above, const int32_t *restrict below,
                       int first, int second, int count)
{
    for (int i = 0; i < count; i++)
        to[i] = brim_resize_blend(above[i], below[i], first, second);
}

static int clamp_row(int row, int height)
{
    return row < 0 ? 0 : row >= height ? height - 1 : row;
}

static void resize_linear(const BrimPicture *from, BrimPicture *to, void *scratch)
{
    int width = to->width_px, next = from->width_px > 1 ? 3 : 0;
    size_t from_bytes = (size_t)from->width_px * 3, to_bytes = (size_t)width * 3;
    BrimResizeTap *taps = scratch;
    int32_t *rows[2] = {(int32_t *)(taps + width), (int32_t *)(taps + width) + to_bytes};
    int held[2] = {-1, -1}; /* which source row lies blended in each of the two */
    double scale = brim_resize_scale(from->height_px, to->height_px);
    tap_columns(taps, from->width_px, width);
    for (int y = 0; y < to->height_px; y++) {
        BrimResizeTap tap = brim_resize_tap(y, scale);
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
    size_t linear = (size_t)to_side_px * (sizeof(BrimResizeTap) + 2 * 3 * sizeof(int32_t));
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
