/* Model files in YOLOv5's yaml form, also as JSON (which is yaml), as checkpoints carry it. */
#include <stdio.h>
#include <string.h>

#include "conf/model_rows.h"
#include "conf/yaml.h"

static const char *const module_names[] = {
#define X(name, yaml, printed) yaml,
    BRIM_MODULE_LIST(X)
#undef X
};

static BrimStatus read_argument(const BrimRow *row, const BrimYaml *node, BrimArgument *argument)
{
    bool truth;
    *argument = (BrimArgument){.kind = BRIM_ARGUMENT_NONE};
    if (brim_yaml_null(node) || brim_yaml_is(node, "None"))
        return BRIM_OK;
    if (node->kind == BRIM_YAML_LIST) {
        argument->kind = BRIM_ARGUMENT_LIST;
        for (int i = 0; i < node->count; i++) {
            if (argument->list_count == BRIM_ROW_LIST ||
                !brim_yaml_number(&node->items[i], &argument->list[argument->list_count++]))
                return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: a list among the arguments may hold up to %d numbers",
                                 row->file, node->line, BRIM_ROW_LIST);
        }
        return BRIM_OK;
    }
    if (brim_yaml_number(node, &argument->number)) {
        argument->kind = BRIM_ARGUMENT_NUMBER;
    } else if (brim_yaml_bool(node, &truth)) {
        argument->kind = truth ? BRIM_ARGUMENT_TRUE : BRIM_ARGUMENT_FALSE;
    } else if (node->kind == BRIM_YAML_SCALAR && strlen(node->text) < sizeof argument->text) {
        argument->kind = BRIM_ARGUMENT_TEXT;
        snprintf(argument->text, sizeof argument->text, "%s", node->text);
    } else {
        return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: this argument is not understood", row->file, node->line);
    }
    return BRIM_OK;
}

static BrimStatus read_module(BrimRow *row, const BrimYaml *node)
{
    static const char python_prefix[] = "models.common.";
    const char *name = node->kind == BRIM_YAML_SCALAR ? node->text : "?";
    if (strncmp(name, python_prefix, sizeof python_prefix - 1) == 0)
        name += sizeof python_prefix - 1;
    for (BrimModule module = 0; module < BRIM_MODULE_COUNT; module++) {
        if (strcmp(name, module_names[module]) == 0) {
            row->module = module;
            return BRIM_OK;
        }
    }
    return brim_fail(BRIM_ERROR_INPUT,
                     "%s: line %d: layer %d: module \"%s\" is not known; brim knows Conv, Bottleneck, C3, SPP, SPPF, "
                     "nn.Upsample, Concat and Detect",
                     row->file, node->line, row->index, name);
}

static BrimStatus read_from(BrimRow *row, const BrimYaml *node)
{
    int count = node->kind == BRIM_YAML_LIST ? node->count : 1;
    bool fits = count >= 1 && count <= BRIM_MAX_FROM;
    for (int i = 0; fits && i < count; i++)
        fits = brim_yaml_whole(node->kind == BRIM_YAML_LIST ? &node->items[i] : node, &row->from[i]);
    row->from_count = count;
    return fits ? BRIM_OK
                : brim_fail(BRIM_ERROR_INPUT, "%s: line %d: layer %d: `from` must be a layer number or a list of up to %d",
                            row->file, node->line, row->index, BRIM_MAX_FROM);
}

/* [from, number, module, args] */
static BrimStatus read_row(BrimRows *rows, const char *file, const BrimYaml *node)
{
    BrimStatus status;
    if (rows->row_count == BRIM_MAX_LAYERS)
        return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: more than %d layers", file, node->line, BRIM_MAX_LAYERS);
    BrimRow *row = &rows->rows[rows->row_count];
    *row = (BrimRow){.file = file, .line = node->line, .index = rows->row_count};
    if (node->kind != BRIM_YAML_LIST || node->count != 4 || node->items[3].kind != BRIM_YAML_LIST)
        return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: layer %d must be [from, number, module, [arguments]]", file,
                         node->line, row->index);
    BRIM_TRY(read_from(row, &node->items[0]));
    if (!brim_yaml_whole(&node->items[1], &row->repeats) || row->repeats < 1 || row->repeats > 100)
        return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: layer %d: `number` must be 1 to 100", file, node->line,
                         row->index);
    BRIM_TRY(read_module(row, &node->items[2]));
    const BrimYaml *arguments = &node->items[3];
    rows->row_count++;
    if (row->module == BRIM_MODULE_DETECT)
        return BRIM_OK; /* [nc, anchors]: what the file says at its top */
    if (arguments->count > BRIM_ROW_ARGUMENTS)
        return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: layer %d has too many arguments", file, node->line, row->index);
    for (int i = 0; i < arguments->count; i++)
        BRIM_TRY(read_argument(row, &arguments->items[i], &row->arguments[row->argument_count++]));
fail:
    return status;
}

static BrimStatus read_layers(BrimRows *rows, const char *file, const BrimYaml *root, const char *key)
{
    const BrimYaml *list = brim_yaml_get(root, key);
    BrimStatus status = BRIM_OK;
    if (!list || list->kind != BRIM_YAML_LIST)
        return brim_fail(BRIM_ERROR_INPUT, "%s: no list `%s:` of layers", file, key);
    for (int i = 0; i < list->count && status == BRIM_OK; i++)
        status = read_row(rows, file, &list->items[i]);
    return status;
}

/* One list a level: w, h, w, h, ... in px. */
static BrimStatus read_anchors(BrimRows *rows, const char *file, const BrimYaml *list)
{
    if (!list || list->kind != BRIM_YAML_LIST || list->count < 1 || list->count > BRIM_MAX_LEVELS)
        return brim_fail(BRIM_ERROR_INPUT, "%s: `anchors:` must be a list of 1 to %d lists of w, h, w, h, ... in px", file,
                         BRIM_MAX_LEVELS);
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
            return brim_fail(BRIM_ERROR_INPUT,
                             "%s: line %d: anchors of a level are pairs of sizes in px, as many in each level", file,
                             row->line);
    }
    return BRIM_OK;
}

static BrimStatus read_multiple(const char *file, const BrimYaml *root, const char *key, double *value)
{
    const BrimYaml *node = brim_yaml_get(root, key);
    if (!node || !brim_yaml_number(node, value) || *value <= 0 || *value > 16)
        return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: `%s:` must be a number above 0", file, node ? node->line : 1,
                         key);
    return BRIM_OK;
}

static BrimStatus read_root(BrimRows *rows, const char *file, const BrimYaml *root)
{
    BrimStatus status;
    const BrimYaml *classes = brim_yaml_get(root, "nc");
    const BrimYaml *activation = brim_yaml_get(root, "activation");
    if (activation && !brim_yaml_is(activation, "nn.SiLU()"))
        return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: activation \"%s\": brim knows nn.SiLU() only", file,
                         activation->line, activation->text ? activation->text : "");
    if (!brim_yaml_whole(classes, &rows->class_count) || rows->class_count < 1 || rows->class_count > 10000)
        return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: `nc:` must be the number of classes, 1 to 10000", file,
                         classes ? classes->line : 1);
    BRIM_TRY(read_multiple(file, root, "depth_multiple", &rows->depth_multiple));
    BRIM_TRY(read_multiple(file, root, "width_multiple", &rows->width_multiple));
    BRIM_TRY(read_anchors(rows, file, brim_yaml_get(root, "anchors")));
    BRIM_TRY(read_layers(rows, file, root, "backbone"));
    BRIM_TRY(read_layers(rows, file, root, "head"));
fail:
    return status;
}

/* "models/my-net.yaml" -> "my-net" */
static void name_after(char *name, size_t bytes, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    snprintf(name, bytes, "%.*s", dot ? (int)(dot - base) : (int)strlen(base), base);
}

BrimStatus brim_rows_parse(BrimRows *rows, const char *name, const char *text, size_t bytes)
{
    BrimYaml *root = NULL;
    BrimStatus status = brim_yaml_parse(&root, name, text, bytes);
    if (status != BRIM_OK)
        return status;
    *rows = (BrimRows){0};
    name_after(rows->name, sizeof rows->name, name);
    status = read_root(rows, name, root);
    brim_yaml_close(&root);
    return status;
}
