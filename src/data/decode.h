/* Picture files to pixels, by libraries: JPEG (progressive, grey, CMYK), PNG (palette, grey, 16 bit, alpha dropped),
 * WebP, BMP (own reader: uncompressed 8, 24 and 32 bit). The EXIF orientation is applied, as OpenCV's imread does.
 * Damaged files give ERROR_INPUT, never a crash, and never a picture larger than BRIM_PICTURE_MAX_SIDE_PX. */
#ifndef BRIM_DATA_DECODE_H
#define BRIM_DATA_DECODE_H

#include "data/picture.h"

/* Decodes a file's bytes; name is for messages. A JPEG that ends early is an error, as YOLOv5's verification has it. */
BrimStatus brim_decode(BrimPicture *picture, const char *name, const void *data, size_t bytes);
BrimStatus brim_decode_file(BrimPicture *picture, const char *path);

/* Width and height after rotation, from the header alone. */
BrimStatus brim_decode_size(const char *name, const void *data, size_t bytes, int *width_px, int *height_px);
BrimStatus brim_decode_file_size(const char *path, int *width_px, int *height_px);

/* True when a file's name ends like a picture's (.jpg .jpeg .png .bmp .webp, any case). */
bool brim_decode_knows(const char *path);

#endif
