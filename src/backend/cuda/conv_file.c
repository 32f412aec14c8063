/* Timed choices of engines on disk. */
#include "backend/cuda/conv_file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cache.h"
#include "base/file.h"

static const char file_name[] = "conv.json";

/* Changes when a field changes its meaning or goes away. */
static const char schema[] = "brim-convolutions-1";

/* Beyond so many the oldest go. A model has some 60 convolutions of 3 ways each, for every batch and
 * precision. */
enum { MOST_CHOICES = 8000, MOST_BYTES = 8 << 20, TASK_TEXT_BYTES = 192 };

/* ---- what an entry belongs to ---- */

static void format_task(const BrimCudaConvTask *task, char text[TASK_TEXT_BYTES])
{
    static const char *const ways[] = {"forward", "backward data", "backward weights"};
    const BrimCudaImage *x = &task->x, *y = &task->y;
    snprintf(text, TASK_TEXT_BYTES, "%s %s %dx%dx%dx%d/%d to %dx%dx%dx%d/%d kernel %d stride %d padding %d",
             ways[task->way], task->half ? "fp16" : "fp32", x->n, x->h, x->w, x->c, x->pitch, y->n, y->h,
             y->w, y->c, y->pitch, task->kernel, task->stride, task->padding);
}

static const char *text_of(const json_t *entry, const char *key)
{
    const char *text = json_string_value(json_object_get(entry, key));
    return text ? text : "";
}

static bool belongs(const json_t *entry, const BrimCudaConvKey *key)
{
    char task[TASK_TEXT_BYTES];
    format_task(key->task, task);
    return strcmp(text_of(entry, "task"), task) == 0 && strcmp(text_of(entry, "card"), key->card) == 0 &&
           strcmp(text_of(entry, "cudnn"), key->dnn) == 0 &&
           json_integer_value(json_object_get(entry, "capability")) == key->capability &&
           json_integer_value(json_object_get(entry, "cap_bytes")) == (json_int_t)key->cap_bytes;
}

/* ---- reading ---- */

/* A whole number from 0 to `most`. */
static bool whole(const json_t *number, json_int_t most)
{
    return json_is_integer(number) && json_integer_value(number) >= 0 && json_integer_value(number) <= most;
}

static bool take_knobs(const json_t *list, BrimCudaConvChoice *choice)
{
    if (!json_is_array(list) || json_array_size(list) > BRIM_CUDA_MOST_KNOBS)
        return false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *pair = json_array_get(list, i), *type = json_array_get(pair, 0),
                     *value = json_array_get(pair, 1);
        if (json_array_size(pair) != 2 || !whole(type, INT16_MAX) || !json_is_integer(value))
            return false;
        choice->knobs[i].type = (int)json_integer_value(type);
        choice->knobs[i].value = json_integer_value(value);
    }
    choice->knob_count = (int)json_array_size(list);
    return true;
}

static bool take_entry(const json_t *entry, size_t cap_bytes, BrimCudaConvChoice *choice)
{
    const json_t *engine = json_object_get(entry, "engine"),
                 *bytes = json_object_get(entry, "workspace_bytes");
    const double time_ns = json_number_value(json_object_get(entry, "time_ns"));
    *choice = (BrimCudaConvChoice){.time_ns = time_ns};
    if (!whole(engine, INT32_MAX) || !whole(bytes, (json_int_t)cap_bytes) || !(time_ns > 0) ||
        !isfinite(time_ns))
        return false;
    choice->engine = json_integer_value(engine);
    choice->workspace_bytes = (size_t)json_integer_value(bytes);
    return take_knobs(json_object_get(entry, "knobs"), choice);
}

bool brim_cuda_conv_file_find(const json_t *tree, const BrimCudaConvKey *key, BrimCudaConvChoice *choice)
{
    size_t index;
    json_t *entry;
    json_array_foreach(json_object_get(tree, "choices"), index, entry)
    {
        if (belongs(entry, key))
            return take_entry(entry, key->cap_bytes, choice);
    }
    return false;
}

json_t *brim_cuda_conv_file_parse(const char *text, size_t bytes)
{
    json_error_t error;
    json_t *tree = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error);
    if (!tree) {
        brim_fail(BRIM_ERROR_INPUT, "line %d: %s", error.line, error.text);
    } else if (strcmp(text_of(tree, "schema"), schema) != 0 ||
               !json_is_array(json_object_get(tree, "choices"))) {
        brim_fail(BRIM_ERROR_INPUT, "it is no list of convolutions of this version (%s)", schema);
        json_decref(tree);
        tree = NULL;
    }
    return tree;
}

json_t *brim_cuda_conv_file_read(void)
{
    size_t bytes;
    char *text = NULL, *path = brim_cache_path(file_name);
    json_t *tree = NULL;
    if (path && brim_file_exists(path) && brim_file_read(path, MOST_BYTES, &text, &bytes) == BRIM_OK)
        tree = brim_cuda_conv_file_parse(text, bytes);
    if (!tree)
        tree = json_pack("{s:s, s:[]}", "schema", schema, "choices");
    if (!tree)
        brim_fail(BRIM_ERROR_MEMORY, "no memory for the list of convolutions");
    brim_mem_give(text);
    brim_mem_give(path);
    return tree;
}

/* ---- writing ---- */

static json_t *entry_of(const BrimCudaConvKey *key, const BrimCudaConvChoice *choice)
{
    char task[TASK_TEXT_BYTES];
    json_t *knobs = json_array();
    for (int i = 0; i < choice->knob_count; i++)
        json_array_append_new(knobs,
                              json_pack("[i, I]", choice->knobs[i].type, (json_int_t)choice->knobs[i].value));
    format_task(key->task, task);
    return json_pack("{s:s, s:i, s:s, s:s, s:I, s:I, s:o, s:I, s:f}", "card", key->card, "capability",
                     key->capability, "cudnn", key->dnn, "task", task, "cap_bytes",
                     (json_int_t)key->cap_bytes, "engine", (json_int_t)choice->engine, "knobs", knobs,
                     "workspace_bytes", (json_int_t)choice->workspace_bytes, "time_ns", choice->time_ns);
}

static BrimStatus write_tree(const char *path, const json_t *tree)
{
    char *text = json_dumps(tree, JSON_INDENT(1) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(9));
    if (!text)
        return brim_fail(BRIM_ERROR_MEMORY, "no memory for %s", path);
    BrimStatus status = brim_file_write(path, text, strlen(text));
    free(text);
    return status;
}

static void put(json_t *list, const BrimCudaConvKey *key, json_t *entry)
{
    for (size_t i = json_array_size(list); i-- > 0;)
        if (belongs(json_array_get(list, i), key))
            json_array_remove(list, i);
    while (json_array_size(list) >= MOST_CHOICES)
        json_array_remove(list, 0);
    json_array_append_new(list, entry);
}

BrimStatus brim_cuda_conv_file_keep(json_t **tree, const BrimCudaConvKey *key,
                                    const BrimCudaConvChoice *choice)
{
    char *path = brim_cache_path(file_name);
    if (!path)
        return brim_fail(BRIM_ERROR_IO, "neither XDG_CACHE_HOME nor HOME says where choices can be kept");
    BrimStatus status = brim_cache_make_folder(path);
    json_t *now =
        status == BRIM_OK ? brim_cuda_conv_file_read() : NULL; /* another run may have written meanwhile */
    if (now) {
        put(json_object_get(now, "choices"), key, entry_of(key, choice));
        json_decref(*tree);
        *tree = now;
        status = write_tree(path, now);
    } else if (status == BRIM_OK) {
        status = BRIM_ERROR_MEMORY;
    }
    brim_mem_give(path);
    return status;
}
