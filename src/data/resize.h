/* Pictures to other sizes with OpenCV's very pixels, since YOLOv5's letterboxed pictures are made by it:
 * INTER_LINEAR in fixed point and INTER_AREA for shrinking. */
#ifndef BRIM_DATA_RESIZE_H
#define BRIM_DATA_RESIZE_H

#include "data/picture.h"

typedef enum BrimResize {
    BRIM_RESIZE_LINEAR, /* two pixels each way, half-pixel centres, edges repeated */
    BRIM_RESIZE_AREA    /* the mean of the area that a pixel covers; no side may grow */
} BrimResize;

/* Scratch for any resize from sides of at most from_side_px to sides of at most to_side_px. */
size_t brim_resize_scratch_bytes(int from_side_px, int to_side_px);

/* Fills `to`, whose sides are set and whose pixels are there; scratch is aligned to 64. */
void brim_resize(const BrimPicture *from, BrimPicture *to, BrimResize how, void *scratch);

#endif
