/* Pixels to picture files. */
#ifndef BRIM_DATA_ENCODE_H
#define BRIM_DATA_ENCODE_H

#include "data/picture.h"

/* OpenCV's imwrite writes YOLOv5's pictures with this quality. */
enum { BRIM_ENCODE_JPEG_QUALITY = 95 };

/* Saves as PNG when the path ends with .png (any case), otherwise as JPEG of quality 1 to 100 with colour at
 * half resolution. The file appears complete or not at all. */
BrimStatus brim_encode_file(const BrimPicture *picture, const char *path, int jpeg_quality);

#endif
