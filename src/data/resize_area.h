/* The area average of OpenCV's INTER_AREA. Private to resize*.c. */
#ifndef BRIM_DATA_RESIZE_AREA_H
#define BRIM_DATA_RESIZE_AREA_H

#include "data/picture.h"

size_t brim_resize_area_scratch_bytes(int from_side_px, int to_side_px);
void brim_resize_area(const BrimPicture *from, BrimPicture *to, void *scratch);

#endif
