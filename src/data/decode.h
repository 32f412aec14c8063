/* Picture files to pixels, by libraries: JPEG (progressive, grey, CMYK), PNG (palette, grey, 16 bit, alpha dropped),
 * WebP, BMP (own reader: uncompressed, 1 to 8 bit palettes, 24 and 32 bit). The EXIF orientation is applied, as OpenCV's
 * imread does. The first bytes decide which format a file has, not its name.
 * Damaged files give ERROR_INPUT, never a crash, and never a picture larger than BRIM_PICTURE_MAX_SIDE_PX a side or
 * BRIM_DECODE_MOST_PX in all. */
#ifndef BRIM_DATA_DECODE_H
#define BRIM_DATA_DECODE_H

#include "data/picture.h"

/* The pixels at which PIL, through which YOLOv5 verifies pictures, takes a file for a decompression bomb. */
enum { BRIM_DECODE_MOST_PX = 178956970 };

/* Decodes a file's bytes; name is for messages. A JPEG that ends early is an error, as YOLOv5's verification has it. */
BrimStatus brim_decode(BrimPicture *picture, const char *name, const void *data, size_t bytes);
BrimStatus brim_decode_file(BrimPicture *picture, const char *path);

/* Room of a thread that decodes file after file without taking memory of brim's. */
typedef struct BrimDecodeRoom {
    uint8_t *file; /* the largest file */
    size_t file_bytes;
    uint8_t *pixels; /* the largest picture, as stored and as turned upright */
    uint8_t *turned;
    size_t pixel_bytes; /* of each of the two */
} BrimDecodeRoom;

/* As brim_decode_file; the pixels lie in the room. ERROR_INPUT when the file or its picture is larger than the room. */
BrimStatus brim_decode_file_into(BrimPicture *picture, const BrimDecodeRoom *room, const char *path);

/* Width and height after rotation, from the header alone. */
BrimStatus brim_decode_size(const char *name, const void *data, size_t bytes, int *width_px, int *height_px);
BrimStatus brim_decode_file_size(const char *path, int *width_px, int *height_px);

/* As brim_decode_file_size, and refuses a file that ends early. Reads little: only where the last bytes are not what
 * the format ends with, it decodes the whole file. */
BrimStatus brim_decode_file_check(const char *path, int *width_px, int *height_px);

/* True when a file's name ends like a picture's (.jpg .jpeg .png .bmp .webp, any case). */
bool brim_decode_knows(const char *path);

#endif
