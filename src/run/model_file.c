/* Weights with their model. */
#include "run/model_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/file.h"
#include "exchange/safetensors.h"
#include "exchange/torch.h"

enum { MOST_CFG_BYTES = 1 << 20 };

static bool is_zip(const char *path)
{
    char head[4] = {0};
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    size_t got = fread(head, 1, sizeof head, file);
    fclose(file);
    return got == 4 && memcmp(head, "PK\x03\x04", 4) == 0;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static BrimStatus read_names(BrimModelFile *file)
{
    const char *text = brim_tensors_metadata(&file->tensors, "names");
    json_t *names = text ? json_loads(text, 0, NULL) : NULL;
    BrimStatus status = BRIM_OK;
    if (json_is_array(names) && json_array_size(names) > 0) {
        size_t count = json_array_size(names);
        file->class_names = brim_mem_take(BRIM_MEM_CONF, count, sizeof *file->class_names);
        for (size_t i = 0; file->class_names && i < count; i++) {
            const char *name = json_string_value(json_array_get(names, i));
            file->class_names[i] = brim_mem_text(BRIM_MEM_CONF, name ? name : "");
            if (!file->class_names[i])
                status = BRIM_ERROR_MEMORY;
        }
        file->class_name_count = (int)count;
        if (!file->class_names) {
            file->class_name_count = 0;
            status = BRIM_ERROR_MEMORY;
        }
    }
    json_decref(names);
    return status;
}

/* Anchors that the weights were trained with: a .pt keeps them in strides, brim in its metadata in px. */
static void read_anchors(BrimModelFile *file)
{
    BrimModel *model = &file->model;
    char name[64];
    snprintf(name, sizeof name, "model.%d.anchors", model->layer_count - 1);
    const BrimHostTensor *tensor = brim_tensors_find(&file->tensors, name);
    const char *text = brim_tensors_metadata(&file->tensors, "anchors");
    json_t *list = text ? json_loads(text, 0, NULL) : NULL;
    size_t count = (size_t)model->level_count * (size_t)model->anchor_count * 2;
    bool listed = json_is_array(list) && json_array_size(list) == count;
    bool held = tensor && tensor->bytes == count * brim_host_dtype_bytes(tensor->dtype);
    for (size_t i = 0; i < count && (listed || held); i++) {
        size_t per_level = (size_t)model->anchor_count * 2, level = i / per_level, anchor = i % per_level / 2;
        double px = listed ? json_number_value(json_array_get(list, i))
                           : (double)brim_host_tensor_float(tensor, i) * model->stride_px[level];
        if (px > 0 && px < 1e6)
            model->anchors_px[level][anchor][i % 2] = px;
    }
    json_decref(list);
}

static BrimStatus read_model(BrimModelFile *file, const char *path)
{
    const char *nc = brim_tensors_metadata(&file->tensors, "nc");
    const char *cfg = brim_tensors_metadata(&file->tensors, "cfg");
    const char *yaml = brim_tensors_metadata(&file->tensors, "yaml");
    BrimStatus status;
    if (cfg && !strchr(cfg, '\n'))
        status = brim_model_load(&file->model, cfg, nc ? atoi(nc) : 0);
    else if (cfg || yaml)
        status = brim_model_parse(&file->model, path, cfg ? cfg : yaml, strlen(cfg ? cfg : yaml), nc ? atoi(nc) : 0);
    else
        return BRIM_OK;
    if (status != BRIM_OK)
        return brim_fail_within(status, "the model in %s: ", path);
    file->has_model = true;
    read_anchors(file);
    return BRIM_OK;
}

BrimStatus brim_model_file_load(BrimModelFile *file, const char *path)
{
    BrimStatus status;
    *file = (BrimModelFile){0};
    if (!brim_file_exists(path))
        return brim_fail(BRIM_ERROR_INPUT, "no weights at %s; give a .pt of YOLOv5 v6 or later, or a .safetensors of brim",
                         path);
    if (is_zip(path) || ends_with(path, ".pt"))
        BRIM_TRY(brim_torch_load(&file->tensors, path));
    else
        BRIM_TRY(brim_safetensors_load(&file->tensors, path));
    BRIM_TRY(read_names(file));
    BRIM_TRY(read_model(file, path));
    return BRIM_OK;
fail:
    brim_model_file_clear(file);
    return status;
}

void brim_model_file_clear(BrimModelFile *file)
{
    for (int i = 0; i < file->class_name_count; i++)
        brim_mem_give(file->class_names[i]);
    brim_mem_give(file->class_names);
    brim_tensors_clear(&file->tensors);
    *file = (BrimModelFile){0};
}

BrimStatus brim_model_file_cfg_text(const char *cfg, char **text)
{
    size_t bytes;
    if (brim_file_exists(cfg))
        return brim_file_read(cfg, MOST_CFG_BYTES, text, &bytes);
    *text = brim_mem_text(BRIM_MEM_CONF, cfg);
    return *text ? BRIM_OK : BRIM_ERROR_MEMORY;
}

static BrimStatus set_json(BrimTensorFile *identity, const char *key, json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    json_decref(value);
    if (!text)
        return brim_fail(BRIM_ERROR_MEMORY, "no memory for the metadata %s", key);
    BrimStatus status = brim_tensors_set_metadata(identity, key, text);
    free(text);
    return status;
}

static json_t *names_as_json(const BrimModel *model, char *const *class_names)
{
    json_t *names = json_array();
    for (int i = 0; i < model->class_count; i++)
        json_array_append_new(names, json_string(class_names[i]));
    return names;
}

static json_t *anchors_as_json(const BrimModel *model)
{
    json_t *anchors = json_array();
    int per_level = model->anchor_count * 2;
    for (int i = 0; i < model->level_count * per_level; i++)
        json_array_append_new(anchors, json_real(model->anchors_px[i / per_level][i % per_level / 2][i % 2]));
    return anchors;
}

BrimStatus brim_model_file_describe(BrimTensorFile *identity, const BrimModel *model, const char *cfg_text,
                                    char *const *class_names)
{
    BrimStatus status;
    BRIM_TRY(set_json(identity, "nc", json_integer(model->class_count)));
    BRIM_TRY(set_json(identity, "names", names_as_json(model, class_names)));
    BRIM_TRY(set_json(identity, "anchors", anchors_as_json(model)));
    BRIM_TRY(brim_tensors_set_metadata(identity, "cfg", cfg_text));
    BRIM_TRY(brim_tensors_set_metadata(identity, "brim", BRIM_VERSION));
fail:
    return status;
}
