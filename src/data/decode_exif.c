/* The EXIF orientation: read from a TIFF block, applied to pixels. */
#include "data/decode_format.h"

#include <string.h>

typedef struct Tiff {
    const uint8_t *data;
    size_t bytes;
    bool big_endian;
} Tiff;

/* An unsigned number of 2 or 4 bytes at a place; false outside the block. */
static bool number_at(const Tiff *tiff, size_t at, size_t width, uint32_t *value)
{
    if (at > tiff->bytes || tiff->bytes - at < width)
        return false;
    *value = 0;
    for (size_t i = 0; i < width; i++)
        *value = *value << 8 | tiff->data[at + (tiff->big_endian ? i : width - 1 - i)];
    return true;
}

int brim_exif_orientation(const uint8_t *data, size_t bytes)
{
    enum { MAGIC = 42, ENTRY_BYTES = 12, TAG_ORIENTATION = 0x0112, TYPE_SHORT = 3 }; /* TIFF 6.0, EXIF 2.3 */
    Tiff tiff = {data, bytes, bytes > 0 && data[0] == 'M'};
    if (bytes < 8 || (memcmp(data, "II", 2) != 0 && memcmp(data, "MM", 2) != 0))
        return 1;
    uint32_t magic, directory, entries;
    if (!number_at(&tiff, 2, 2, &magic) || magic != MAGIC || !number_at(&tiff, 4, 4, &directory) ||
        !number_at(&tiff, directory, 2, &entries))
        return 1;
    for (uint32_t i = 0; i < entries; i++) {
        size_t at = (size_t)directory + 2 + (size_t)i * ENTRY_BYTES;
        uint32_t tag, type, value;
        if (!number_at(&tiff, at, 2, &tag) || !number_at(&tiff, at + 2, 2, &type) ||
            !number_at(&tiff, at + 8, 2, &value))
            return 1;
        if (tag == TAG_ORIENTATION)
            return type == TYPE_SHORT && value >= 1 && value <= 8 ? (int)value : 1;
    }
    return 1;
}

void brim_exif_turn(BrimPicture *upright, const BrimPicture *stored, int orientation)
{
    bool swap = orientation >= 5;
    /* Which ends of the stored picture come first in the upright one. */
    bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    bool from_bottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    int width = stored->width_px, height = stored->height_px;
    upright->width_px = swap ? height : width;
    upright->height_px = swap ? width : height;
    uint8_t *to = upright->rgb;
    for (int y = 0; y < upright->height_px; y++) {
        for (int x = 0; x < upright->width_px; x++, to += 3) {
            int stored_x = swap ? y : x, stored_y = swap ? x : y;
            if (from_right)
                stored_x = width - 1 - stored_x;
            if (from_bottom)
                stored_y = height - 1 - stored_y;
            memcpy(to, stored->rgb + ((size_t)stored_y * (size_t)width + (size_t)stored_x) * 3, 3);
        }
    }
}

BrimStatus brim_exif_apply(BrimPicture *picture, int orientation)
{
    if (orientation <= 1 || orientation > 8)
        return BRIM_OK;
    BrimPicture upright;
    BrimStatus status = brim_picture_make(&upright, picture->width_px, picture->height_px);
    if (status != BRIM_OK)
        return status;
    brim_exif_turn(&upright, picture, orientation);
    brim_picture_clear(picture);
    *picture = upright;
    return BRIM_OK;
}
