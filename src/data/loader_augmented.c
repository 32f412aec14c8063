/* A training picture: mosaic or letterbox, a random warp, mixup, colour and flips. */
#include <math.h>
#include <string.h>

#include "data/augment_hsv.h"
#include "data/letterbox.h"
#include "data/loader_fill.h"
#include "data/mosaic.h"
#include "data/resize.h"

/* What the steps of one picture share. */
typedef struct Maker {
    const BrimLoaderConf *conf;
    BrimCache *cache;
    BrimLoaderRoom *room;
    BrimRandom random;
    int box_count; /* in the room's boxes */
} Maker;

static void add_boxes(Maker *maker, int index, double width_px, double height_px, double pad_x_px,
                      double pad_y_px)
{
    const BrimSample *sample = &maker->conf->split->samples[index];
    const BrimLabel *labels = maker->conf->split->labels + sample->first_label;
    for (int i = 0; i < sample->label_count; i++)
        maker->room->boxes[maker->box_count++] =
            brim_box_to_pixels(&labels[i], width_px, height_px, pad_x_px, pad_y_px);
}

/* Warps the canvas and the boxes from first_box on. */
static void warp(Maker *maker, const BrimPicture *canvas, uint8_t *to, int first_box)
{
    const BrimHyper *hyper = &maker->conf->hyper;
    int side = maker->conf->imgsz_px;
    BrimPicture warped = {side, side, to};
    BrimWarpDraw draw = brim_warp_draw(&maker->random, hyper);
    BrimWarp made =
        brim_warp_make(&draw, canvas->width_px, canvas->height_px, side, side, hyper->perspective != 0);
    brim_warp_picture(canvas, &warped, &made, maker->room->warp);
    BrimPixelBox *boxes = maker->room->boxes + first_box;
    maker->box_count = first_box + brim_boxes_warp(boxes, maker->box_count - first_box, &made, side, side);
}

/* Puts a picture and its boxes, cut to the canvas, on their tile. */
static BrimStatus add_tile(Maker *maker, BrimPicture *canvas, int tile, int index, int point_x, int point_y)
{
    BrimPicture picture;
    BrimStatus status = brim_loader_load(maker->conf, maker->cache, maker->room, index, &picture);
    if (status != BRIM_OK)
        return status;
    int side = canvas->width_px, first = maker->box_count;
    BrimMosaicTile laid = brim_mosaic_tile(tile, point_x, point_y, picture.width_px, picture.height_px, side);
    brim_mosaic_place(canvas, &picture, &laid);
    add_boxes(maker, index, picture.width_px, picture.height_px, laid.x_px - laid.from_x_px,
              laid.y_px - laid.from_y_px);
    for (int i = first; i < maker->box_count; i++)
        brim_box_clip(&maker->room->boxes[i], side, side);
    return BRIM_OK;
}

/* The picture and three others, in any order, around a point of the canvas's inner half. */
static BrimStatus make_mosaic(Maker *maker, int index, uint8_t *to)
{
    int side = maker->conf->imgsz_px, first_box = maker->box_count;
    BrimPicture canvas = {2 * side, 2 * side, maker->room->canvas};
    int point_y = (int)brim_random_uniform(&maker->random, side / 2, 2 * side - side / 2);
    int point_x = (int)brim_random_uniform(&maker->random, side / 2, 2 * side - side / 2);
    int32_t indices[BRIM_MOSAIC_TILES] = {index};
    for (int i = 1; i < BRIM_MOSAIC_TILES; i++)
        indices[i] = (int32_t)brim_random_below(&maker->random, (uint32_t)maker->conf->split->sample_count);
    brim_random_shuffle(&maker->random, indices, BRIM_MOSAIC_TILES);
    memset(canvas.rgb, BRIM_LETTERBOX_GREY, (size_t)canvas.width_px * (size_t)canvas.height_px * 3);
    for (int i = 0; i < BRIM_MOSAIC_TILES; i++) {
        BrimStatus status = add_tile(maker, &canvas, i, indices[i], point_x, point_y);
        if (status != BRIM_OK)
            return status;
    }
    warp(maker, &canvas, to, first_box);
    return BRIM_OK;
}

static BrimStatus make_letterbox(Maker *maker, int index, uint8_t *to)
{
    int side = maker->conf->imgsz_px;
    BrimPicture loaded, canvas = {side, side, maker->room->canvas};
    BrimStatus status = brim_loader_load(maker->conf, maker->cache, maker->room, index, &loaded);
    if (status != BRIM_OK)
        return status;
    BrimLetterboxFit fit = brim_letterbox_fit(loaded.width_px, loaded.height_px, side, side, 0, true);
    BrimPicture scaled = {fit.width_px, fit.height_px, maker->room->spare};
    brim_resize(&loaded, &scaled, BRIM_RESIZE_LINEAR, maker->room->resize);
    brim_letterbox_place(&scaled, &canvas, fit.left_px, fit.top_px);
    add_boxes(maker, index, fit.ratio * loaded.width_px, fit.ratio * loaded.height_px, fit.pad_x_px,
              fit.pad_y_px);
    warp(maker, &canvas, to, 0);
    return BRIM_OK;
}

/* Gamma of a whole shape: that many exponentials. */
static double draw_gamma(BrimRandom *random, int shape)
{
    double sum = 0;
    for (int i = 0; i < shape; i++)
        sum -= log(1.0 - brim_random_unit(random));
    return sum;
}

/* Blends a second mosaic into the first, with a share from Beta(32, 32). */
static BrimStatus mix(Maker *maker)
{
    enum { SHAPE = 32 };
    int other = (int)brim_random_below(&maker->random, (uint32_t)maker->conf->split->sample_count);
    BrimStatus status = make_mosaic(maker, other, maker->room->spare);
    if (status != BRIM_OK)
        return status;
    double a = draw_gamma(&maker->random, SHAPE), b = draw_gamma(&maker->random, SHAPE);
    double share = a / (a + b), rest = 1 - share;
    uint8_t *pixels = maker->room->warped;
    const uint8_t *others = maker->room->spare;
    size_t bytes = (size_t)maker->conf->imgsz_px * (size_t)maker->conf->imgsz_px * 3;
    for (size_t i = 0; i < bytes; i++)
        pixels[i] = (uint8_t)(pixels[i] * share + others[i] * rest);
    return BRIM_OK;
}

/* Colour and flips, on the way to the batch. */
static void finish(Maker *maker, const BrimLoaderPlace *place)
{
    const BrimHyper *hyper = &maker->conf->hyper;
    int side = maker->conf->imgsz_px;
    BrimPicture warped = {side, side, maker->room->warped}, frame = place->frame;
    BrimHsvTables tables;
    double gains[3] = {hyper->hsv_h, hyper->hsv_s, hyper->hsv_v};
    bool colour = gains[0] != 0 || gains[1] != 0 || gains[2] != 0;
    for (int i = 0; i < 3; i++)
        gains[i] = 1 + gains[i] * brim_random_uniform(&maker->random, -1, 1);
    bool flip_y = brim_random_unit(&maker->random) < hyper->flipud;
    bool flip_x = brim_random_unit(&maker->random) < hyper->fliplr;
    brim_hsv_tables(&tables, gains[0], gains[1], gains[2]);
    brim_hsv_apply(&warped, &frame, colour ? &tables : NULL, flip_x, flip_y);
    for (int i = 0; i < maker->box_count; i++) {
        BrimLabel label = brim_box_to_label(&maker->room->boxes[i], side, side);
        label.x = flip_x ? 1 - label.x : label.x;
        label.y = flip_y ? 1 - label.y : label.y;
        place->labels[i] = label;
    }
    *place->label_count = maker->box_count;
}

BrimStatus brim_loader_fill_augmented(const BrimLoaderConf *conf, BrimCache *cache, BrimLoaderRoom *room,
                                      int epoch, int index, const BrimLoaderPlace *place)
{
    Maker maker = {conf, cache, room, brim_random(conf->seed, (uint64_t)epoch << 32 | (uint64_t)index), 0};
    BrimStatus status;
    if (brim_random_unit(&maker.random) < conf->hyper.mosaic) {
        status = make_mosaic(&maker, index, room->warped);
        if (status == BRIM_OK && brim_random_unit(&maker.random) < conf->hyper.mixup)
            status = mix(&maker);
    } else {
        status = make_letterbox(&maker, index, room->warped);
    }
    if (status == BRIM_OK)
        finish(&maker, place);
    return status;
}
