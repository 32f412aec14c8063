/* Named tensors in host memory. */
#include "exchange/tensors.h"

#include <stdlib.h>
#include <string.h>

#include "base/half.h"

size_t brim_host_dtype_bytes(BrimHostDtype dtype)
{
    switch (dtype) {
    case BRIM_HOST_F64:
    case BRIM_HOST_I64:
        return 8;
    case BRIM_HOST_F32:
    case BRIM_HOST_I32:
        return 4;
    case BRIM_HOST_F16:
    case BRIM_HOST_BF16:
        return 2;
    default:
        return 1;
    }
}

BrimStatus brim_tensor_shape_bytes(const char *name, BrimHostDtype dtype, int dim_count, const int64_t *dims,
                                   size_t *bytes)
{
    if (dim_count < 0 || dim_count > BRIM_HOST_MAX_DIMS)
        return brim_fail(BRIM_ERROR_INPUT, "tensor %s has %d dimensions; at most %d are supported", name, dim_count,
                         BRIM_HOST_MAX_DIMS);
    *bytes = brim_host_dtype_bytes(dtype);
    for (int i = 0; i < dim_count; i++) {
        if (dims[i] < 0 || __builtin_mul_overflow(*bytes, (size_t)dims[i], bytes))
            return brim_fail(BRIM_ERROR_INPUT, "tensor %s has an impossible shape", name);
    }
    return BRIM_OK;
}

BrimStatus brim_tensors_declare(BrimTensorFile *file, const char *name, BrimHostDtype dtype, int dim_count,
                                const int64_t *dims)
{
    size_t bytes = 0;
    BrimStatus status = brim_tensor_shape_bytes(name, dtype, dim_count, dims, &bytes);
    if (status != BRIM_OK)
        return status;
    if (brim_tensors_find(file, name))
        return brim_fail(BRIM_ERROR_INPUT, "tensor %s appears twice", name);
    if (file->tensor_count == BRIM_HOST_MAX_TENSORS)
        return brim_fail(BRIM_ERROR_INPUT, "there are more than %d tensors", BRIM_HOST_MAX_TENSORS);
    BrimHostTensor *tensors = brim_mem_room(BRIM_MEM_EXCHANGE, file->tensors, file->tensor_count, &file->tensor_room,
                                            sizeof *tensors);
    if (!tensors)
        return BRIM_ERROR_MEMORY;
    file->tensors = tensors;
    BrimHostTensor made = {.dtype = dtype, .dim_count = dim_count, .bytes = bytes};
    made.name = brim_mem_text(BRIM_MEM_EXCHANGE, name);
    if (!made.name)
        return BRIM_ERROR_MEMORY;
    if (dim_count)
        memcpy(made.dims, dims, (size_t)dim_count * sizeof *dims);
    file->tensors[file->tensor_count++] = made;
    return BRIM_OK;
}

BrimStatus brim_tensors_add(BrimTensorFile *file, const char *name, BrimHostDtype dtype, int dim_count,
                            const int64_t *dims, BrimHostTensor **tensor)
{
    BrimStatus status = brim_tensors_declare(file, name, dtype, dim_count, dims);
    if (status != BRIM_OK)
        return status;
    BrimHostTensor *made = &file->tensors[file->tensor_count - 1];
    made->data = brim_mem_take(BRIM_MEM_EXCHANGE, made->bytes, 1);
    if (!made->data) {
        brim_mem_give(made->name);
        file->tensor_count--;
        return BRIM_ERROR_MEMORY;
    }
    if (tensor)
        *tensor = made;
    return BRIM_OK;
}

BrimStatus brim_tensors_set_metadata(BrimTensorFile *file, const char *key, const char *value)
{
    if (file->metadata_count == BRIM_HOST_MAX_TENSORS)
        return brim_fail(BRIM_ERROR_INPUT, "there are more than %d entries of metadata", BRIM_HOST_MAX_TENSORS);
    char *kept = brim_mem_text(BRIM_MEM_EXCHANGE, value);
    if (!kept)
        return BRIM_ERROR_MEMORY;
    for (int i = 0; i < file->metadata_count; i++) {
        if (strcmp(file->metadata[i].key, key) == 0) {
            brim_mem_give(file->metadata[i].value);
            file->metadata[i].value = kept;
            return BRIM_OK;
        }
    }
    BrimMetadata *metadata = brim_mem_room(BRIM_MEM_EXCHANGE, file->metadata, file->metadata_count,
                                           &file->metadata_room, sizeof *metadata);
    file->metadata = metadata ? metadata : file->metadata;
    char *key_kept = metadata ? brim_mem_text(BRIM_MEM_EXCHANGE, key) : NULL;
    if (!key_kept) {
        brim_mem_give(kept);
        return BRIM_ERROR_MEMORY;
    }
    file->metadata[file->metadata_count++] = (BrimMetadata){.key = key_kept, .value = kept};
    return BRIM_OK;
}

BrimStatus brim_tensors_set_json(BrimTensorFile *file, const char *key, json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    json_decref(value);
    if (!text)
        return brim_fail(BRIM_ERROR_MEMORY, "no memory for the metadata %s", key);
    BrimStatus status = brim_tensors_set_metadata(file, key, text);
    free(text);
    return status;
}

const BrimHostTensor *brim_tensors_find(const BrimTensorFile *file, const char *name)
{
    for (int i = 0; i < file->tensor_count; i++) {
        if (strcmp(file->tensors[i].name, name) == 0)
            return &file->tensors[i];
    }
    return NULL;
}

const char *brim_tensors_metadata(const BrimTensorFile *file, const char *key)
{
    for (int i = 0; i < file->metadata_count; i++) {
        if (strcmp(file->metadata[i].key, key) == 0)
            return file->metadata[i].value;
    }
    return NULL;
}

void brim_tensors_clear(BrimTensorFile *file)
{
    for (int i = 0; i < file->tensor_count; i++) {
        brim_mem_give(file->tensors[i].name);
        brim_mem_give(file->tensors[i].data);
    }
    for (int i = 0; i < file->metadata_count; i++) {
        brim_mem_give(file->metadata[i].key);
        brim_mem_give(file->metadata[i].value);
    }
    brim_mem_give(file->tensors);
    brim_mem_give(file->metadata);
    *file = (BrimTensorFile){0};
}

float brim_host_tensor_float(const BrimHostTensor *tensor, size_t i)
{
    switch (tensor->dtype) {
    case BRIM_HOST_F32:
        return ((const float *)tensor->data)[i];
    case BRIM_HOST_F16:
        return brim_half_to_float(((const uint16_t *)tensor->data)[i]);
    case BRIM_HOST_BF16:
        return brim_bfloat_to_float(((const uint16_t *)tensor->data)[i]);
    case BRIM_HOST_F64:
        return (float)((const double *)tensor->data)[i];
    case BRIM_HOST_I64:
        return (float)((const int64_t *)tensor->data)[i];
    case BRIM_HOST_I32:
        return (float)((const int32_t *)tensor->data)[i];
    default:
        return (float)((const uint8_t *)tensor->data)[i];
    }
}
