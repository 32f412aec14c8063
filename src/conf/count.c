/* Sums over a layer's convolutions. */
#include "conf/count.h"

#include "conf/convs.h"

enum { BN_OPERATIONS = 4 /* of an element, as thop 0.1.1 counts them */ };

typedef struct Sums {
    BrimLayerCount *count;
    int height_px, width_px;
} Sums;

static BrimStatus add_conv(void *self, const BrimConvPart *conv)
{
    Sums *sums = self;
    BrimLayerCount *count = sums->count;
    int64_t weights = (int64_t)conv->out_channels * conv->in_channels * conv->kernel * conv->kernel;
    double cells = (double)(sums->height_px / conv->reduction) * (sums->width_px / conv->reduction);
    count->parameters += weights + (conv->head ? 1 : 2) * (int64_t)conv->out_channels;
    count->buffer_elements += conv->head ? 0 : 2 * (int64_t)conv->out_channels + 1;
    count->module_count += conv->head ? 1 : 3; /* the convolution; or Conv around a convolution and a BN */
    count->conv_macs += (double)weights * cells;
    count->v7_macs += (double)weights * cells + (conv->head ? 0 : BN_OPERATIONS * conv->out_channels * cells);
    return BRIM_OK;
}

/* Modules that are no convolution: the module itself and its containers and pools. */
static int other_modules(const BrimLayer *layer)
{
    switch (layer->module) {
    case BRIM_MODULE_CONV:
        return layer->activation ? 0 : 1; /* an identity of its own in place of the shared SiLU */
    case BRIM_MODULE_C3:
        return 2 + layer->repeats; /* itself, the sequence, its bottlenecks */
    case BRIM_MODULE_SPP:
        return 2 + layer->pool_count;
    case BRIM_MODULE_SPPF:   /* itself, a pool */
    case BRIM_MODULE_DETECT: /* itself, the list of convolutions */
        return 2;
    default:
        return 1;
    }
}

static void set_shapes(BrimLayerCount *count, const BrimModel *model, const BrimLayer *layer, int height_px,
                       int width_px)
{
    bool detect = layer->module == BRIM_MODULE_DETECT;
    count->shape_count = detect ? model->level_count : 1;
    for (int i = 0; i < count->shape_count; i++) {
        int reduction = detect ? model->stride_px[i] : layer->reduction;
        int channels = detect ? model->anchor_count * (5 + model->class_count) : layer->out_channels;
        count->shapes[i] = (BrimLayerShape){channels, height_px / reduction, width_px / reduction};
        count->output_elements += (int64_t)channels * count->shapes[i].height * count->shapes[i].width;
    }
}

BrimLayerCount brim_layer_count(const BrimModel *model, int index, int height_px, int width_px)
{
    const BrimLayer *layer = &model->layers[index];
    BrimLayerCount count = {.module_count = other_modules(layer)};
    Sums sums = {.count = &count, .height_px = height_px, .width_px = width_px};
    brim_layer_convs(model, index, add_conv, &sums);
    set_shapes(&count, model, layer, height_px, width_px);
    if (layer->module == BRIM_MODULE_UPSAMPLE)
        count.v7_macs = (double)count.output_elements;
    if (layer->module == BRIM_MODULE_DETECT)
        count.buffer_elements = (int64_t)model->level_count * model->anchor_count * 2;
    return count;
}

static bool has_silu(const BrimLayer *layer)
{
    return layer->module == BRIM_MODULE_CONV
               ? layer->activation
               : layer->module != BRIM_MODULE_UPSAMPLE && layer->module != BRIM_MODULE_CONCAT &&
                     layer->module != BRIM_MODULE_DETECT;
}

BrimModelCount brim_model_count(const BrimModel *model, int height_px, int width_px)
{
    enum { LEAST_PROBE_PX = 32 };
    int stride_px = brim_model_max_stride_px(model);
    int probe_px = stride_px > LEAST_PROBE_PX ? stride_px : LEAST_PROBE_PX;
    BrimModelCount count = {.layers = 2}; /* the model and its sequence of layers */
    bool silu = false;
    double probe_macs = 0;
    for (int i = 0; i < model->layer_count; i++) {
        BrimLayerCount layer = brim_layer_count(model, i, height_px, width_px);
        count.layers += layer.module_count;
        count.parameters += layer.parameters;
        count.buffer_elements += layer.buffer_elements;
        count.conv_macs += layer.conv_macs;
        probe_macs += brim_layer_count(model, i, probe_px, probe_px).v7_macs;
        silu = silu || has_silu(&model->layers[i]);
    }
    count.layers += silu;
    count.gflops = probe_macs / 1e9 * 2 * height_px / probe_px * width_px / probe_px;
    return count;
}
