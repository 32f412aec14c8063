/* What each descriptor of the false libcudnn.so.9 may be told, and what it has to be told before it is final.
 */
#include "cudnn_parts.h"

#define OPERATION(way, short, x, y, w)                                                                       \
    {CUDNN_BACKEND_OPERATION_CONVOLUTION_##way##_DESCRIPTOR,                                                 \
     CUDNN_ATTR_OPERATION_CONVOLUTION_##short##_ALPHA,                                                       \
     CUDNN_TYPE_FLOAT,                                                                                       \
     1,                                                                                                      \
     1,                                                                                                      \
     true,                                                                                                   \
     0},                                                                                                     \
        {CUDNN_BACKEND_OPERATION_CONVOLUTION_##way##_DESCRIPTOR,                                             \
         CUDNN_ATTR_OPERATION_CONVOLUTION_##short##_BETA,                                                    \
         CUDNN_TYPE_FLOAT,                                                                                   \
         1,                                                                                                  \
         1,                                                                                                  \
         true,                                                                                               \
         0},                                                                                                 \
        PART(OPERATION_CONVOLUTION_##way, OPERATION_CONVOLUTION_##short##_CONV_DESC, CONVOLUTION),           \
        PART(OPERATION_CONVOLUTION_##way, OPERATION_CONVOLUTION_##short##_##x, TENSOR),                      \
        PART(OPERATION_CONVOLUTION_##way, OPERATION_CONVOLUTION_##short##_##y, TENSOR),                      \
        PART(OPERATION_CONVOLUTION_##way, OPERATION_CONVOLUTION_##short##_##w, TENSOR)
#define PART(of, name, part)                                                                                 \
    {                                                                                                        \
        CUDNN_BACKEND_##of##_DESCRIPTOR, CUDNN_ATTR_##name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, 1, true,       \
            CUDNN_BACKEND_##part##_DESCRIPTOR                                                                \
    }
#define VALUE(of, name, type, least, most)                                                                   \
    {                                                                                                        \
        CUDNN_BACKEND_##of##_DESCRIPTOR, CUDNN_ATTR_##name, CUDNN_TYPE_##type, least, most, true, 0          \
    }
#define OPTION(of, name, type, most)                                                                         \
    {                                                                                                        \
        CUDNN_BACKEND_##of##_DESCRIPTOR, CUDNN_ATTR_##name, CUDNN_TYPE_##type, 0, most, false,               \
            CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR                                                             \
    }

static const Rule rules[] = {
    VALUE(TENSOR, TENSOR_DATA_TYPE, DATA_TYPE, 1, 1),
    VALUE(TENSOR, TENSOR_DIMENSIONS, INT64, 3, 8),
    VALUE(TENSOR, TENSOR_STRIDES, INT64, 3, 8),
    VALUE(TENSOR, TENSOR_UNIQUE_ID, INT64, 1, 1),
    VALUE(TENSOR, TENSOR_BYTE_ALIGNMENT, INT64, 1, 1),
    VALUE(CONVOLUTION, CONVOLUTION_SPATIAL_DIMS, INT64, 1, 1),
    VALUE(CONVOLUTION, CONVOLUTION_COMP_TYPE, DATA_TYPE, 1, 1),
    VALUE(CONVOLUTION, CONVOLUTION_CONV_MODE, CONVOLUTION_MODE, 1, 1),
    VALUE(CONVOLUTION, CONVOLUTION_DILATIONS, INT64, 1, 3),
    VALUE(CONVOLUTION, CONVOLUTION_FILTER_STRIDES, INT64, 1, 3),
    VALUE(CONVOLUTION, CONVOLUTION_PRE_PADDINGS, INT64, 1, 3),
    VALUE(CONVOLUTION, CONVOLUTION_POST_PADDINGS, INT64, 1, 3),
    OPERATION(FORWARD, FORWARD, X, Y, W),
    OPERATION(BACKWARD_DATA, BWD_DATA, DX, DY, W),
    OPERATION(BACKWARD_FILTER, BWD_FILTER, X, DY, DW),
    VALUE(OPERATIONGRAPH, OPERATIONGRAPH_HANDLE, HANDLE, 1, 1),
    PART(OPERATIONGRAPH, OPERATIONGRAPH_OPS, OPERATION_CONVOLUTION_FORWARD),
    PART(ENGINEHEUR, ENGINEHEUR_OPERATION_GRAPH, OPERATIONGRAPH),
    VALUE(ENGINEHEUR, ENGINEHEUR_MODE, HEUR_MODE, 1, 1),
    PART(ENGINE, ENGINE_OPERATION_GRAPH, OPERATIONGRAPH),
    VALUE(ENGINE, ENGINE_GLOBAL_INDEX, INT64, 1, 1),
    PART(ENGINECFG, ENGINECFG_ENGINE, ENGINE),
    OPTION(ENGINECFG, ENGINECFG_KNOB_CHOICES, BACKEND_DESCRIPTOR, MOST_VALUES),
    VALUE(KNOB_CHOICE, KNOB_CHOICE_KNOB_TYPE, KNOB_TYPE, 1, 1),
    VALUE(KNOB_CHOICE, KNOB_CHOICE_KNOB_VALUE, INT64, 1, 1),
    VALUE(EXECUTION_PLAN, EXECUTION_PLAN_HANDLE, HANDLE, 1, 1),
    PART(EXECUTION_PLAN, EXECUTION_PLAN_ENGINE_CONFIG, ENGINECFG),
    OPTION(VARIANT_PACK, VARIANT_PACK_UNIQUE_IDS, INT64, MOST_VALUES),
    OPTION(VARIANT_PACK, VARIANT_PACK_DATA_POINTERS, VOID_PTR, MOST_VALUES),
    OPTION(VARIANT_PACK, VARIANT_PACK_WORKSPACE, VOID_PTR, 1),
};

const Rule *fake_rules(int *count)
{
    *count = (int)(sizeof rules / sizeof rules[0]);
    return rules;
}

const Rule *fake_rule(cudnnBackendDescriptorType_t of, cudnnBackendAttributeName_t name)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (rules[i].of == of && rules[i].name == name)
            return &rules[i];
    return NULL;
}

/* ---- final ---- */

static cudnnStatus_t finish_tensor(const Descriptor *tensor)
{
    const Attribute *sizes = fake_attribute(tensor, CUDNN_ATTR_TENSOR_DIMENSIONS),
                    *strides = fake_attribute(tensor, CUDNN_ATTR_TENSOR_STRIDES);
    const int64_t bytes = fake_type_bytes((cudnnDataType_t)fake_integer(tensor, CUDNN_ATTR_TENSOR_DATA_TYPE));
    const int64_t alignment = fake_integer(tensor, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT);
    if (sizes->count != strides->count)
        return fake_fail(CUDNN_STATUS_BAD_PARAM, "as many dimensions as strides");
    for (int64_t i = 0; i < sizes->count; i++)
        if (sizes->integers[i] < 1 || strides->integers[i] < 1)
            return fake_fail(CUDNN_STATUS_BAD_PARAM, "dimA[i] <= 0 || strideA[i] <= 0");
    if (alignment <= 0 || alignment % bytes != 0)
        return fake_fail(CUDNN_STATUS_BAD_PARAM,
                         "(_ptrAlignment <= 0) || _ptrAlignment % sizeof(_dataType) != 0");
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t finish_convolution(const Descriptor *convolution)
{
    const int64_t dimensions = fake_integer(convolution, CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS);
    const cudnnBackendAttributeName_t lists[] = {
        CUDNN_ATTR_CONVOLUTION_DILATIONS, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES,
        CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS};
    for (int i = 0; i < 4; i++) {
        const Attribute *list = fake_attribute(convolution, lists[i]);
        for (int64_t j = 0; j < dimensions; j++)
            if (list->count != dimensions || list->integers[j] < (i < 2 ? 1 : 0))
                return fake_fail(CUDNN_STATUS_BAD_PARAM, "a stride, dilation or padding");
    }
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t finish_engine(const Descriptor *engine)
{
    if (!fake_engine_known(fake_part(engine, CUDNN_ATTR_ENGINE_OPERATION_GRAPH),
                           fake_integer(engine, CUDNN_ATTR_ENGINE_GLOBAL_INDEX)))
        return fake_fail(CUDNN_STATUS_NOT_SUPPORTED, "no such engine");
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t finish_config(const Descriptor *config)
{
    const int64_t engine =
        fake_integer(fake_part(config, CUDNN_ATTR_ENGINECFG_ENGINE), CUDNN_ATTR_ENGINE_GLOBAL_INDEX);
    const Attribute *knobs = fake_attribute(config, CUDNN_ATTR_ENGINECFG_KNOB_CHOICES);
    for (int64_t i = 0; knobs && i < knobs->count; i++)
        if (!fake_knob_known(engine, fake_integer(knobs->pointers[i], CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE),
                             fake_integer(knobs->pointers[i], CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE)))
            return fake_fail(CUDNN_STATUS_NOT_SUPPORTED, "the engine has no such knob");
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t finish_plan(const Descriptor *plan)
{
    const Descriptor *config = fake_part(plan, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG);
    const Descriptor *engine = fake_part(config, CUDNN_ATTR_ENGINECFG_ENGINE);
    if (fake_engine_refuses(fake_integer(engine, CUDNN_ATTR_ENGINE_GLOBAL_INDEX)))
        return fake_fail(CUDNN_STATUS_NOT_SUPPORTED, "the engine refuses");
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t finish_pack(const Descriptor *pack)
{
    const Attribute *ids = fake_attribute(pack, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS),
                    *pointers = fake_attribute(pack, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS);
    if ((ids ? ids->count : 0) != (pointers ? pointers->count : 0))
        return fake_fail(CUDNN_STATUS_BAD_PARAM, "ptrs_count != uids_count");
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t finish(const Descriptor *descriptor)
{
    FakeConvolution convolution;
    switch (descriptor->type) {
    case CUDNN_BACKEND_TENSOR_DESCRIPTOR:
        return finish_tensor(descriptor);
    case CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR:
        return finish_convolution(descriptor);
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR:
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR:
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR:
        return fake_read_convolution(descriptor, &convolution);
    case CUDNN_BACKEND_ENGINE_DESCRIPTOR:
        return finish_engine(descriptor);
    case CUDNN_BACKEND_ENGINECFG_DESCRIPTOR:
        return finish_config(descriptor);
    case CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR:
        return finish_plan(descriptor);
    case CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR:
        return finish_pack(descriptor);
    default:
        return CUDNN_STATUS_SUCCESS;
    }
}

cudnnStatus_t cudnnBackendFinalize(cudnnBackendDescriptor_t given)
{
    Descriptor *descriptor = given;
    cudnnStatus_t status = fake_called("cudnnBackendFinalize");
    if (status != CUDNN_STATUS_SUCCESS)
        return status;
    if (!descriptor)
        return fake_fail(CUDNN_STATUS_BAD_PARAM_NULL_POINTER, "descriptor == NULL");
    if (descriptor->finished)
        return fake_fail(CUDNN_STATUS_BAD_PARAM, "the descriptor is final already");
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (rules[i].of == descriptor->type && rules[i].needed && !fake_attribute(descriptor, rules[i].name))
            return fake_fail(CUDNN_STATUS_BAD_PARAM, "an attribute is missing");
    status = finish(descriptor);
    descriptor->finished = status == CUDNN_STATUS_SUCCESS;
    return status;
}
