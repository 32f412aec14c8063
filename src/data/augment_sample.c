/* Sampling as OpenCV's warpAffine and warpPerspective sample: bilinear at places of 1/32 px (element/warp.h),
 * weights in whole numbers. Weights are products of a part along x and a part along y, so where rows stay
 * level (no rotation and no shear, as by default) rows are blended first along x, then with each other, to
 * the same bits and in less time. */
#include <string.h>

#include "data/augment_warp.h"
#include "data/letterbox.h"

enum { FRACTION_BITS = BRIM_WARP_FRACTION_BITS, FRACTIONS = BRIM_WARP_FRACTIONS };

/* A pixel whose four neighbours are not all inside; each that is outside counts as grey. */
static void sample_edge(uint8_t *to, const BrimPicture *from, int x, int y, const int weights[4])
{
    for (int c = 0; c < 3; c++) {
        int sum = FRACTIONS * FRACTIONS / 2;
        for (int i = 0; i < 4; i++) {
            int at_x = x + (i & 1), at_y = y + (i >> 1);
            bool inside = at_x >= 0 && at_y >= 0 && at_x < from->width_px && at_y < from->height_px;
            size_t at = inside ? ((size_t)at_y * (size_t)from->width_px + (size_t)at_x) * 3 + (size_t)c : 0;
            sum += weights[i] * (inside ? from->rgb[at] : BRIM_LETTERBOX_GREY);
        }
        to[c] = (uint8_t)(sum >> (2 * FRACTION_BITS));
    }
}

/* One pixel at coordinates in 1/32 px. */
static inline void sample(uint8_t *to, const BrimPicture *from, int x_32, int y_32)
{
    int x = x_32 >> FRACTION_BITS, y = y_32 >> FRACTION_BITS;
    int right = x_32 & (FRACTIONS - 1), below = y_32 & (FRACTIONS - 1);
    int weights[4] = {(FRACTIONS - right) * (FRACTIONS - below), right * (FRACTIONS - below),
                      (FRACTIONS - right) * below, right * below};
    if ((unsigned)x < (unsigned)(from->width_px - 1) && (unsigned)y < (unsigned)(from->height_px - 1)) {
        const uint8_t *above_row = from->rgb + ((size_t)y * (size_t)from->width_px + (size_t)x) * 3;
        const uint8_t *below_row = above_row + (size_t)from->width_px * 3;
        for (int c = 0; c < 3; c++)
            to[c] = (uint8_t)((weights[0] * above_row[c] + weights[1] * above_row[c + 3] +
                               weights[2] * below_row[c] + weights[3] * below_row[c + 3] +
                               FRACTIONS * FRACTIONS / 2) >>
                              (2 * FRACTION_BITS));
    } else if (x < -1 || y < -1 || x >= from->width_px || y >= from->height_px) {
        memset(to, BRIM_LETTERBOX_GREY, 3);
    } else {
        sample_edge(to, from, x, y, weights);
    }
}

static void warp_affine(const BrimPicture *from, BrimPicture *to, const BrimWarpBack *back)
{
    uint8_t *pixel = to->rgb;
    for (int y = 0; y < to->height_px; y++) {
        BrimWarpPlace row = brim_warp_affine_row(back, y);
        for (int x = 0; x < to->width_px; x++, pixel += 3) {
            BrimWarpPlace place = brim_warp_affine_place(row, brim_warp_affine_column(back, x));
            sample(pixel, from, place.x, place.y);
        }
    }
}

/* Where a column of the result lies in a row of the source. */
typedef struct Column {
    int32_t at;    /* px */
    int32_t right; /* 1/32 px further */
} Column;

/* One source row blended along x, in 1/32; a row outside is grey. */
static void blend_columns(int16_t *restrict blended, const BrimPicture *from, int row, const Column *columns,
                          int width)
{
    bool inside = row >= 0 && row < from->height_px;
    const uint8_t *pixels = from->rgb + (inside ? (size_t)row * (size_t)from->width_px * 3 : 0);
    for (int x = 0; x < width; x++, blended += 3) {
        int at = columns[x].at, right = columns[x].right;
        if (inside && (unsigned)at < (unsigned)(from->width_px - 1)) {
            const uint8_t *pixel = pixels + (size_t)at * 3;
            blended[0] = (int16_t)(pixel[0] * (FRACTIONS - right) + pixel[3] * right);
            blended[1] = (int16_t)(pixel[1] * (FRACTIONS - right) + pixel[4] * right);
            blended[2] = (int16_t)(pixel[2] * (FRACTIONS - right) + pixel[5] * right);
            continue;
        }
        bool first = inside && at >= 0 && at < from->width_px, second = inside && at == -1;
        for (int c = 0; c < 3; c++) {
            int left = first ? pixels[(size_t)at * 3 + (size_t)c] : BRIM_LETTERBOX_GREY;
            int next = second ? pixels[c] : BRIM_LETTERBOX_GREY;
            blended[c] = (int16_t)(left * (FRACTIONS - right) + next * right);
        }
    }
}

static void blend_rows(uint8_t *restrict to, const int16_t *restrict above, const int16_t *restrict under,
                       int below, int count)
{
    const int16_t share = (int16_t)(FRACTIONS - below), rest = (int16_t)below;
    for (int i = 0; i < count; i++)
        to[i] = (uint8_t)((above[i] * share + under[i] * rest + FRACTIONS * FRACTIONS / 2) >>
                          (2 * FRACTION_BITS));
}

static void warp_level(const BrimPicture *from, BrimPicture *to, const BrimWarpBack *back, void *scratch)
{
    int width = to->width_px, held[2] = {INT_MIN, INT_MIN}; /* which source row lies in each of the two */
    Column *columns = scratch;
    int16_t *rows[2] = {(int16_t *)(columns + width), (int16_t *)(columns + width) + 3 * (size_t)width};
    BrimWarpPlace first = brim_warp_affine_row(back, 0);
    for (int x = 0; x < width; x++) {
        int x_32 = brim_warp_affine_place(first, brim_warp_affine_column(back, x)).x;
        columns[x] = (Column){x_32 >> FRACTION_BITS, x_32 & (FRACTIONS - 1)};
    }
    for (int y = 0; y < to->height_px; y++) {
        int y_32 = brim_warp_affine_row(back, y).y >> BRIM_WARP_AFFINE_CUT;
        int row = y_32 >> FRACTION_BITS;
        if (held[1] == row) {
            int16_t *swap = rows[0];
            rows[0] = rows[1];
            rows[1] = swap;
            held[1] = held[0];
            held[0] = row;
        }
        for (int i = 0; i < 2; i++) {
            if (held[i] != row + i)
                blend_columns(rows[i], from, row + i, columns, width);
            held[i] = row + i;
        }
        blend_rows(to->rgb + (size_t)y * (size_t)width * 3, rows[0], rows[1], y_32 & (FRACTIONS - 1),
                   width * 3);
    }
}

static void warp_perspective(const BrimPicture *from, BrimPicture *to, const BrimWarpBack *back)
{
    uint8_t *pixel = to->rgb;
    for (int y = 0; y < to->height_px; y++) {
        for (int x = 0; x < to->width_px; x++, pixel += 3) {
            BrimWarpPlace place = brim_warp_perspective_place(back, x, y);
            sample(pixel, from, place.x, place.y);
        }
    }
}

size_t brim_warp_scratch_bytes(int to_width_px)
{
    return (size_t)to_width_px * (sizeof(Column) + 2 * 3 * sizeof(int16_t));
}

void brim_warp_picture(const BrimPicture *from, BrimPicture *to, const BrimWarp *warp, void *scratch)
{
    BrimWarpBack back = brim_warp_back(warp);
    if (back.perspective)
        warp_perspective(from, to, &back);
    else if (back.m[0][1] == 0 && back.m[1][0] == 0)
        warp_level(from, to, &back, scratch);
    else
        warp_affine(from, to, &back);
}
