/* The backward half of a training step: the nodes in reverse, each turning the gradients that its readers left into
 * gradients of its inputs and of its parameters.
 *
 * A convolution's weight gradient needs the activation that went in, which was not kept. It is there again when the BN
 * below is being reduced (that pass reads the convolution's output anyway and writes the activation on the way), so the
 * weight gradient waits for that moment; where it would wait long (a skip connection) or the activation is a sum with a
 * shortcut, a pass of its own computes it again (again.c). */
#include "graph/backward.h"

#include <string.h>

/* A concatenation waits for inputs that are at most so many nodes before it. */
enum { NEAR_NODES = 3 };

static BrimStatus contribute(BrimBackward *backward, int node, BrimTensorId gradient)
{
    BrimGradients *list = &backward->gradients[node];
    if (brim_backward_node(backward, node)->kind == BRIM_NODE_PICTURE)
        return BRIM_OK;
    if (list->count == BRIM_NODE_MAX_CONSUMERS)
        return brim_fail(BRIM_ERROR_UNSUPPORTED, "layer %d is read too often", brim_backward_node(backward, node)->layer);
    list->ids[list->count++] = gradient;
    return BRIM_OK;
}

/* Where a sum of these gradients may go: the first that is no part of another tensor, else the first. All of them die
 * with the sum, since whoever else read them has run before. */
static BrimTensorId reused_for_sum(const BrimBackward *backward, const BrimGradients *list)
{
    for (int i = 0; i < list->count; i++) {
        if (backward->lowering->graph->tensors[list->ids[i]].parent == BRIM_NONE)
            return list->ids[i];
    }
    return list->ids[0];
}

/* Adds up contributions until at most `most` are left, in place of one of them. */
static BrimStatus shorten(BrimBackward *backward, int node, int most)
{
    BrimGradients *list = &backward->gradients[node];
    BrimStatus status = BRIM_OK;
    while (list->count > most && status == BRIM_OK) {
        BrimGradients taken = {.count = list->count < BRIM_MAX_GRADS ? list->count : BRIM_MAX_GRADS};
        memcpy(taken.ids, list->ids + list->count - taken.count, (size_t)taken.count * sizeof *taken.ids);
        BrimOp add = brim_lower_op(backward->lowering, BRIM_OP_ADD, node);
        memcpy(add.in, taken.ids, (size_t)taken.count * sizeof *taken.ids);
        add.out[0] = reused_for_sum(backward, &taken);
        list->count -= taken.count - 1;
        list->ids[list->count - 1] = add.out[0];
        status = brim_graph_add_op(backward->lowering->graph, &add, NULL);
    }
    return status;
}

/* The weight gradient of a convolution, once both its input and its output's gradient are there. */
static BrimStatus try_weights(BrimBackward *backward, int node)
{
    const BrimNode *shape = brim_backward_node(backward, node);
    int input = shape->inputs[0];
    if (backward->weights_done[node] || backward->dconv[node] == BRIM_NONE || !backward->places->dense_done[input])
        return BRIM_OK;
    const BrimConvTensors *gradients = &backward->lowering->parameters->convs[BRIM_STATE_GRADIENTS][shape->conv];
    BrimOp op = brim_lower_op(backward->lowering, BRIM_OP_CONV_BACKWARD_WEIGHTS, node);
    op.in[0] = backward->places->dense[input];
    op.in[1] = backward->dconv[node];
    op.out[0] = gradients->weight;
    op.out[1] = shape->level < 0 ? BRIM_NONE : gradients->bias;
    backward->weights_done[node] = true;
    return brim_graph_add_op(backward->lowering->graph, &op, NULL);
}

static BrimStatus try_weights_of_readers(BrimBackward *backward, int node)
{
    const BrimNode *shape = brim_backward_node(backward, node);
    BrimStatus status = BRIM_OK;
    for (int i = 0; i < shape->consumer_count && status == BRIM_OK; i++) {
        if (brim_backward_node(backward, shape->consumers[i])->kind == BRIM_NODE_CONV)
            status = try_weights(backward, shape->consumers[i]);
    }
    return status;
}

/* After parts of concatenations were written: those that are whole now let their readers go on. */
BrimStatus brim_backward_concats_of(BrimBackward *backward, int node)
{
    const BrimNode *shape = brim_backward_node(backward, node);
    BrimStatus status = BRIM_OK;
    for (int i = 0; i < shape->consumer_count && status == BRIM_OK; i++) {
        int reader = shape->consumers[i];
        const BrimNode *concat = brim_backward_node(backward, reader);
        if (concat->kind != BRIM_NODE_CONCAT || backward->places->dense_done[reader])
            continue;
        bool whole = true;
        for (int input = 0; input < concat->input_count; input++)
            whole = whole && backward->places->part_done[reader * BRIM_NODE_INPUTS + input];
        backward->places->dense_done[reader] = whole;
        if (whole)
            status = try_weights_of_readers(backward, reader);
    }
    return status;
}

/* BN's two sums and its parameters' gradients; on the way the sum of several gradients, and the activation again. */
static BrimStatus emit_reduce(BrimBackward *backward, int conv, int owner, const BrimDests *dests, BrimTensorId *gradient,
                              BrimTensorId *sums)
{
    BrimLowering *lowering = backward->lowering;
    const BrimNode *shape = brim_backward_node(backward, conv);
    const BrimConvTensors *weights = &lowering->parameters->convs[BRIM_STATE_WEIGHTS][shape->conv];
    const BrimConvTensors *gradients = &lowering->parameters->convs[BRIM_STATE_GRADIENTS][shape->conv];
    const BrimGradients *list = &backward->gradients[owner];
    BrimStatus status = brim_lower_row(lowering, "sums", conv, BRIM_FORM_RAW, BRIM_F32, 2 * shape->channels,
                                       BRIM_PURPOSE_TRANSIENT, BRIM_LIFE_OPS, sums);
    if (status != BRIM_OK)
        return status;
    BrimOp op = brim_lower_op(lowering, BRIM_OP_BN_BACKWARD_REDUCE, conv);
    status = brim_again_output(backward, conv, &op.in[0]);
    if (status != BRIM_OK)
        return status;
    op.in[1] = weights->scale;
    op.in[2] = weights->bias;
    op.in[3] = backward->kept->mean[conv];
    op.in[4] = backward->kept->rstd[conv];
    memcpy(op.in + BRIM_IN_GRADS, list->ids, (size_t)list->count * sizeof *list->ids);
    op.out[0] = gradients->scale;
    op.out[1] = gradients->bias;
    op.out[2] = *sums;
    op.out[3] = list->count > 1 ? reused_for_sum(backward, list) : BRIM_NONE;
    *gradient = list->count > 1 ? op.out[3] : list->ids[0];
    return brim_lower_op_to(lowering, &op, BRIM_OUT_BN_DESTS, dests);
}

/* The gradient of the convolution's output; in place of the activation's gradient where that is dense and nobody else
 * will read it. */
static BrimStatus emit_apply(BrimBackward *backward, int conv, BrimTensorId gradient, BrimTensorId sums, bool still_read)
{
    BrimLowering *lowering = backward->lowering;
    const BrimConvTensors *weights = &lowering->parameters->convs[BRIM_STATE_WEIGHTS][brim_backward_node(backward, conv)->conv];
    BrimTensorId made = gradient;
    if (still_read || lowering->graph->tensors[gradient].parent != BRIM_NONE) {
        BrimStatus status = brim_lower_feature(lowering, conv, "dconv", BRIM_PURPOSE_TRANSIENT, &made);
        if (status != BRIM_OK)
            return status;
    }
    BrimOp op = brim_lower_op(lowering, BRIM_OP_BN_BACKWARD_APPLY, conv);
    const BrimTensorId in[] = {backward->kept->conv[conv], weights->scale, weights->bias, backward->kept->mean[conv],
                               backward->kept->rstd[conv], sums,           gradient};
    memcpy(op.in, in, sizeof in);
    op.out[0] = made;
    backward->dconv[conv] = made;
    return brim_graph_add_op(lowering->graph, &op, NULL);
}

/* Through the convolution itself: the gradient of its input, and of its weights if the input is there already. */
static BrimStatus emit_conv_backward(BrimBackward *backward, int node)
{
    BrimLowering *lowering = backward->lowering;
    const BrimNode *shape = brim_backward_node(backward, node);
    int input = shape->inputs[0];
    BrimStatus status = try_weights(backward, node);
    if (status != BRIM_OK || brim_backward_node(backward, input)->kind == BRIM_NODE_PICTURE)
        return status;
    BrimOp op = brim_lower_op(lowering, BRIM_OP_CONV_BACKWARD_DATA, node);
    op.in[0] = backward->dconv[node];
    op.in[1] = brim_parameters_weight(lowering->parameters, shape->conv);
    status = brim_lower_feature(lowering, input, "gradient", BRIM_PURPOSE_TRANSIENT, &op.out[0]);
    if (status == BRIM_OK)
        status = brim_graph_add_op(lowering->graph, &op, NULL);
    return status == BRIM_OK ? contribute(backward, input, op.out[0]) : status;
}

/* A Conv block whose activation is the node's value. */
static BrimStatus reverse_conv(BrimBackward *backward, int node)
{
    BrimStatus status;
    BrimDests dests = {.count = 0};
    BrimTensorId gradient = BRIM_NONE, sums = BRIM_NONE;
    const BrimNode *shape = brim_backward_node(backward, node);
    bool in_a_concat = false;
    for (int i = 0; i < shape->consumer_count; i++)
        in_a_concat = in_a_concat || brim_backward_node(backward, shape->consumers[i])->kind == BRIM_NODE_CONCAT;
    BRIM_TRY(shorten(backward, node, BRIM_MAX_GRADS));
    if (in_a_concat || brim_lower_feeds_conv(backward->lowering->network, node))
        BRIM_TRY(brim_places_all(backward->lowering, backward->places, node, &dests));
    BRIM_TRY(emit_reduce(backward, node, node, &dests, &gradient, &sums));
    BRIM_TRY(try_weights_of_readers(backward, node));
    BRIM_TRY(brim_backward_concats_of(backward, node));
    BRIM_TRY(emit_apply(backward, node, gradient, sums, false));
    BRIM_TRY(emit_conv_backward(backward, node));
fail:
    return status;
}

/* A shortcut's sum and the Conv block that it adds. */
static BrimStatus reverse_add(BrimBackward *backward, int node)
{
    BrimStatus status;
    BrimDests none = {.count = 0}, dests = {.count = 0};
    BrimTensorId gradient = BRIM_NONE, sums = BRIM_NONE;
    int shortcut = brim_backward_node(backward, node)->inputs[0];
    int conv = brim_backward_node(backward, node)->inputs[1];
    BRIM_TRY(shorten(backward, node, BRIM_MAX_GRADS));
    if (brim_lower_feeds_conv(backward->lowering->network, node))
        BRIM_TRY(brim_places_all(backward->lowering, backward->places, node, &dests));
    if (dests.count > 0)
        BRIM_TRY(brim_again_to(backward, node, &dests));
    BRIM_TRY(try_weights_of_readers(backward, node));
    BRIM_TRY(emit_reduce(backward, conv, node, &none, &gradient, &sums));
    BRIM_TRY(emit_apply(backward, conv, gradient, sums, true));
    BRIM_TRY(contribute(backward, shortcut, gradient));
    BRIM_TRY(emit_conv_backward(backward, conv));
fail:
    return status;
}

/* Hands parts of its gradients to its inputs, and computes again those inputs that will not be at hand soon. */
static BrimStatus reverse_concat(BrimBackward *backward, int node)
{
    const BrimNode *shape = brim_backward_node(backward, node);
    const BrimGradients *list = &backward->gradients[node];
    BrimStatus status = BRIM_OK;
    int channel = 0;
    for (int input = 0; input < shape->input_count && status == BRIM_OK; input++) {
        int member = shape->inputs[input];
        int channels = brim_backward_node(backward, member)->channels;
        for (int i = 0; i < list->count && status == BRIM_OK; i++) {
            BrimTensorId part = BRIM_NONE;
            status = brim_lower_part(backward->lowering, list->ids[i], channel, channels, &part);
            if (status == BRIM_OK)
                status = contribute(backward, member, part);
        }
        channel += channels;
        bool near = brim_backward_node(backward, member)->kind == BRIM_NODE_CONV && node - member <= NEAR_NODES;
        if (status == BRIM_OK && !near && brim_lower_feeds_conv(backward->lowering->network, node))
            status = brim_again_part(backward, node, input);
    }
    return status == BRIM_OK ? brim_backward_concats_of(backward, shape->inputs[0]) : status;
}

/* Adds to the gradient that the pooled node got elsewhere (SPP and SPPF concatenate it beside what they pool). */
static BrimStatus reverse_pool(BrimBackward *backward, int node)
{
    BrimStatus status;
    const BrimNode *shape = brim_backward_node(backward, node);
    int input = shape->inputs[0];
    if (backward->gradients[input].count == 0)
        return brim_fail(BRIM_ERROR_UNSUPPORTED, "layer %d pools what nobody else reads", shape->layer);
    BRIM_TRY(shorten(backward, node, 1));
    BrimOp op = brim_lower_op(backward->lowering, BRIM_OP_POOL_BACKWARD, node);
    BRIM_TRY(brim_again_value(backward, input, &op.in[0]));
    op.in[1] = backward->gradients[node].ids[0];
    op.in[2] = op.out[0] = backward->gradients[input].ids[0];
    BRIM_TRY(brim_graph_add_op(backward->lowering->graph, &op, NULL));
fail:
    return status;
}

static BrimStatus reverse_upsample(BrimBackward *backward, int node)
{
    BrimStatus status;
    int input = brim_backward_node(backward, node)->inputs[0];
    BRIM_TRY(shorten(backward, node, 1));
    BrimOp op = brim_lower_op(backward->lowering, BRIM_OP_UPSAMPLE_BACKWARD, node);
    op.in[0] = backward->gradients[node].ids[0];
    BRIM_TRY(brim_lower_feature(backward->lowering, input, "gradient", BRIM_PURPOSE_TRANSIENT, &op.out[0]));
    BRIM_TRY(brim_graph_add_op(backward->lowering->graph, &op, NULL));
    BRIM_TRY(contribute(backward, input, op.out[0]));
fail:
    return status;
}

/* The first convolution's weights need the pictures as floats once more: cheaper than keeping them. */
static BrimStatus reverse_picture(BrimBackward *backward)
{
    BrimTensorId pictures = BRIM_NONE;
    BrimStatus status = brim_again_value(backward, 0, &pictures);
    return status == BRIM_OK ? try_weights_of_readers(backward, 0) : status;
}

static BrimStatus reverse_node(BrimBackward *backward, int node)
{
    const BrimNode *shape = brim_backward_node(backward, node);
    switch (shape->kind) {
    case BRIM_NODE_PICTURE:
        return reverse_picture(backward);
    case BRIM_NODE_ADD:
        return reverse_add(backward, node);
    case BRIM_NODE_CONCAT:
        return reverse_concat(backward, node);
    case BRIM_NODE_POOL:
        return reverse_pool(backward, node);
    case BRIM_NODE_UPSAMPLE:
        return reverse_upsample(backward, node);
    default:
        break;
    }
    if (shape->level >= 0) {
        backward->dconv[node] = backward->kept->dhead[node];
        return emit_conv_backward(backward, node);
    }
    /* One that feeds a shortcut's sum was reversed with the sum. */
    return brim_network_adder(backward->lowering->network, node) < 0 ? reverse_conv(backward, node) : BRIM_OK;
}

BrimStatus brim_training_backward(BrimLowering *lowering, BrimKept *kept, BrimPlaces *places)
{
    size_t nodes = (size_t)lowering->network->node_count;
    BrimBackward backward = {.lowering = lowering, .kept = kept, .places = places};
    BrimStatus status = brim_places_open(&backward.within, lowering->network);
    if (status != BRIM_OK)
        return status;
    backward.gradients = brim_mem_take(BRIM_MEM_GRAPH, nodes, sizeof *backward.gradients);
    backward.dconv = brim_mem_take(BRIM_MEM_GRAPH, nodes, sizeof *backward.dconv);
    backward.weights_done = brim_mem_take(BRIM_MEM_GRAPH, nodes, sizeof *backward.weights_done);
    if (!backward.gradients || !backward.dconv || !backward.weights_done)
        status = BRIM_ERROR_MEMORY;
    for (size_t i = 0; i < nodes && status == BRIM_OK; i++)
        backward.dconv[i] = BRIM_NONE;
    for (int node = (int)nodes - 1; node >= 0 && status == BRIM_OK; node--)
        status = reverse_node(&backward, node);
    brim_mem_give(backward.gradients);
    brim_mem_give(backward.dconv);
    brim_mem_give(backward.weights_done);
    brim_places_close(&backward.within);
    return status;
}
