/* What was drawn, as numbers for who keeps the pictures and makes the pixels. */
#include "data/augment_plan.h"

static BrimAugmentTile tile_of(const BrimAugmentLayer *layer, int i, const size_t *starts)
{
    BrimCacheSide loaded = layer->loaded[i];
    return (BrimAugmentTile){.picture = (int64_t)starts[layer->samples[i]],
                             .width_px = loaded.width_px,
                             .height_px = loaded.height_px,
                             .scaled_width_px = loaded.width_px,
                             .scaled_height_px = loaded.height_px};
}

static void tell_mosaic(const BrimAugmentLayer *layer, const size_t *starts, BrimAugmentView *view)
{
    view->point_x_px = layer->point_x_px;
    view->point_y_px = layer->point_y_px;
    for (int i = 0; i < layer->tile_count; i++) {
        const BrimMosaicTile *laid = &layer->tiles[i];
        BrimAugmentTile *tile = &view->tiles[i];
        *tile = tile_of(layer, i, starts);
        tile->x_px = laid->x_px;
        tile->y_px = laid->y_px;
        tile->from_x_px = laid->from_x_px;
        tile->from_y_px = laid->from_y_px;
        tile->seen_width_px = laid->width_px;
        tile->seen_height_px = laid->height_px;
    }
}

/* A mosaic of which only the part right and below of its point, the canvas's corner, shows a picture. */
static void tell_letterbox(const BrimAugmentLayer *layer, const size_t *starts, BrimAugmentView *view)
{
    BrimAugmentTile *tile = &view->tiles[BRIM_AUGMENT_TILES - 1];
    *tile = tile_of(layer, 0, starts);
    tile->scaled_width_px = tile->seen_width_px = layer->fit.width_px;
    tile->scaled_height_px = tile->seen_height_px = layer->fit.height_px;
    tile->x_px = layer->fit.left_px;
    tile->y_px = layer->fit.top_px;
}

void brim_augment_plan_tell(const BrimAugmentPlan *plan, const size_t *starts, BrimAugmentTask *task)
{
    *task = (BrimAugmentTask){.view_count = plan->layer_count,
                              .colour = plan->colour,
                              .flip_x = plan->flip_x,
                              .flip_y = plan->flip_y,
                              .share = plan->share,
                              .tables = plan->tables};
    for (int i = 0; i < plan->layer_count; i++) {
        const BrimAugmentLayer *layer = &plan->layers[i];
        task->views[i].back = brim_warp_back(&layer->warp);
        if (layer->mosaic)
            tell_mosaic(layer, starts, &task->views[i]);
        else
            tell_letterbox(layer, starts, &task->views[i]);
    }
}
