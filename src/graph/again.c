/* What the backward pass needs and the forward pass did not keep, computed once more.
 *
 * An activation comes from its convolution's output. Where that was not kept either (brim_lower_drops), the
 * convolution runs again on its input, with the statistics that the forward pass left, so that every bit is
 * as it was. Inside of a layer that is computed again, values live only until the next convolution has read
 * them (`within`): the backward pass writes those that it needs once more, later, while it reads the outputs
 * anyway. */
#include "graph/backward.h"

/* Where values are looked for and written: all over the network, or within one layer. */
typedef struct Scope {
    BrimBackward *backward;
    BrimPlaces *places;
    int layer; /* -1: all over */
} Scope;

static Scope everywhere(BrimBackward *backward)
{
    return (Scope){backward, backward->places, -1};
}

/* The node as it is seen from within a layer: what other layers made is looked for everywhere. */
static Scope scope_of(const Scope *scope, int node)
{
    bool outside = scope->layer >= 0 && brim_backward_node(scope->backward, node)->layer != scope->layer;
    return outside ? everywhere(scope->backward) : *scope;
}

static BrimStatus write_to(const Scope *scope, int node, const BrimDests *dests);

/* A value that was computed again within its layer serves everywhere while it lives. */
static BrimTensorId find_dense(const Scope *scope, int node)
{
    BrimPlaces *places = scope->places, *within = &scope->backward->within;
    if (!places->dense_done[node] && scope->layer < 0 && within->dense_done[node]) {
        places->dense[node] = within->dense[node];
        places->dense_done[node] = true;
    }
    return places->dense_done[node] ? places->dense[node] : BRIM_NONE;
}

/* A tensor of its own with the node's value. */
static BrimStatus dense_value(const Scope *scope, int node, BrimTensorId *id)
{
    const Scope own = scope_of(scope, node);
    BrimDests dests = {.count = 1};
    *id = find_dense(&own, node);
    if (*id != BRIM_NONE)
        return BRIM_OK;
    BrimStatus status = brim_places_dense(own.backward->lowering, own.places, node, &dests.ids[0]);
    if (status == BRIM_OK)
        status = write_to(&own, node, &dests);
    own.places->dense_done[node] = true;
    *id = dests.ids[0];
    return status;
}

/* Some place with the node's value. */
static BrimStatus any_value(const Scope *scope, int node, BrimTensorId *id)
{
    const Scope own = scope_of(scope, node);
    *id = find_dense(&own, node);
    if (*id == BRIM_NONE)
        *id = brim_places_any(own.backward->lowering, own.places, node);
    return *id == BRIM_NONE ? dense_value(&own, node, id) : BRIM_OK;
}

static BrimStatus fill_part(const Scope *scope, int concat, int input)
{
    BrimDests dests = {.count = 1};
    bool *done = &scope->places->part_done[concat * BRIM_NODE_INPUTS + input];
    if (*done)
        return BRIM_OK;
    BrimStatus status =
        brim_places_part(scope->backward->lowering, scope->places, concat, input, &dests.ids[0]);
    if (status == BRIM_OK)
        status = write_to(scope, brim_backward_node(scope->backward, concat)->inputs[input], &dests);
    *done = true;
    return status;
}

/* The activation of a convolution, plus the shortcut where `adder` joins one. */
static BrimStatus activate(const Scope *scope, int conv, int adder, const BrimDests *dests)
{
    BrimStatus status;
    const BrimKept *kept = scope->backward->kept;
    BrimLowering *lowering = scope->backward->lowering;
    const BrimConvTensors *weights =
        &lowering->parameters->convs[BRIM_STATE_WEIGHTS][brim_backward_node(scope->backward, conv)->conv];
    BrimOp op = brim_lower_op(lowering, BRIM_OP_BN_RECOMPUTE, conv);
    BRIM_TRY(brim_again_output(scope->backward, conv, &op.in[0]));
    op.in[1] = weights->scale;
    op.in[2] = weights->bias;
    op.in[3] = kept->mean[conv];
    op.in[4] = kept->rstd[conv];
    if (adder >= 0)
        BRIM_TRY(any_value(scope, brim_backward_node(scope->backward, adder)->inputs[0], &op.in[5]));
    BRIM_TRY(brim_lower_op_to(lowering, &op, 0, dests));
fail:
    return status;
}

/* The inputs side by side in the concatenation's own tensor, and copies of it elsewhere. */
static BrimStatus join(const Scope *scope, int node, const BrimDests *dests)
{
    BrimStatus status = BRIM_OK;
    BrimTensorId whole = BRIM_NONE;
    BrimLowering *lowering = scope->backward->lowering;
    const BrimNode *shape = brim_backward_node(scope->backward, node);
    for (int i = 0; i < shape->input_count; i++)
        BRIM_TRY(fill_part(scope, node, i));
    if (scope->layer < 0)
        BRIM_TRY(brim_backward_concats_of(scope->backward, shape->inputs[0]));
    BRIM_TRY(brim_places_dense(lowering, scope->places, node, &whole));
    if (dests->ids[0] == whole)
        return BRIM_OK;
    BrimOp copy = brim_lower_op(lowering, BRIM_OP_COPY, node);
    copy.in[0] = whole;
    BRIM_TRY(brim_lower_op_to(lowering, &copy, 0, dests));
fail:
    return status;
}

static BrimStatus write_to(const Scope *scope, int node, const BrimDests *dests)
{
    BrimLowering *lowering = scope->backward->lowering;
    const BrimNode *shape = brim_backward_node(scope->backward, node);
    switch (shape->kind) {
    case BRIM_NODE_CONV:
        return activate(scope, node, -1, dests);
    case BRIM_NODE_ADD:
        return activate(scope, shape->inputs[1], node, dests);
    case BRIM_NODE_CONCAT:
        return join(scope, node, dests);
    case BRIM_NODE_PICTURE: {
        BrimOp op = brim_lower_op(lowering, BRIM_OP_INPUT, node);
        op.in[0] = lowering->pictures;
        op.out[0] = dests->ids[0];
        return brim_graph_add_op(lowering->graph, &op, NULL);
    }
    default: {
        BrimTensorId from = BRIM_NONE;
        BrimStatus status = any_value(scope, shape->inputs[0], &from);
        return status == BRIM_OK ? brim_lower_move(lowering, from, node, dests) : status;
    }
    }
}

BrimStatus brim_again_output(BrimBackward *backward, int conv, BrimTensorId *id)
{
    BrimStatus status = BRIM_OK;
    BrimLowering *lowering = backward->lowering;
    const BrimNode *shape = brim_backward_node(backward, conv);
    const Scope within = {backward, &backward->within, shape->layer};
    *id = backward->kept->conv[conv];
    if (*id != BRIM_NONE)
        return BRIM_OK;
    BrimOp op = brim_lower_op(lowering, BRIM_OP_CONV_FORWARD, conv);
    op.in[1] = brim_parameters_weight(lowering->parameters, shape->conv);
    BRIM_TRY(dense_value(&within, shape->inputs[0], &op.in[0]));
    BRIM_TRY(brim_lower_feature(lowering, conv, "again", BRIM_PURPOSE_TRANSIENT, id));
    op.out[0] = backward->kept->conv[conv] = *id;
    BRIM_TRY(brim_graph_add_op(lowering->graph, &op, NULL));
fail:
    return status;
}

BrimStatus brim_again_value(BrimBackward *backward, int node, BrimTensorId *id)
{
    const Scope scope = everywhere(backward);
    return any_value(&scope, node, id);
}

BrimStatus brim_again_part(BrimBackward *backward, int concat, int input)
{
    const Scope scope = everywhere(backward);
    return fill_part(&scope, concat, input);
}

BrimStatus brim_again_to(BrimBackward *backward, int node, const BrimDests *dests)
{
    const Scope scope = everywhere(backward);
    return write_to(&scope, node, dests);
}
