/* A training picture as it was drawn (augment_plan.h), its pixels made by this thread. */
#include <string.h>

#include "data/augment_plan.h"
#include "data/loader_fill.h"
#include "data/resize.h"

/* What the steps of one picture share. */
typedef struct Maker {
    const BrimLoaderConf *conf;
    BrimCache *cache;
    BrimLoaderRoom *room;
} Maker;

static void warp(const Maker *maker, const BrimPicture *canvas, const BrimAugmentLayer *layer, uint8_t *to)
{
    BrimPicture warped = {maker->conf->imgsz_px, maker->conf->imgsz_px, to};
    brim_warp_picture(canvas, &warped, &layer->warp, maker->room->warp);
}

static BrimStatus make_mosaic(const Maker *maker, const BrimAugmentLayer *layer, uint8_t *to)
{
    BrimPicture canvas = {layer->side_px, layer->side_px, maker->room->canvas};
    memset(canvas.rgb, BRIM_LETTERBOX_GREY, (size_t)canvas.width_px * (size_t)canvas.height_px * 3);
    for (int i = 0; i < layer->tile_count; i++) {
        BrimPicture picture;
        BrimStatus status =
            brim_loader_load(maker->conf, maker->cache, maker->room, layer->samples[i], &picture);
        if (status != BRIM_OK)
            return status;
        brim_mosaic_place(&canvas, &picture, &layer->tiles[i]);
    }
    warp(maker, &canvas, layer, to);
    return BRIM_OK;
}

static BrimStatus make_letterbox(const Maker *maker, const BrimAugmentLayer *layer, uint8_t *to)
{
    BrimPicture loaded, canvas = {layer->side_px, layer->side_px, maker->room->canvas};
    BrimStatus status = brim_loader_load(maker->conf, maker->cache, maker->room, layer->samples[0], &loaded);
    if (status != BRIM_OK)
        return status;
    BrimPicture scaled = {layer->fit.width_px, layer->fit.height_px, maker->room->spare};
    brim_resize(&loaded, &scaled, BRIM_RESIZE_LINEAR, maker->room->resize);
    brim_letterbox_place(&scaled, &canvas, layer->fit.left_px, layer->fit.top_px);
    warp(maker, &canvas, layer, to);
    return BRIM_OK;
}

static BrimStatus make_layer(const Maker *maker, const BrimAugmentLayer *layer, uint8_t *to)
{
    return layer->mosaic ? make_mosaic(maker, layer, to) : make_letterbox(maker, layer, to);
}

/* Blends a second mosaic into the first. */
static BrimStatus mix(const Maker *maker, const BrimAugmentPlan *plan)
{
    BrimStatus status = make_layer(maker, &plan->layers[1], maker->room->spare);
    if (status != BRIM_OK)
        return status;
    double share = plan->share, rest = 1 - share;
    uint8_t *pixels = maker->room->warped;
    const uint8_t *others = maker->room->spare;
    size_t bytes = (size_t)plan->side_px * (size_t)plan->side_px * 3;
    for (size_t i = 0; i < bytes; i++)
        pixels[i] = (uint8_t)(pixels[i] * share + others[i] * rest);
    return BRIM_OK;
}

BrimStatus brim_loader_fill_augmented(const BrimLoaderConf *conf, BrimCache *cache, BrimLoaderRoom *room,
                                      int epoch, int index, const BrimLoaderPlace *place)
{
    BrimAugmentPlan plan;
    const Maker maker = {conf, cache, room};
    brim_augment_plan_draw(&plan, conf, epoch, index);
    BrimStatus status = make_layer(&maker, &plan.layers[0], room->warped);
    if (status == BRIM_OK && plan.layer_count > 1)
        status = mix(&maker, &plan);
    if (status != BRIM_OK)
        return status;
    BrimPicture warped = {plan.side_px, plan.side_px, room->warped}, frame = place->frame;
    brim_hsv_apply(&warped, &frame, plan.colour ? &plan.tables : NULL, plan.flip_x, plan.flip_y);
    *place->label_count = brim_augment_plan_label(&plan, conf->split, room->boxes, place->labels);
    return BRIM_OK;
}
