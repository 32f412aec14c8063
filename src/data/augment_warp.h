/* YOLOv5's random affine and perspective change: what is drawn, the matrix, and the pixels. */
#ifndef BRIM_DATA_AUGMENT_WARP_H
#define BRIM_DATA_AUGMENT_WARP_H

#include "base/random.h"
#include "conf/hyper.h"
#include "data/picture.h"
#include "element/warp.h"

/* What is drawn for one picture. */
typedef struct BrimWarpDraw {
    double perspective_x, perspective_y;
    double angle_deg, scale;
    double shear_x_deg, shear_y_deg;
    double translate_x, translate_y; /* fractions of the result's sides, about 0.5 */
} BrimWarpDraw;

/* A place of the source to one of the result: (x, y, 1) times m, divided by the third where perspective is
 * set. */
typedef struct BrimWarp {
    double m[3][3];
    double scale;
    bool perspective;
} BrimWarp;

BrimWarpDraw brim_warp_draw(BrimRandom *random, const BrimHyper *hyper);

/* About the source's centre, to a result of the given sides. perspective: hyper's is not 0. */
BrimWarp brim_warp_make(const BrimWarpDraw *draw, int from_width_px, int from_height_px, int to_width_px,
                        int to_height_px, bool perspective);

/* From the result to the source. */
BrimWarpBack brim_warp_back(const BrimWarp *warp);

/* Scratch for brim_warp_picture. */
size_t brim_warp_scratch_bytes(int to_width_px);

/* Fills `to` (sides set, pixels there), bilinear on a 1/32 px grid as OpenCV samples; grey from outside. */
void brim_warp_picture(const BrimPicture *from, BrimPicture *to, const BrimWarp *warp, void *scratch);

#endif
