/* The labels of a drawn picture: those of the pictures in it, moved as their pixels are. */
#include "data/augment_plan.h"

static int add_boxes(BrimPixelBox *boxes, const BrimSplit *split, int32_t index, double width_px,
                     double height_px, double pad_x_px, double pad_y_px)
{
    const BrimSample *sample = &split->samples[index];
    const BrimLabel *labels = split->labels + sample->first_label;
    for (int i = 0; i < sample->label_count; i++)
        boxes[i] = brim_box_to_pixels(&labels[i], width_px, height_px, pad_x_px, pad_y_px);
    return sample->label_count;
}

/* Boxes on a mosaic are cut to the canvas before they are warped. */
static int label_mosaic(const BrimAugmentLayer *layer, const BrimSplit *split, BrimPixelBox *boxes)
{
    int count = 0;
    for (int i = 0; i < layer->tile_count; i++) {
        const BrimMosaicTile *tile = &layer->tiles[i];
        count +=
            add_boxes(boxes + count, split, layer->samples[i], layer->loaded[i].width_px,
                      layer->loaded[i].height_px, tile->x_px - tile->from_x_px, tile->y_px - tile->from_y_px);
    }
    for (int i = 0; i < count; i++)
        brim_box_clip(&boxes[i], layer->side_px, layer->side_px);
    return count;
}

static int label_letterbox(const BrimAugmentLayer *layer, const BrimSplit *split, BrimPixelBox *boxes)
{
    const BrimLetterboxFit *fit = &layer->fit;
    return add_boxes(boxes, split, layer->samples[0], fit->ratio * layer->loaded[0].width_px,
                     fit->ratio * layer->loaded[0].height_px, fit->pad_x_px, fit->pad_y_px);
}

static int label_layer(const BrimAugmentPlan *plan, const BrimAugmentLayer *layer, const BrimSplit *split,
                       BrimPixelBox *boxes)
{
    int count = layer->mosaic ? label_mosaic(layer, split, boxes) : label_letterbox(layer, split, boxes);
    return brim_boxes_warp(boxes, count, &layer->warp, plan->side_px, plan->side_px);
}

int brim_augment_plan_label(const BrimAugmentPlan *plan, const BrimSplit *split, BrimPixelBox *boxes,
                            BrimLabel *labels)
{
    int count = 0;
    for (int i = 0; i < plan->layer_count; i++)
        count += label_layer(plan, &plan->layers[i], split, boxes + count);
    for (int i = 0; i < count; i++) {
        BrimLabel label = brim_box_to_label(&boxes[i], plan->side_px, plan->side_px);
        label.x = plan->flip_x ? 1 - label.x : label.x;
        label.y = plan->flip_y ? 1 - label.y : label.y;
        labels[i] = label;
    }
    return count;
}
