/* A training step as a graph: staging, forward, loss, backward, update. */
#include "graph/training.h"

#include <string.h>

#include "graph/step.h"
#include "graph/head.h"

static BrimTensorId *take_ids(size_t count)
{
    BrimTensorId *ids = brim_mem_take(BRIM_MEM_GRAPH, count, sizeof *ids);
    for (size_t i = 0; ids && i < count; i++)
        ids[i] = BRIM_NONE;
    return ids;
}

static BrimStatus kept_open(BrimKept *kept, size_t nodes)
{
    *kept = (BrimKept){take_ids(nodes), take_ids(nodes), take_ids(nodes), take_ids(nodes)};
    return kept->conv && kept->mean && kept->rstd && kept->dhead ? BRIM_OK : BRIM_ERROR_MEMORY;
}

static void kept_close(BrimKept *kept)
{
    brim_mem_give(kept->conv);
    brim_mem_give(kept->mean);
    brim_mem_give(kept->rstd);
    brim_mem_give(kept->dhead);
}

static BrimStatus add_loss(BrimLowering *lowering, BrimKept *kept, const BrimStepConf *conf)
{
    BrimStatus status;
    const BrimNetwork *network = lowering->network;
    BrimOp op = brim_op(BRIM_OP_LOSS, BRIM_PART_GRADIENT);
    BRIM_TRY(brim_head_add_targets(lowering, conf, &op));
    for (int level = 0; level < network->level_count; level++) {
        int node = network->heads[level];
        BRIM_TRY(brim_lower_feature(lowering, node, "dhead", BRIM_PURPOSE_TRANSIENT, &kept->dhead[node]));
        op.in[BRIM_IN_HEADS + level] = kept->conv[node];
        op.out[BRIM_OUT_DHEADS + level] = kept->dhead[node];
    }
    BRIM_TRY(brim_graph_add_op(lowering->graph, &op, NULL));
fail:
    return status;
}

static BrimStatus add_update(BrimLowering *lowering)
{
    BrimStatus status;
    const BrimParameters *parameters = lowering->parameters;
    BrimTensorId norm = BRIM_NONE;
    BRIM_TRY(brim_lower_row(lowering, "norm", BRIM_NONE, BRIM_FORM_RAW, BRIM_F32, 2, BRIM_PURPOSE_STAGING,
                            BRIM_LIFE_SESSION, &norm));
    BrimOp measure = brim_op(BRIM_OP_GRADIENT_NORM, BRIM_PART_UPDATE);
    memcpy(measure.in, parameters->blocks[BRIM_STATE_GRADIENTS], sizeof parameters->blocks[0]);
    measure.out[0] = norm;
    BRIM_TRY(brim_graph_add_op(lowering->graph, &measure, NULL));
    for (BrimParamGroup group = 0; group < BRIM_GROUP_COUNT; group++) {
        BrimOp op = brim_op(BRIM_OP_OPTIMIZE, BRIM_PART_UPDATE);
        op.group = (int32_t)group;
        op.in[0] = op.out[0] = parameters->blocks[BRIM_STATE_WEIGHTS][group];
        op.in[1] = parameters->blocks[BRIM_STATE_GRADIENTS][group];
        op.in[2] = op.out[1] = parameters->blocks[BRIM_STATE_MOMENTUM][group];
        op.in[3] = norm;
        op.in[4] = op.out[2] = parameters->blocks[BRIM_STATE_EMA][group];
        op.out[3] = group == BRIM_GROUP_WEIGHT ? parameters->half_block : BRIM_NONE;
        BRIM_TRY(brim_graph_add_op(lowering->graph, &op, NULL));
    }
    BrimOp average = brim_op(BRIM_OP_AVERAGE, BRIM_PART_UPDATE);
    average.in[0] = parameters->statistics[BRIM_STATE_WEIGHTS];
    average.in[1] = average.out[0] = parameters->statistics[BRIM_STATE_EMA];
    BRIM_TRY(brim_graph_add_op(lowering->graph, &average, NULL));
fail:
    return status;
}

static BrimStatus write_training(BrimLowering *lowering, const BrimStepConf *conf)
{
    BrimStatus status;
    BrimKept kept = {0};
    BrimPlaces places = {0};
    BRIM_TRY(kept_open(&kept, (size_t)lowering->network->node_count));
    BRIM_TRY(brim_places_open(&places, lowering->network));
    BRIM_TRY(brim_head_add_pictures(lowering));
    BRIM_TRY(brim_training_forward(lowering, &kept, &places));
    BRIM_TRY(add_loss(lowering, &kept, conf));
    BRIM_TRY(brim_training_backward(lowering, &kept, &places));
    BRIM_TRY(add_update(lowering));
fail:
    brim_places_close(&places);
    kept_close(&kept);
    return status;
}

BrimStatus brim_graph_training(BrimGraph **graph, const BrimStepConf *conf)
{
    BrimStatus status;
    BrimBasis *own = NULL;
    BrimLowering lowering = {
        .part = BRIM_PART_GRADIENT, .precision = conf->precision, .cards = conf->bn_cards,
        .recompute = conf->recompute};
    BRIM_TRY(brim_head_begin(&lowering, conf, true, &own, graph));
    BRIM_TRY(write_training(&lowering, conf));
fail:
    brim_basis_close(&own);
    if (status != BRIM_OK)
        brim_graph_close(graph);
    return status;
}
