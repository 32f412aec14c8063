/* Rows to layers: references made absolute, channels and repeats after their multiples, sizes followed from
 * layer to layer. What cannot be run is refused here, with its line. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "conf/model_rows.h"

enum {
    MOST_CHANNELS = 16384, /* ten times the widest of the family; keeps every product in 64 bits */
    MOST_REDUCTION = 256
};

typedef struct Resolver {
    const BrimRows *rows;
    BrimModel *model;
    int index;                  /* of the layer at hand */
    bool read[BRIM_MAX_LAYERS]; /* layers that another one reads */
} Resolver;

__attribute__((format(printf, 2, 3))) static BrimStatus refuse(const Resolver *resolver, const char *format,
                                                               ...)
{
    const BrimRow *row = &resolver->rows->rows[resolver->index];
    char what[256];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: layer %d (%s): %s", resolver->rows->file, row->line,
                     resolver->index, brim_module_text(row->module), what);
}

/* Channels and reduction of a layer's output, or of the picture (-1). */
static int channels_of(const BrimModel *model, int layer)
{
    return layer < 0 ? 3 : model->layers[layer].out_channels;
}

static int reduction_of(const BrimModel *model, int layer)
{
    return layer < 0 ? 1 : model->layers[layer].reduction;
}

static BrimStatus resolve_from(Resolver *resolver, const BrimRow *row, BrimLayer *layer)
{
    layer->from_count = row->from_count;
    for (int i = 0; i < row->from_count; i++) {
        int from = row->from[i] < 0 ? resolver->index + row->from[i] : row->from[i];
        bool picture = resolver->index == 0 && row->from[i] == -1;
        if (!picture && (from < 0 || from >= resolver->index))
            return refuse(resolver, "from %d is no layer before this one", row->from[i]);
        if (!picture && resolver->model->layers[from].module == BRIM_MODULE_DETECT)
            return refuse(resolver, "Detect must be the last layer; nothing can read it");
        if (!picture)
            resolver->read[from] = true;
        layer->from[i] = from;
    }
    if (row->from_count > 1 && row->module != BRIM_MODULE_CONCAT && row->module != BRIM_MODULE_DETECT)
        return refuse(resolver, "takes one input, not %d", row->from_count);
    layer->in_channels = channels_of(resolver->model, layer->from[0]);
    layer->reduction = reduction_of(resolver->model, layer->from[0]);
    return BRIM_OK;
}

/* Repeats after the depth multiple: rint rounds halves to even, as Python's round does. */
static BrimStatus resolve_repeats(const Resolver *resolver, const BrimRow *row, BrimLayer *layer)
{
    double scaled = rint(row->number * resolver->model->depth_multiple);
    layer->repeats = row->number > 1 && scaled > 1 ? (int)scaled : 1;
    if (layer->repeats > 1 && row->module != BRIM_MODULE_C3)
        return refuse(resolver, "is repeated %d times, which brim knows of C3 alone; write a row for each",
                      layer->repeats);
    return BRIM_OK;
}

/* Channels after the width multiple, up to the next multiple of 8. A row that asks for as many as a head has
 * outputs is not scaled: YOLOv5 takes it for an output layer. */
static BrimStatus resolve_channels(const Resolver *resolver, const BrimRow *row, BrimLayer *layer)
{
    const BrimModel *model = resolver->model;
    double channels = row->channels;
    if (row->channels != model->anchor_count * (5 + model->class_count))
        channels = ceil(channels * model->width_multiple / 8) * 8;
    if (channels > MOST_CHANNELS)
        return refuse(resolver, "%.0f channels are more than %d", channels, MOST_CHANNELS);
    layer->out_channels = (int)channels;
    return BRIM_OK;
}

/* With 1 <= kernel - 2 padding <= stride every multiple of the stride shrinks to exactly its part, so that a
 * layer has one reduction for all picture sizes. */
static BrimStatus resolve_conv(const Resolver *resolver, const BrimRow *row, BrimLayer *layer)
{
    layer->kernel = row->kernel;
    layer->stride = row->stride;
    layer->padding = row->padding == BRIM_ROW_HALF_THE_KERNEL ? row->kernel / 2 : row->padding;
    layer->activation = row->activation;
    int border = layer->kernel - 2 * layer->padding;
    if (border < 1 || border > layer->stride)
        return refuse(resolver, "kernel %d, stride %d and padding %d do not divide sizes by %d exactly",
                      layer->kernel, layer->stride, layer->padding, layer->stride);
    layer->reduction *= layer->stride;
    if (layer->reduction > MOST_REDUCTION)
        return refuse(resolver, "makes pictures %d times smaller; %d is the most", layer->reduction,
                      MOST_REDUCTION);
    return BRIM_OK;
}

static BrimStatus resolve_pools(const Resolver *resolver, const BrimRow *row, BrimLayer *layer)
{
    layer->kernel = row->kernel;
    layer->pool_count = row->pool_count;
    memcpy(layer->pool_kernels, row->pool_kernels, sizeof layer->pool_kernels);
    if (row->module == BRIM_MODULE_SPPF && row->kernel % 2 == 0)
        return refuse(resolver, "kernel %d is even; a pool that keeps its size has an odd one", row->kernel);
    for (int i = 0; i < row->pool_count; i++)
        if (row->pool_kernels[i] % 2 == 0 || (i && row->pool_kernels[i] <= row->pool_kernels[i - 1]))
            return refuse(resolver, "its pool kernels must be odd and ascend");
    return BRIM_OK;
}

static BrimStatus resolve_concat(const Resolver *resolver, BrimLayer *layer)
{
    layer->in_channels = 0;
    for (int i = 0; i < layer->from_count; i++) {
        int reduction = reduction_of(resolver->model, layer->from[i]);
        if (reduction != layer->reduction)
            return refuse(resolver,
                          "its inputs differ in size: layer %d is 1/%d of the picture, layer %d 1/%d",
                          layer->from[0], layer->reduction, layer->from[i], reduction);
        layer->in_channels += channels_of(resolver->model, layer->from[i]);
    }
    layer->out_channels = layer->in_channels;
    if (layer->out_channels > MOST_CHANNELS)
        return refuse(resolver, "%d channels are more than %d", layer->out_channels, MOST_CHANNELS);
    return BRIM_OK;
}

static BrimStatus resolve_upsample(const Resolver *resolver, BrimLayer *layer)
{
    layer->scale = 2;
    layer->out_channels = layer->in_channels;
    if (layer->reduction % 2)
        return refuse(resolver, "its input is not half of anything: it is 1/%d of the picture",
                      layer->reduction);
    layer->reduction /= 2;
    return BRIM_OK;
}

static BrimStatus resolve_detect(const Resolver *resolver, const BrimLayer *layer)
{
    BrimModel *model = resolver->model;
    if (layer->from_count != model->level_count)
        return refuse(resolver, "reads %d layers, but `anchors` has %d rows", layer->from_count,
                      model->level_count);
    for (int level = 0; level < layer->from_count; level++)
        model->stride_px[level] = reduction_of(model, layer->from[level]);
    return BRIM_OK;
}

static BrimStatus resolve_module(const Resolver *resolver, const BrimRow *row, BrimLayer *layer)
{
    BrimStatus status = row->channels ? resolve_channels(resolver, row, layer) : BRIM_OK;
    if (status != BRIM_OK)
        return status;
    switch (row->module) {
    case BRIM_MODULE_CONV:
        return resolve_conv(resolver, row, layer);
    case BRIM_MODULE_SPP:
    case BRIM_MODULE_SPPF:
        return resolve_pools(resolver, row, layer);
    case BRIM_MODULE_CONCAT:
        return resolve_concat(resolver, layer);
    case BRIM_MODULE_UPSAMPLE:
        return resolve_upsample(resolver, layer);
    case BRIM_MODULE_DETECT:
        return resolve_detect(resolver, layer);
    default:
        layer->shortcut = row->shortcut;
        return BRIM_OK;
    }
}

static BrimStatus resolve_row(Resolver *resolver)
{
    const BrimRow *row = &resolver->rows->rows[resolver->index];
    BrimLayer layer = {.module = row->module};
    BrimStatus status = resolve_from(resolver, row, &layer);
    if (status == BRIM_OK)
        status = resolve_repeats(resolver, row, &layer);
    if (status == BRIM_OK)
        status = resolve_module(resolver, row, &layer);
    resolver->model->layers[resolver->index] = layer;
    resolver->model->layer_count = resolver->index + 1;
    return status;
}

static double mean_area(const BrimModel *model, int level)
{
    double sum = 0;
    for (int i = 0; i < model->anchor_count; i++)
        sum += model->anchors_px[level][i][0] * model->anchors_px[level][i][1];
    return sum / model->anchor_count;
}

/* Anchors go with the levels in the order of Detect's inputs; a file that lists them the other way round is
 * turned, as YOLOv5 turns it. */
static void order_anchors(BrimModel *model)
{
    int last = model->level_count - 1;
    double area = mean_area(model, last) - mean_area(model, 0);
    int stride_px = model->stride_px[last] - model->stride_px[0];
    if (area == 0 || (area > 0) == (stride_px > 0))
        return;
    for (int level = 0; level < model->level_count / 2; level++) {
        double kept[BRIM_MAX_ANCHORS][2];
        memcpy(kept, model->anchors_px[level], sizeof kept);
        memcpy(model->anchors_px[level], model->anchors_px[last - level], sizeof kept);
        memcpy(model->anchors_px[last - level], kept, sizeof kept);
    }
}

BrimStatus brim_rows_resolve(const BrimRows *rows, BrimModel *model)
{
    Resolver resolver = {.rows = rows, .model = model};
    *model = (BrimModel){.depth_multiple = rows->depth_multiple,
                         .width_multiple = rows->width_multiple,
                         .class_count = rows->class_count,
                         .level_count = rows->level_count,
                         .anchor_count = rows->anchor_count};
    snprintf(model->name, sizeof model->name, "%s", rows->name);
    memcpy(model->anchors_px, rows->anchors_px, sizeof model->anchors_px);
    for (; resolver.index < rows->row_count; resolver.index++) {
        BrimStatus status = resolve_row(&resolver);
        if (status != BRIM_OK)
            return status;
    }
    int last = rows->row_count - 1;
    if (last < 1 || rows->rows[last].module != BRIM_MODULE_DETECT)
        return brim_fail(BRIM_ERROR_INPUT, "%s: `head:` must end with a Detect layer", rows->file);
    for (resolver.index = 0; resolver.index < last; resolver.index++)
        if (!resolver.read[resolver.index])
            return refuse(&resolver, "no other layer reads it; remove it or connect it");
    order_anchors(model);
    return BRIM_OK;
}
