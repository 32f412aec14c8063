/* What one picture format can do; brim_decode picks the format by the file's first bytes, as OpenCV does,
 * since pictures with a wrong extension are common. Private to decode*.c. */
#ifndef BRIM_DATA_DECODE_FORMAT_H
#define BRIM_DATA_DECODE_FORMAT_H

#include "data/picture.h"

/* A file's bytes, or only its beginning when a header is wanted. */
typedef struct BrimPictureBytes {
    const char *name; /* for messages */
    const uint8_t *data;
    size_t bytes;
} BrimPictureBytes;

typedef struct BrimPictureHeader {
    int width_px, height_px; /* as stored */
    int orientation;         /* EXIF: 1 to 8, 1 as stored */
} BrimPictureHeader;

enum { BRIM_PICTURE_TAIL_BYTES = 12 };

typedef struct BrimPictureFormat {
    bool (*starts)(const uint8_t *data, size_t bytes);
    BrimStatus (*header)(BrimPictureHeader *header, const BrimPictureBytes *source);
    /* Fills a picture that was made with the header's sides. */
    BrimStatus (*pixels)(BrimPicture *picture, const BrimPictureBytes *source);
    /* False when a file of file_bytes with this beginning and these last BRIM_PICTURE_TAIL_BYTES may have
     * been cut off; cheap, so that a scan need not read whole files. */
    bool (*ends)(const BrimPictureBytes *beginning, const uint8_t *tail, size_t file_bytes);
} BrimPictureFormat;

extern const BrimPictureFormat brim_format_jpeg, brim_format_png, brim_format_webp, brim_format_bmp;

/* The orientation in a TIFF block (what follows "Exif\0\0" in a JPEG, the eXIf chunk of a PNG); 1 when there
 * is none or the block is damaged. */
int brim_exif_orientation(const uint8_t *tiff, size_t bytes);

/* Turns and mirrors the picture so that an orientation of 1 to 8 is made upright; sides swap for 5 to 8. */
BrimStatus brim_exif_apply(BrimPicture *picture, int orientation);

/* The same into other pixels: sets the sides of the upright picture and fills it. */
void brim_exif_turn(BrimPicture *upright, const BrimPicture *stored, int orientation);

#endif
