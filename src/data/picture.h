/* A picture in memory: 8-bit RGB, rows without padding. Knows nothing of files or labels. */
#ifndef BRIM_DATA_PICTURE_H
#define BRIM_DATA_PICTURE_H

#include "base/memory.h"

typedef struct BrimPicture {
    int width_px, height_px;
    uint8_t *rgb; /* height * width * 3 bytes */
} BrimPicture;

enum { BRIM_PICTURE_MAX_SIDE_PX = 32768 };

/* Takes room for a picture, black. */
BrimStatus brim_picture_make(BrimPicture *picture, int width_px, int height_px);
void brim_picture_clear(BrimPicture *picture); /* gives the pixels back; a zeroed picture is allowed */

#endif
