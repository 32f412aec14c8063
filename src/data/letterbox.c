/* Letterbox geometry and pixels. */
#include "data/letterbox.h"

#include <math.h>
#include <string.h>

/* Halves go to the even neighbour, as Python's round does. */
static int round_even(double value)
{
    return (int)lrint(value);
}

static int at_least_one(int side)
{
    return side > 1 ? side : 1;
}

BrimLetterboxFit brim_letterbox_fit(int picture_width_px, int picture_height_px, int frame_width_px,
                                    int frame_height_px, int stride_px, bool enlarge)
{
    BrimLetterboxFit fit;
    fit.ratio = fmin((double)frame_height_px / picture_height_px, (double)frame_width_px / picture_width_px);
    if (!enlarge)
        fit.ratio = fmin(fit.ratio, 1.0);
    fit.width_px = at_least_one(round_even(picture_width_px * fit.ratio));
    fit.height_px = at_least_one(round_even(picture_height_px * fit.ratio));
    int grey_x = frame_width_px - fit.width_px, grey_y = frame_height_px - fit.height_px;
    if (stride_px > 0) {
        grey_x %= stride_px;
        grey_y %= stride_px;
    }
    fit.pad_x_px = grey_x / 2.0;
    fit.pad_y_px = grey_y / 2.0;
    fit.left_px = round_even(fit.pad_x_px - 0.1); /* an odd pixel goes right and below */
    fit.right_px = round_even(fit.pad_x_px + 0.1);
    fit.top_px = round_even(fit.pad_y_px - 0.1);
    fit.bottom_px = round_even(fit.pad_y_px + 0.1);
    return fit;
}

void brim_letterbox_place(const BrimPicture *scaled, BrimPicture *frame, int left_px, int top_px)
{
    size_t frame_bytes = (size_t)frame->width_px * 3, bytes = (size_t)scaled->width_px * 3;
    size_t left = (size_t)left_px * 3;
    uint8_t *row = frame->rgb;
    for (int y = 0; y < frame->height_px; y++, row += frame_bytes) {
        if (y < top_px || y >= top_px + scaled->height_px) {
            memset(row, BRIM_LETTERBOX_GREY, frame_bytes);
            continue;
        }
        memset(row, BRIM_LETTERBOX_GREY, left);
        memcpy(row + left, scaled->rgb + (size_t)(y - top_px) * bytes, bytes);
        memset(row + left + bytes, BRIM_LETTERBOX_GREY, frame_bytes - left - bytes);
    }
}
