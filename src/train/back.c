/* The way back through a letterbox. */
#include "train/back.h"

static float back(float at_px, double pad_px, double ratio, int side_px)
{
    float picture_px = (at_px - (float)pad_px) / (float)ratio;
    return picture_px < 0 ? 0 : picture_px > (float)side_px ? (float)side_px : picture_px;
}

static void back_corners(const BrimLetterbox *box, float *x1, float *y1, float *x2, float *y2)
{
    *x1 = back(*x1, box->pad_x_px, box->ratio_x, box->picture_width_px);
    *x2 = back(*x2, box->pad_x_px, box->ratio_x, box->picture_width_px);
    *y1 = back(*y1, box->pad_y_px, box->ratio_y, box->picture_height_px);
    *y2 = back(*y2, box->pad_y_px, box->ratio_y, box->picture_height_px);
}

void brim_back_detection(const BrimLetterbox *letterbox, BrimDetection *detection)
{
    back_corners(letterbox, &detection->x1, &detection->y1, &detection->x2, &detection->y2);
}

BrimTruth brim_back_target(const BrimLetterbox *letterbox, const float *target, int width_px, int height_px)
{
    float x = target[2] * (float)width_px, y = target[3] * (float)height_px;
    float w = target[4] * (float)width_px, h = target[5] * (float)height_px;
    BrimTruth truth = {target[1], x - w / 2, y - h / 2, x + w / 2, y + h / 2};
    back_corners(letterbox, &truth.x1, &truth.y1, &truth.x2, &truth.y2);
    return truth;
}
