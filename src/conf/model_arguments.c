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

static const char *const argument_texts[] = {
    [CHANNELS] = "channels", [KERNEL] = "kernel",         [STRIDE] = "stride",       [PADDING] = "padding",
    [GROUPS] = "groups",     [DILATION] = "dilation",     [ACTIVATION] = "act",      [SHORTCUT] = "shortcut",
    [EXPANSION] = "e",       [POOLS] = "pooling kernels", [SIZE] = "size",           [SCALE] = "scale_factor",
    [MODE] = "mode",         [DIMENSION] = "dimension",   [CLASSES] = "the classes", [ANCHORS] = "the anchors",
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

/* Puts one argument into the row; NULL, or what was expected instead. */
static const char *read_argument(BrimRow *row, Argument argument, const BrimYaml *node)
{
    int one;
    double number;
    bool none = brim_yaml_null(node) || brim_yaml_is(node, "None"); /* checkpoints have it in quotes */
    switch (argument) {
    case CHANNELS:
        return brim_yaml_whole_within(node, 1, MOST_ROW_CHANNELS, &row->channels) ? NULL : "a whole number from 1 to 65536";
    case KERNEL:
        return brim_yaml_whole_within(node, 1, MOST_KERNEL, &row->kernel) ? NULL : "a whole number from 1 to 31";
    case STRIDE:
        return brim_yaml_whole_within(node, 1, MOST_STRIDE, &row->stride) ? NULL : "a whole number from 1 to 8";
    case PADDING:
        return none || brim_yaml_whole_within(node, 0, MOST_KERNEL, &row->padding) ? NULL : "None or a whole number from 0 to 31";
    case DILATION: /* v6 has no dilation: its `act` stands here */
        if (brim_yaml_bool(node, &row->activation))
            return NULL;
        return brim_yaml_whole_within(node, 1, 1, &one) ? NULL : "1: brim has no other";
    case GROUPS:
    case DIMENSION:
        return brim_yaml_whole_within(node, 1, 1, &one) ? NULL : "1: brim has no other";
    case ACTIVATION:
        return brim_yaml_bool(node, &row->activation) ? NULL : "True (SiLU) or False";
    case SHORTCUT:
        return brim_yaml_bool(node, &row->shortcut) ? NULL : "True or False";
    case EXPANSION:
        return brim_yaml_number(node, &number) && number == 0.5 ? NULL : "0.5: brim has no other";
    case POOLS:
        return read_pools(row, node) ? NULL : "a list of one to three odd numbers";
    case SIZE:
        return none ? NULL : "None: brim enlarges by a factor";
    case SCALE:
        return brim_yaml_number(node, &number) && number == 2 ? NULL : "2: brim has no other";
    case MODE:
        return brim_yaml_is(node, "nearest") ? NULL : "nearest: brim has no other";
    case CLASSES:
        return brim_yaml_is(node, "nc") ? NULL : "nc, by that name";
    default:
        return brim_yaml_is(node, "anchors") ? NULL : "anchors, by that name";
    }
}

BrimStatus brim_row_read_arguments(BrimRow *row, const char *file, int index, const BrimYaml *list)
{
    const Argument *arguments = forms[row->module].arguments;
    const char *module = brim_module_text(row->module);
    char shown[BRIM_YAML_SHOWN_BYTES];
    set_defaults(row);
    if (list->count < forms[row->module].needed)
        return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: layer %d (%s): argument %d, %s, is missing", file, list->line,
                         index, module, list->count + 1, argument_texts[arguments[list->count]]);
    for (int i = 0; i < list->count; i++) {
        const BrimYaml *node = &list->items[i];
        if (arguments[i] == END)
            return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: layer %d (%s): %d arguments; it takes %d", file,
                             list->line, index, module, list->count, i);
        const char *expected = read_argument(row, arguments[i], node);
        if (expected)
            return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: layer %d (%s): argument %d, %s, is %s; it must be %s", file,
                             node->line, index, module, i + 1, argument_texts[arguments[i]],
                             brim_yaml_show(node, shown), expected);
    }
    return BRIM_OK;
}
