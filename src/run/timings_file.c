/* Timed steps as JSON. */
#include "run/timings_file.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/cache.h"
#include "base/file.h"
#include "graph/recompute.h"
#include "report/json.h"

/* Changes when a field changes its meaning or goes away. */
static const char schema[] = "brim-timings-1";

static const char file_name[] = "timings.json";

/* Beyond so many the oldest go. A search looks at a handful for each device, model and size. */
enum { MOST_TIMINGS = 2000, MOST_BYTES = 4 << 20, MOST_BATCH = 65536 };

/* ---- what an entry belongs to ---- */

/* FNV-1a, a number at a time. */
static void mix(uint64_t *hash, int64_t number)
{
    for (int byte = 0; byte < 8; byte++) {
        *hash ^= (uint64_t)(number >> (8 * byte)) & 0xFF;
        *hash *= 0x100000001B3u;
    }
}

/* All of a model that its speed depends on: models of one name can differ. */
static void fingerprint(const BrimModel *model, char text[17])
{
    uint64_t hash = 0xCBF29CE484222325u;
    mix(&hash, model->class_count);
    mix(&hash, model->anchor_count);
    for (int i = 0; i < model->layer_count; i++) {
        const BrimLayer *layer = &model->layers[i];
        const int numbers[] = {(int)layer->module,  layer->from_count, layer->repeats,    layer->in_channels,
                               layer->out_channels, layer->kernel,     layer->stride,     layer->padding,
                               layer->shortcut,     layer->activation, layer->pool_count, layer->scale};
        for (size_t j = 0; j < sizeof numbers / sizeof numbers[0]; j++)
            mix(&hash, numbers[j]);
        for (int j = 0; j < layer->from_count; j++)
            mix(&hash, layer->from[j]);
        for (int j = 0; j < layer->pool_count; j++)
            mix(&hash, layer->pool_kernels[j]);
    }
    snprintf(text, 17, "%016llx", (unsigned long long)hash);
}

static const char *text_of(const json_t *entry, const char *key)
{
    const char *text = json_string_value(json_object_get(entry, key));
    return text ? text : "";
}

static bool belongs(const json_t *entry, const BrimTimingsKey *key)
{
    char print[17];
    fingerprint(key->model, print);
    return strcmp(text_of(entry, "device"), key->device) == 0 &&
           strcmp(text_of(entry, "brim"), brim_version()) == 0 &&
           strcmp(text_of(entry, "fingerprint"), print) == 0 &&
           json_integer_value(json_object_get(entry, "imgsz_px")) == key->imgsz_px;
}

/* ---- reading ---- */

static BrimStatus take_entry(BrimTimings *timings, const BrimTimingsKey *key, const json_t *entry)
{
    BrimTiming timing = {.batch = 0};
    json_int_t batch = json_integer_value(json_object_get(entry, "batch"));
    double speed = json_number_value(json_object_get(entry, "pictures_per_s"));
    const char *precision = text_of(entry, "precision"), *recompute = text_of(entry, "recompute");
    int found = 0;
    while (found < BRIM_PRECISION_COUNT && strcmp(brim_precision_text((BrimPrecision)found), precision) != 0)
        found++;
    if (found == BRIM_PRECISION_COUNT || batch < 1 || batch > MOST_BATCH || !(speed > 0) ||
        !isfinite(speed) || brim_recompute_parse(recompute, key->model, timing.scheme.recompute) != BRIM_OK)
        return brim_fail(BRIM_ERROR_INPUT, "an entry has no batch, precision, recompute and pictures_per_s");
    timing.scheme.precision = (BrimPrecision)found;
    return brim_timings_set(timings, &timing.scheme, (int)batch, speed);
}

/* The list of entries, or NULL with a last error. */
static json_t *entries_of(json_t *root)
{
    json_t *list = json_object_get(root, "timings");
    if (strcmp(text_of(root, "schema"), schema) == 0 && json_is_array(list))
        return list;
    brim_fail(BRIM_ERROR_INPUT, "it is no list of timings of this version (%s)", schema);
    return NULL;
}

static json_t *tree_of(const char *text, size_t bytes)
{
    json_error_t error;
    json_t *root = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        brim_fail(BRIM_ERROR_INPUT, "line %d: %s", error.line, error.text);
    return root;
}

BrimStatus brim_timings_parse(BrimTimings *timings, const BrimTimingsKey *key, const char *name,
                              const char *text, size_t bytes)
{
    size_t index;
    json_t *entry, *root = tree_of(text, bytes), *list = root ? entries_of(root) : NULL;
    BrimStatus status = list ? BRIM_OK : BRIM_ERROR_INPUT;
    timings->layer_count = key->model->layer_count;
    json_array_foreach(list, index, entry)
    {
        if (status == BRIM_OK && belongs(entry, key))
            status = take_entry(timings, key, entry);
    }
    json_decref(root);
    return status == BRIM_ERROR_INPUT ? brim_fail_within(status, "%s: ", name) : status;
}

BrimStatus brim_timings_load(BrimTimings *timings, const BrimTimingsKey *key)
{
    size_t bytes;
    char *text = NULL, *path = brim_cache_path(file_name);
    BrimStatus status = BRIM_OK;
    timings->layer_count = key->model->layer_count;
    if (path && brim_file_exists(path))
        status = brim_file_read(path, MOST_BYTES, &text, &bytes);
    if (text)
        status = brim_timings_parse(timings, key, path, text, bytes);
    brim_mem_give(text);
    brim_mem_give(path);
    return status;
}

/* ---- writing ---- */

static json_t *entry_of(const BrimTimingsKey *key, const BrimTiming *timing)
{
    char print[17], recompute[BRIM_RECOMPUTE_TEXT_BYTES];
    fingerprint(key->model, print);
    brim_recompute_format(timing->scheme.recompute, key->model, recompute);
    return json_pack("{s:s, s:s, s:o, s:s, s:i, s:s, s:s, s:i, s:f}", "device", key->device, "brim",
                     brim_version(), "model", brim_json_text(key->model->name), "fingerprint", print,
                     "imgsz_px", key->imgsz_px, "precision", brim_precision_text(timing->scheme.precision),
                     "recompute", recompute, "batch", timing->batch, "pictures_per_s",
                     timing->pictures_per_s);
}

/* The file as it is, or an empty one. */
static json_t *read_tree(const char *path)
{
    size_t bytes;
    char *text = NULL;
    json_t *root = NULL;
    if (brim_file_exists(path) && brim_file_read(path, MOST_BYTES, &text, &bytes) == BRIM_OK)
        root = tree_of(text, bytes);
    brim_mem_give(text);
    if (root && entries_of(root))
        return root;
    json_decref(root);
    return json_pack("{s:s, s:[]}", "schema", schema, "timings");
}

static bool same_step(const json_t *a, const json_t *b)
{
    return strcmp(text_of(a, "precision"), text_of(b, "precision")) == 0 &&
           strcmp(text_of(a, "recompute"), text_of(b, "recompute")) == 0 &&
           json_equal(json_object_get(a, "batch"), json_object_get(b, "batch"));
}

static void put(json_t *list, const BrimTimingsKey *key, json_t *entry)
{
    for (size_t i = json_array_size(list); i-- > 0;) {
        const json_t *old = json_array_get(list, i);
        if (belongs(old, key) && same_step(old, entry))
            json_array_remove(list, i);
    }
    while (json_array_size(list) >= MOST_TIMINGS)
        json_array_remove(list, 0);
    json_array_append_new(list, entry);
}

BrimStatus brim_timings_keep(const BrimTimingsKey *key, const BrimTiming *timing)
{
    char *path = brim_cache_path(file_name);
    if (!path)
        return brim_fail(BRIM_ERROR_IO, "neither XDG_CACHE_HOME nor HOME says where timings can be kept");
    BrimStatus status = brim_cache_make_folder(path);
    json_t *root = status == BRIM_OK ? read_tree(path) : NULL;
    if (root) {
        put(json_object_get(root, "timings"), key, entry_of(key, timing));
        status = brim_json_write(path, root, 9);
    }
    brim_mem_give(path);
    return status;
}
