/* Places of values and the small ops around them. */
#include "graph/lower.h"

#include <stdio.h>

static bool *take_flags(int count)
{
    return brim_mem_take(BRIM_MEM_GRAPH, (size_t)count, sizeof(bool));
}

static BrimTensorId *take_ids(int count)
{
    BrimTensorId *ids = brim_mem_take(BRIM_MEM_GRAPH, (size_t)count, sizeof *ids);
    for (int i = 0; ids && i < count; i++)
        ids[i] = BRIM_NONE;
    return ids;
}

BrimStatus brim_places_open(BrimPlaces *places, const BrimNetwork *network)
{
    int nodes = network->node_count;
    *places = (BrimPlaces){.dense = take_ids(nodes),
                           .part = take_ids(nodes * BRIM_NODE_INPUTS),
                           .dense_done = take_flags(nodes),
                           .part_done = take_flags(nodes * BRIM_NODE_INPUTS)};
    if (places->dense && places->part && places->dense_done && places->part_done)
        return BRIM_OK;
    brim_places_close(places);
    return BRIM_ERROR_MEMORY;
}

void brim_places_close(BrimPlaces *places)
{
    brim_mem_give(places->dense);
    brim_mem_give(places->part);
    brim_mem_give(places->dense_done);
    brim_mem_give(places->part_done);
    *places = (BrimPlaces){0};
}

/* Some layer other than the node's own reads it. */
static bool leaves_layer(const BrimNetwork *network, int node)
{
    const BrimNode *shape = &network->nodes[node];
    for (int i = 0; i < shape->consumer_count; i++) {
        if (network->nodes[shape->consumers[i]].layer != shape->layer)
            return true;
    }
    return false;
}

BrimRecompute brim_lower_recompute(const BrimLowering *lowering, int node)
{
    int layer = lowering->network->nodes[node].layer;
    return layer < 0 || !lowering->recompute ? BRIM_RECOMPUTE_ACTIVATIONS : (BrimRecompute)lowering->recompute[layer];
}

bool brim_lower_drops(const BrimLowering *lowering, int node)
{
    const BrimNode *shape = &lowering->network->nodes[node];
    BrimRecompute recompute = brim_lower_recompute(lowering, node);
    if (shape->kind != BRIM_NODE_CONV || shape->level >= 0)
        return false;
    return recompute == BRIM_RECOMPUTE_LAYER ||
           (recompute == BRIM_RECOMPUTE_INSIDE && !leaves_layer(lowering->network, node));
}

bool brim_lower_narrows(const BrimLowering *lowering, int node)
{
    return lowering->precision == BRIM_PRECISION_BF16_KEPT && lowering->network->nodes[node].level < 0 &&
           !brim_lower_drops(lowering, node);
}

BrimStatus brim_lower_narrow(BrimLowering *lowering, int node, BrimTensorId *id)
{
    BrimStatus status = brim_lower_feature(lowering, node, "narrow", BRIM_PURPOSE_KEPT, id);
    if (status == BRIM_OK)
        lowering->graph->tensors[*id].dtype = BRIM_BF16;
    return status;
}

BrimStatus brim_lower_feature(BrimLowering *lowering, int node, const char *what, BrimPurpose purpose,
                              BrimTensorId *id)
{
    const BrimGraph *graph = lowering->graph;
    const BrimNode *shape = &lowering->network->nodes[node];
    BrimTensor feature = {.form = BRIM_FORM_FEATURE,
                          .dtype = brim_precision_traits(lowering->precision)->feature,
                          .purpose = purpose,
                          .life = BRIM_LIFE_OPS,
                          .dims = {graph->batch, shape->channels, graph->height_px / shape->reduction,
                                   graph->width_px / shape->reduction},
                          .parent = BRIM_NONE};
    brim_tensor_set_name(&feature, what, ":",
                         shape->kind == BRIM_NODE_CONV ? lowering->network->convs[shape->conv].name : shape->name);
    if (shape->kind == BRIM_NODE_PICTURE)
        feature.form = BRIM_FORM_PLAIN;
    return brim_graph_add_tensor(lowering->graph, &feature, id);
}

BrimStatus brim_lower_part(BrimLowering *lowering, BrimTensorId whole, int channel, int channels, BrimTensorId *id)
{
    BrimTensor part = lowering->graph->tensors[whole];
    /* A part of a part is a part of the whole: backends look one level up, never two. */
    part.channel = part.parent == BRIM_NONE ? channel : part.channel + channel;
    part.parent = part.parent == BRIM_NONE ? whole : part.parent;
    part.dims[1] = channels;
    part.bytes = 0;
    return brim_graph_add_tensor(lowering->graph, &part, id);
}

BrimStatus brim_lower_row(BrimLowering *lowering, const char *name, int node, BrimForm form, BrimDtype dtype,
                          int32_t count, BrimPurpose purpose, BrimLife life, BrimTensorId *id)
{
    BrimTensor row = {.form = form,
                      .dtype = dtype,
                      .purpose = purpose,
                      .life = life,
                      .dims = {count, 1, 1, 1},
                      .parent = BRIM_NONE};
    bool of_layer = node != BRIM_NONE;
    brim_tensor_set_name(&row, name, of_layer ? ":" : "", of_layer ? lowering->network->nodes[node].layer_name : "");
    return brim_graph_add_tensor(lowering->graph, &row, id);
}

BrimStatus brim_places_dense(BrimLowering *lowering, BrimPlaces *places, int node, BrimTensorId *id)
{
    BrimStatus status = BRIM_OK;
    if (places->dense[node] == BRIM_NONE)
        status = brim_lower_feature(lowering, node, "value", BRIM_PURPOSE_TRANSIENT, &places->dense[node]);
    *id = places->dense[node];
    return status;
}

BrimStatus brim_places_part(BrimLowering *lowering, BrimPlaces *places, int concat, int input, BrimTensorId *id)
{
    BrimTensorId whole = BRIM_NONE;
    const BrimNode *node = &lowering->network->nodes[concat];
    BrimTensorId *place = &places->part[concat * BRIM_NODE_INPUTS + input];
    BrimStatus status = BRIM_OK;
    if (*place == BRIM_NONE) {
        int channel = 0;
        for (int i = 0; i < input; i++)
            channel += lowering->network->nodes[node->inputs[i]].channels;
        int channels = lowering->network->nodes[node->inputs[input]].channels;
        status = brim_places_dense(lowering, places, concat, &whole);
        if (status == BRIM_OK)
            status = brim_lower_part(lowering, whole, channel, channels, place);
    }
    *id = *place;
    return status;
}

bool brim_lower_feeds_conv(const BrimNetwork *network, int node)
{
    for (int i = 0; i < network->nodes[node].consumer_count; i++) {
        if (network->nodes[network->nodes[node].consumers[i]].kind == BRIM_NODE_CONV)
            return true;
    }
    return false;
}

/* The parts of one concatenation that hold this node and are not written yet. */
static BrimStatus parts_in(BrimLowering *lowering, BrimPlaces *places, int concat, int node, BrimDests *dests)
{
    const BrimNode *reader = &lowering->network->nodes[concat];
    for (int input = 0; input < reader->input_count; input++) {
        bool *done = &places->part_done[concat * BRIM_NODE_INPUTS + input];
        if (reader->inputs[input] != node || *done)
            continue;
        BrimStatus status = brim_places_part(lowering, places, concat, input, &dests->ids[dests->count]);
        if (status != BRIM_OK)
            return status;
        *done = true;
        dests->count++;
    }
    return BRIM_OK;
}

BrimStatus brim_places_all(BrimLowering *lowering, BrimPlaces *places, int node, BrimDests *dests)
{
    const BrimNetwork *network = lowering->network;
    const BrimNode *value = &network->nodes[node];
    bool in_a_part = false;
    dests->count = 0;
    for (int i = 0; i < value->consumer_count; i++) {
        if (network->nodes[value->consumers[i]].kind != BRIM_NODE_CONCAT)
            continue;
        in_a_part = true;
        BrimStatus status = parts_in(lowering, places, value->consumers[i], node, dests);
        if (status != BRIM_OK)
            return status;
    }
    if ((brim_lower_feeds_conv(network, node) || !in_a_part) && !places->dense_done[node]) {
        places->dense_done[node] = true;
        return brim_places_dense(lowering, places, node, &dests->ids[dests->count++]);
    }
    return BRIM_OK;
}

BrimTensorId brim_places_any(const BrimLowering *lowering, const BrimPlaces *places, int node)
{
    const BrimNode *value = &lowering->network->nodes[node];
    if (places->dense_done[node])
        return places->dense[node];
    for (int i = 0; i < value->consumer_count; i++) {
        int reader = value->consumers[i];
        const BrimNode *concat = &lowering->network->nodes[reader];
        for (int input = 0; concat->kind == BRIM_NODE_CONCAT && input < concat->input_count; input++) {
            if (concat->inputs[input] == node && places->part_done[reader * BRIM_NODE_INPUTS + input])
                return places->part[reader * BRIM_NODE_INPUTS + input];
        }
    }
    return BRIM_NONE;
}

BrimOp brim_lower_op(const BrimLowering *lowering, BrimOpKind kind, int node)
{
    const BrimNode *shape = &lowering->network->nodes[node];
    BrimOp op = brim_op(kind, lowering->part);
    op.layer = shape->layer;
    op.kernel = shape->kernel;
    op.stride = shape->stride;
    op.padding = shape->padding;
    op.activation = shape->activation;
    op.cards = lowering->cards;
    return op;
}

BrimStatus brim_lower_op_to(BrimLowering *lowering, BrimOp *op, int first, const BrimDests *dests)
{
    int direct = dests->count < BRIM_MAX_DESTS ? dests->count : BRIM_MAX_DESTS;
    for (int i = 0; i < direct; i++)
        op->out[first + i] = dests->ids[i];
    BrimStatus status = brim_graph_add_op(lowering->graph, op, NULL);
    for (int i = direct; i < dests->count && status == BRIM_OK; i++) {
        BrimOp copy = brim_op(BRIM_OP_COPY, lowering->part);
        copy.layer = op->layer;
        copy.in[0] = dests->ids[0];
        copy.out[0] = dests->ids[i];
        status = brim_graph_add_op(lowering->graph, &copy, NULL);
    }
    return status;
}

BrimStatus brim_lower_move(BrimLowering *lowering, BrimTensorId from, int node, const BrimDests *dests)
{
    const BrimNode *shape = &lowering->network->nodes[node];
    BrimOpKind kind = shape->kind == BRIM_NODE_POOL ? BRIM_OP_POOL_FORWARD : BRIM_OP_UPSAMPLE_FORWARD;
    BrimOp op = brim_lower_op(lowering, kind, node);
    op.in[0] = from;
    if (kind == BRIM_OP_UPSAMPLE_FORWARD)
        return brim_lower_op_to(lowering, &op, 0, dests);
    /* Pooling is the dearer pass: pool once, copy to further places. */
    op.out[0] = dests->ids[0];
    BrimStatus status = brim_graph_add_op(lowering->graph, &op, NULL);
    if (status != BRIM_OK || dests->count < 2)
        return status;
    BrimDests others = {.count = dests->count - 1};
    for (int i = 1; i < dests->count; i++)
        others.ids[i - 1] = dests->ids[i];
    BrimOp copy = brim_lower_op(lowering, BRIM_OP_COPY, node);
    copy.in[0] = dests->ids[0];
    return brim_lower_op_to(lowering, &copy, 0, &others);
}
