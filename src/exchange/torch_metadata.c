/* What a checkpoint says about its model besides the weights: classes, strides, yaml, epoch. Whatever is absent or of
 * another kind than YOLOv5 writes is left out. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exchange/torch_file.h"

/* A model's yaml has 400 parts in 5 levels. */
enum { MOST_JSON_DEPTH = 32, MOST_JSON_PARTS = 20000, MOST_CLASSES = 10000 };

typedef struct Writer {
    const BrimPickle *pickle;
    int parts_left;
} Writer;

static json_t *make_json(Writer *writer, BrimPickleId id, int depth);

static json_t *make_array(Writer *writer, BrimPickleId id, int depth)
{
    json_t *array = json_array();
    const BrimPickleEntry *entry = brim_pickle_first(writer->pickle, id);
    for (; entry; entry = brim_pickle_next(writer->pickle, entry)) {
        if (json_array_append_new(array, make_json(writer, entry->value, depth)) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static json_t *make_object(Writer *writer, BrimPickleId id, int depth)
{
    json_t *object = json_object();
    const BrimPickleEntry *entry = brim_pickle_first(writer->pickle, id);
    for (; entry; entry = brim_pickle_next(writer->pickle, entry)) {
        const BrimPickleNode *key = brim_pickle_node(writer->pickle, entry->key);
        char text[256] = "";
        if (key->kind == BRIM_PICKLE_TEXT && key->text.bytes < sizeof text)
            memcpy(text, key->text.data, key->text.bytes);
        else if (key->kind == BRIM_PICKLE_INTEGER)
            snprintf(text, sizeof text, "%" PRId64, key->integer);
        if (json_object_set_new(object, text, make_json(writer, entry->value, depth)) != 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

/* The node as JSON, null for what JSON has not; NULL when it is too deep, too large or no UTF-8. */
static json_t *make_json(Writer *writer, BrimPickleId id, int depth)
{
    const BrimPickleNode *node = brim_pickle_node(writer->pickle, id);
    if (depth == MOST_JSON_DEPTH || writer->parts_left-- == 0)
        return NULL;
    switch (node->kind) {
    case BRIM_PICKLE_BOOL:
        return json_boolean(node->integer != 0);
    case BRIM_PICKLE_INTEGER:
        return json_integer(node->integer);
    case BRIM_PICKLE_REAL:
        return json_real(node->real); /* NULL for NaN, which JSON cannot say */
    case BRIM_PICKLE_TEXT:
        return json_stringn(node->text.data, node->text.bytes);
    case BRIM_PICKLE_LIST:
    case BRIM_PICKLE_TUPLE:
        return make_array(writer, id, depth + 1);
    case BRIM_PICKLE_DICT:
        return make_object(writer, id, depth + 1);
    default:
        return json_null();
    }
}

/* Takes over json, which may be NULL: then nothing is added. */
static BrimStatus add_json(BrimTensorFile *tensors, const char *key, json_t *json)
{
    char *text = json ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;
    BrimStatus status = text ? brim_tensors_set_metadata(tensors, key, text) : BRIM_OK;
    free(text);
    json_decref(json);
    return status;
}

/* {0: "a", 1: "b"}, as YOLOv5 v7.0 has it, as a list; NULL unless the keys are 0, 1, 2... in some order. */
static json_t *list_of_dict(Writer *writer, BrimPickleId id)
{
    int count = brim_pickle_node(writer->pickle, id)->call.count;
    if (count > MOST_CLASSES)
        return NULL;
    json_t *list = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(list, json_null());
    const BrimPickleEntry *entry = brim_pickle_first(writer->pickle, id);
    for (; entry; entry = brim_pickle_next(writer->pickle, entry)) {
        const BrimPickleNode *key = brim_pickle_node(writer->pickle, entry->key);
        bool usable = key->kind == BRIM_PICKLE_INTEGER && key->integer >= 0 && key->integer < count;
        if (!usable || json_array_set_new(list, (size_t)key->integer, make_json(writer, entry->value, 0)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static bool all_texts(const json_t *list)
{
    size_t i;
    const json_t *item;
    json_array_foreach(list, i, item) {
        if (!json_is_string(item))
            return false;
    }
    return json_array_size(list) > 0;
}

static BrimStatus add_names(BrimTorchFile *file, BrimTensorFile *tensors, BrimPickleId names)
{
    Writer writer = {.pickle = &file->pickle, .parts_left = MOST_CLASSES + 1};
    json_t *list = brim_torch_is_dict(file, names) ? list_of_dict(&writer, names) : make_json(&writer, names, 0);
    if (all_texts(list))
        return add_json(tensors, "names", list);
    json_decref(list);
    return BRIM_OK;
}

static BrimStatus add_number(BrimTorchFile *file, BrimTensorFile *tensors, const char *key, BrimPickleId id)
{
    char text[32];
    const BrimPickleNode *node = brim_pickle_node(&file->pickle, id);
    if (node->kind != BRIM_PICKLE_INTEGER)
        return BRIM_OK;
    snprintf(text, sizeof text, "%" PRId64, node->integer);
    return brim_tensors_set_metadata(tensors, key, text);
}

/* A text without control characters; true when it was one. */
static bool add_text(BrimTorchFile *file, BrimTensorFile *tensors, const char *key, BrimPickleId id,
                     BrimStatus *status)
{
    char text[128];
    const BrimPickleNode *node = brim_pickle_node(&file->pickle, id);
    if (node->kind != BRIM_PICKLE_TEXT || node->text.bytes == 0 || node->text.bytes >= sizeof text)
        return false;
    for (size_t i = 0; i < node->text.bytes; i++) {
        text[i] = node->text.data[i];
        if (text[i] < ' ' || text[i] > '~')
            return false;
    }
    text[node->text.bytes] = '\0';
    *status = brim_tensors_set_metadata(tensors, key, text);
    return true;
}

/* The tensor [8, 16, 32] as a JSON list. One that cannot be read is no reason to refuse the weights. */
static BrimStatus add_stride(BrimTorchFile *file, BrimTensorFile *tensors, BrimPickleId id)
{
    BrimTensorFile apart = {0};
    json_t *list = NULL;
    BrimStatus status = BRIM_OK;
    if (brim_torch_is_tensor(file, id))
        status = brim_torch_add_tensor(file, &apart, "stride", id);
    if (status == BRIM_OK && apart.tensor_count == 1 && apart.tensors[0].bytes <= 64) {
        const BrimHostTensor *stride = &apart.tensors[0];
        list = json_array();
        for (size_t i = 0; i < stride->bytes / brim_host_dtype_bytes(stride->dtype); i++) {
            float value = brim_host_tensor_float(stride, i);
            bool whole = value >= 0 && value < 1e6f && value == (float)(int)value;
            json_array_append_new(list, whole ? json_integer((int)value) : json_real((double)value));
        }
    }
    brim_tensors_clear(&apart);
    if (status == BRIM_ERROR_MEMORY)
        return status;
    return add_json(tensors, "stride", list);
}

static BrimStatus add_model(BrimTorchFile *file, BrimTensorFile *tensors, BrimPickleId model)
{
    BrimPickle *pickle = &file->pickle;
    Writer writer = {.pickle = pickle, .parts_left = MOST_JSON_PARTS};
    BrimPickleId yaml = brim_pickle_find(pickle, model, "yaml");
    BrimStatus status = BRIM_OK;
    BRIM_TRY(add_number(file, tensors, "nc", brim_pickle_find(pickle, yaml, "nc")));
    BRIM_TRY(add_number(file, tensors, "nc", brim_pickle_find(pickle, model, "nc")));
    BRIM_TRY(add_names(file, tensors, brim_pickle_find(pickle, model, "names")));
    BRIM_TRY(add_stride(file, tensors, brim_pickle_find(pickle, model, "stride")));
    if (brim_torch_is_dict(file, yaml))
        BRIM_TRY(add_json(tensors, "yaml", make_object(&writer, yaml, 0)));
fail:
    return status;
}

BrimStatus brim_torch_add_metadata(BrimTorchFile *file, BrimTensorFile *tensors, BrimPickleId checkpoint,
                                   BrimPickleId model)
{
    BrimPickle *pickle = &file->pickle;
    BrimStatus status = BRIM_OK;
    BRIM_TRY(add_model(file, tensors, model));
    BRIM_TRY(add_number(file, tensors, "epoch", brim_pickle_find(pickle, checkpoint, "epoch")));
    if (!add_text(file, tensors, "yolov5", brim_pickle_find(pickle, checkpoint, "version"), &status))
        add_text(file, tensors, "yolov5", brim_pickle_find(pickle, checkpoint, "date"), &status);
fail:
    return status;
}
