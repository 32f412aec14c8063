/* Parameters as tensors. */
#include "graph/parameters.h"

typedef struct StateFacts {
    const char *prefix;
    BrimPurpose purpose;
    bool statistics;
} StateFacts;

static const StateFacts states[BRIM_STATE_COUNT] = {
    [BRIM_STATE_WEIGHTS] = {"", BRIM_PURPOSE_WEIGHTS, true},
    [BRIM_STATE_GRADIENTS] = {"gradient/", BRIM_PURPOSE_GRADIENTS, false},
    [BRIM_STATE_MOMENTUM] = {"momentum/", BRIM_PURPOSE_OPTIMIZER, false},
    [BRIM_STATE_EMA] = {"ema/", BRIM_PURPOSE_EMA, true},
};

static BrimStatus add_block(BrimGraph *graph, BrimState state, const char *name, BrimTensorId *id)
{
    BrimTensor block = {.form = BRIM_FORM_BLOCK,
                        .dtype = BRIM_F32,
                        .purpose = states[state].purpose,
                        .life = BRIM_LIFE_ALWAYS,
                        .parent = BRIM_NONE};
    brim_tensor_set_name(&block, states[state].prefix, "block.", name);
    return brim_graph_add_tensor(graph, &block, id);
}

static BrimStatus add_member(BrimGraph *graph, BrimState state, BrimTensorId block, BrimForm form,
                             const int32_t dims[4], const BrimConv *conv, const char *suffix, BrimTensorId *id)
{
    BrimTensor member = {.form = form,
                         .dtype = BRIM_F32,
                         .purpose = states[state].purpose,
                         .life = BRIM_LIFE_ALWAYS,
                         .dims = {dims[0], dims[1], dims[2], dims[3]},
                         .parent = block};
    brim_tensor_set_name(&member, states[state].prefix, conv->name, suffix);
    return brim_graph_add_tensor(graph, &member, id);
}

/* One group of one state: its block, then its members in the order of the convolutions. */
static BrimStatus add_group(BrimParameters *parameters, BrimGraph *graph, const BrimNetwork *network, BrimState state,
                            BrimParamGroup group)
{
    static const char *const names[BRIM_GROUP_COUNT] = {"bias", "weight", "scale"};
    BrimStatus status = add_block(graph, state, names[group], &parameters->blocks[state][group]);
    BrimTensorId block = parameters->blocks[state][group];
    for (int i = 0; i < network->conv_count && status == BRIM_OK; i++) {
        const BrimConv *conv = &network->convs[i];
        BrimConvTensors *tensors = &parameters->convs[state][i];
        const int32_t filter[4] = {conv->out_channels, conv->in_channels, conv->kernel, conv->kernel};
        const int32_t vector[4] = {conv->out_channels, 1, 1, 1};
        if (group == BRIM_GROUP_WEIGHT)
            status = add_member(graph, state, block, BRIM_FORM_FILTER, filter, conv,
                                conv->head ? ".weight" : ".conv.weight", &tensors->weight);
        else if (group == BRIM_GROUP_BIAS)
            status = add_member(graph, state, block, BRIM_FORM_VECTOR, vector, conv,
                                conv->head ? ".bias" : ".bn.bias", &tensors->bias);
        else if (!conv->head)
            status = add_member(graph, state, block, BRIM_FORM_VECTOR, vector, conv, ".bn.weight", &tensors->scale);
    }
    return status;
}

static BrimStatus add_statistics(BrimParameters *parameters, BrimGraph *graph, const BrimNetwork *network,
                                 BrimState state)
{
    BrimStatus status = add_block(graph, state, "statistics", &parameters->statistics[state]);
    for (int i = 0; i < network->conv_count && status == BRIM_OK; i++) {
        const BrimConv *conv = &network->convs[i];
        BrimConvTensors *tensors = &parameters->convs[state][i];
        const int32_t vector[4] = {conv->out_channels, 1, 1, 1};
        if (conv->head)
            continue;
        status = add_member(graph, state, parameters->statistics[state], BRIM_FORM_VECTOR, vector, conv,
                            ".bn.running_mean", &tensors->mean);
        if (status == BRIM_OK)
            status = add_member(graph, state, parameters->statistics[state], BRIM_FORM_VECTOR, vector, conv,
                                ".bn.running_var", &tensors->variance);
    }
    return status;
}

static BrimStatus add_state(BrimParameters *parameters, BrimGraph *graph, const BrimNetwork *network, BrimState state)
{
    BrimStatus status = BRIM_OK;
    BrimConvTensors *convs = brim_mem_take(BRIM_MEM_GRAPH, (size_t)network->conv_count, sizeof *convs);
    if (!convs)
        return BRIM_ERROR_MEMORY;
    for (int i = 0; i < network->conv_count; i++)
        convs[i] = (BrimConvTensors){BRIM_NONE, BRIM_NONE, BRIM_NONE, BRIM_NONE, BRIM_NONE};
    parameters->convs[state] = convs;
    for (BrimParamGroup group = 0; group < BRIM_GROUP_COUNT && status == BRIM_OK; group++)
        status = add_group(parameters, graph, network, state, group);
    if (status == BRIM_OK && states[state].statistics)
        status = add_statistics(parameters, graph, network, state);
    return status;
}

/* The weights as the convolutions read them in mixed precision. */
static BrimStatus add_half(BrimParameters *parameters, BrimGraph *graph, const BrimNetwork *network,
                           BrimDtype dtype)
{
    BrimTensor block = {.name = "half/block.weight",
                        .form = BRIM_FORM_BLOCK,
                        .dtype = dtype,
                        .purpose = BRIM_PURPOSE_WEIGHTS,
                        .life = BRIM_LIFE_ALWAYS,
                        .parent = BRIM_NONE};
    parameters->half = brim_mem_take(BRIM_MEM_GRAPH, (size_t)network->conv_count, sizeof *parameters->half);
    BrimStatus status =
        parameters->half ? brim_graph_add_tensor(graph, &block, &parameters->half_block) : BRIM_ERROR_MEMORY;
    for (int i = 0; i < network->conv_count && status == BRIM_OK; i++) {
        BrimTensor member = graph->tensors[parameters->convs[BRIM_STATE_WEIGHTS][i].weight];
        brim_tensor_set_name(&member, "half/", network->convs[i].name, network->convs[i].head ? ".weight" : ".conv.weight");
        member.dtype = dtype;
        member.parent = parameters->half_block;
        status = brim_graph_add_tensor(graph, &member, &parameters->half[i]);
    }
    return status;
}

BrimTensorId brim_parameters_weight(const BrimParameters *parameters, int conv)
{
    return parameters->half ? parameters->half[conv] : parameters->convs[BRIM_STATE_WEIGHTS][conv].weight;
}

BrimStatus brim_parameters_add(BrimParameters **parameters, BrimGraph *graph, const BrimNetwork *network,
                               bool training, BrimPrecision precision)
{
    BrimStatus status = BRIM_OK;
    *parameters = brim_mem_take(BRIM_MEM_GRAPH, 1, sizeof **parameters);
    if (!*parameters)
        return BRIM_ERROR_MEMORY;
    (*parameters)->half_block = BRIM_NONE;
    for (BrimState state = 0; state < BRIM_STATE_COUNT && status == BRIM_OK; state++) {
        (*parameters)->statistics[state] = BRIM_NONE;
        if (state == BRIM_STATE_WEIGHTS || training)
            status = add_state(*parameters, graph, network, state);
    }
    BrimDtype feature = brim_precision_traits(precision)->feature;
    if (training && feature != BRIM_F32 && status == BRIM_OK)
        status = add_half(*parameters, graph, network, feature);
    if (status != BRIM_OK)
        brim_parameters_close(parameters);
    return status;
}

void brim_parameters_close(BrimParameters **parameters)
{
    if (!*parameters)
        return;
    for (int state = 0; state < BRIM_STATE_COUNT; state++)
        brim_mem_give((*parameters)->convs[state]);
    brim_mem_give((*parameters)->half);
    brim_mem_give(*parameters);
    *parameters = NULL;
}
