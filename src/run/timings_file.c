/* Timed steps as JSON. */
#include "run/timings_file.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/cache_list.h"
#include "graph/recompute.h"
#include "report/json.h"

/* A search looks at a handful for each device, model and size. */
static const BrimCacheList list = {.file = "timings.json",
                                   .schema = "brim-timings-1",
                                   .entries = "timings",
                                   .what = "timings",
                                   .most_entries = 2000,
                                   .most_bytes = 4 << 20};

enum { MOST_BATCH = 65536 };

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

static json_t *identity_of(const BrimTimingsKey *key)
{
    char print[17];
    fingerprint(key->model, print);
    return json_pack("{s:s, s:s, s:s, s:i}", "device", key->device, "brim", brim_version(), "fingerprint",
                     print, "imgsz_px", key->imgsz_px);
}

/* ---- reading ---- */

static const char *text_of(const json_t *entry, const char *key)
{
    const char *text = json_string_value(json_object_get(entry, key));
    return text ? text : "";
}

static BrimStatus take_entry(BrimTimings *timings, const BrimTimingsKey *key, const json_t *entry)
{
    BrimTiming timing = {.batch = 0};
    json_int_t batch = json_integer_value(json_object_get(entry, "batch"));
    double speed = json_number_value(json_object_get(entry, "pictures_per_s"));
    const char *precision = text_of(entry, "precision"), *recompute = text_of(entry, "recompute");
    int found = 0;
    while (found < BRIM_PRECISION_COUNT &&
           strcmp(brim_precision_traits((BrimPrecision)found)->text, precision) != 0)
        found++;
    if (found == BRIM_PRECISION_COUNT || batch < 1 || batch > MOST_BATCH || !(speed > 0) ||
        !isfinite(speed) || brim_recompute_parse(recompute, key->model, timing.scheme.recompute) != BRIM_OK)
        return brim_fail(BRIM_ERROR_INPUT, "an entry has no batch, precision, recompute and pictures_per_s");
    timing.scheme.precision = (BrimPrecision)found;
    return brim_timings_set(timings, &timing.scheme, (int)batch, speed);
}

/* Those of the key, of a tree that is let go of. */
static BrimStatus take_tree(BrimTimings *timings, const BrimTimingsKey *key, json_t *tree)
{
    size_t index;
    json_t *entry, *identity = identity_of(key);
    BrimStatus status = BRIM_OK;
    json_array_foreach(json_object_get(tree, list.entries), index, entry)
    {
        if (status == BRIM_OK && brim_cache_list_match(entry, identity))
            status = take_entry(timings, key, entry);
    }
    json_decref(identity);
    json_decref(tree);
    return status;
}

BrimStatus brim_timings_parse(BrimTimings *timings, const BrimTimingsKey *key, const char *text, size_t bytes)
{
    json_t *tree = brim_cache_list_parse(&list, text, bytes);
    timings->layer_count = key->model->layer_count;
    return tree ? take_tree(timings, key, tree) : BRIM_ERROR_INPUT;
}

BrimStatus brim_timings_load(BrimTimings *timings, const BrimTimingsKey *key)
{
    json_t *tree;
    BrimStatus status = brim_cache_list_load(&list, &tree);
    timings->layer_count = key->model->layer_count; /* tuning goes on without the file */
    if (status != BRIM_OK)
        return status;
    status = take_tree(timings, key, tree);
    return status == BRIM_ERROR_INPUT ? brim_cache_list_blame(&list, status) : status;
}

/* ---- writing ---- */

BrimStatus brim_timings_keep(const BrimTimingsKey *key, const BrimTiming *timing)
{
    char recompute[BRIM_RECOMPUTE_TEXT_BYTES];
    json_t *tree, *identity = identity_of(key);
    brim_recompute_format(timing->scheme.recompute, key->model, recompute);
    json_object_update_new(identity, json_pack("{s:s, s:s, s:i}", "precision",
                                               brim_precision_traits(timing->scheme.precision)->text,
                                               "recompute", recompute, "batch", timing->batch));
    json_t *rest = json_pack("{s:o, s:f}", "model", brim_json_text(key->model->name), "pictures_per_s",
                             timing->pictures_per_s);
    BrimStatus status = brim_cache_list_keep(&list, identity, rest, &tree);
    json_decref(tree);
    return status;
}
