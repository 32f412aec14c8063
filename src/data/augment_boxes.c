/* Boxes through a warp. Single precision where YOLOv5 has it, so that the same boxes are dropped. */
#include "data/augment_boxes.h"

#include <math.h>

BrimPixelBox brim_box_to_pixels(const BrimLabel *label, double width_px, double height_px, double pad_x_px,
                                double pad_y_px)
{
    float width = (float)width_px, height = (float)height_px, pad_x = (float)pad_x_px,
          pad_y = (float)pad_y_px;
    return (BrimPixelBox){label->class_index, width * (label->x - label->w / 2) + pad_x,
                          height * (label->y - label->h / 2) + pad_y,
                          width * (label->x + label->w / 2) + pad_x,
                          height * (label->y + label->h / 2) + pad_y};
}

static float clip(float value, float high)
{
    return fminf(fmaxf(value, 0), high);
}

void brim_box_clip(BrimPixelBox *box, double width_px, double height_px)
{
    box->x1 = clip(box->x1, (float)width_px);
    box->y1 = clip(box->y1, (float)height_px);
    box->x2 = clip(box->x2, (float)width_px);
    box->y2 = clip(box->y2, (float)height_px);
}

BrimLabel brim_box_to_label(const BrimPixelBox *box, int width_px, int height_px)
{
    static const double edge_px = 1e-3;
    float width = (float)width_px, height = (float)height_px;
    BrimPixelBox cut = *box;
    brim_box_clip(&cut, width_px - edge_px, height_px - edge_px);
    return (BrimLabel){cut.class_index, (cut.x1 + cut.x2) / 2 / width, (cut.y1 + cut.y2) / 2 / height,
                       (cut.x2 - cut.x1) / width, (cut.y2 - cut.y1) / height};
}

BrimPixelBox brim_box_warp(const BrimPixelBox *box, const BrimWarp *warp, int width_px, int height_px)
{
    const double corners[4][2] = {
        {box->x1, box->y1}, {box->x2, box->y2}, {box->x1, box->y2}, {box->x2, box->y1}};
    double low_x = INFINITY, low_y = INFINITY, high_x = -INFINITY, high_y = -INFINITY;
    for (int i = 0; i < 4; i++) {
        double place[3];
        for (int j = 0; j < 3; j++)
            place[j] = warp->m[j][0] * corners[i][0] + warp->m[j][1] * corners[i][1] + warp->m[j][2];
        double x = warp->perspective ? place[0] / place[2] : place[0];
        double y = warp->perspective ? place[1] / place[2] : place[1];
        low_x = fmin(low_x, x);
        low_y = fmin(low_y, y);
        high_x = fmax(high_x, x);
        high_y = fmax(high_y, y);
    }
    BrimPixelBox warped = {box->class_index, (float)low_x, (float)low_y, (float)high_x, (float)high_y};
    brim_box_clip(&warped, width_px, height_px);
    return warped;
}

bool brim_box_worth_keeping(const BrimPixelBox *before, const BrimPixelBox *after, double scale)
{
    static const double least_side_px = 2, least_area = 0.1, most_aspect = 100, nonzero = 1e-16;
    double width_before = (before->x2 - before->x1) * scale,
           height_before = (before->y2 - before->y1) * scale;
    double width = (double)after->x2 - after->x1, height = (double)after->y2 - after->y1;
    double aspect = fmax(width / (height + nonzero), height / (width + nonzero));
    return width > least_side_px && height > least_side_px &&
           width * height / (width_before * height_before + nonzero) > least_area && aspect < most_aspect;
}

int brim_boxes_warp(BrimPixelBox *boxes, int count, const BrimWarp *warp, int width_px, int height_px)
{
    int kept = 0;
    for (int i = 0; i < count; i++) {
        BrimPixelBox warped = brim_box_warp(&boxes[i], warp, width_px, height_px);
        if (brim_box_worth_keeping(&boxes[i], &warped, warp->scale))
            boxes[kept++] = warped;
    }
    return kept;
}
