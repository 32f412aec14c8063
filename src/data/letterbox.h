/* A picture scaled into a frame and centred on grey, with YOLOv5's rounding. */
#ifndef BRIM_DATA_LETTERBOX_H
#define BRIM_DATA_LETTERBOX_H

#include "data/picture.h"

enum { BRIM_LETTERBOX_GREY = 114 };

typedef struct BrimLetterboxFit {
    double ratio;              /* frame px per picture px */
    int width_px, height_px;   /* of the scaled picture */
    double pad_x_px, pad_y_px; /* grey on each side, before it is rounded: a half where the sum is odd */
    int left_px, top_px, right_px, bottom_px; /* grey on each side */
} BrimLetterboxFit;

/* Fits a picture into a frame. stride_px over 0: the least frame around the picture whose sides differ from
 * the given frame's by multiples of the stride (detection); 0: all of the frame. */
BrimLetterboxFit brim_letterbox_fit(int picture_width_px, int picture_height_px, int frame_width_px,
                                    int frame_height_px, int stride_px, bool enlarge);

/* Writes a scaled picture and the grey around it; the frame has its sides and pixels. */
void brim_letterbox_place(const BrimPicture *scaled, BrimPicture *frame, int left_px, int top_px);

#endif
