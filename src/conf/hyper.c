/* Hyper-parameters. */
#include "conf/hyper.h"

#include <stddef.h>
#include <string.h>

#include "base/file.h"
#include "conf/yaml.h"

enum { MOST_YAML_BYTES = 1 << 20 };

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

static BrimStatus set_entry(BrimHyper *hyper, const char *file, const char *key, const BrimYaml *value)
{
    for (int i = 0; i < ENTRY_COUNT; i++) {
        const Entry *entry = &entries[i];
        double number;
        if (strcmp(key, entry->name) != 0)
            continue;
        if (!brim_yaml_number(value, &number) || number < entry->low || number > entry->high)
            return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: `%s` must be a number from %g to %g", file, value->line,
                             key, entry->low, entry->high);
        *(double *)((char *)hyper + entry->offset) = number;
        return BRIM_OK;
    }
    if (strcmp(key, "anchors") == 0)
        return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: `anchors` belongs into the model file (--cfg)", file,
                         value->line);
    return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: no hyper-parameter is called `%s`", file, value->line, key);
}

BrimStatus brim_hyper_parse(BrimHyper *hyper, const char *name, const char *text, size_t bytes)
{
    BrimYaml *root = NULL;
    BrimStatus status = brim_yaml_parse(&root, name, text, bytes);
    if (status == BRIM_OK && root->kind != BRIM_YAML_MAP)
        status = brim_fail(BRIM_ERROR_INPUT, "%s: line 1: expected lines of `name: value`", name);
    for (int i = 0; status == BRIM_OK && i < root->count; i++)
        status = set_entry(hyper, name, root->keys[i], &root->items[i]);
    brim_yaml_close(&root);
    return status;
}

BrimStatus brim_hyper_load(BrimHyper *hyper, const char *path)
{
    char *text;
    size_t bytes;
    BrimStatus status = brim_file_read(path, MOST_YAML_BYTES, &text, &bytes);
    if (status != BRIM_OK)
        return status;
    status = brim_hyper_parse(hyper, path, text, bytes);
    brim_mem_give(text);
    return status;
}

void brim_hyper_scale(BrimHyper *hyper, int level_count, int class_count, int imgsz_px)
{
    double levels = 3.0 / level_count;
    double size = imgsz_px / 640.0;
    hyper->box *= levels;
    hyper->cls *= class_count / 80.0 * levels;
    hyper->obj *= size * size * levels;
}
