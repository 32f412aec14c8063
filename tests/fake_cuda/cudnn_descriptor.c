/* Descriptors of the false libcudnn.so.9: made, told, and held by others. */
#include <stdlib.h>
#include <string.h>

#include "cudnn_parts.h"

static long descriptors;

long fake_cudnn_descriptors(void)
{
    return descriptors;
}

/* ---- held ---- */

Descriptor *fake_hold(Descriptor *descriptor)
{
    descriptor->holders++;
    return descriptor;
}

static void let_go(Descriptor *descriptor);

static void let_go_parts(const Descriptor *descriptor, const Attribute *attribute)
{
    const Rule *rule = fake_rule(descriptor->type, attribute->name);
    for (int64_t i = 0; rule->type == CUDNN_TYPE_BACKEND_DESCRIPTOR && i < attribute->count; i++)
        let_go(attribute->pointers[i]);
}

static void let_go(Descriptor *descriptor)
{
    if (--descriptor->holders > 0)
        return;
    for (int i = 0; i < descriptor->count; i++)
        let_go_parts(descriptor, &descriptor->attributes[i]);
    free(descriptor);
    descriptors--;
}

Descriptor *fake_make(cudnnBackendDescriptorType_t type)
{
    Descriptor *descriptor = calloc(1, sizeof *descriptor);
    if (!descriptor)
        return NULL;
    descriptor->type = type;
    descriptors++;
    return fake_hold(descriptor);
}

cudnnStatus_t cudnnBackendCreateDescriptor(cudnnBackendDescriptorType_t type, cudnnBackendDescriptor_t *made)
{
    int count;
    const Rule *rules = fake_rules(&count);
    cudnnStatus_t status = fake_called("cudnnBackendCreateDescriptor");
    bool known = false;
    for (int i = 0; i < count; i++)
        known |= rules[i].of == type;
    if (status != CUDNN_STATUS_SUCCESS)
        return status;
    if (!known)
        return fake_fail(CUDNN_STATUS_NOT_SUPPORTED, "the false cuDNN has no such descriptor");
    *made = fake_make(type);
    return *made ? CUDNN_STATUS_SUCCESS
                 : fake_fail(CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED, "no memory");
}

cudnnStatus_t cudnnBackendDestroyDescriptor(cudnnBackendDescriptor_t descriptor)
{
    if (!descriptor)
        return fake_fail(CUDNN_STATUS_BAD_PARAM_NULL_POINTER, "descriptor == NULL");
    let_go(descriptor);
    return CUDNN_STATUS_SUCCESS;
}

/* ---- told ---- */

const Attribute *fake_attribute(const Descriptor *descriptor, cudnnBackendAttributeName_t name)
{
    for (int i = 0; i < descriptor->count; i++)
        if (descriptor->attributes[i].name == name)
            return &descriptor->attributes[i];
    return NULL;
}

int64_t fake_integer(const Descriptor *descriptor, cudnnBackendAttributeName_t name)
{
    const Attribute *attribute = fake_attribute(descriptor, name);
    return attribute ? attribute->integers[0] : 0;
}

Descriptor *fake_part(const Descriptor *descriptor, cudnnBackendAttributeName_t name)
{
    const Attribute *attribute = fake_attribute(descriptor, name);
    return attribute ? attribute->pointers[0] : NULL;
}

Attribute *fake_tell(Descriptor *descriptor, cudnnBackendAttributeName_t name, int64_t count)
{
    Attribute *attribute = (Attribute *)fake_attribute(descriptor, name);
    if (attribute)
        let_go_parts(descriptor, attribute);
    else
        attribute = &descriptor->attributes[descriptor->count++];
    *attribute = (Attribute){.name = name, .count = count};
    return attribute;
}

/* Bytes of one value, or 0 for a type that none of the rules has. */
static size_t bytes_of(cudnnBackendAttributeType_t type)
{
    switch (type) {
    case CUDNN_TYPE_INT64:
        return sizeof(int64_t);
    case CUDNN_TYPE_FLOAT:
        return sizeof(float);
    case CUDNN_TYPE_HANDLE:
    case CUDNN_TYPE_VOID_PTR:
    case CUDNN_TYPE_BACKEND_DESCRIPTOR:
        return sizeof(void *);
    default:
        return sizeof(int); /* enumerations */
    }
}

static cudnnStatus_t check_parts(const Rule *rule, int64_t count, const void *values)
{
    Descriptor *const *parts = values;
    for (int64_t i = 0; i < count; i++) {
        if (!parts[i])
            return fake_fail(CUDNN_STATUS_BAD_PARAM_NULL_POINTER, "a part is NULL");
        if (!parts[i]->finished)
            return fake_fail(CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED, "desc->isFinalized() == false");
        if (rule->part == CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR
                ? parts[i]->type < CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR ||
                      parts[i]->type > CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR
                : parts[i]->type != rule->part)
            return fake_fail(CUDNN_STATUS_BAD_PARAM, "a part is a descriptor of another type");
    }
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t check_set(const Descriptor *descriptor, const Rule *rule,
                               cudnnBackendAttributeType_t type, int64_t count, const void *values)
{
    if (descriptor->finished)
        return fake_fail(CUDNN_STATUS_BAD_PARAM, "the descriptor is final");
    if (!rule)
        return fake_fail(CUDNN_STATUS_BAD_PARAM, "no attribute of this descriptor that can be set");
    if (type != rule->type)
        return fake_fail(CUDNN_STATUS_BAD_PARAM_ATTRIBUTE_TYPE, "the attribute is of another type");
    if (count < rule->least || count > rule->most)
        return fake_fail(CUDNN_STATUS_BAD_PARAM, "elemCount");
    if (!values)
        return fake_fail(CUDNN_STATUS_BAD_PARAM, "arrayOfElements == NULL");
    return type == CUDNN_TYPE_BACKEND_DESCRIPTOR ? check_parts(rule, count, values) : CUDNN_STATUS_SUCCESS;
}

static void copy_values(Attribute *attribute, cudnnBackendAttributeType_t type, const void *values)
{
    for (int64_t i = 0; i < attribute->count; i++) {
        const char *value = (const char *)values + (size_t)i * bytes_of(type);
        int number;
        if (bytes_of(type) == sizeof number && type != CUDNN_TYPE_FLOAT) {
            memcpy(&number, value, sizeof number);
            attribute->integers[i] = number;
        } else {
            memcpy(&attribute->integers[i], value, bytes_of(type));
        }
        if (type == CUDNN_TYPE_BACKEND_DESCRIPTOR)
            fake_hold(attribute->pointers[i]);
    }
}

cudnnStatus_t cudnnBackendSetAttribute(cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, int64_t count, const void *values)
{
    cudnnStatus_t status = fake_called("cudnnBackendSetAttribute");
    if (status == CUDNN_STATUS_SUCCESS && !descriptor)
        status = fake_fail(CUDNN_STATUS_BAD_PARAM_NULL_POINTER, "descriptor == NULL");
    if (status == CUDNN_STATUS_SUCCESS)
        status =
            check_set(descriptor, fake_rule(((Descriptor *)descriptor)->type, name), type, count, values);
    if (status == CUDNN_STATUS_SUCCESS)
        copy_values(fake_tell(descriptor, name, count), type, values);
    return status;
}
