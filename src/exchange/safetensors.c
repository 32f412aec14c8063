/* safetensors files in. */
#include "exchange/safetensors.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "exchange/safetensors_format.h"

/* No limit of the format, which allows headers of 100 MB: 16 MB describe more tensors than brim takes, and the tree
 * that the JSON library builds of a hostile header is fifty times as large as its text. */
enum { MOST_HEADER_BYTES = 1 << 24 };

static const size_t most_file_bytes = (size_t)1 << 36;

const char *const brim_safetensors_dtypes[BRIM_HOST_DTYPE_COUNT] = {
    [BRIM_HOST_F32] = "F32", [BRIM_HOST_F16] = "F16", [BRIM_HOST_BF16] = "BF16", [BRIM_HOST_F64] = "F64",
    [BRIM_HOST_I64] = "I64", [BRIM_HOST_I32] = "I32", [BRIM_HOST_U8] = "U8",     [BRIM_HOST_BOOL] = "BOOL",
};

/* Where a tensor of the header lies in the data. */
typedef struct Extent {
    size_t begin;
    size_t end;
    const char *name;
} Extent;

/* What is being read: the header, and the data behind it. */
typedef struct Source {
    json_t *header;
    const char *data;
    size_t data_bytes;
} Source;

static BrimStatus read_dtype(const char *name, const json_t *entry, BrimHostDtype *dtype)
{
    const char *text = json_string_value(json_object_get(entry, "dtype"));
    if (!text)
        return brim_fail(BRIM_ERROR_INPUT, "tensor %s has no dtype", name);
    for (int i = 0; i < BRIM_HOST_DTYPE_COUNT; i++) {
        if (strcmp(brim_safetensors_dtypes[i], text) == 0) {
            *dtype = (BrimHostDtype)i;
            return BRIM_OK;
        }
    }
    return brim_fail(BRIM_ERROR_INPUT, "tensor %s has dtype %s; brim reads F64, F32, F16, BF16, I64, I32, U8 and BOOL",
                     name, text);
}

/* dims[BRIM_HOST_MAX_DIMS] of "shape". */
static BrimStatus read_shape(const char *name, const json_t *entry, int *dim_count, int64_t *dims)
{
    const json_t *shape = json_object_get(entry, "shape");
    if (!json_is_array(shape))
        return brim_fail(BRIM_ERROR_INPUT, "tensor %s has no shape", name);
    size_t count = json_array_size(shape);
    if (count > BRIM_HOST_MAX_DIMS)
        return brim_fail(BRIM_ERROR_INPUT, "tensor %s has %zu dimensions; at most %d are supported", name, count,
                         BRIM_HOST_MAX_DIMS);
    for (size_t i = 0; i < count; i++) {
        const json_t *dim = json_array_get(shape, i);
        if (!json_is_integer(dim) || json_integer_value(dim) < 0)
            return brim_fail(BRIM_ERROR_INPUT, "dimension %zu of tensor %s is no size", i, name);
        dims[i] = json_integer_value(dim);
    }
    *dim_count = (int)count;
    return BRIM_OK;
}

static BrimStatus read_extent(const char *name, const json_t *entry, size_t data_bytes, Extent *extent)
{
    const json_t *offsets = json_object_get(entry, "data_offsets");
    const json_t *begin = json_array_get(offsets, 0), *end = json_array_get(offsets, 1);
    if (json_array_size(offsets) != 2 || !json_is_integer(begin) || !json_is_integer(end))
        return brim_fail(BRIM_ERROR_INPUT, "tensor %s has no data_offsets of two numbers", name);
    int64_t from = json_integer_value(begin), to = json_integer_value(end);
    if (from < 0 || to < from || (uint64_t)to > data_bytes)
        return brim_fail(BRIM_ERROR_INPUT,
                         "tensor %s lies at %" PRId64 " to %" PRId64 " of %zu bytes of data: the file is cut short or "
                         "damaged",
                         name, from, to, data_bytes);
    *extent = (Extent){.begin = (size_t)from, .end = (size_t)to, .name = name};
    return BRIM_OK;
}

static BrimStatus read_tensor(BrimTensorFile *file, const Source *source, const char *name, const json_t *entry,
                              Extent *extent)
{
    BrimHostDtype dtype = BRIM_HOST_F32;
    int dim_count = 0;
    int64_t dims[BRIM_HOST_MAX_DIMS];
    BrimStatus status = read_dtype(name, entry, &dtype);
    if (status == BRIM_OK)
        status = read_shape(name, entry, &dim_count, dims);
    if (status == BRIM_OK)
        status = read_extent(name, entry, source->data_bytes, extent);
    if (status != BRIM_OK)
        return status;
    /* Before any memory is taken: what the shape asks for must be there in the file. */
    size_t bytes = 0;
    status = brim_tensor_shape_bytes(name, dtype, dim_count, dims, &bytes);
    if (status == BRIM_OK && bytes != extent->end - extent->begin)
        status = brim_fail(BRIM_ERROR_INPUT, "tensor %s needs %zu bytes but has %zu", name, bytes,
                           extent->end - extent->begin);
    BrimHostTensor *tensor = NULL;
    if (status == BRIM_OK)
        status = brim_tensors_add(file, name, dtype, dim_count, dims, &tensor);
    if (status == BRIM_OK && bytes)
        memcpy(tensor->data, source->data + extent->begin, bytes);
    return status;
}

static BrimStatus read_metadata(BrimTensorFile *file, json_t *entries)
{
    const char *key;
    json_t *value;
    if (!json_is_object(entries))
        return brim_fail(BRIM_ERROR_INPUT, "%s is not an object", BRIM_SAFETENSORS_METADATA);
    json_object_foreach(entries, key, value) {
        if (!json_is_string(value))
            return brim_fail(BRIM_ERROR_INPUT, "%s.%s is not a text", BRIM_SAFETENSORS_METADATA, key);
        BrimStatus status = brim_tensors_set_metadata(file, key, json_string_value(value));
        if (status != BRIM_OK)
            return status;
    }
    return BRIM_OK;
}

static int compare_extents(const void *left, const void *right)
{
    const Extent *a = left, *b = right;
    if (a->begin != b->begin)
        return a->begin < b->begin ? -1 : 1;
    return (a->end > b->end) - (a->end < b->end);
}

/* The format allows neither overlap nor hole: every byte of data belongs to one tensor. */
static BrimStatus check_extents(Extent *extents, size_t count, size_t data_bytes)
{
    size_t at = 0;
    if (count)
        qsort(extents, count, sizeof *extents, compare_extents);
    for (size_t i = 0; i < count; i++) {
        if (extents[i].begin != at)
            return brim_fail(BRIM_ERROR_INPUT, "tensor %s begins at byte %zu of the data, where the one before it "
                             "ends at %zu", extents[i].name, extents[i].begin, at);
        at = extents[i].end;
    }
    if (at != data_bytes)
        return brim_fail(BRIM_ERROR_INPUT, "%zu bytes at the end of the data belong to no tensor", data_bytes - at);
    return BRIM_OK;
}

static BrimStatus read_entries(BrimTensorFile *file, const Source *source)
{
    BrimStatus status = BRIM_OK;
    size_t count = 0;
    const char *name;
    json_t *entry;
    Extent *extents = brim_mem_take(BRIM_MEM_EXCHANGE, json_object_size(source->header), sizeof *extents);
    if (!extents)
        return BRIM_ERROR_MEMORY;
    json_object_foreach(source->header, name, entry) {
        if (strcmp(name, BRIM_SAFETENSORS_METADATA) == 0)
            BRIM_TRY(read_metadata(file, entry));
        else
            BRIM_TRY(read_tensor(file, source, name, entry, &extents[count++]));
    }
    BRIM_TRY(check_extents(extents, count, source->data_bytes));
fail:
    brim_mem_give(extents);
    return status;
}

static uint64_t read_length(const unsigned char *bytes)
{
    uint64_t length = 0;
    for (int i = BRIM_SAFETENSORS_LENGTH_BYTES - 1; i >= 0; i--)
        length = length << 8 | bytes[i];
    return length;
}

/* Opens source->header, which the caller gives back with json_decref. */
static BrimStatus read_header(Source *source, const char *data, size_t bytes)
{
    if (bytes < BRIM_SAFETENSORS_LENGTH_BYTES)
        return brim_fail(BRIM_ERROR_INPUT, "%zu bytes are too few for a safetensors file", bytes);
    uint64_t length = read_length((const unsigned char *)data);
    if (length > MOST_HEADER_BYTES)
        return brim_fail(
            BRIM_ERROR_INPUT,
            "no safetensors file: it does not begin with a header's length; weights are a .pt of "
            "YOLOv5 or a .safetensors");
    if (length > bytes - BRIM_SAFETENSORS_LENGTH_BYTES)
        return brim_fail(BRIM_ERROR_INPUT,
                         "no safetensors file, or cut short: its header would have %" PRIu64 " bytes",
                         length);
    const char *text = data + BRIM_SAFETENSORS_LENGTH_BYTES;
    if (length == 0 || text[0] != '{')
        return brim_fail(BRIM_ERROR_INPUT, "no safetensors file: its header does not begin with {");
    json_error_t error;
    source->header = json_loadb(text, (size_t)length, JSON_REJECT_DUPLICATES, &error);
    if (!source->header)
        return brim_fail(BRIM_ERROR_INPUT, "header, byte %d: %s", error.position, error.text);
    source->data = text + length;
    source->data_bytes = bytes - BRIM_SAFETENSORS_LENGTH_BYTES - (size_t)length;
    return BRIM_OK;
}

BrimStatus brim_safetensors_parse(BrimTensorFile *file, const char *name, const void *data, size_t bytes)
{
    Source source = {0};
    *file = (BrimTensorFile){0};
    BrimStatus status = read_header(&source, data, bytes);
    if (status == BRIM_OK)
        status = read_entries(file, &source);
    json_decref(source.header);
    if (status == BRIM_OK)
        return BRIM_OK;
    brim_tensors_clear(file);
    return brim_fail_within(status, "%s: ", name);
}

BrimStatus brim_safetensors_load(BrimTensorFile *file, const char *path)
{
    char *data = NULL;
    size_t bytes = 0;
    *file = (BrimTensorFile){0};
    BrimStatus status = brim_file_read(path, most_file_bytes, &data, &bytes);
    if (status == BRIM_OK)
        status = brim_safetensors_parse(file, path, data, bytes);
    brim_mem_give(data);
    return status;
}
