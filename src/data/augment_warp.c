/* What is drawn for a warp, its matrix, and that back. The pixels are made in augment_sample.c. */
#include "data/augment_warp.h"

#include <math.h>
#include <string.h>

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

static BrimWarpBack affine_back(const double m[3][3])
{
    double determinant = m[0][0] * m[1][1] - m[0][1] * m[1][0];
    double d = determinant != 0 ? 1.0 / determinant : 0;
    double xx = m[1][1] * d, xy = -m[0][1] * d, yx = -m[1][0] * d, yy = m[0][0] * d;
    return (BrimWarpBack){
        .m = {{xx, xy, -xx * m[0][2] - xy * m[1][2]}, {yx, yy, -yx * m[0][2] - yy * m[1][2]}, {0, 0, 1}}};
}

static BrimWarpBack perspective_back(const double m[3][3])
{
    BrimWarpBack back = {.perspective = 1};
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) { /* cofactors, transposed */
            int r0 = (j + 1) % 3, r1 = (j + 2) % 3, c0 = (i + 1) % 3, c1 = (i + 2) % 3;
            back.m[i][j] = m[r0][c0] * m[r1][c1] - m[r0][c1] * m[r1][c0];
        }
    double determinant = m[0][0] * back.m[0][0] + m[0][1] * back.m[1][0] + m[0][2] * back.m[2][0];
    for (int i = 0; i < 9; i++)
        back.m[i / 3][i % 3] = determinant != 0 ? back.m[i / 3][i % 3] / determinant : 0;
    return back;
}

BrimWarpBack brim_warp_back(const BrimWarp *warp)
{
    return warp->perspective ? perspective_back(warp->m) : affine_back(warp->m);
}
