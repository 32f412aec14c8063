/* The forward half of a training step. Every activation is written once, straight to wherever it is read. */
#include "graph/training.h"

static BrimStatus emit_conv(BrimLowering *lowering, const BrimPlaces *places, BrimKept *kept, int node)
{
    const BrimNode *shape = &lowering->network->nodes[node];
    const BrimConvTensors *weights = &lowering->parameters->convs[BRIM_STATE_WEIGHTS][shape->conv];
    bool kept_so = !brim_lower_drops(lowering, node) && !brim_lower_narrows(lowering, node);
    BrimStatus status = brim_lower_feature(lowering, node, shape->level < 0 ? "conv" : "head",
                                           kept_so ? BRIM_PURPOSE_KEPT : BRIM_PURPOSE_TRANSIENT, &kept->conv[node]);
    if (status != BRIM_OK)
        return status;
    BrimOp op = brim_lower_op(lowering, BRIM_OP_CONV_FORWARD, node);
    op.in[0] = places->dense[shape->inputs[0]];
    op.in[1] = brim_parameters_weight(lowering->parameters, shape->conv);
    op.in[2] = shape->level < 0 ? BRIM_NONE : weights->bias;
    op.out[0] = kept->conv[node];
    return brim_graph_add_op(lowering->graph, &op, NULL);
}

/* Statistics, normalisation, SiLU and, where a shortcut joins, its sum: one op, all destinations. */
static BrimStatus emit_bn(BrimLowering *lowering, BrimPlaces *places, BrimKept *kept, int node)
{
    BrimStatus status;
    BrimDests dests;
    const BrimNode *shape = &lowering->network->nodes[node];
    const BrimConvTensors *weights = &lowering->parameters->convs[BRIM_STATE_WEIGHTS][shape->conv];
    int adder = brim_network_adder(lowering->network, node);
    BRIM_TRY(brim_lower_row(lowering, "mean", node, BRIM_FORM_VECTOR, BRIM_F32, shape->channels,
                            BRIM_PURPOSE_KEPT, BRIM_LIFE_OPS, &kept->mean[node]));
    BRIM_TRY(brim_lower_row(lowering, "rstd", node, BRIM_FORM_VECTOR, BRIM_F32, shape->channels,
                            BRIM_PURPOSE_KEPT, BRIM_LIFE_OPS, &kept->rstd[node]));
    BrimOp op = brim_lower_op(lowering, BRIM_OP_BN_FORWARD, node);
    const BrimTensorId in[] = {kept->conv[node], weights->scale, weights->bias, weights->mean, weights->variance};
    for (int i = 0; i < 5; i++)
        op.in[i] = in[i];
    op.in[5] = adder < 0 ? BRIM_NONE : brim_places_any(lowering, places, lowering->network->nodes[adder].inputs[0]);
    op.out[0] = kept->mean[node];
    op.out[1] = kept->rstd[node];
    op.out[2] = weights->mean;
    op.out[3] = weights->variance;
    if (brim_lower_narrows(lowering, node))
        BRIM_TRY(brim_lower_narrow(lowering, node, &op.out[BRIM_OUT_BN_NARROW]));
    BRIM_TRY(brim_places_all(lowering, places, adder < 0 ? node : adder, &dests));
    BRIM_TRY(brim_lower_op_to(lowering, &op, BRIM_OUT_BN_DESTS, &dests));
    /* What the backward pass will find: the output as it is, narrowed, or nothing. */
    if (op.out[BRIM_OUT_BN_NARROW] != BRIM_NONE || brim_lower_drops(lowering, node))
        kept->conv[node] = op.out[BRIM_OUT_BN_NARROW];
fail:
    return status;
}

/* A concatenation is whole once its inputs are written; only one inside another has to be copied. */
static BrimStatus emit_concat(BrimLowering *lowering, BrimPlaces *places, int node)
{
    BrimDests dests;
    places->dense_done[node] = true;
    BrimStatus status = brim_places_all(lowering, places, node, &dests);
    if (status != BRIM_OK || dests.count == 0)
        return status;
    BrimOp copy = brim_lower_op(lowering, BRIM_OP_COPY, node);
    copy.in[0] = places->dense[node];
    return brim_lower_op_to(lowering, &copy, 0, &dests);
}

static BrimStatus emit_move(BrimLowering *lowering, BrimPlaces *places, int node)
{
    BrimDests dests;
    BrimStatus status = brim_places_all(lowering, places, node, &dests);
    BrimTensorId from = brim_places_any(lowering, places, lowering->network->nodes[node].inputs[0]);
    return status == BRIM_OK ? brim_lower_move(lowering, from, node, &dests) : status;
}

static BrimStatus emit_input(BrimLowering *lowering, BrimPlaces *places)
{
    BrimOp op = brim_lower_op(lowering, BRIM_OP_INPUT, 0);
    op.in[0] = lowering->pictures;
    BrimStatus status = brim_places_dense(lowering, places, 0, &op.out[0]);
    places->dense_done[0] = true;
    return status == BRIM_OK ? brim_graph_add_op(lowering->graph, &op, NULL) : status;
}

static BrimStatus emit_node(BrimLowering *lowering, BrimPlaces *places, BrimKept *kept, int node)
{
    const BrimNode *shape = &lowering->network->nodes[node];
    BrimStatus status;
    switch (shape->kind) {
    case BRIM_NODE_PICTURE:
        return emit_input(lowering, places);
    case BRIM_NODE_CONV:
        status = emit_conv(lowering, places, kept, node);
        return status == BRIM_OK && shape->level < 0 ? emit_bn(lowering, places, kept, node) : status;
    case BRIM_NODE_CONCAT:
        return emit_concat(lowering, places, node);
    case BRIM_NODE_ADD:
        return BRIM_OK; /* done by the BN of its convolution */
    default:
        return emit_move(lowering, places, node);
    }
}

/* Leaves of the places only those whose layers keep their activations for the backward pass. */
static void leave_kept(BrimLowering *lowering, BrimPlaces *places)
{
    for (int node = 0; node < lowering->network->node_count; node++) {
        bool kept = brim_lower_recompute(lowering, node) == BRIM_RECOMPUTE_NOTHING;
        if (kept && places->dense[node] != BRIM_NONE)
            lowering->graph->tensors[places->dense[node]].purpose = BRIM_PURPOSE_KEPT;
        for (int input = 0; input < BRIM_NODE_INPUTS && !kept; input++) {
            places->part[node * BRIM_NODE_INPUTS + input] = BRIM_NONE;
            places->part_done[node * BRIM_NODE_INPUTS + input] = false;
        }
        places->dense[node] = kept ? places->dense[node] : BRIM_NONE;
        places->dense_done[node] = kept && places->dense_done[node];
    }
}

BrimStatus brim_training_forward(BrimLowering *lowering, BrimKept *kept, BrimPlaces *places)
{
    BrimStatus status = BRIM_OK;
    for (int node = 0; node < lowering->network->node_count && status == BRIM_OK; node++)
        status = emit_node(lowering, places, kept, node);
    leave_kept(lowering, places);
    return status;
}
