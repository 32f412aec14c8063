/* Both ends of every graph. */
#include "graph/head.h"

/* What a training step writes for a node, at most and on the average, where it computes everything again: 7.2 tensors
 * and 6.1 ops in YOLOv5's models. More is no error. */
enum { TENSORS_A_NODE = 8, OPS_A_NODE = 7 };

BrimStatus brim_head_fill(BrimGraph *graph, const BrimStepConf *conf)
{
    const BrimModel *model = conf->model;
    int stride_px = brim_model_max_stride_px(model);
    if (conf->batch < 1)
        return brim_fail(BRIM_ERROR_ARGUMENT, "a batch of %d pictures", conf->batch);
    if (conf->height_px < stride_px || conf->width_px < stride_px || conf->height_px % stride_px ||
        conf->width_px % stride_px)
        return brim_fail(BRIM_ERROR_ARGUMENT, "pictures of %d x %d px: both sides must be multiples of %d",
                         conf->width_px, conf->height_px, stride_px);
    graph->batch = conf->batch;
    graph->height_px = conf->height_px;
    graph->width_px = conf->width_px;
    graph->head = (BrimHeadConf){.class_count = model->class_count,
                                 .level_count = model->level_count,
                                 .anchor_count = model->anchor_count,
                                 .hyper = conf->hyper};
    for (int level = 0; level < model->level_count; level++) {
        graph->head.stride_px[level] = model->stride_px[level];
        for (int anchor = 0; anchor < model->anchor_count; anchor++) {
            graph->head.anchors_px[level][anchor][0] = (float)model->anchors_px[level][anchor][0];
            graph->head.anchors_px[level][anchor][1] = (float)model->anchors_px[level][anchor][1];
        }
    }
    return BRIM_OK;
}

BrimStatus brim_head_begin(BrimLowering *lowering, const BrimStepConf *conf, bool training, BrimBasis **own,
                           BrimGraph **graph)
{
    BrimStatus status;
    BrimTensorId same;
    const BrimBasis *basis = conf->basis;
    BRIM_TRY(brim_graph_open(graph));
    BRIM_TRY(brim_head_fill(*graph, conf));
    if (!basis) {
        BRIM_TRY(brim_basis_open(own, conf->model, training, conf->precision));
        basis = *own;
    }
    BRIM_TRY(brim_graph_make_room(*graph, basis->graph->tensor_count + TENSORS_A_NODE * basis->network->node_count,
                                  OPS_A_NODE * basis->network->node_count));
    for (BrimTensorId id = 0; id < basis->graph->tensor_count; id++)
        BRIM_TRY(brim_graph_add_tensor(*graph, &basis->graph->tensors[id], &same));
    (*graph)->measured = basis->graph->measured;
    lowering->graph = *graph;
    lowering->network = basis->network;
    lowering->parameters = basis->parameters;
fail:
    return status;
}

BrimStatus brim_head_add_pictures(BrimLowering *lowering)
{
    const BrimGraph *graph = lowering->graph;
    int64_t bytes = (int64_t)graph->batch * graph->height_px * graph->width_px * 3;
    if (bytes > INT32_MAX)
        return brim_fail(BRIM_ERROR_ARGUMENT, "a batch of %d pictures of %d x %d px is over 2 GiB before it is decoded",
                         graph->batch, graph->width_px, graph->height_px);
    return brim_lower_row(lowering, "pictures", BRIM_NONE, BRIM_FORM_RAW, BRIM_U8, (int32_t)bytes,
                          BRIM_PURPOSE_STAGING, BRIM_LIFE_SESSION, &lowering->pictures);
}

static BrimStatus add_staging(BrimLowering *lowering, const char *name, BrimDtype dtype, int32_t count,
                              BrimTensorId *id)
{
    return brim_lower_row(lowering, name, BRIM_NONE, BRIM_FORM_RAW, dtype, count, BRIM_PURPOSE_STAGING,
                          BRIM_LIFE_SESSION, id);
}

BrimStatus brim_head_add_targets(BrimLowering *lowering, const BrimStepConf *conf, BrimOp *loss)
{
    BrimStatus status;
    BRIM_TRY(add_staging(lowering, "targets", BRIM_F32, conf->target_cap * 6, &loss->in[0]));
    BRIM_TRY(add_staging(lowering, "target_count", BRIM_I32, 1, &loss->in[1]));
    BRIM_TRY(add_staging(lowering, "items", BRIM_F32, 4, &loss->out[0]));
fail:
    return status;
}

int brim_graph_prediction_rows(const BrimModel *model, int height_px, int width_px)
{
    int rows = 0;
    for (int level = 0; level < model->level_count; level++)
        rows += model->anchor_count * (height_px / model->stride_px[level]) * (width_px / model->stride_px[level]);
    return rows;
}

int brim_graph_most_inferred(const BrimModel *model, int side_px)
{
    int64_t picture = (int64_t)side_px * side_px * 3;
    int64_t rows = brim_graph_prediction_rows(model, side_px, side_px);
    int64_t predictions = rows * (5 + model->class_count);
    return (int)(INT32_MAX / (picture > predictions ? picture : predictions));
}
