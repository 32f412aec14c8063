/* Four pictures around a point of a canvas. Private to the loader and its tests. */
#ifndef BRIM_DATA_MOSAIC_H
#define BRIM_DATA_MOSAIC_H

#include "data/picture.h"

enum { BRIM_MOSAIC_TILES = 4 }; /* top left, top right, bottom left, bottom right of the point */

/* The part of a picture that is seen, and where. */
typedef struct BrimMosaicTile {
    int x_px, y_px;           /* on the canvas */
    int from_x_px, from_y_px; /* in the picture */
    int width_px, height_px;
} BrimMosaicTile;

/* A picture of the given sides touches the point with its corner; what reaches over the canvas is not seen.
 */
BrimMosaicTile brim_mosaic_tile(int tile, int point_x_px, int point_y_px, int width_px, int height_px,
                                int canvas_side_px);

void brim_mosaic_place(BrimPicture *canvas, const BrimPicture *picture, const BrimMosaicTile *tile);

#endif
