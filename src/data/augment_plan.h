/* What is drawn for a training picture, apart from its pixels: which pictures lie where, how they are warped,
 * mixed, coloured and flipped. Pixels are made of it by the loader (loader_augmented.c) or by a device
 * (element/augment.h), and its labels here. Private to loader*.c and the tests. */
#ifndef BRIM_DATA_AUGMENT_PLAN_H
#define BRIM_DATA_AUGMENT_PLAN_H

#include "data/augment_boxes.h"
#include "data/augment_hsv.h"
#include "data/cache.h"
#include "data/letterbox.h"
#include "data/loader.h"
#include "data/mosaic.h"
#include "element/augment.h"

/* A square canvas and its warp: a mosaic around a point, or one picture in a letterbox. */
typedef struct BrimAugmentLayer {
    bool mosaic;
    int side_px;
    int point_x_px, point_y_px; /* mosaic */
    int tile_count;
    int32_t samples[BRIM_MOSAIC_TILES];
    BrimCacheSide loaded[BRIM_MOSAIC_TILES]; /* sides of those pictures as they are loaded */
    BrimMosaicTile tiles[BRIM_MOSAIC_TILES]; /* mosaic */
    BrimLetterboxFit fit;                    /* letterbox */
    BrimWarp warp;
} BrimAugmentLayer;

typedef struct BrimAugmentPlan {
    int side_px; /* of the picture */
    BrimAugmentLayer layers[BRIM_AUGMENT_VIEWS];
    int layer_count; /* two: mixup */
    double share;    /* of the first */
    bool colour, flip_x, flip_y;
    BrimHsvTables tables; /* where colour is set */
} BrimAugmentPlan;

/* Draws depend on seed, epoch and sample alone. */
void brim_augment_plan_draw(BrimAugmentPlan *plan, const BrimLoaderConf *conf, int epoch, int sample);

/* Labels of the picture; returns how many. boxes and labels have room for the most that a picture can have.
 */
int brim_augment_plan_label(const BrimAugmentPlan *plan, const BrimSplit *split, BrimPixelBox *boxes,
                            BrimLabel *labels);

/* The same for who makes the pixels elsewhere. starts: byte at which each sample's loaded picture is kept. */
void brim_augment_plan_tell(const BrimAugmentPlan *plan, const size_t *starts, BrimAugmentTask *task);

#endif
