/* What a module's arguments mean in a model file, and which of them brim can honour: one table. */
#include <string.h>

#include "conf/model_rows.h"
#include "conf/yaml.h"

typedef enum Argument {
    END,
    CHANNELS,
    KERNEL,
    STRIDE,
    PADDING,
    GROUPS,
    DILATION,
    ACTIVATION,
    SHORTCUT,
    EXPANSION,
    POOLS,
    SIZE,
    SCALE,
    MODE,
    DIMENSION,
    CLASSES,
    ANCHORS
} Argument;

/* Its name in a message, and what it must be. */
static const struct {
    const char *name, *expected;
} texts[] = {
    [CHANNELS] = {"channels", "a whole number from 1 to 65536"},
    [KERNEL] = {"kernel", "a whole number from 1 to 31"},
    [STRIDE] = {"stride", "a whole number from 1 to 8"},
    [PADDING] = {"padding", "None or a whole number from 0 to 31"},
    [GROUPS] = {"groups", "1: brim has no other"},
    [DILATION] = {"dilation", "1: brim has no other"},
    [ACTIVATION] = {"act", "True (SiLU) or False"},
    [SHORTCUT] = {"shortcut", "True or False"},
    [EXPANSION] = {"e", "0.5: brim has no other"},
    [POOLS] = {"pooling kernels", "a list of one to three odd numbers"},
    [SIZE] = {"size", "None: brim enlarges by a factor"},
    [SCALE] = {"scale_factor", "2: brim has no other"},
    [MODE] = {"mode", "nearest: brim has no other"},
    [DIMENSION] = {"dimension", "1: brim has no other"},
    [CLASSES] = {"the classes", "nc, by that name"},
    [ANCHORS] = {"the anchors", "anchors, by that name"},
};

enum { MOST_ARGUMENTS = 7, MOST_KERNEL = 31, MOST_STRIDE = 8, MOST_ROW_CHANNELS = 65536 };

/* In the order of models/common.py and models/yolo.py of v7.0; the first `needed` must be given. */
static const struct {
    int needed;
    Argument arguments[MOST_ARGUMENTS + 1];
} forms[BRIM_MODULE_COUNT] = {
    [BRIM_MODULE_CONV] = {1, {CHANNELS, KERNEL, STRIDE, PADDING, GROUPS, DILATION, ACTIVATION}},
    [BRIM_MODULE_BOTTLENECK] = {1, {CHANNELS, SHORTCUT, GROUPS, EXPANSION}},
    [BRIM_MODULE_C3] = {1, {CHANNELS, SHORTCUT, GROUPS, EXPANSION}},
    [BRIM_MODULE_SPP] = {1, {CHANNELS, POOLS}},
    [BRIM_MODULE_SPPF] = {1, {CHANNELS, KERNEL}},
    [BRIM_MODULE_UPSAMPLE] = {3, {SIZE, SCALE, MODE}},
    [BRIM_MODULE_CONCAT] = {0, {DIMENSION}},
    [BRIM_MODULE_DETECT] = {2, {CLASSES, ANCHORS}},
};

/* What stands for an argument that a row leaves out. */
static void set_defaults(BrimRow *row)
{
    row->padding = BRIM_ROW_HALF_THE_KERNEL;
    row->activation = row->shortcut = true;
    if (row->module == BRIM_MODULE_CONV)
        row->kernel = row->stride = 1;
    if (row->module == BRIM_MODULE_SPPF)
        row->kernel = 5;
    if (row->module == BRIM_MODULE_SPP) {
        const int standard[] = {5, 9, 13};
        memcpy(row->pool_kernels, standard, sizeof standard);
        row->pool_count = 3;
    }
}

static bool read_pools(BrimRow *row, const BrimYaml *node)
{
    memset(row->pool_kernels, 0, sizeof row->pool_kernels);
    row->pool_count = node->count;
    if (node->kind != BRIM_YAML_LIST || node->count < 1 || node->count > 3)
        return false;
    for (int i = 0; i < node->count; i++)
        if (!brim_yaml_whole_within(&node->items[i], 1, MOST_KERNEL, &row->pool_kernels[i]))
            return false;
    return true;
}

/* Puts one argument into the row; false where it is not what its text says. */
static bool read_argument(BrimRow *row, Argument argument, const BrimYaml *node)
{
    int one;
    double number;
    bool none = brim_yaml_null(node) || brim_yaml_is(node, "None"); /* checkpoints have it in quotes */
    switch (argument) {
    case CHANNELS:
        return brim_yaml_whole_within(node, 1, MOST_ROW_CHANNELS, &row->channels);
    case KERNEL:
        return brim_yaml_whole_within(node, 1, MOST_KERNEL, &row->kernel);
    case STRIDE:
        return brim_yaml_whole_within(node, 1, MOST_STRIDE, &row->stride);
    case PADDING:
        return none || brim_yaml_whole_within(node, 0, MOST_KERNEL, &row->padding);
    case DILATION: /* v6 has no dilation: its `act` stands here */
        return brim_yaml_whole_within(node, 1, 1, &one) || brim_yaml_bool(node, &row->activation);
    case GROUPS:
    case DIMENSION:
        return brim_yaml_whole_within(node, 1, 1, &one);
    case ACTIVATION:
        return brim_yaml_bool(node, &row->activation);
    case SHORTCUT:
        return brim_yaml_bool(node, &row->shortcut);
    case EXPANSION:
        return brim_yaml_number(node, &number) && number == 0.5;
    case POOLS:
        return read_pools(row, node);
    case SIZE:
        return none;
    case SCALE:
        return brim_yaml_number(node, &number) && number == 2;
    case MODE:
        return brim_yaml_is(node, "nearest");
    case CLASSES:
        return brim_yaml_is(node, "nc");
    default:
        return brim_yaml_is(node, "anchors");
    }
}

BrimStatus brim_row_read_arguments(BrimRow *row, const char *file, int index, const BrimYaml *list)
{
    const Argument *arguments = forms[row->module].arguments;
    const char *module = brim_module_text(row->module);
    char shown[BRIM_YAML_SHOWN_BYTES];
    set_defaults(row);
    if (list->count < forms[row->module].needed)
        return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: layer %d (%s): argument %d, %s, is missing", file,
                         list->line, index, module, list->count + 1, texts[arguments[list->count]].name);
    for (int i = 0; i < list->count; i++) {
        const BrimYaml *node = &list->items[i];
        if (arguments[i] == END)
            return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: layer %d (%s): %d arguments; it takes %d", file,
                             list->line, index, module, list->count, i);
        if (!read_argument(row, arguments[i], node))
            return brim_fail(BRIM_ERROR_INPUT,
                             "%s: line %d: layer %d (%s): argument %d, %s, is %s; it must be %s", file,
                             node->line, index, module, i + 1, texts[arguments[i]].name,
                             brim_yaml_show(node, shown), texts[arguments[i]].expected);
    }
    return BRIM_OK;
}
