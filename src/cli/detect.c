/* brim detect */
#include <stdio.h>

#include "cli/commands.h"
#include "cli/options.h"
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
    {.names = "weights",
     .kind = BRIM_OPTION_TEXT,
     .offset = AT(weights),
     .value = "FILE",
     .help = "a .pt of YOLOv5 or a .safetensors of brim"},
    {.names = "data",
     .kind = BRIM_OPTION_TEXT,
     .offset = AT(data),
     .value = "FILE",
     .help = "a data.yaml with the class names, where the weights have none"},
    {.names = "imgsz img img-size",
     .kind = BRIM_OPTION_INT,
     .offset = AT(imgsz),
     .low = 32,
     .high = 8192,
     .value = "PX",
     .help = "longer side of the network's input"},
    {.names = "conf-thres",
     .kind = BRIM_OPTION_DOUBLE,
     .offset = AT(conf_thres),
     .low = 0,
     .high = 1,
     .value = "X",
     .help = "least confidence of a detection"},
    {.names = "iou-thres",
     .kind = BRIM_OPTION_DOUBLE,
     .offset = AT(iou_thres),
     .low = 0,
     .high = 1,
     .value = "X",
     .help = "IoU above which NMS takes two boxes for one"},
    {.names = "max-det",
     .kind = BRIM_OPTION_INT,
     .offset = AT(max_det),
     .low = 1,
     .high = 30000,
     .value = "N",
     .help = "most detections of a picture"},
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
    {.names = "memory",
     .kind = BRIM_OPTION_BYTES,
     .offset = AT(memory_bytes),
     .low = 1,
     .high = 1e15,
     .value = "BYTES",
     .help = "the process must fit in so much, such as 512M or 8G; it ends with code 3 otherwise"},
    {.names = "device",
     .kind = BRIM_OPTION_TEXT,
     .offset = AT(device),
     .value = "NAME",
     .help = "auto, cpu, or a card by its number: 0, cuda:0; auto is the first card there is, else the CPU (default auto)"},
    {.names = "threads",
     .kind = BRIM_OPTION_INT,
     .offset = AT(threads),
     .low = 0,
     .high = 1024,
     .value = "N",
     .help = "threads that compute; 0: as many as cores"},
    {.names = "project",
     .kind = BRIM_OPTION_TEXT,
     .offset = AT(project),
     .value = "FOLDER",
     .help = "where the run's folder is made"},
    {.names = "name",
     .kind = BRIM_OPTION_TEXT,
     .offset = AT(name),
     .value = "NAME",
     .help = "of the run's folder; numbered when it is there already"},
    {.names = "exist-ok",
     .kind = BRIM_OPTION_FLAG,
     .offset = AT(exist_ok),
     .help = "takes the folder as it is there"},
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
