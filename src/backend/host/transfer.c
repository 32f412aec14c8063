/* Copies between the arena and plain host memory. */
#include "backend/host/transfer.h"

#include <string.h>

#include "base/half.h"
#include "base/round.h"

static void *tensor_data(const BrimResidence *residence, BrimTensorId id)
{
    return brim_operand_data(residence->graph, residence->placement, residence->arena, id);
}

static bool is_spatial(const BrimTensor *tensor)
{
    return tensor->form == BRIM_FORM_FEATURE || tensor->form == BRIM_FORM_PLAIN;
}

static size_t plain_bytes(const BrimTensor *tensor)
{
    return brim_tensor_elements(tensor) * brim_dtype_bytes(tensor->dtype);
}

/* One plane of channel c, or of a pad, where plain is NULL. */
static void write_plane(const BrimFeature *feature, int n, int c, const float *plain)
{
    size_t first = brim_feature_index(feature, n, c, 0, 0), block = (size_t)feature->block;
    for (int i = 0; i < feature->h * feature->w; i++) {
        float value = plain ? plain[i] : 0.0f;
        if (feature->narrow)
            feature->narrow[first + (size_t)i * block] = brim_bfloat_from_float(value);
        else
            feature->data[first + (size_t)i * block] = value;
    }
}

static void write_feature(const BrimFeature *feature, const float *plain)
{
    size_t plane = (size_t)feature->h * feature->w;
    int padded = brim_round_up_int(feature->c, feature->block);
    for (int n = 0; n < feature->n; n++) {
        for (int c = 0; c < padded; c++)
            write_plane(feature, n, c, c < feature->c ? plain + ((size_t)n * feature->c + c) * plane : NULL);
    }
}

static void read_feature(const BrimFeature *feature, float *plain)
{
    for (int n = 0; n < feature->n; n++) {
        for (int c = 0; c < feature->c; c++) {
            size_t first = brim_feature_index(feature, n, c, 0, 0), block = (size_t)feature->block;
            for (int i = 0; i < feature->h * feature->w; i++) {
                size_t at = first + (size_t)i * block;
                *plain++ = feature->narrow ? brim_bfloat_to_float(feature->narrow[at]) : feature->data[at];
            }
        }
    }
}

void brim_transfer_write(const BrimResidence *residence, BrimTensorId id, const void *plain)
{
    const BrimTensor *tensor = &residence->graph->tensors[id];
    char *data = tensor_data(residence, id);
    if (is_spatial(tensor)) {
        BrimFeature feature = brim_operand_feature(residence->graph, residence->placement, residence->arena,
                                                   id, residence->channel_block);
        write_feature(&feature, plain);
        return;
    }
    memcpy(data, plain, plain_bytes(tensor));
    if (tensor->form == BRIM_FORM_VECTOR)
        memset(data + plain_bytes(tensor), 0, tensor->bytes - plain_bytes(tensor));
}

void brim_transfer_read(const BrimResidence *residence, BrimTensorId id, void *plain)
{
    const BrimTensor *tensor = &residence->graph->tensors[id];
    if (!is_spatial(tensor)) {
        memcpy(plain, tensor_data(residence, id), plain_bytes(tensor));
        return;
    }
    BrimFeature feature = brim_operand_feature(residence->graph, residence->placement, residence->arena, id,
                                               residence->channel_block);
    read_feature(&feature, plain);
}

void brim_transfer_read_member(const BrimGraph *graph, BrimTensorId id, const void *block, void *plain)
{
    const BrimTensor *tensor = &graph->tensors[id];
    memcpy(plain, (const char *)block + tensor->offset_bytes, plain_bytes(tensor));
}

void brim_transfer_zero_pads(const BrimResidence *residence)
{
    const BrimGraph *graph = residence->graph;
    for (BrimTensorId id = 0; id < graph->tensor_count; id++) {
        const BrimTensor *tensor = &graph->tensors[id];
        if (tensor->life != BRIM_LIFE_ALWAYS || tensor->form == BRIM_FORM_BLOCK)
            continue;
        size_t used = tensor->form == BRIM_FORM_VECTOR ? plain_bytes(tensor) : tensor->bytes;
        size_t end = brim_round_up(tensor->bytes, BRIM_PLAN_ALIGNMENT);
        if (tensor->parent == BRIM_NONE) /* behind a tensor of its own nobody walks on */
            end = tensor->bytes;
        if (tensor->parent == BRIM_NONE || graph->tensors[tensor->parent].form == BRIM_FORM_BLOCK)
            memset((char *)tensor_data(residence, id) + used, 0, end - used);
    }
}
