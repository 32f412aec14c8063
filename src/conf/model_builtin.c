/* The YOLOv5 v6/v7 family. The five sizes share one table of layers and differ in two multiples
 * (https://github.com/ultralytics/yolov5, release v7.0, states them). */
#include <stdio.h>
#include <string.h>

#include "conf/model_rows.h"

typedef struct Size {
    char letter;
    double depth, width;
} Size;

static const Size sizes[] = {
    {'n', 0.33, 0.25}, {'s', 0.33, 0.50}, {'m', 0.67, 0.75}, {'l', 1.00, 1.00}, {'x', 1.33, 1.25},
};

/* Channels are those of width 1. A second input (`with`) makes a Concat. */
typedef struct Layer {
    BrimModule module;
    int with;
    int repeats;
    int channels;
    int kernel, stride, padding; /* padding 0: half the kernel */
    bool shortcut;
} Layer;

static const Layer layers[] = {
    /* backbone */
    {BRIM_MODULE_CONV, 0, 1, 64, 6, 2, 2, false}, /* 0: P1 */
    {BRIM_MODULE_CONV, 0, 1, 128, 3, 2, 0, false},
    {BRIM_MODULE_C3, 0, 3, 128, 0, 0, 0, true},
    {BRIM_MODULE_CONV, 0, 1, 256, 3, 2, 0, false},
    {BRIM_MODULE_C3, 0, 6, 256, 0, 0, 0, true}, /* 4: P3 */
    {BRIM_MODULE_CONV, 0, 1, 512, 3, 2, 0, false},
    {BRIM_MODULE_C3, 0, 9, 512, 0, 0, 0, true}, /* 6: P4 */
    {BRIM_MODULE_CONV, 0, 1, 1024, 3, 2, 0, false},
    {BRIM_MODULE_C3, 0, 3, 1024, 0, 0, 0, true},
    {BRIM_MODULE_SPPF, 0, 1, 1024, 5, 0, 0, false}, /* 9: P5 */
    /* from large to small strides */
    {BRIM_MODULE_CONV, 0, 1, 512, 1, 1, 0, false},
    {BRIM_MODULE_UPSAMPLE, 0, 1, 0, 0, 0, 0, false},
    {BRIM_MODULE_CONCAT, 6, 1, 0, 0, 0, 0, false},
    {BRIM_MODULE_C3, 0, 3, 512, 0, 0, 0, false},
    {BRIM_MODULE_CONV, 0, 1, 256, 1, 1, 0, false},
    {BRIM_MODULE_UPSAMPLE, 0, 1, 0, 0, 0, 0, false},
    {BRIM_MODULE_CONCAT, 4, 1, 0, 0, 0, 0, false},
    {BRIM_MODULE_C3, 0, 3, 256, 0, 0, 0, false}, /* 17: P3's head */
    /* and back */
    {BRIM_MODULE_CONV, 0, 1, 256, 3, 2, 0, false},
    {BRIM_MODULE_CONCAT, 14, 1, 0, 0, 0, 0, false},
    {BRIM_MODULE_C3, 0, 3, 512, 0, 0, 0, false}, /* 20: P4's head */
    {BRIM_MODULE_CONV, 0, 1, 512, 3, 2, 0, false},
    {BRIM_MODULE_CONCAT, 10, 1, 0, 0, 0, 0, false},
    {BRIM_MODULE_C3, 0, 3, 1024, 0, 0, 0, false}, /* 23: P5's head */
};
enum { LAYER_COUNT = sizeof layers / sizeof layers[0], LEVEL_COUNT = 3, ANCHOR_COUNT = 3 };

static const int head_layers[LEVEL_COUNT] = {17, 20, 23};

/* Width and height in px, chosen by k-means on COCO by YOLOv5's authors. */
static const double anchors_px[LEVEL_COUNT][ANCHOR_COUNT][2] = {
    {{10, 13}, {16, 30}, {33, 23}},
    {{30, 61}, {62, 45}, {59, 119}},
    {{116, 90}, {156, 198}, {373, 326}},
};

static BrimArgument number(double value)
{
    return (BrimArgument){.kind = BRIM_ARGUMENT_NUMBER, .number = value};
}

static void fill_arguments(BrimRow *row, const Layer *layer)
{
    BrimArgument *arguments = row->arguments;
    if (layer->channels)
        arguments[row->argument_count++] = number(layer->channels);
    if (layer->kernel)
        arguments[row->argument_count++] = number(layer->kernel);
    if (layer->stride)
        arguments[row->argument_count++] = number(layer->stride);
    if (layer->padding)
        arguments[row->argument_count++] = number(layer->padding);
    if (layer->module == BRIM_MODULE_C3)
        arguments[row->argument_count++].kind = layer->shortcut ? BRIM_ARGUMENT_TRUE : BRIM_ARGUMENT_FALSE;
    if (layer->module == BRIM_MODULE_UPSAMPLE) {
        arguments[1] = number(2);
        arguments[2] = (BrimArgument){.kind = BRIM_ARGUMENT_TEXT, .text = "nearest"};
        row->argument_count = 3;
    }
}

static void fill_rows(BrimRows *rows)
{
    for (int i = 0; i < LAYER_COUNT; i++) {
        BrimRow *row = &rows->rows[i];
        *row = (BrimRow){.file = "built-in table",
                         .index = i,
                         .from = {-1, layers[i].with},
                         .from_count = layers[i].module == BRIM_MODULE_CONCAT ? 2 : 1,
                         .repeats = layers[i].repeats,
                         .module = layers[i].module};
        fill_arguments(row, &layers[i]);
    }
    BrimRow *detect = &rows->rows[LAYER_COUNT];
    *detect = (BrimRow){.file = "built-in table",
                        .index = LAYER_COUNT,
                        .from_count = LEVEL_COUNT,
                        .repeats = 1,
                        .module = BRIM_MODULE_DETECT};
    memcpy(detect->from, head_layers, sizeof head_layers);
    rows->row_count = LAYER_COUNT + 1;
}

BrimStatus brim_rows_builtin(BrimRows *rows, const char *name)
{
    size_t length = strlen(name);
    const char *rest = strncmp(name, "yolov5", 6) == 0 ? name + 6 : name;
    bool known_form = strlen(rest) == 1 || (rest > name && strcmp(rest + 1, ".yaml") == 0);
    for (size_t i = 0; length && known_form && i < sizeof sizes / sizeof sizes[0]; i++) {
        if (rest[0] != sizes[i].letter)
            continue;
        *rows = (BrimRows){.class_count = 80,
                           .depth_multiple = sizes[i].depth,
                           .width_multiple = sizes[i].width,
                           .level_count = LEVEL_COUNT,
                           .anchor_count = ANCHOR_COUNT};
        snprintf(rows->name, sizeof rows->name, "yolov5%c", sizes[i].letter);
        for (int level = 0; level < LEVEL_COUNT; level++)
            memcpy(rows->anchors_px[level], anchors_px[level], sizeof anchors_px[level]);
        fill_rows(rows);
        return BRIM_OK;
    }
    return brim_fail(BRIM_ERROR_INPUT,
                     "no model \"%s\": it is neither a file nor one of yolov5n, yolov5s, yolov5m, yolov5l, yolov5x", name);
}
