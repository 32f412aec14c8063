/* Architectures: the built-in family, and files in YOLOv5's yaml form. Both become the same rows (from, repeats,
 * module, arguments), which are then resolved one after another. */
#include "conf/model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "conf/model_rows.h"

enum { MOST_YAML_BYTES = 1 << 20 };

static const char *const module_names[] = {
#define X(name, yaml, printed) yaml,
    BRIM_MODULE_LIST(X)
#undef X
};

/* Channels after the width multiple: up to the next multiple of 8. */
static int scaled_channels(const BrimModel *model, double channels)
{
    return (int)ceil(channels * model->width_multiple / 8) * 8;
}

/* Repeats after the depth multiple; rint rounds halves to even, as Python does. */
static int scaled_repeats(const BrimModel *model, int repeats)
{
    int scaled = (int)rint(repeats * model->depth_multiple);
    return repeats > 1 && scaled > 1 ? scaled : 1;
}

static BrimStatus complain(const BrimRow *row, const char *what)
{
    return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: layer %d (%s): %s", row->file, row->line, row->index,
                     module_names[row->module], what);
}

/* Channels and reduction of a layer's output, or of the picture. */
static int channels_of(const BrimModel *model, int layer)
{
    return layer < 0 ? 3 : model->layers[layer].out_channels;
}

static int reduction_of(const BrimModel *model, int layer)
{
    return layer < 0 ? 1 : model->layers[layer].reduction;
}

static BrimStatus resolve_from(const BrimModel *model, const BrimRow *row, BrimLayer *layer)
{
    layer->from_count = row->from_count;
    for (int i = 0; i < row->from_count; i++) {
        int from = row->from[i] < 0 ? row->index + row->from[i] : row->from[i];
        bool picture = row->index == 0 && from == -1;
        if (!picture && (from < 0 || from >= row->index))
            return complain(row, "reads a layer that does not stand before it");
        layer->from[i] = from;
        if (!picture && model->layers[from].module == BRIM_MODULE_DETECT)
            return complain(row, "reads the output of Detect");
    }
    layer->in_channels = channels_of(model, layer->from[0]);
    layer->reduction = reduction_of(model, layer->from[0]);
    if (row->from_count > 1 && row->module != BRIM_MODULE_CONCAT && row->module != BRIM_MODULE_DETECT)
        return complain(row, "takes one input only");
    return BRIM_OK;
}

/* Argument i as a whole number within bounds, or `otherwise` where it is not given. */
static bool whole_argument(const BrimRow *row, int i, int low, int high, int otherwise, int *value)
{
    *value = otherwise;
    if (i >= row->argument_count || row->arguments[i].kind == BRIM_ARGUMENT_NONE)
        return true;
    double number = row->arguments[i].number;
    *value = (int)number;
    return row->arguments[i].kind == BRIM_ARGUMENT_NUMBER && number == floor(number) && number >= low &&
           number <= high;
}

static BrimStatus resolve_conv(const BrimRow *row, BrimLayer *layer)
{
    bool fits = whole_argument(row, 1, 1, 31, 1, &layer->kernel) && whole_argument(row, 2, 1, 8, 1, &layer->stride) &&
                whole_argument(row, 3, 0, 31, layer->kernel / 2, &layer->padding);
    int groups = 1;
    fits = fits && whole_argument(row, 4, 1, 1, 1, &groups);
    if (!fits || row->argument_count > 6)
        return complain(row, "arguments are [channels, kernel, stride, padding, groups = 1, activation]");
    layer->activation = row->argument_count < 6 || row->arguments[5].kind != BRIM_ARGUMENT_FALSE;
    layer->reduction *= layer->stride;
    return BRIM_OK;
}

static BrimStatus resolve_shortcut(const BrimRow *row, BrimLayer *layer)
{
    bool given = row->argument_count > 1;
    BrimArgumentKind kind = given ? row->arguments[1].kind : BRIM_ARGUMENT_TRUE;
    if (row->argument_count > 2 || (kind != BRIM_ARGUMENT_TRUE && kind != BRIM_ARGUMENT_FALSE))
        return complain(row, "arguments are [channels, shortcut: True or False]");
    layer->shortcut = kind == BRIM_ARGUMENT_TRUE;
    return BRIM_OK;
}

static BrimStatus resolve_spp(const BrimRow *row, BrimLayer *layer)
{
    if (row->module == BRIM_MODULE_SPPF) {
        if (row->argument_count > 2 || !whole_argument(row, 1, 1, 31, 5, &layer->kernel) || layer->kernel % 2 == 0)
            return complain(row, "arguments are [channels, kernel], the kernel odd");
        return BRIM_OK;
    }
    const int standard[3] = {5, 9, 13};
    bool listed = row->argument_count > 1;
    layer->pool_count = listed ? row->arguments[1].list_count : 3;
    if (layer->pool_count < 1 || layer->pool_count > 4)
        return complain(row, "arguments are [channels, [kernels]], one to four of them");
    for (int i = 0; i < layer->pool_count; i++) {
        layer->pool_kernels[i] = listed ? (int)row->arguments[1].list[i] : standard[i];
        if (layer->pool_kernels[i] < 1 || layer->pool_kernels[i] > 31 || layer->pool_kernels[i] % 2 == 0)
            return complain(row, "pooling kernels must be odd, 1 to 31");
    }
    return BRIM_OK;
}

static BrimStatus resolve_concat(const BrimModel *model, const BrimRow *row, BrimLayer *layer)
{
    layer->in_channels = 0;
    for (int i = 0; i < layer->from_count; i++) {
        if (reduction_of(model, layer->from[i]) != layer->reduction)
            return complain(row, "its inputs differ in size");
        layer->in_channels += channels_of(model, layer->from[i]);
    }
    layer->out_channels = layer->in_channels;
    return BRIM_OK;
}

static BrimStatus resolve_upsample(const BrimRow *row, BrimLayer *layer)
{
    layer->scale = 2;
    bool twice = row->argument_count == 3 && row->arguments[0].kind == BRIM_ARGUMENT_NONE &&
                 row->arguments[1].kind == BRIM_ARGUMENT_NUMBER && row->arguments[1].number == 2 &&
                 row->arguments[2].kind == BRIM_ARGUMENT_TEXT && strcmp(row->arguments[2].text, "nearest") == 0;
    if (!twice || layer->reduction % 2)
        return complain(row, "only [None, 2, \"nearest\"] is supported, of a layer smaller than the picture");
    layer->reduction /= 2;
    layer->out_channels = layer->in_channels;
    return BRIM_OK;
}

static BrimStatus resolve_detect(BrimModel *model, const BrimRow *row, BrimLayer *layer)
{
    if (layer->from_count != model->level_count)
        return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: Detect reads %d layers, but there are %d rows of anchors",
                         row->file, row->line, layer->from_count, model->level_count);
    for (int level = 0; level < layer->from_count; level++)
        model->stride_px[level] = reduction_of(model, layer->from[level]);
    return BRIM_OK;
}

/* Modules whose first argument is their number of channels. */
static BrimStatus resolve_channels(const BrimModel *model, const BrimRow *row, BrimLayer *layer)
{
    int channels;
    if (row->argument_count < 1 || !whole_argument(row, 0, 1, 65536, 0, &channels) || channels < 1)
        return complain(row, "the first argument must be its channels, 1 to 65536");
    layer->out_channels = scaled_channels(model, channels);
    return BRIM_OK;
}

static BrimStatus resolve(BrimModel *model, const BrimRow *row)
{
    BrimLayer layer = {.module = row->module, .repeats = scaled_repeats(model, row->repeats), .activation = true};
    BrimStatus status = resolve_from(model, row, &layer);
    bool has_channels = row->module != BRIM_MODULE_UPSAMPLE && row->module != BRIM_MODULE_CONCAT &&
                        row->module != BRIM_MODULE_DETECT;
    if (status == BRIM_OK && has_channels)
        status = resolve_channels(model, row, &layer);
    if (status == BRIM_OK && layer.repeats > 1 && row->module != BRIM_MODULE_C3)
        status = complain(row, "only C3 can be repeated");
    if (status != BRIM_OK)
        return status;
    switch (row->module) {
    case BRIM_MODULE_CONV:
        status = resolve_conv(row, &layer);
        break;
    case BRIM_MODULE_BOTTLENECK:
    case BRIM_MODULE_C3:
        status = resolve_shortcut(row, &layer);
        break;
    case BRIM_MODULE_SPP:
    case BRIM_MODULE_SPPF:
        status = resolve_spp(row, &layer);
        break;
    case BRIM_MODULE_CONCAT:
        status = resolve_concat(model, row, &layer);
        break;
    case BRIM_MODULE_UPSAMPLE:
        status = resolve_upsample(row, &layer);
        break;
    default:
        status = resolve_detect(model, row, &layer);
    }
    model->layers[row->index] = layer;
    model->layer_count = row->index + 1;
    return status;
}

/* Turns the rows' settings into a model. */
static BrimStatus resolve_rows(BrimModel *model, const BrimRows *rows, int class_count)
{
    *model = (BrimModel){.depth_multiple = rows->depth_multiple,
                         .width_multiple = rows->width_multiple,
                         .class_count = class_count > 0 ? class_count : rows->class_count,
                         .level_count = rows->level_count,
                         .anchor_count = rows->anchor_count};
    snprintf(model->name, sizeof model->name, "%s", rows->name);
    memcpy(model->anchors_px, rows->anchors_px, sizeof model->anchors_px);
    for (int i = 0; i < rows->row_count; i++) {
        BrimStatus status = resolve(model, &rows->rows[i]);
        if (status != BRIM_OK)
            return status;
    }
    if (rows->row_count < 2 || model->layers[rows->row_count - 1].module != BRIM_MODULE_DETECT)
        return brim_fail(BRIM_ERROR_INPUT, "%s: the last layer must be Detect", rows->name);
    for (int i = 0; i < rows->row_count - 1; i++) {
        if (model->layers[i].module == BRIM_MODULE_DETECT)
            return brim_fail(BRIM_ERROR_INPUT, "%s: layer %d is Detect, but not the last layer", rows->name, i);
    }
    return BRIM_OK;
}

static BrimStatus with_rows(BrimModel *model, int class_count, BrimStatus (*fill)(BrimRows *, const void *),
                            const void *source)
{
    BrimRows *rows = brim_mem_take(BRIM_MEM_CONF, 1, sizeof *rows);
    if (!rows)
        return BRIM_ERROR_MEMORY;
    BrimStatus status = fill(rows, source);
    if (status == BRIM_OK)
        status = resolve_rows(model, rows, class_count);
    brim_mem_give(rows);
    return status;
}

typedef struct Text {
    const char *name;
    const char *text;
    size_t bytes;
} Text;

static BrimStatus fill_from_yaml(BrimRows *rows, const void *source)
{
    const Text *text = source;
    return brim_rows_parse(rows, text->name, text->text, text->bytes);
}

static BrimStatus fill_from_table(BrimRows *rows, const void *source)
{
    return brim_rows_builtin(rows, source);
}

BrimStatus brim_model_parse(BrimModel *model, const char *name, const char *text, size_t bytes, int class_count)
{
    return with_rows(model, class_count, fill_from_yaml, &(Text){name, text, bytes});
}

BrimStatus brim_model_load(BrimModel *model, const char *name_or_path, int class_count)
{
    char *text;
    size_t bytes;
    if (!brim_file_exists(name_or_path))
        return with_rows(model, class_count, fill_from_table, name_or_path);
    BrimStatus status = brim_file_read(name_or_path, MOST_YAML_BYTES, &text, &bytes);
    if (status != BRIM_OK)
        return status;
    status = brim_model_parse(model, name_or_path, text, bytes, class_count);
    brim_mem_give(text);
    return status;
}

int brim_model_max_stride_px(const BrimModel *model)
{
    int most = 1;
    for (int i = 0; i < model->layer_count - 1; i++)
        most = model->layers[i].reduction > most ? model->layers[i].reduction : most;
    return most;
}
