/* safetensors files out. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "exchange/safetensors.h"
#include "exchange/safetensors_format.h"

enum { DATA_ALIGNMENT = 8 };

/* {"dtype":..,"shape":[..],"data_offsets":[at, at + bytes]}; NULL when memory is out. */
static json_t *describe_tensor(const BrimHostTensor *tensor, size_t at)
{
    json_t *shape = json_array();
    for (int i = 0; i < tensor->dim_count; i++)
        json_array_append_new(shape, json_integer(tensor->dims[i]));
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", brim_safetensors_dtypes[tensor->dtype], "shape", shape,
                     "data_offsets", (json_int_t)at, (json_int_t)(at + tensor->bytes));
}

static json_t *describe_metadata(const BrimTensorFile *file)
{
    json_t *metadata = json_object();
    for (int i = 0; i < file->metadata_count; i++) {
        if (json_object_set_new(metadata, file->metadata[i].key, json_string(file->metadata[i].value)) != 0) {
            json_decref(metadata);
            return NULL;
        }
    }
    return metadata;
}

/* The header's text, to be given back with free; NULL with a last error. */
static char *make_header(const BrimTensorFile *file)
{
    size_t at = 0;
    char *text = NULL;
    const char *culprit = BRIM_SAFETENSORS_METADATA;
    json_t *header = json_object();
    if (file->metadata_count &&
        json_object_set_new(header, BRIM_SAFETENSORS_METADATA, describe_metadata(file)) != 0)
        goto fail;
    for (int i = 0; i < file->tensor_count; i++) {
        const BrimHostTensor *tensor = &file->tensors[i];
        culprit = tensor->name;
        if (json_object_get(header, tensor->name) ||
            json_object_set_new(header, tensor->name, describe_tensor(tensor, at)) != 0)
            goto fail;
        at += tensor->bytes;
    }
    text = json_dumps(header, JSON_COMPACT);
fail:
    if (!text)
        brim_fail(BRIM_ERROR_ARGUMENT, "%s cannot be written: names and metadata must be UTF-8 and differ",
                  culprit);
    json_decref(header);
    return text;
}

static BrimStatus write_header(BrimAtomicFile *out, const char *header)
{
    static const char padding[] = "        ";
    size_t text_bytes = strlen(header);
    /* Spaces up to a multiple of 8, so that the data is aligned for whoever maps the file. */
    size_t pad_bytes = (DATA_ALIGNMENT - text_bytes % DATA_ALIGNMENT) % DATA_ALIGNMENT;
    unsigned char length[BRIM_SAFETENSORS_LENGTH_BYTES];
    for (int i = 0; i < BRIM_SAFETENSORS_LENGTH_BYTES; i++)
        length[i] = (unsigned char)((uint64_t)(text_bytes + pad_bytes) >> 8 * i);
    BrimStatus status = BRIM_OK;
    BRIM_TRY(brim_atomic_write(out, length, sizeof length));
    BRIM_TRY(brim_atomic_write(out, header, text_bytes));
    BRIM_TRY(brim_atomic_write(out, padding, pad_bytes));
fail:
    return status;
}

/* Each tensor's data, or what the source puts into buffer for it. */
static BrimStatus write_tensors(BrimAtomicFile *out, const BrimTensorFile *file, BrimTensorSource source,
                                void *self, void *buffer)
{
    BrimStatus status = BRIM_OK;
    for (int i = 0; i < file->tensor_count; i++) {
        const BrimHostTensor *tensor = &file->tensors[i];
        if (source)
            BRIM_TRY(source(self, tensor, buffer));
        BRIM_TRY(brim_atomic_write(out, source ? buffer : tensor->data, tensor->bytes));
    }
fail:
    return status;
}

static BrimStatus save(const BrimTensorFile *file, BrimTensorSource source, void *self, void *buffer,
                       const char *path)
{
    char *header = make_header(file);
    if (!header)
        return brim_fail_within(BRIM_ERROR_ARGUMENT, "%s: ", path);
    BrimAtomicFile *out = NULL;
    BrimStatus status;
    BRIM_TRY(brim_atomic_open(&out, path));
    BRIM_TRY(write_header(out, header));
    BRIM_TRY(write_tensors(out, file, source, self, buffer));
    BRIM_TRY(brim_atomic_commit(&out));
fail:
    brim_atomic_discard(&out);
    free(header);
    return status;
}

BrimStatus brim_safetensors_save(const BrimTensorFile *file, const char *path)
{
    return save(file, NULL, NULL, NULL, path);
}

BrimStatus brim_safetensors_stream(const BrimTensorFile *file, BrimTensorSource source, void *self,
                                   const char *path)
{
    size_t most = 0;
    for (int i = 0; i < file->tensor_count; i++)
        most = file->tensors[i].bytes > most ? file->tensors[i].bytes : most;
    void *buffer = brim_mem_take(BRIM_MEM_EXCHANGE, most, 1);
    BrimStatus status = buffer ? save(file, source, self, buffer, path) : BRIM_ERROR_MEMORY;
    brim_mem_give(buffer);
    return status;
}
