/* brim detect */
#include <stdio.h>

#include "cli/commands.h"
#include "cli/options_shared.h"
#include "cli/print.h"

typedef struct DetectOptions {
    BrimDetectOptions run;
    BrimOptionInts classes;
} DetectOptions;

#define AT(field) offsetof(DetectOptions, run.field)
static const BrimOption options_of_detect[] = {
    {.names = "source",
     .kind = BRIM_OPTION_TEXT,
     .offset = AT(source),
     .value = "PATH",
     .required = true,
     .help = "a picture, a folder or a list file (.txt, one path a line)"},
    {.as = &brim_option_weights, .offset = AT(weights)},
    {.names = "data",
     .kind = BRIM_OPTION_TEXT,
     .offset = AT(data),
     .value = "FILE",
     .help = "a data.yaml with the class names, where the weights have none"},
    {.as = &brim_option_longer_side, .offset = AT(imgsz)},
    {.as = &brim_option_conf_thres, .offset = AT(conf_thres)},
    {.as = &brim_option_iou_thres, .offset = AT(iou_thres)},
    {.as = &brim_option_max_det, .offset = AT(max_det)},
    {.names = "classes",
     .kind = BRIM_OPTION_INTS,
     .offset = offsetof(DetectOptions, classes),
     .low = 0,
     .high = 9999,
     .value = "N",
     .help = "only these classes: --classes 0 2 3"},
    {.names = "agnostic-nms",
     .kind = BRIM_OPTION_FLAG,
     .offset = AT(agnostic_nms),
     .help = "boxes suppress those of other classes too"},
    {.names = "save-txt",
     .kind = BRIM_OPTION_FLAG,
     .offset = AT(save_txt),
     .help = "writes labels/NAME.txt: class x y w h, as fractions of the picture"},
    {.names = "save-conf",
     .kind = BRIM_OPTION_FLAG,
     .offset = AT(save_conf),
     .help = "adds the confidence to those lines"},
    {.names = "save-json",
     .kind = BRIM_OPTION_FLAG,
     .offset = AT(save_json),
     .help = "writes predictions.json: image, category_id, bbox [x, y, w, h] in px, score"},
    {.names = "nosave",
     .kind = BRIM_OPTION_FLAG,
     .offset = AT(nosave),
     .help = "writes no pictures with boxes"},
    {.names = "line-thickness",
     .kind = BRIM_OPTION_INT,
     .offset = AT(line_thickness),
     .low = 0,
     .high = 100,
     .value = "PX",
     .help = "of the boxes' lines; 0: as suits the picture"},
    {.names = "hide-labels",
     .kind = BRIM_OPTION_FLAG,
     .offset = AT(hide_labels),
     .help = "draws boxes without class and confidence"},
    {.names = "hide-conf",
     .kind = BRIM_OPTION_FLAG,
     .offset = AT(hide_conf),
     .help = "draws boxes with their class alone"},
    {.as = &brim_option_memory, .offset = AT(memory_bytes)},
    {.as = &brim_option_device, .offset = AT(device)},
    {.as = &brim_option_threads, .offset = AT(threads)},
    {.as = &brim_option_project, .offset = AT(project)},
    {.as = &brim_option_name_of_run, .offset = AT(name)},
    {.as = &brim_option_exist_ok, .offset = AT(exist_ok)},
};
#undef AT
static const BrimOptionTable table = {
    "brim detect --source PATH [options]",
    "Finds objects in pictures. The run's folder gets the pictures with boxes, and what else is asked for.",
    options_of_detect, sizeof options_of_detect / sizeof options_of_detect[0]};

int brim_command_detect(int count, char *const *words)
{
    DetectOptions options = {.run = brim_detect_defaults()};
    BrimPrint print;
    bool help = false;
    BrimStatus status = brim_options_parse(&table, count, words, &options, &help);
    if (status == BRIM_OK && help) {
        brim_options_help(&table, &options, stdout);
        return BRIM_EXIT_DONE;
    }
    if (status == BRIM_OK) {
        options.run.classes = options.classes.count ? options.classes.values : NULL;
        options.run.class_count = options.classes.count;
        brim_print_open(&print);
        status = brim_detect(&options.run, brim_print_event, &print);
    }
    return brim_command_end("detect", status);
}
