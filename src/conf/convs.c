/* Modules taken apart into convolutions, after models/common.py of v7.0. */
#include "conf/convs.h"

#include <stdio.h>

typedef struct Walk {
    BrimConvVisit visit;
    void *self;
    int reduction;
    BrimStatus status; /* once it is not OK, nothing more is visited */
} Walk;

static void conv(Walk *walk, const char *name, int in_channels, int out_channels, int kernel)
{
    BrimConvPart part = {.in_channels = in_channels,
                         .out_channels = out_channels,
                         .kernel = kernel,
                         .reduction = walk->reduction};
    snprintf(part.name, sizeof part.name, "%s", name);
    if (walk->status == BRIM_OK)
        walk->status = walk->visit(walk->self, &part);
}

/* Half the channels inside, which is what e = 0.5 means; whole ones, rounded down. */
static void c3(Walk *walk, const BrimLayer *layer)
{
    int half = layer->out_channels / 2;
    conv(walk, "cv1", layer->in_channels, half, 1);
    conv(walk, "cv2", layer->in_channels, half, 1);
    conv(walk, "cv3", 2 * half, layer->out_channels, 1);
    for (int i = 0; i < layer->repeats; i++) {
        char name[24];
        snprintf(name, sizeof name, "m.%d.cv1", i);
        conv(walk, name, half, half, 1);
        snprintf(name, sizeof name, "m.%d.cv2", i);
        conv(walk, name, half, half, 3);
    }
}

/* The picture beside its pools: SPP has one for each kernel, SPPF three of the same. */
static void spp(Walk *walk, const BrimLayer *layer)
{
    int half = layer->in_channels / 2;
    int pools = layer->module == BRIM_MODULE_SPP ? layer->pool_count : 3;
    conv(walk, "cv1", layer->in_channels, half, 1);
    conv(walk, "cv2", half * (pools + 1), layer->out_channels, 1);
}

static void detect(Walk *walk, const BrimModel *model, const BrimLayer *layer)
{
    for (int level = 0; level < model->level_count && walk->status == BRIM_OK; level++) {
        BrimConvPart part = {.in_channels = model->layers[layer->from[level]].out_channels,
                             .out_channels = model->anchor_count * (5 + model->class_count),
                             .kernel = 1,
                             .reduction = model->stride_px[level],
                             .head = true};
        snprintf(part.name, sizeof part.name, "m.%d", level);
        walk->status = walk->visit(walk->self, &part);
    }
}

BrimStatus brim_layer_convs(const BrimModel *model, int index, BrimConvVisit visit, void *self)
{
    const BrimLayer *layer = &model->layers[index];
    Walk walk = {.visit = visit, .self = self, .reduction = layer->reduction};
    switch (layer->module) {
    case BRIM_MODULE_CONV:
        conv(&walk, "", layer->in_channels, layer->out_channels, layer->kernel);
        break;
    case BRIM_MODULE_BOTTLENECK:
        conv(&walk, "cv1", layer->in_channels, layer->out_channels / 2, 1);
        conv(&walk, "cv2", layer->out_channels / 2, layer->out_channels, 3);
        break;
    case BRIM_MODULE_C3:
        c3(&walk, layer);
        break;
    case BRIM_MODULE_SPP:
    case BRIM_MODULE_SPPF:
        spp(&walk, layer);
        break;
    case BRIM_MODULE_DETECT:
        detect(&walk, model, layer);
        break;
    default:
        break; /* UPSAMPLE, CONCAT: none */
    }
    return walk.status;
}
