/* Inference as a graph: BN folded into the convolutions once, then per batch the forward pass and the decoded heads.
 * Nothing is kept: a value lives from its convolution to its last reader. */
#include "graph/head.h"

/* The folded parameters per convolution: a head's own, since it has no BN. */
typedef struct Folded {
    BrimTensorId weight;
    BrimTensorId bias;
} Folded;

static BrimStatus add_folded(BrimLowering *lowering, BrimState source, int conv, Folded *folded)
{
    BrimStatus status;
    const BrimConv *shape = &lowering->network->convs[conv];
    const BrimConvTensors *from = &lowering->parameters->convs[source][conv];
    const BrimDtype dtype = brim_precision_traits(lowering->precision)->feature;
    *folded = (Folded){from->weight, from->bias};
    if (shape->head && dtype == BRIM_F32)
        return BRIM_OK;
    BrimTensor filter = {.form = BRIM_FORM_FILTER,
                         .dtype = dtype,
                         .purpose = BRIM_PURPOSE_WEIGHTS,
                         .life = BRIM_LIFE_SESSION,
                         .dims = {shape->out_channels, shape->in_channels, shape->kernel, shape->kernel},
                         .parent = BRIM_NONE};
    brim_tensor_set_name(&filter, "folded/", shape->name, ".weight");
    BRIM_TRY(brim_graph_add_tensor(lowering->graph, &filter, &folded->weight));
    if (!shape->head)
        BRIM_TRY(brim_lower_row(lowering, "folded bias", shape->node, BRIM_FORM_VECTOR, BRIM_F32, shape->out_channels,
                                BRIM_PURPOSE_WEIGHTS, BRIM_LIFE_SESSION, &folded->bias));
    BrimOp op = brim_op(BRIM_OP_FOLD, BRIM_PART_FOLD);
    op.layer = lowering->network->nodes[shape->node].layer;
    const BrimTensorId in[] = {from->weight, from->scale, from->bias, from->mean, from->variance};
    for (int i = 0; i < (shape->head ? 1 : 5); i++)
        op.in[i] = in[i];
    op.out[0] = folded->weight;
    op.out[1] = shape->head ? BRIM_NONE : folded->bias;
    BRIM_TRY(brim_graph_add_op(lowering->graph, &op, NULL));
fail:
    return status;
}

/* The convolution with its bias, then SiLU and the shortcut's sum on the way to the destinations; where the only
 * destination is the node's own tensor, in place. */
static BrimStatus emit_conv(BrimLowering *lowering, BrimPlaces *places, const Folded *folded, int node)
{
    BrimStatus status;
    const BrimNode *shape = &lowering->network->nodes[node];
    int adder = brim_network_adder(lowering->network, node);
    BrimDests dests = {.count = 0};
    BrimTensorId output = BRIM_NONE;
    if (shape->level < 0)
        BRIM_TRY(brim_places_all(lowering, places, adder < 0 ? node : adder, &dests));
    if (dests.count == 1 && lowering->graph->tensors[dests.ids[0]].parent == BRIM_NONE)
        output = dests.ids[0];
    else
        BRIM_TRY(brim_lower_feature(lowering, node, "conv", BRIM_PURPOSE_TRANSIENT, &output));
    BrimOp op = brim_lower_op(lowering, BRIM_OP_CONV_FORWARD, node);
    op.in[0] = places->dense[shape->inputs[0]];
    op.in[1] = folded[shape->conv].weight;
    op.in[2] = folded[shape->conv].bias;
    op.out[0] = output;
    BRIM_TRY(brim_graph_add_op(lowering->graph, &op, NULL));
    if (shape->level >= 0) {
        places->dense[node] = output;
        return BRIM_OK;
    }
    BrimOp act = brim_lower_op(lowering, BRIM_OP_ACT_FORWARD, node);
    act.in[0] = output;
    act.in[1] = adder < 0 ? BRIM_NONE : brim_places_any(lowering, places, lowering->network->nodes[adder].inputs[0]);
    BRIM_TRY(brim_lower_op_to(lowering, &act, 0, &dests));
fail:
    return status;
}

static BrimStatus emit_node(BrimLowering *lowering, BrimPlaces *places, const Folded *folded, int node)
{
    BrimDests dests;
    BrimStatus status;
    BrimTensorId from;
    BrimOp op;
    switch (lowering->network->nodes[node].kind) {
    case BRIM_NODE_PICTURE:
        op = brim_lower_op(lowering, BRIM_OP_INPUT, node);
        op.in[0] = lowering->pictures;
        places->dense_done[node] = true;
        status = brim_places_dense(lowering, places, node, &op.out[0]);
        return status == BRIM_OK ? brim_graph_add_op(lowering->graph, &op, NULL) : status;
    case BRIM_NODE_CONV:
        return emit_conv(lowering, places, folded, node);
    case BRIM_NODE_ADD:
        return BRIM_OK;
    case BRIM_NODE_CONCAT:
        places->dense_done[node] = true;
        status = brim_places_all(lowering, places, node, &dests);
        if (status != BRIM_OK || dests.count == 0)
            return status;
        op = brim_lower_op(lowering, BRIM_OP_COPY, node);
        op.in[0] = places->dense[node];
        return brim_lower_op_to(lowering, &op, 0, &dests);
    default:
        status = brim_places_all(lowering, places, node, &dests);
        from = brim_places_any(lowering, places, lowering->network->nodes[node].inputs[0]);
        return status == BRIM_OK ? brim_lower_move(lowering, from, node, &dests) : status;
    }
}

static BrimStatus add_decode(BrimLowering *lowering, const BrimPlaces *places, const BrimStepConf *conf)
{
    const BrimGraph *graph = lowering->graph;
    BrimOp op = brim_op(BRIM_OP_DECODE, BRIM_PART_INFER);
    int64_t count = (int64_t)graph->batch * brim_graph_prediction_rows(conf->model, graph->height_px, graph->width_px) *
                    (5 + conf->model->class_count);
    if (count > INT32_MAX)
        return brim_fail(BRIM_ERROR_ARGUMENT, "a batch of %d pictures has more predictions than fit in 8 GiB",
                         graph->batch);
    BrimStatus status = brim_lower_row(lowering, "predictions", BRIM_NONE, BRIM_FORM_RAW, BRIM_F32, (int32_t)count,
                                       BRIM_PURPOSE_STAGING, BRIM_LIFE_SESSION, &op.out[0]);
    for (int level = 0; level < lowering->network->level_count; level++)
        op.in[level] = places->dense[lowering->network->heads[level]];
    return status == BRIM_OK ? brim_graph_add_op(lowering->graph, &op, NULL) : status;
}

/* In a training run the validation reports the loss as well: its items, without gradients. */
static BrimStatus add_loss(BrimLowering *lowering, const BrimPlaces *places, const BrimStepConf *conf)
{
    BrimStatus status;
    BrimOp op = brim_op(BRIM_OP_LOSS, BRIM_PART_INFER);
    BRIM_TRY(brim_head_add_targets(lowering, conf, &op));
    for (int level = 0; level < lowering->network->level_count; level++)
        op.in[BRIM_IN_HEADS + level] = places->dense[lowering->network->heads[level]];
    BRIM_TRY(brim_graph_add_op(lowering->graph, &op, NULL));
fail:
    return status;
}

static BrimStatus write_inference(BrimLowering *lowering, const BrimStepConf *conf)
{
    BrimStatus status;
    BrimPlaces places = {0};
    BrimState source = conf->training_run ? BRIM_STATE_EMA : BRIM_STATE_WEIGHTS;
    Folded *folded = brim_mem_take(BRIM_MEM_GRAPH, (size_t)lowering->network->conv_count, sizeof *folded);
    if (!folded)
        return BRIM_ERROR_MEMORY;
    /* Folded tensors first, so that they lie at the same place whatever the pictures' shape. */
    for (int conv = 0; conv < lowering->network->conv_count; conv++)
        BRIM_TRY(add_folded(lowering, source, conv, &folded[conv]));
    BRIM_TRY(brim_head_add_pictures(lowering));
    BRIM_TRY(brim_places_open(&places, lowering->network));
    for (int node = 0; node < lowering->network->node_count; node++)
        BRIM_TRY(emit_node(lowering, &places, folded, node));
    BRIM_TRY(add_decode(lowering, &places, conf));
    if (conf->target_cap > 0)
        BRIM_TRY(add_loss(lowering, &places, conf));
fail:
    brim_places_close(&places);
    brim_mem_give(folded);
    return status;
}

BrimStatus brim_graph_inference(BrimGraph **graph, const BrimStepConf *conf)
{
    BrimStatus status;
    BrimBasis *own = NULL;
    BrimLowering lowering = {.part = BRIM_PART_INFER, .precision = conf->precision};
    BRIM_TRY(brim_head_begin(&lowering, conf, conf->training_run, &own, graph));
    BRIM_TRY(write_inference(&lowering, conf));
fail:
    brim_basis_close(&own);
    if (status != BRIM_OK)
        brim_graph_close(graph);
    return status;
}
