/* A picture in memory. */
#include "data/picture.h"

BrimStatus brim_picture_make(BrimPicture *picture, int width_px, int height_px)
{
    *picture = (BrimPicture){0};
    if (width_px < 1 || height_px < 1 || width_px > BRIM_PICTURE_MAX_SIDE_PX ||
        height_px > BRIM_PICTURE_MAX_SIDE_PX)
        return brim_fail(BRIM_ERROR_ARGUMENT, "a picture of %d x %d px: each side must be 1 to %d px",
                         width_px, height_px, BRIM_PICTURE_MAX_SIDE_PX);
    picture->rgb = brim_mem_take(BRIM_MEM_DATA, (size_t)width_px * 3, (size_t)height_px);
    if (!picture->rgb)
        return BRIM_ERROR_MEMORY;
    picture->width_px = width_px;
    picture->height_px = height_px;
    return BRIM_OK;
}

void brim_picture_clear(BrimPicture *picture)
{
    brim_mem_give(picture->rgb);
    *picture = (BrimPicture){0};
}
