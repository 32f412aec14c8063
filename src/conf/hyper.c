/* Hyper-parameters. */
#include "conf/hyper.h"

#include <stddef.h>
#include <string.h>

#include "base/file.h"
#include "conf/nearest.h"
#include "conf/yaml.h"

typedef struct Entry {
    const char *name;
    size_t offset;
    double low, high;
} Entry;

static const Entry entries[] = {
#define X(name, standard, low, high, text) {#name, offsetof(BrimHyper, name), low, high},
    BRIM_HYPER_LIST(X)
#undef X
};
enum { ENTRY_COUNT = sizeof entries / sizeof entries[0] };

BrimHyper brim_hyper_default(void)
{
    return (BrimHyper){
#define X(name, standard, low, high, text) .name = standard,
        BRIM_HYPER_LIST(X)
#undef X
    };
}

static BrimStatus refuse_key(const char *file, const char *key, int line)
{
    const char *names[ENTRY_COUNT];
    for (int i = 0; i < ENTRY_COUNT; i++)
        names[i] = entries[i].name;
    const char *nearest = brim_nearest(key, names, ENTRY_COUNT);
    if (strcmp(key, "anchors") == 0)
        return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: `anchors` belongs into the model file (--cfg)", file,
                         line);
    return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: no hyper-parameter is called `%.40s`%s%s%s", file, line,
                     key, nearest ? "; `" : "", nearest ? nearest : "", nearest ? "` is meant?" : "");
}

static BrimStatus set_entry(BrimHyper *hyper, const char *file, const char *key, const BrimYaml *value)
{
    double number;
    char shown[BRIM_YAML_SHOWN_BYTES];
    const Entry *entry = entries;
    while (entry < entries + ENTRY_COUNT && strcmp(key, entry->name) != 0)
        entry++;
    if (entry == entries + ENTRY_COUNT)
        return refuse_key(file, key, value->key_line);
    if (!brim_yaml_number(value, &number) || number < entry->low || number > entry->high)
        return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: `%s` is %s; it must be a number from %g to %g", file,
                         value->line, key, brim_yaml_show(value, shown), entry->low, entry->high);
    *(double *)((char *)hyper + entry->offset) = number;
    return BRIM_OK;
}

BrimStatus brim_hyper_parse(BrimHyper *hyper, const char *name, const char *text, size_t bytes)
{
    BrimYaml *root = NULL;
    BrimHyper result = *hyper;
    BrimStatus status = brim_yaml_parse(&root, name, text, bytes);
    if (status == BRIM_OK && root->kind != BRIM_YAML_MAP)
        status =
            brim_fail(BRIM_ERROR_INPUT, "%s: line %d: expected lines of `name: value`", name, root->line);
    for (int i = 0; status == BRIM_OK && i < root->count; i++)
        status = set_entry(&result, name, root->keys[i], &root->items[i]);
    if (status == BRIM_OK)
        *hyper = result;
    brim_yaml_close(&root);
    return status;
}

BrimStatus brim_hyper_load(BrimHyper *hyper, const char *path)
{
    char *text;
    size_t bytes;
    BrimStatus status = brim_file_read(path, BRIM_YAML_MOST_BYTES, &text, &bytes);
    if (status != BRIM_OK)
        return status;
    status = brim_hyper_parse(hyper, path, text, bytes);
    brim_mem_give(text);
    return status;
}

BrimStatus brim_hyper_check(const BrimHyper *hyper)
{
    for (const Entry *entry = entries; entry < entries + ENTRY_COUNT; entry++) {
        double value = *(const double *)((const char *)hyper + entry->offset);
        if (!(value >= entry->low && value <= entry->high)) /* NaN is neither */
            return brim_fail(BRIM_ERROR_INPUT,
                             "the hyper-parameter `%s` is %g; it must be a number from %g to %g", entry->name,
                             value, entry->low, entry->high);
    }
    return BRIM_OK;
}

void brim_hyper_scale(BrimHyper *hyper, int level_count, int class_count, int imgsz_px)
{
    double levels = 3.0 / level_count;
    double size = imgsz_px / 640.0;
    hyper->box *= levels;
    hyper->cls *= class_count / 80.0 * levels;
    hyper->obj *= size * size * levels;
}
