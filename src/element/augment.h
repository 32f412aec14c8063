/* One pixel of an augmented picture, from pictures that are kept as they were loaded: what was drawn on the
 * host, as numbers, and the arithmetic. No canvas is ever made: a place of it is looked up in the picture
 * that lies there. */
#ifndef BRIM_ELEMENT_AUGMENT_H
#define BRIM_ELEMENT_AUGMENT_H

#include "element/hsv.h"
#include "element/resize.h"
#include "element/warp.h"

enum { BRIM_AUGMENT_TILES = 4, BRIM_AUGMENT_VIEWS = 2 };

/* A kept picture on a canvas. Nothing is seen of it where seen_width_px is 0. */
typedef struct BrimAugmentTile {
    int64_t picture;             /* bytes from the start of the kept pictures: height * width * 3, RGB */
    int32_t width_px, height_px; /* of it as it is kept */
    int32_t scaled_width_px, scaled_height_px; /* as it lies on the canvas, before it is cut */
    int32_t x_px, y_px;                        /* of the part that is seen, on the canvas */
    int32_t from_x_px, from_y_px;              /* of that, in the scaled picture */
    int32_t seen_width_px, seen_height_px;
} BrimAugmentTile;

/* A canvas, as a warp shows it: four tiles around a point, top left, top right, bottom left, bottom right. */
typedef struct BrimAugmentView {
    BrimAugmentTile tiles[BRIM_AUGMENT_TILES];
    int32_t point_x_px, point_y_px;
    BrimWarpBack back;
} BrimAugmentView;

/* A picture to be made. */
typedef struct BrimAugmentTask {
    BrimAugmentView views[BRIM_AUGMENT_VIEWS];
    int32_t view_count;
    int32_t colour, flip_x, flip_y; /* colour: through `tables` */
    double share;                   /* of the first view, where there are two */
    BrimHsvTables tables;
} BrimAugmentTask;

typedef struct BrimAugmentPixel {
    uint8_t rgb[3];
} BrimAugmentPixel;

/* A pixel of the picture as it is scaled, from the four of the kept one around it. */
BRIM_ELEMENT BrimAugmentPixel brim_augment_scaled(const BrimAugmentTile *tile, const uint8_t *picture, int x,
                                                  int y)
{
    BrimAugmentPixel pixel;
    int width = tile->width_px, last = tile->height_px - 1, next = width > 1 ? 3 : 0;
    BrimResizeTap column = brim_resize_column(x, brim_resize_scale(width, tile->scaled_width_px), width);
    BrimResizeTap row = brim_resize_tap(y, brim_resize_scale(tile->height_px, tile->scaled_height_px));
    int above = row.at < 0 ? 0 : row.at > last ? last : row.at;
    int below = row.at + 1 < 0 ? 0 : row.at + 1 > last ? last : row.at + 1;
    const uint8_t *upper = picture + ((int64_t)above * width + column.at) * 3;
    const uint8_t *lower = picture + ((int64_t)below * width + column.at) * 3;
    for (int c = 0; c < 3; c++)
        pixel.rgb[c] = brim_resize_blend(upper[c] * column.first + upper[c + next] * column.second,
                                         lower[c] * column.first + lower[c + next] * column.second, row.first,
                                         row.second);
    return pixel;
}

/* A pixel of the canvas; grey where no picture lies, and outside. */
BRIM_ELEMENT BrimAugmentPixel brim_augment_canvas(const BrimAugmentView *view, const uint8_t *kept, int x,
                                                  int y)
{
    const BrimAugmentTile *tile = &view->tiles[(y >= view->point_y_px) * 2 + (x >= view->point_x_px)];
    BrimAugmentPixel pixel = {{BRIM_WARP_GREY, BRIM_WARP_GREY, BRIM_WARP_GREY}};
    int in_x = x - tile->x_px, in_y = y - tile->y_px;
    if ((unsigned)in_x >= (unsigned)tile->seen_width_px || (unsigned)in_y >= (unsigned)tile->seen_height_px)
        return pixel;
    in_x += tile->from_x_px;
    in_y += tile->from_y_px;
    const uint8_t *picture = kept + tile->picture;
    if (tile->width_px != tile->scaled_width_px || tile->height_px != tile->scaled_height_px)
        return brim_augment_scaled(tile, picture, in_x, in_y);
    const uint8_t *at = picture + ((int64_t)in_y * tile->width_px + in_x) * 3;
    for (int c = 0; c < 3; c++)
        pixel.rgb[c] = at[c];
    return pixel;
}

/* What the places of an affine view are put together from, for a picture of the given sides: parts of its
 * columns, then those of its rows. They are found once, since places are in double and most cards are slow at
 * that. */
BRIM_ELEMENT BrimWarpPlace brim_augment_part(const BrimAugmentView *view, int width_px, int i)
{
    return i < width_px ? brim_warp_affine_column(&view->back, i)
                        : brim_warp_affine_row(&view->back, i - width_px);
}

/* A pixel of the warped canvas: bilinear, at 1/32 px. */
BRIM_ELEMENT BrimAugmentPixel brim_augment_view(const BrimAugmentView *view, const BrimWarpPlace *parts,
                                                const uint8_t *kept, int width_px, int x, int y)
{
    BrimWarpPlace place = view->back.perspective ? brim_warp_perspective_place(&view->back, x, y)
                                                 : brim_warp_affine_place(parts[width_px + y], parts[x]);
    int at_x = place.x >> BRIM_WARP_FRACTION_BITS, at_y = place.y >> BRIM_WARP_FRACTION_BITS;
    int right = place.x & (BRIM_WARP_FRACTIONS - 1), below = place.y & (BRIM_WARP_FRACTIONS - 1);
    BrimAugmentPixel pixel = brim_augment_canvas(view, kept, at_x, at_y);
    BrimAugmentPixel b = brim_augment_canvas(view, kept, at_x + 1, at_y);
    BrimAugmentPixel c = brim_augment_canvas(view, kept, at_x, at_y + 1);
    BrimAugmentPixel d = brim_augment_canvas(view, kept, at_x + 1, at_y + 1);
    for (int i = 0; i < 3; i++)
        pixel.rgb[i] = (uint8_t)brim_warp_blend(pixel.rgb[i], b.rgb[i], c.rgb[i], d.rgb[i], right, below);
    return pixel;
}

BRIM_ELEMENT BrimAugmentPixel brim_augment_recolour(const BrimHsvTables *tables, BrimAugmentPixel pixel)
{
    BrimHsvParts parts = brim_hsv_parts(pixel.rgb[0], pixel.rgb[1], pixel.rgb[2]);
    int hue = tables->hue[brim_hsv_hue(parts, brim_hsv_hue_reciprocal(parts.range))];
    int saturation =
        tables->saturation[brim_hsv_saturation(parts, brim_hsv_saturation_reciprocal(parts.value))];
    int value = tables->value[parts.value];
    for (int c = 0; c < 3; c++)
        pixel.rgb[c] = brim_hsv_colour(brim_hsv_sink(hue, c), saturation, value);
    return pixel;
}

/* Pixel (x, y) of the picture of the given sides that the task describes. parts: [views][width_px +
 * height_px]. */
BRIM_ELEMENT BrimAugmentPixel brim_augment_pixel(const BrimAugmentTask *task, const BrimWarpPlace *parts,
                                                 const uint8_t *kept, int width_px, int height_px, int x,
                                                 int y)
{
    x = task->flip_x ? width_px - 1 - x : x;
    y = task->flip_y ? height_px - 1 - y : y;
    BrimAugmentPixel pixel = brim_augment_view(&task->views[0], parts, kept, width_px, x, y);
    if (task->view_count > 1) {
        BrimAugmentPixel other =
            brim_augment_view(&task->views[1], parts + width_px + height_px, kept, width_px, x, y);
        double rest = 1 - task->share;
        for (int c = 0; c < 3; c++)
            pixel.rgb[c] = (uint8_t)(pixel.rgb[c] * task->share + other.rgb[c] * rest);
    }
    return task->colour ? brim_augment_recolour(&task->tables, pixel) : pixel;
}

#endif
