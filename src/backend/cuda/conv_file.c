/* Timed choices of engines on disk. */
#include "backend/cuda/conv_file.h"

#include <math.h>
#include <stdio.h>

#include "base/cache_list.h"

/* A model has some 60 convolutions of 3 ways each, for every batch and precision. */
static const BrimCacheList list = {.file = "conv.json",
                                   .schema = "brim-convolutions-1",
                                   .entries = "choices",
                                   .what = "convolutions",
                                   .most_entries = 8000,
                                   .most_bytes = 8 << 20};

enum { TASK_TEXT_BYTES = 192 };

/* ---- what an entry belongs to ---- */

static void format_task(const BrimCudaConvTask *task, char text[TASK_TEXT_BYTES])
{
    static const char *const ways[] = {"forward", "backward data", "backward weights"};
    static const char *const types[] = {
        [BRIM_KERNEL_F32] = "fp32", [BRIM_KERNEL_F16] = "fp16", [BRIM_KERNEL_BF16] = "bf16"};
    const BrimCudaImage *x = &task->x, *y = &task->y;
    snprintf(text, TASK_TEXT_BYTES, "%s %s %dx%dx%dx%d/%d to %dx%dx%dx%d/%d kernel %d stride %d padding %d",
             ways[task->way], types[task->type], x->n, x->h, x->w, x->c, x->pitch, y->n, y->h, y->w, y->c,
             y->pitch, task->kernel, task->stride, task->padding);
}

/* The task first, as it tells most of a file's entries apart. */
static json_t *identity_of(const BrimCudaConvKey *key)
{
    char task[TASK_TEXT_BYTES];
    format_task(key->task, task);
    return json_pack("{s:s, s:s, s:i, s:s, s:I}", "task", task, "card", key->card, "capability",
                     key->capability, "cudnn", key->dnn, "cap_bytes", (json_int_t)key->cap_bytes);
}

/* ---- reading ---- */

/* A whole number from 0 to `most`. */
static bool whole(const json_t *number, json_int_t most)
{
    return json_is_integer(number) && json_integer_value(number) >= 0 && json_integer_value(number) <= most;
}

static bool take_knobs(const json_t *pairs, BrimCudaConvChoice *choice)
{
    if (!json_is_array(pairs) || json_array_size(pairs) > BRIM_CUDA_MOST_KNOBS)
        return false;
    for (size_t i = 0; i < json_array_size(pairs); i++) {
        const json_t *pair = json_array_get(pairs, i), *type = json_array_get(pair, 0),
                     *value = json_array_get(pair, 1);
        if (json_array_size(pair) != 2 || !whole(type, INT16_MAX) || !json_is_integer(value))
            return false;
        choice->knobs[i].type = (int)json_integer_value(type);
        choice->knobs[i].value = json_integer_value(value);
    }
    choice->knob_count = (int)json_array_size(pairs);
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
    json_t *entry, *found = NULL, *identity = identity_of(key);
    json_array_foreach(json_object_get(tree, list.entries), index, entry)
    {
        if (brim_cache_list_match(entry, identity)) {
            found = entry;
            break;
        }
    }
    json_decref(identity);
    return found && take_entry(found, key->cap_bytes, choice);
}

json_t *brim_cuda_conv_file_parse(const char *text, size_t bytes)
{
    return brim_cache_list_parse(&list, text, bytes);
}

json_t *brim_cuda_conv_file_read(void)
{
    return brim_cache_list_read(&list);
}

/* ---- writing ---- */

BrimStatus brim_cuda_conv_file_keep(json_t **tree, const BrimCudaConvKey *key,
                                    const BrimCudaConvChoice *choice)
{
    json_t *now, *knobs = json_array();
    for (int i = 0; i < choice->knob_count; i++)
        json_array_append_new(knobs,
                              json_pack("[i, I]", choice->knobs[i].type, (json_int_t)choice->knobs[i].value));
    json_t *rest =
        json_pack("{s:I, s:o, s:I, s:f}", "engine", (json_int_t)choice->engine, "knobs", knobs,
                  "workspace_bytes", (json_int_t)choice->workspace_bytes, "time_ns", choice->time_ns);
    BrimStatus status = brim_cache_list_keep(&list, identity_of(key), rest, &now);
    if (now) {
        json_decref(*tree);
        *tree = now;
    }
    return status;
}
