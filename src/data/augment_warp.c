/* The matrix of a warp, its inverse, and sampling as OpenCV's warpAffine and warpPerspective sample:
 * coordinates rounded to 1/32 px, weights in whole numbers. */
#include "data/augment_warp.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "data/letterbox.h"

enum {
    FRACTION_BITS = 5, /* INTER_BITS */
    FRACTIONS = 1 << FRACTION_BITS,
    AFFINE_BITS = 10 /* of the affine coordinates before they are cut to FRACTION_BITS */
};

BrimWarpDraw brim_warp_draw(BrimRandom *random, const BrimHyper *hyper)
{
    BrimWarpDraw draw;
    draw.perspective_x = brim_random_uniform(random, -hyper->perspective, hyper->perspective);
    draw.perspective_y = brim_random_uniform(random, -hyper->perspective, hyper->perspective);
    draw.angle_deg = brim_random_uniform(random, -hyper->degrees, hyper->degrees);
    draw.scale = brim_random_uniform(random, 1 - hyper->scale, 1 + hyper->scale);
    draw.shear_x_deg = brim_random_uniform(random, -hyper->shear, hyper->shear);
    draw.shear_y_deg = brim_random_uniform(random, -hyper->shear, hyper->shear);
    draw.translate_x = brim_random_uniform(random, 0.5 - hyper->translate, 0.5 + hyper->translate);
    draw.translate_y = brim_random_uniform(random, 0.5 - hyper->translate, 0.5 + hyper->translate);
    return draw;
}

/* m = left * m */
static void multiply(double m[3][3], const double left[3][3])
{
    double product[3][3];
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            product[i][j] = left[i][0] * m[0][j] + left[i][1] * m[1][j] + left[i][2] * m[2][j];
    memcpy(m, product, sizeof product);
}

BrimWarp brim_warp_make(const BrimWarpDraw *draw, int from_width_px, int from_height_px, int to_width_px,
                        int to_height_px, bool perspective)
{
    static const double degree = 3.14159265358979323846 / 180;
    double cosine = draw->scale * cos(draw->angle_deg * degree);
    double sine = draw->scale * sin(draw->angle_deg * degree);
    const double tilt[3][3] = {{1, 0, 0}, {0, 1, 0}, {draw->perspective_x, draw->perspective_y, 1}};
    const double turn[3][3] = {{cosine, sine, 0}, {-sine, cosine, 0}, {0, 0, 1}};
    const double shear[3][3] = {
        {1, tan(draw->shear_x_deg * degree), 0}, {tan(draw->shear_y_deg * degree), 1, 0}, {0, 0, 1}};
    const double move[3][3] = {
        {1, 0, draw->translate_x * to_width_px}, {0, 1, draw->translate_y * to_height_px}, {0, 0, 1}};
    BrimWarp warp = {
        {{1, 0, -from_width_px / 2.0}, {0, 1, -from_height_px / 2.0}, {0, 0, 1}}, draw->scale, perspective};
    multiply(warp.m, tilt);
    multiply(warp.m, turn);
    multiply(warp.m, shear);
    multiply(warp.m, move);
    return warp;
}

static int to_int(double value)
{
    return (int)lrint(fmax(INT_MIN, fmin(INT_MAX, value)));
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

/* Result to source: the coordinates of a row are a start and a rounded multiple of x, as OpenCV tabulates
 * them. */
static void warp_affine(const BrimPicture *from, BrimPicture *to, const double m[3][3])
{
    double determinant = m[0][0] * m[1][1] - m[0][1] * m[1][0];
    double d = determinant != 0 ? 1.0 / determinant : 0;
    double xx = m[1][1] * d, xy = -m[0][1] * d, yx = -m[1][0] * d, yy = m[0][0] * d;
    double x0 = -xx * m[0][2] - xy * m[1][2], y0 = -yx * m[0][2] - yy * m[1][2];
    const int one = 1 << AFFINE_BITS, cut = AFFINE_BITS - FRACTION_BITS, half = 1 << (cut - 1);
    uint8_t *pixel = to->rgb;
    for (int y = 0; y < to->height_px; y++) {
        int x_start = to_int((xy * y + x0) * one) + half, y_start = to_int((yy * y + y0) * one) + half;
        for (int x = 0; x < to->width_px; x++, pixel += 3)
            sample(pixel, from, (x_start + to_int(xx * x * one)) >> cut,
                   (y_start + to_int(yx * x * one)) >> cut);
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

void brim_warp_picture(const BrimPicture *from, BrimPicture *to, const BrimWarp *warp)
{
    if (warp->perspective)
        warp_perspective(from, to, warp->m);
    else
        warp_affine(from, to, warp->m);
}
