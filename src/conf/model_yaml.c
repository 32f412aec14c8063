/* Model files in YOLOv5's yaml form, also as JSON (which is yaml), as checkpoints carry it. */
#include <stdio.h>
#include <string.h>

#include "conf/model_rows.h"
#include "conf/nearest.h"
#include "conf/yaml.h"

enum { MOST_NUMBER = 100 };

static BrimStatus read_module(BrimRow *row, const char *file, int index, const BrimYaml *node)
{
    static const char python_prefix[] = "models.common.";
    const char *names[BRIM_MODULE_COUNT];
    char list[160] = "", shown[BRIM_YAML_SHOWN_BYTES];
    const char *name = node->kind == BRIM_YAML_SCALAR ? node->text : "";
    if (strncmp(name, python_prefix, sizeof python_prefix - 1) == 0)
        name += sizeof python_prefix - 1;
    for (BrimModule module = 0; module < BRIM_MODULE_COUNT; module++) {
        size_t length = strlen(list);
        names[module] = brim_module_text(module);
        snprintf(list + length, sizeof list - length, "%s%s", module ? ", " : "", names[module]);
        if (strcmp(name, names[module]) == 0) {
            row->module = module;
            return BRIM_OK;
        }
    }
    const char *nearest = brim_nearest(name, names, BRIM_MODULE_COUNT);
    return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: layer %d: no module %s%s%s%s; brim knows %s", file,
                     node->line, index, brim_yaml_show(node, shown), nearest ? " (meant " : "",
                     nearest ? nearest : "", nearest ? "?)" : "", list);
}

static BrimStatus read_from(BrimRow *row, const char *file, int index, const BrimYaml *node)
{
    bool list = node->kind == BRIM_YAML_LIST;
    char shown[BRIM_YAML_SHOWN_BYTES];
    row->from_count = list ? node->count : 1;
    bool fits = row->from_count >= 1 && row->from_count <= BRIM_MAX_FROM;
    for (int i = 0; fits && i < row->from_count; i++)
        fits = brim_yaml_whole_within(list ? &node->items[i] : node, -BRIM_MAX_LAYERS, BRIM_MAX_LAYERS,
                                      &row->from[i]);
    if (fits)
        return BRIM_OK;
    return brim_fail(BRIM_ERROR_INPUT,
                     "%s: line %d: layer %d: `from` is %s; it must be a layer's number or a list of 1 to %d",
                     file, node->line, index, brim_yaml_show(node, shown), BRIM_MAX_FROM);
}

/* [from, number, module, args] */
static BrimStatus read_row(BrimRows *rows, const BrimYaml *node)
{
    const char *file = rows->file;
    char shown[BRIM_YAML_SHOWN_BYTES];
    int index = rows->row_count;
    if (index == BRIM_MAX_LAYERS)
        return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: more than %d layers", file, node->line,
                         BRIM_MAX_LAYERS);
    BrimRow *row = &rows->rows[rows->row_count++];
    *row = (BrimRow){.line = node->line};
    if (node->kind != BRIM_YAML_LIST || node->count != 4 || node->items[3].kind != BRIM_YAML_LIST)
        return brim_fail(BRIM_ERROR_INPUT,
                         "%s: line %d: layer %d must be [from, number, module, [arguments]]", file,
                         node->line, index);
    BrimStatus status = read_from(row, file, index, &node->items[0]);
    if (status != BRIM_OK)
        return status;
    if (!brim_yaml_whole_within(&node->items[1], 1, MOST_NUMBER, &row->number))
        return brim_fail(BRIM_ERROR_INPUT,
                         "%s: line %d: layer %d: `number` is %s; it must be a whole number from 1 to %d",
                         file, node->line, index, brim_yaml_show(&node->items[1], shown), MOST_NUMBER);
    status = read_module(row, file, index, &node->items[2]);
    return status == BRIM_OK ? brim_row_read_arguments(row, file, index, &node->items[3]) : status;
}

static BrimStatus read_layers(BrimRows *rows, const BrimYaml *root, const char *key)
{
    const BrimYaml *list = brim_yaml_get(root, key);
    char shown[BRIM_YAML_SHOWN_BYTES];
    BrimStatus status = BRIM_OK;
    if (!list || list->kind != BRIM_YAML_LIST)
        return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: `%s:` is %s; it must be a list of layers",
                         rows->file, list ? list->line : 1, key, brim_yaml_show(list, shown));
    for (int i = 0; i < list->count && status == BRIM_OK; i++)
        status = read_row(rows, &list->items[i]);
    return status;
}

/* One list a level: w, h, w, h, ... in px. */
static BrimStatus read_anchors(BrimRows *rows, const BrimYaml *list)
{
    char shown[BRIM_YAML_SHOWN_BYTES];
    if (!list || list->kind != BRIM_YAML_LIST || list->count < 1 || list->count > BRIM_MAX_LEVELS)
        return brim_fail(
            BRIM_ERROR_INPUT,
            "%s: line %d: `anchors:` is %s; it must be a list of 1 to %d lists of w, h, w, h, ... in px",
            rows->file, list ? list->line : 1, brim_yaml_show(list, shown), BRIM_MAX_LEVELS);
    rows->level_count = list->count;
    for (int level = 0; level < list->count; level++) {
        const BrimYaml *row = &list->items[level];
        bool fits = row->kind == BRIM_YAML_LIST && row->count >= 2 && row->count % 2 == 0 &&
                    row->count <= 2 * BRIM_MAX_ANCHORS && row->count == list->items[0].count;
        rows->anchor_count = row->count / 2;
        for (int i = 0; fits && i < row->count; i++) {
            double *side_px = &rows->anchors_px[level][i / 2][i % 2];
            fits = brim_yaml_number(&row->items[i], side_px) && *side_px > 0 && *side_px < 1e6;
        }
        if (!fits)
            return brim_fail(
                BRIM_ERROR_INPUT,
                "%s: line %d: `anchors:` of a level must be 1 to %d pairs of sizes in px, as many in each "
                "level",
                rows->file, row->line, BRIM_MAX_ANCHORS);
    }
    return BRIM_OK;
}

static BrimStatus read_multiple(const char *file, const BrimYaml *root, const char *key, double *value)
{
    const BrimYaml *node = brim_yaml_get(root, key);
    char shown[BRIM_YAML_SHOWN_BYTES];
    if (node && brim_yaml_number(node, value) && *value > 0 && *value <= 16)
        return BRIM_OK;
    return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: `%s:` is %s; it must be a number above 0, up to 16",
                     file, node ? node->line : 1, key, brim_yaml_show(node, shown));
}

static BrimStatus read_classes(BrimRows *rows, const BrimYaml *root)
{
    const BrimYaml *node = brim_yaml_get(root, "nc");
    char shown[BRIM_YAML_SHOWN_BYTES];
    int said;
    bool fits = brim_yaml_whole_within(node, 1, BRIM_MAX_CLASSES, &said);
    if (fits && rows->class_count == 0)
        rows->class_count = said;
    if (fits || (!node && rows->class_count))
        return BRIM_OK;
    return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: `nc:` is %s; it must be the number of classes, 1 to %d",
                     rows->file, node ? node->line : 1, brim_yaml_show(node, shown), BRIM_MAX_CLASSES);
}

/* Keys of the file, and the two that may say nothing but what brim does anyway. */
static BrimStatus check_keys(const char *file, const BrimYaml *root)
{
    static const char *const known[] = {"nc",       "depth_multiple", "width_multiple", "anchors",
                                        "backbone", "head",           "activation",     "ch",
                                        "inplace"};
    enum { KNOWN_COUNT = sizeof known / sizeof known[0] };
    const BrimYaml *activation = brim_yaml_get(root, "activation"), *channels = brim_yaml_get(root, "ch");
    char shown[BRIM_YAML_SHOWN_BYTES];
    if (root->kind != BRIM_YAML_MAP)
        return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: expected lines of `key: value`", file, root->line);
    for (int i = 0; i < root->count; i++) {
        const char *nearest = brim_nearest(root->keys[i], known, KNOWN_COUNT);
        if (!nearest || strcmp(nearest, root->keys[i]) != 0)
            return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: a model file has no key `%.40s`%s%s%s", file,
                             root->items[i].key_line, root->keys[i], nearest ? "; `" : "",
                             nearest ? nearest : "", nearest ? "` is meant?" : "");
    }
    if (activation && !brim_yaml_is(activation, "nn.SiLU()") && !brim_yaml_null(activation))
        return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: `activation:` is %s; brim has nn.SiLU() only", file,
                         activation->line, brim_yaml_show(activation, shown));
    if (channels && !brim_yaml_is(channels, "3"))
        return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: `ch:` is %s; brim reads pictures of 3 channels",
                         file, channels->line, brim_yaml_show(channels, shown));
    return BRIM_OK;
}

/* "models/my-net.yaml" -> "my-net" */
static void name_after(char *name, size_t bytes, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    snprintf(name, bytes, "%.*s", dot ? (int)(dot - base) : (int)strlen(base), base);
}

BrimStatus brim_rows_parse(BrimRows *rows, const char *file, const char *text, size_t bytes, int class_count)
{
    BrimYaml *root = NULL;
    BrimStatus status = brim_yaml_parse(&root, file, text, bytes);
    if (status != BRIM_OK)
        return status;
    *rows = (BrimRows){.file = file, .class_count = class_count};
    name_after(rows->name, sizeof rows->name, file);
    BRIM_TRY(check_keys(file, root));
    BRIM_TRY(read_classes(rows, root));
    BRIM_TRY(read_multiple(file, root, "depth_multiple", &rows->depth_multiple));
    BRIM_TRY(read_multiple(file, root, "width_multiple", &rows->width_multiple));
    BRIM_TRY(read_anchors(rows, brim_yaml_get(root, "anchors")));
    BRIM_TRY(read_layers(rows, root, "backbone"));
    BRIM_TRY(read_layers(rows, root, "head"));
fail:
    brim_yaml_close(&root);
    return status;
}
