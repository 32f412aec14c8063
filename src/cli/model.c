/* brim model */
#include "cli/commands.h"
#include "cli/options_shared.h"
#include "report/model_table.h"
#include "run/model_file.h"

typedef struct ModelOptions {
    const char *model; /* a built-in name, a model yaml, or a weights file */
    int nc;            /* 0: the model's own */
    int imgsz;
} ModelOptions;

#define AT(field) offsetof(ModelOptions, field)
static const BrimOption options_of_model[] = {
    {.names = "model",
     .kind = BRIM_OPTION_WORD,
     .offset = AT(model),
     .required = true,
     .help = "yolov5n, s, m, l or x, a model file in YOLOv5's yaml form, or weights (.pt, .safetensors)"},
    {.as = &brim_option_nc, .offset = AT(nc)},
    {.as = &brim_option_side, .offset = AT(imgsz)},
};
#undef AT
static const BrimOptionTable table = {
    "brim model MODEL [options]",
    "Prints a model's layers with their shapes, parameters, operations and bytes.", options_of_model,
    sizeof options_of_model / sizeof options_of_model[0]};

int brim_command_model(int count, char *const *words)
{
    ModelOptions options = {.imgsz = 640};
    BrimModel model;
    bool help = false;
    BrimStatus status = brim_options_parse(&table, count, words, &options, &help);
    if (status == BRIM_OK && help) {
        brim_options_help(&table, &options, stdout);
        return BRIM_EXIT_DONE;
    }
    if (status == BRIM_OK)
        status = brim_model_find(&model, options.model, options.nc);
    if (status == BRIM_OK)
        status = brim_model_print(stdout, &model, options.imgsz);
    return brim_command_end("model", status);
}
