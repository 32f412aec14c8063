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

static BrimStatus damaged(const char *key, const char *words)
{
    return brim_fail(BRIM_ERROR_INPUT, "its \"%s\" is damaged: %s", key, words);
}

/* Classes that the metadata speaks of; 0 where it does not. */
static BrimStatus read_class_count(const BrimModelFile *file, int *count)
{
    const char *text = brim_tensors_metadata(&file->tensors, "nc");
    char *end;
    *count = 0;
    if (!text)
        return BRIM_OK;
    long number = strtol(text, &end, 10);
    if (end == text || *end || number < 1 || number > BRIM_MAX_CLASSES)
        return brim_fail(BRIM_ERROR_INPUT,
                         "its \"nc\" is damaged: %.40s is no number of classes from 1 to %d", text,
                         BRIM_MAX_CLASSES);
    *count = (int)number;
    return BRIM_OK;
}

/* A copy in which nothing is left that a terminal could take for a command. */
static char *copy_name(const char *name)
{
    char *copy = brim_mem_text(BRIM_MEM_CONF, name);
    for (char *at = copy; at && *at; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7F)
            *at = '?';
    }
    return copy;
}

static BrimStatus copy_names(BrimModelFile *file, const json_t *names)
{
    size_t count = json_array_size(names);
    file->class_names = brim_mem_take(BRIM_MEM_CONF, count, sizeof *file->class_names);
    if (!file->class_names)
        return BRIM_ERROR_MEMORY;
    file->class_name_count = (int)count;
    for (size_t i = 0; i < count; i++) {
        file->class_names[i] = copy_name(json_string_value(json_array_get(names, i)));
        if (!file->class_names[i])
            return BRIM_ERROR_MEMORY;
    }
    return BRIM_OK;
}

static bool all_texts(const json_t *names)
{
    size_t i;
    const json_t *name;
    json_array_foreach(names, i, name)
    {
        if (!json_is_string(name))
            return false;
    }
    return json_array_size(names) > 0;
}

static BrimStatus read_names(BrimModelFile *file)
{
    const char *text = brim_tensors_metadata(&file->tensors, "names");
    json_t *names = text ? json_loads(text, 0, NULL) : NULL;
    size_t count = json_array_size(names);
    BrimStatus status = BRIM_OK;
    if (!text)
        return BRIM_OK;
    if (!all_texts(names))
        status = damaged("names", "it must be a list of texts");
    else if (count != (size_t)file->model.class_count)
        status =
            brim_fail(BRIM_ERROR_INPUT, "it has %zu names for %d classes", count, file->model.class_count);
    else
        status = copy_names(file, names);
    json_decref(names);
    return status;
}

/* value in px, at its place among levels x anchors x 2 */
static BrimStatus set_anchor(BrimModel *model, size_t i, double px)
{
    size_t per_level = (size_t)model->anchor_count * 2;
    if (!(px > 0 && px < 1e6))
        return damaged("anchors", "each must be a width or height in px, greater than 0");
    model->anchors_px[i / per_level][i % per_level / 2][i % 2] = px;
    return BRIM_OK;
}

static size_t count_anchors(const BrimModel *model)
{
    return (size_t)model->level_count * (size_t)model->anchor_count * 2;
}

/* brim's own metadata, in px. */
static BrimStatus read_listed_anchors(BrimModel *model, const char *text)
{
    json_t *list = json_loads(text, 0, NULL);
    size_t count = count_anchors(model);
    BrimStatus status = BRIM_OK;
    if (json_array_size(list) != count)
        status = brim_fail(BRIM_ERROR_INPUT, "its \"anchors\" is damaged: it must be a list of %zu numbers",
                           count);
    for (size_t i = 0; status == BRIM_OK && i < count; i++)
        status = set_anchor(model, i, json_number_value(json_array_get(list, i)));
    json_decref(list);
    return status;
}

/* A .pt keeps the anchors that its weights were trained with beside them, in strides. */
static BrimStatus read_held_anchors(BrimModel *model, const BrimTensorFile *tensors)
{
    char name[64];
    snprintf(name, sizeof name, "model.%d.anchors", model->layer_count - 1);
    const BrimHostTensor *tensor = brim_tensors_find(tensors, name);
    size_t count = count_anchors(model), per_level = (size_t)model->anchor_count * 2;
    BrimStatus status = BRIM_OK;
    if (!tensor)
        return BRIM_OK;
    if (tensor->bytes != count * brim_host_dtype_bytes(tensor->dtype))
        return brim_fail(BRIM_ERROR_INPUT, "%s has not the %zu numbers of its model's anchors", name, count);
    for (size_t i = 0; status == BRIM_OK && i < count; i++)
        status =
            set_anchor(model, i, (double)brim_host_tensor_float(tensor, i) * model->stride_px[i / per_level]);
    return status;
}

/* A text that is no name: a yaml file's, or the JSON that a .pt's yaml became. */
static bool is_yaml(const char *cfg)
{
    return strpbrk(cfg, "\n:{") != NULL;
}

BrimStatus brim_model_file_read(BrimModelFile *file, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *cfg = brim_tensors_metadata(&file->tensors, "cfg");
    const char *anchors = brim_tensors_metadata(&file->tensors, "anchors");
    int class_count;
    BrimStatus status;
    if (!cfg)
        cfg = brim_tensors_metadata(&file->tensors, "yaml");
    if (!cfg)
        return BRIM_OK;
    BRIM_TRY(read_class_count(file, &class_count));
    if (is_yaml(cfg))
        BRIM_TRY(brim_model_parse(&file->model, slash ? slash + 1 : path, cfg, strlen(cfg), class_count));
    else
        BRIM_TRY(brim_model_builtin(&file->model, cfg, class_count));
    if (anchors)
        BRIM_TRY(read_listed_anchors(&file->model, anchors));
    else
        BRIM_TRY(read_held_anchors(&file->model, &file->tensors));
    BRIM_TRY(read_names(file));
    file->has_model = true;
fail:
    return status;
}

BrimStatus brim_model_file_load(BrimModelFile *file, const char *path)
{
    BrimStatus status;
    *file = (BrimModelFile){0};
    if (brim_folder_exists(path))
        return brim_fail(BRIM_ERROR_INPUT, "%s is a folder; weights are a .pt or a .safetensors", path);
    if (!brim_file_exists(path))
        return brim_fail(
            BRIM_ERROR_INPUT,
            "no weights at %s; give a .pt of YOLOv5 v6 or later, or a .safetensors of brim (nothing is "
            "downloaded: YOLOv5's are at https://github.com/ultralytics/yolov5/releases/tag/v7.0)",
            path);
    if (is_zip(path) || ends_with(path, ".pt"))
        BRIM_TRY(brim_torch_load(&file->tensors, path));
    else
        BRIM_TRY(brim_safetensors_load(&file->tensors, path));
    status = brim_model_file_read(file, path);
    if (status == BRIM_OK)
        return BRIM_OK;
    brim_fail_within(status, "the model in %s: ", path);
fail:
    brim_model_file_clear(file);
    return status;
}

BrimStatus brim_model_find(BrimModel *model, const char *name, int class_count)
{
    if (!ends_with(name, ".pt") && !ends_with(name, ".safetensors"))
        return brim_model_load(model, name, class_count);
    BrimModelFile file = {0};
    BrimStatus status = brim_model_file_load(&file, name);
    if (status == BRIM_OK && !file.has_model)
        status = brim_fail(BRIM_ERROR_INPUT, "%s does not say which model it is for", name);
    if (status == BRIM_OK) {
        *model = file.model;
        model->class_count = class_count ? class_count : model->class_count;
    }
    brim_model_file_clear(&file);
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
    BRIM_TRY(brim_tensors_set_json(identity, "nc", json_integer(model->class_count)));
    BRIM_TRY(brim_tensors_set_json(identity, "names", names_as_json(model, class_names)));
    BRIM_TRY(brim_tensors_set_json(identity, "anchors", anchors_as_json(model)));
    BRIM_TRY(brim_tensors_set_metadata(identity, "cfg", cfg_text));
    BRIM_TRY(brim_tensors_set_metadata(identity, "brim", BRIM_VERSION));
fail:
    return status;
}
