/* Layers to nodes. Heads are placed right behind the layer that they read, so that neither its activation in the
 * forward pass nor its gradient in the backward pass has to wait for the end of the network. */
#include "graph/network.h"

#include <stdio.h>
#include <string.h>

/* What is at hand while one layer is being taken apart. */
typedef struct Builder {
    BrimNetwork *network;
    const BrimModel *model;
    int layer;
    int outputs[BRIM_MAX_LAYERS]; /* node that holds each layer's output */
    BrimConv heads[BRIM_MAX_LEVELS]; /* made early, named last: they come last in a state_dict */
} Builder;

static int output_of(const Builder *builder, int layer)
{
    return layer < 0 ? 0 : builder->outputs[layer];
}

static BrimStatus add_node(Builder *builder, const BrimNode *pattern, int *made)
{
    BrimNetwork *network = builder->network;
    BrimNode *nodes =
        brim_mem_room(BRIM_MEM_GRAPH, network->nodes, network->node_count, &network->node_room, sizeof *nodes);
    if (!nodes)
        return BRIM_ERROR_MEMORY;
    network->nodes = nodes;
    *made = network->node_count++;
    network->nodes[*made] = *pattern;
    BrimNode *node = &network->nodes[*made];
    node->layer = builder->layer;
    snprintf(node->layer_name, sizeof node->layer_name, "model.%d", node->layer);
    snprintf(node->name, sizeof node->name, "model.%d/%d", node->layer, *made);
    for (int i = 0; i < pattern->input_count; i++) {
        BrimNode *input = &network->nodes[pattern->inputs[i]];
        if (input->consumer_count == BRIM_NODE_MAX_CONSUMERS)
            return brim_fail(BRIM_ERROR_UNSUPPORTED, "layer %d: the output of layer %d is read more than %d times",
                             builder->layer, input->layer, BRIM_NODE_MAX_CONSUMERS);
        input->consumers[input->consumer_count++] = *made;
    }
    return BRIM_OK;
}

static BrimStatus add_conv_entry(BrimNetwork *network, const BrimConv *pattern, int *made)
{
    BrimConv *convs =
        brim_mem_room(BRIM_MEM_GRAPH, network->convs, network->conv_count, &network->conv_room, sizeof *convs);
    if (!convs)
        return BRIM_ERROR_MEMORY;
    network->convs = convs;
    *made = network->conv_count++;
    network->convs[*made] = *pattern;
    return BRIM_OK;
}

/* A Conv block: padding < 0 means k / 2. suffix is its place in the layer: "", ".cv1", ".m.0.cv2", ... */
static BrimStatus add_conv(Builder *builder, int input, int channels, int kernel, int stride, int padding,
                           bool activation, const char *suffix, int *made)
{
    const BrimNode *source = &builder->network->nodes[input];
    int pad = padding < 0 ? kernel / 2 : padding;
    /* Only convolutions that divide the size exactly for every multiple of the stride have a fixed reduction. */
    if (2 * pad - kernel + stride < 0 || 2 * pad - kernel + stride >= stride)
        return brim_fail(BRIM_ERROR_UNSUPPORTED,
                         "layer %d: a convolution with kernel %d, stride %d and padding %d changes the size by other "
                         "than its stride",
                         builder->layer, kernel, stride, pad);
    BrimConv conv = {.in_channels = source->channels, .out_channels = channels, .kernel = kernel};
    snprintf(conv.name, sizeof conv.name, "model.%d%s", builder->layer, suffix);
    BrimNode node = {.kind = BRIM_NODE_CONV,
                     .inputs = {input},
                     .input_count = 1,
                     .channels = channels,
                     .reduction = source->reduction * stride,
                     .kernel = kernel,
                     .stride = stride,
                     .padding = pad,
                     .activation = activation,
                     .level = -1};
    BrimStatus status = add_conv_entry(builder->network, &conv, &node.conv);
    if (status == BRIM_OK)
        status = add_node(builder, &node, made);
    if (status == BRIM_OK)
        builder->network->convs[node.conv].node = *made;
    return status;
}

static BrimStatus add_pool(Builder *builder, int input, int kernel, int *made)
{
    const BrimNode *source = &builder->network->nodes[input];
    BrimNode node = {.kind = BRIM_NODE_POOL,
                     .inputs = {input},
                     .input_count = 1,
                     .channels = source->channels,
                     .reduction = source->reduction,
                     .kernel = kernel,
                     .stride = 1,
                     .padding = kernel / 2,
                     .level = -1};
    return add_node(builder, &node, made);
}

static BrimStatus add_concat(Builder *builder, const int *inputs, int count, int *made)
{
    BrimNode node = {.kind = BRIM_NODE_CONCAT, .input_count = count, .level = -1};
    node.reduction = builder->network->nodes[inputs[0]].reduction;
    for (int i = 0; i < count; i++) {
        node.inputs[i] = inputs[i];
        node.channels += builder->network->nodes[inputs[i]].channels;
    }
    return add_node(builder, &node, made);
}

static BrimStatus add_bottleneck(Builder *builder, int input, int channels, int hidden, bool shortcut,
                                 const char *prefix, int *made)
{
    char suffix[32];
    int inner = 0, outer = 0;
    snprintf(suffix, sizeof suffix, "%s.cv1", prefix);
    BrimStatus status = add_conv(builder, input, hidden, 1, 1, -1, true, suffix, &inner);
    snprintf(suffix, sizeof suffix, "%s.cv2", prefix);
    if (status == BRIM_OK)
        status = add_conv(builder, inner, channels, 3, 1, -1, true, suffix, &outer);
    *made = outer;
    if (status != BRIM_OK || !shortcut || builder->network->nodes[input].channels != channels)
        return status;
    BrimNode sum = {.kind = BRIM_NODE_ADD,
                    .inputs = {input, outer},
                    .input_count = 2,
                    .channels = channels,
                    .reduction = builder->network->nodes[outer].reduction,
                    .level = -1};
    return add_node(builder, &sum, made);
}

/* cv1 -> bottlenecks, beside cv2, concatenated into cv3. */
static BrimStatus build_c3(Builder *builder, const BrimLayer *layer, int input, int *made)
{
    BrimStatus status;
    int hidden = layer->out_channels / 2;
    int chain = 0, beside = 0, both = 0;
    BRIM_TRY(add_conv(builder, input, hidden, 1, 1, -1, true, ".cv1", &chain));
    for (int i = 0; i < layer->repeats; i++) {
        char prefix[24];
        snprintf(prefix, sizeof prefix, ".m.%d", i);
        BRIM_TRY(add_bottleneck(builder, chain, hidden, hidden, layer->shortcut, prefix, &chain));
    }
    BRIM_TRY(add_conv(builder, input, hidden, 1, 1, -1, true, ".cv2", &beside));
    BRIM_TRY(add_concat(builder, (int[]){chain, beside}, 2, &both));
    BRIM_TRY(add_conv(builder, both, layer->out_channels, 1, 1, -1, true, ".cv3", made));
fail:
    return status;
}

/* SPPF pools what was pooled before; SPP pools the same input with larger and larger kernels. */
static BrimStatus build_spp(Builder *builder, const BrimLayer *layer, int input, int *made)
{
    BrimStatus status;
    bool chained = layer->module == BRIM_MODULE_SPPF;
    int parts[BRIM_NODE_INPUTS] = {0};
    int count = 1 + (chained ? 3 : layer->pool_count);
    int all = 0;
    BRIM_TRY(add_conv(builder, input, layer->in_channels / 2, 1, 1, -1, true, ".cv1", &parts[0]));
    for (int i = 1; i < count; i++)
        BRIM_TRY(add_pool(builder, chained ? parts[i - 1] : parts[0],
                          chained ? layer->kernel : layer->pool_kernels[i - 1], &parts[i]));
    BRIM_TRY(add_concat(builder, parts, count, &all));
    BRIM_TRY(add_conv(builder, all, layer->out_channels, 1, 1, -1, true, ".cv2", made));
fail:
    return status;
}

static BrimStatus build_layer(Builder *builder, const BrimLayer *layer, int *made)
{
    int inputs[BRIM_MAX_FROM];
    for (int i = 0; i < layer->from_count; i++)
        inputs[i] = output_of(builder, layer->from[i]);
    switch (layer->module) {
    case BRIM_MODULE_CONV:
        return add_conv(builder, inputs[0], layer->out_channels, layer->kernel, layer->stride, layer->padding,
                        layer->activation, "", made);
    case BRIM_MODULE_BOTTLENECK:
        return add_bottleneck(builder, inputs[0], layer->out_channels, layer->out_channels / 2, layer->shortcut, "",
                              made);
    case BRIM_MODULE_C3:
        return build_c3(builder, layer, inputs[0], made);
    case BRIM_MODULE_SPP:
    case BRIM_MODULE_SPPF:
        return build_spp(builder, layer, inputs[0], made);
    case BRIM_MODULE_CONCAT:
        return add_concat(builder, inputs, layer->from_count, made);
    case BRIM_MODULE_UPSAMPLE: {
        const BrimNode *source = &builder->network->nodes[inputs[0]];
        BrimNode node = {.kind = BRIM_NODE_UPSAMPLE,
                         .inputs = {inputs[0]},
                         .input_count = 1,
                         .channels = source->channels,
                         .reduction = source->reduction / 2,
                         .level = -1};
        if (source->reduction % 2)
            return brim_fail(BRIM_ERROR_UNSUPPORTED, "layer %d: enlarges beyond the picture", builder->layer);
        return add_node(builder, &node, made);
    }
    default:
        return brim_fail(BRIM_ERROR_UNSUPPORTED, "layer %d: no program for this module", builder->layer);
    }
}

/* The head's 1x1 convolution for the level that reads this layer, if one does. */
static BrimStatus add_heads_of(Builder *builder, int layer)
{
    const BrimModel *model = builder->model;
    const BrimLayer *detect = &model->layers[model->layer_count - 1];
    for (int level = 0; level < detect->from_count; level++) {
        if (detect->from[level] != layer)
            continue;
        int input = builder->outputs[layer];
        const BrimNode *source = &builder->network->nodes[input];
        int channels = model->anchor_count * (5 + model->class_count);
        BrimConv *conv = &builder->heads[level];
        *conv = (BrimConv){.in_channels = source->channels, .out_channels = channels, .kernel = 1, .head = true};
        snprintf(conv->name, sizeof conv->name, "model.%d.m.%d", model->layer_count - 1, level);
        BrimNode node = {.kind = BRIM_NODE_CONV,
                         .inputs = {input},
                         .input_count = 1,
                         .channels = channels,
                         .reduction = source->reduction,
                         .kernel = 1,
                         .stride = 1,
                         .level = level};
        builder->layer = model->layer_count - 1;
        BrimStatus status = add_node(builder, &node, &conv->node);
        if (status != BRIM_OK)
            return status;
        builder->network->heads[level] = conv->node;
    }
    return BRIM_OK;
}

/* Heads enter the table of convolutions last, as Detect is the last layer of a state_dict. */
static BrimStatus enter_heads(Builder *builder)
{
    for (int level = 0; level < builder->network->level_count; level++) {
        int entry = 0;
        BrimStatus status = add_conv_entry(builder->network, &builder->heads[level], &entry);
        if (status != BRIM_OK)
            return status;
        builder->network->nodes[builder->heads[level].node].conv = entry;
    }
    return BRIM_OK;
}

static BrimStatus check_used(const BrimNetwork *network)
{
    for (int i = 0; i < network->node_count; i++) {
        if (network->nodes[i].consumer_count == 0 && network->nodes[i].level < 0)
            return brim_fail(BRIM_ERROR_INPUT, "layer %d: no other layer uses its output; remove it or connect it",
                             network->nodes[i].layer);
    }
    return BRIM_OK;
}

BrimStatus brim_network_make(BrimNetwork **network, const BrimModel *model)
{
    BrimStatus status;
    int picture = 0;
    Builder builder = {.model = model, .layer = -1};
    *network = builder.network = brim_mem_take(BRIM_MEM_GRAPH, 1, sizeof *builder.network);
    if (!builder.network)
        return BRIM_ERROR_MEMORY;
    builder.network->level_count = model->level_count;
    BRIM_TRY(add_node(&builder, &(BrimNode){.kind = BRIM_NODE_PICTURE, .channels = 3, .reduction = 1, .level = -1},
                      &picture));
    for (int i = 0; i < model->layer_count - 1; i++) {
        builder.layer = i;
        BRIM_TRY(build_layer(&builder, &model->layers[i], &builder.outputs[i]));
        BRIM_TRY(add_heads_of(&builder, i));
    }
    BRIM_TRY(enter_heads(&builder));
    BRIM_TRY(check_used(builder.network));
    return BRIM_OK;
fail:
    brim_network_close(network);
    return status;
}

void brim_network_close(BrimNetwork **network)
{
    if (!*network)
        return;
    brim_mem_give((*network)->nodes);
    brim_mem_give((*network)->convs);
    brim_mem_give(*network);
    *network = NULL;
}

int brim_network_adder(const BrimNetwork *network, int node)
{
    const BrimNode *conv = &network->nodes[node];
    if (conv->kind != BRIM_NODE_CONV || conv->consumer_count != 1)
        return -1;
    const BrimNode *reader = &network->nodes[conv->consumers[0]];
    return reader->kind == BRIM_NODE_ADD && reader->inputs[1] == node ? conv->consumers[0] : -1;
}
