/* Where the tiles of a mosaic lie. */
#include "data/mosaic.h"

#include <string.h>

/* One axis: before the point (its end touches the point) or behind it. */
static void lay(bool before, int point, int length, int canvas, int *at, int *from, int *seen)
{
    int room = before ? point : canvas - point;
    *seen = length < room ? length : room;
    *at = before ? point - *seen : point;
    *from = before ? length - *seen : 0;
}

BrimMosaicTile brim_mosaic_tile(int tile, int point_x_px, int point_y_px, int width_px, int height_px,
                                int canvas_side_px)
{
    BrimMosaicTile laid;
    lay(tile % 2 == 0, point_x_px, width_px, canvas_side_px, &laid.x_px, &laid.from_x_px, &laid.width_px);
    lay(tile < 2, point_y_px, height_px, canvas_side_px, &laid.y_px, &laid.from_y_px, &laid.height_px);
    return laid;
}

void brim_mosaic_place(BrimPicture *canvas, const BrimPicture *picture, const BrimMosaicTile *tile)
{
    for (int y = 0; y < tile->height_px; y++) {
        size_t to = (size_t)(tile->y_px + y) * (size_t)canvas->width_px + (size_t)tile->x_px;
        size_t from = (size_t)(tile->from_y_px + y) * (size_t)picture->width_px + (size_t)tile->from_x_px;
        memcpy(canvas->rgb + 3 * to, picture->rgb + 3 * from, 3 * (size_t)tile->width_px);
    }
}
