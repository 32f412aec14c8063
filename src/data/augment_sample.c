/* Sampling as OpenCV's warpAffine and warpPerspective sample: coordinates rounded to 1/32 px, weights in
 * whole numbers. Weights are products of a part along x and a part along y, so where rows stay level (no
 * rotation and no shear, as by default) rows are blended first along x, then with each other, to the same
 * bits and in less time. */
#include <limits.h>
#include <math.h>
#include <string.h>

#include "data/augment_warp.h"
#include "data/letterbox.h"

enum {
    FRACTION_BITS = 5, /* INTER_BITS */
    FRACTIONS = 1 << FRACTION_BITS,
    AFFINE_BITS = 10 /* of the affine coordinates before they are cut to FRACTION_BITS */
};

/* Rounded, and held to what an int can say; plain comparisons, since this runs twice a pixel. */
static inline int to_int(double value)
{
    value = value > INT_MAX / 2 ? INT_MAX / 2 : value;
    value = value < INT_MIN / 2 ? INT_MIN / 2 : value;
    return (int)lrint(value);
}

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

/* Result to source. */
typedef struct Affine {
    double xx, xy, x0; /* source x = xx * x + xy * y + x0 */
    double yx, yy, y0;
} Affine;

static const int affine_one = 1 << AFFINE_BITS, affine_cut = AFFINE_BITS - FRACTION_BITS;
static const int affine_half = 1 << (AFFINE_BITS - FRACTION_BITS - 1);

static Affine affine_back(const double m[3][3])
{
    double determinant = m[0][0] * m[1][1] - m[0][1] * m[1][0];
    double d = determinant != 0 ? 1.0 / determinant : 0;
    Affine back = {.xx = m[1][1] * d, .xy = -m[0][1] * d, .yx = -m[1][0] * d, .yy = m[0][0] * d};
    back.x0 = -back.xx * m[0][2] - back.xy * m[1][2];
    back.y0 = -back.yx * m[0][2] - back.yy * m[1][2];
    return back;
}

/* The coordinates of a row are a start and a rounded multiple of x, as OpenCV tabulates them. */
static void warp_affine(const BrimPicture *from, BrimPicture *to, const Affine *back)
{
    uint8_t *pixel = to->rgb;
    for (int y = 0; y < to->height_px; y++) {
        int x_start = to_int((back->xy * y + back->x0) * affine_one) + affine_half;
        int y_start = to_int((back->yy * y + back->y0) * affine_one) + affine_half;
        for (int x = 0; x < to->width_px; x++, pixel += 3)
            sample(pixel, from, (x_start + to_int(back->xx * x * affine_one)) >> affine_cut,
                   (y_start + to_int(back->yx * x * affine_one)) >> affine_cut);
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

static void warp_level(const BrimPicture *from, BrimPicture *to, const Affine *back, void *scratch)
{
    int width = to->width_px, held[2] = {INT_MIN, INT_MIN}; /* which source row lies in each of the two */
    Column *columns = scratch;
    int16_t *rows[2] = {(int16_t *)(columns + width), (int16_t *)(columns + width) + 3 * (size_t)width};
    int x_start = to_int(back->x0 * affine_one) + affine_half;
    for (int x = 0; x < width; x++) {
        int x_32 = (x_start + to_int(back->xx * x * affine_one)) >> affine_cut;
        columns[x] = (Column){x_32 >> FRACTION_BITS, x_32 & (FRACTIONS - 1)};
    }
    for (int y = 0; y < to->height_px; y++) {
        int y_32 = (to_int((back->yy * y + back->y0) * affine_one) + affine_half) >> affine_cut;
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

static void invert(double out[3][3], const double m[3][3])
{
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) { /* cofactors, transposed */
            int r0 = (j + 1) % 3, r1 = (j + 2) % 3, c0 = (i + 1) % 3, c1 = (i + 2) % 3;
            out[i][j] = m[r0][c0] * m[r1][c1] - m[r0][c1] * m[r1][c0];
        }
    double determinant = m[0][0] * out[0][0] + m[0][1] * out[1][0] + m[0][2] * out[2][0];
    for (int i = 0; i < 9; i++)
        out[i / 3][i % 3] = determinant != 0 ? out[i / 3][i % 3] / determinant : 0;
}

static void warp_perspective(const BrimPicture *from, BrimPicture *to, const double m[3][3])
{
    double back[3][3];
    invert(back, m);
    uint8_t *pixel = to->rgb;
    for (int y = 0; y < to->height_px; y++) {
        for (int x = 0; x < to->width_px; x++, pixel += 3) {
            double w = back[2][0] * x + back[2][1] * y + back[2][2];
            w = w != 0 ? FRACTIONS / w : 0;
            sample(pixel, from, to_int((back[0][0] * x + back[0][1] * y + back[0][2]) * w),
                   to_int((back[1][0] * x + back[1][1] * y + back[1][2]) * w));
        }
    }
}

size_t brim_warp_scratch_bytes(int to_width_px)
{
    return (size_t)to_width_px * (sizeof(Column) + 2 * 3 * sizeof(int16_t));
}

void brim_warp_picture(const BrimPicture *from, BrimPicture *to, const BrimWarp *warp, void *scratch)
{
    Affine back = affine_back(warp->m);
    if (warp->perspective)
        warp_perspective(from, to, warp->m);
    else if (back.xy == 0 && back.yx == 0)
        warp_level(from, to, &back, scratch);
    else
        warp_affine(from, to, &back);
}
