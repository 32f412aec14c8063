/* The table of a model's layers. */
#include "report/model_table.h"

#include <stdarg.h>
#include <string.h>

#include "conf/count.h"

static const char *const module_texts[] = {
#define X(name, yaml, printed) yaml,
    BRIM_MODULE_LIST(X)
#undef X
};

/* Appends to a text that is cut where it would not fit. */
__attribute__((format(printf, 3, 4))) static void append(char *text, size_t bytes, const char *format, ...)
{
    size_t length = strlen(text);
    va_list args;
    va_start(args, format);
    vsnprintf(text + length, bytes - length, format, args);
    va_end(args);
}

static void append_list(char *text, size_t bytes, const int *values, int count)
{
    append(text, bytes, "[");
    for (int i = 0; i < count; i++)
        append(text, bytes, i ? ", %d" : "%d", values[i]);
    append(text, bytes, "]");
}

static void append_conv(char *text, const BrimLayer *layer)
{
    append(text, BRIM_ARGUMENTS_BYTES, ", %d, %d", layer->kernel, layer->stride);
    if (layer->padding != layer->kernel / 2 || !layer->activation)
        append(text, BRIM_ARGUMENTS_BYTES, ", %d", layer->padding);
    if (!layer->activation)
        append(text, BRIM_ARGUMENTS_BYTES, ", 1, 1, False");
}

static void append_detect(char *text, const BrimModel *model, const BrimLayer *layer)
{
    int channels[BRIM_MAX_LEVELS];
    for (int level = 0; level < model->level_count; level++)
        channels[level] = model->layers[layer->from[level]].out_channels;
    append(text, BRIM_ARGUMENTS_BYTES, "[%d, anchors, ", model->class_count);
    append_list(text, BRIM_ARGUMENTS_BYTES, channels, model->level_count);
    append(text, BRIM_ARGUMENTS_BYTES, "]");
}

const char *brim_model_arguments(const BrimModel *model, int index, char text[BRIM_ARGUMENTS_BYTES])
{
    const BrimLayer *layer = &model->layers[index];
    text[0] = '\0';
    if (layer->module == BRIM_MODULE_UPSAMPLE)
        append(text, BRIM_ARGUMENTS_BYTES, "[None, %d, 'nearest']", layer->scale);
    else if (layer->module == BRIM_MODULE_CONCAT)
        append(text, BRIM_ARGUMENTS_BYTES, "[1]");
    else if (layer->module == BRIM_MODULE_DETECT)
        append_detect(text, model, layer);
    if (text[0])
        return text;
    append(text, BRIM_ARGUMENTS_BYTES, "[%d, %d", layer->in_channels, layer->out_channels);
    if (layer->module == BRIM_MODULE_CONV)
        append_conv(text, layer);
    if (layer->module == BRIM_MODULE_C3)
        append(text, BRIM_ARGUMENTS_BYTES, ", %d", layer->repeats);
    if ((layer->module == BRIM_MODULE_C3 || layer->module == BRIM_MODULE_BOTTLENECK) && !layer->shortcut)
        append(text, BRIM_ARGUMENTS_BYTES, ", False");
    if (layer->module == BRIM_MODULE_SPPF)
        append(text, BRIM_ARGUMENTS_BYTES, ", %d", layer->kernel);
    if (layer->module == BRIM_MODULE_SPP) {
        append(text, BRIM_ARGUMENTS_BYTES, ", ");
        append_list(text, BRIM_ARGUMENTS_BYTES, layer->pool_kernels, layer->pool_count);
    }
    append(text, BRIM_ARGUMENTS_BYTES, "]");
    return text;
}

/* "-1" is the row before, as in a model file. */
static void print_from(char *text, size_t bytes, const BrimLayer *layer, int index)
{
    int from[BRIM_MAX_FROM];
    for (int i = 0; i < layer->from_count; i++)
        from[i] = layer->from[i] == index - 1 ? -1 : layer->from[i];
    text[0] = '\0';
    if (layer->from_count == 1)
        append(text, bytes, "%d", from[0]);
    else
        append_list(text, bytes, from, layer->from_count);
}

/* Four digits and a binary unit. */
static void print_bytes(char *text, size_t bytes, double amount)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    int unit = 0;
    for (; amount >= 1000 && unit < 4; unit++)
        amount /= 1024;
    snprintf(text, bytes, unit && amount < 100 ? "%.1f %s" : "%.0f %s", amount, units[unit]);
}

/* What one line of the table says; cells left empty print as spaces. */
typedef struct Line {
    char index[12], from[48], repeats[12], parameters[24], module[16], arguments[BRIM_ARGUMENTS_BYTES];
    char shape[40], gflops[24], output[24], weights[24];
} Line;

static void print_line(FILE *file, const Line *line)
{
    char text[512];
    int length = snprintf(text, sizeof text, "%3s %-8s %2s %9s  %-11s %-22s %12s %6s %8s %8s", line->index,
                          line->from, line->repeats, line->parameters, line->module, line->arguments,
                          line->shape, line->gflops, line->output, line->weights);
    while (length && text[length - 1] == ' ')
        length--;
    fprintf(file, "%.*s\n", length, text);
}

static void set_shape(Line *line, BrimLayerShape shape)
{
    snprintf(line->shape, sizeof line->shape, "%dx%dx%d", shape.channels, shape.height, shape.width);
}

/* Detect has one line a level, its lists broken over them. */
static void set_level(Line *line, const BrimModel *model, const BrimLayer *layer, int level)
{
    bool last = level + 1 == model->level_count;
    int channels = model->layers[layer->from[level]].out_channels;
    snprintf(line->from, sizeof line->from, "%c%d%c", level ? ' ' : '[', layer->from[level],
             last ? ']' : ',');
    line->arguments[0] = '\0';
    if (level == 0)
        append(line->arguments, sizeof line->arguments, "[%d, anchors, [", model->class_count);
    append(line->arguments, sizeof line->arguments, "%s%d%s", level ? " " : "", channels, last ? "]]" : ",");
}

static void print_layer(FILE *file, const BrimModel *model, int index, int imgsz_px)
{
    const BrimLayer *layer = &model->layers[index];
    BrimLayerCount count = brim_layer_count(model, index, imgsz_px, imgsz_px);
    double gflops = 2 * count.v7_macs / 1e9;
    Line line = {0};
    snprintf(line.index, sizeof line.index, "%d", index);
    snprintf(line.repeats, sizeof line.repeats, "%d", layer->repeats);
    snprintf(line.parameters, sizeof line.parameters, "%lld", (long long)count.parameters);
    snprintf(line.module, sizeof line.module, "%s", module_texts[layer->module]);
    snprintf(line.gflops, sizeof line.gflops, "%.*f", gflops < 100 ? 3 : 1, gflops);
    print_bytes(line.output, sizeof line.output, 4.0 * (double)count.output_elements);
    print_bytes(line.weights, sizeof line.weights, 4.0 * (double)count.parameters);
    print_from(line.from, sizeof line.from, layer, index);
    brim_model_arguments(model, index, line.arguments);
    for (int i = 0; i < count.shape_count; i++) {
        set_shape(&line, count.shapes[i]);
        if (layer->module == BRIM_MODULE_DETECT)
            set_level(&line, model, layer, i);
        print_line(file, &line);
        line = (Line){0};
    }
}

const char *brim_model_summary(const BrimModel *model, int imgsz_px, char *text, size_t bytes)
{
    BrimModelCount count = brim_model_count(model, imgsz_px, imgsz_px);
    bool family = strncmp(model->name, "yolov5", 6) == 0; /* which YOLOv5 writes in capitals */
    snprintf(text, bytes, "%s%s summary: %d layers, %lld parameters, %lld gradients, %.1f GFLOPs",
             family ? "YOLOv5" : "", model->name + (family ? 6 : 0), count.layers,
             (long long)count.parameters, (long long)count.parameters, count.gflops);
    return text;
}

BrimStatus brim_model_print(FILE *file, const BrimModel *model, int imgsz_px)
{
    int stride_px = brim_model_max_stride_px(model);
    char summary[192];
    if (imgsz_px < stride_px || imgsz_px % stride_px)
        return brim_fail(BRIM_ERROR_ARGUMENT, "pictures of %d px: %s needs a multiple of %d", imgsz_px,
                         model->name, stride_px);
    print_line(file, &(Line){"", "from", "n", "params", "module", "arguments", "shape", "GFLOPs", "output",
                             "weights"});
    for (int i = 0; i < model->layer_count; i++)
        print_layer(file, model, i, imgsz_px);
    fprintf(file, "%s\n", brim_model_summary(model, imgsz_px, summary, sizeof summary));
    return fflush(file) || ferror(file)
               ? brim_fail(BRIM_ERROR_IO, "the table of %s could not be written", model->name)
               : BRIM_OK;
}
