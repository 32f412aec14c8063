/* brim val */
#include <stdio.h>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/print.h"

#define AT(field) offsetof(BrimValOptions, field)
static const BrimOption options_of_val[] = {
    {.names = "data",
     .kind = BRIM_OPTION_TEXT,
     .offset = AT(data),
     .value = "FILE",
     .required = true,
     .help = "the data.yaml"},
    {.names = "weights",
     .kind = BRIM_OPTION_TEXT,
     .offset = AT(weights),
     .value = "FILE",
     .help = "a .pt of YOLOv5 or a .safetensors of brim"},
    {.names = "task",
     .kind = BRIM_OPTION_CHOICE,
     .offset = AT(task),
     .value = "val|test|train",
     .help = "the split"},
    {.names = "batch-size batch",
     .kind = BRIM_OPTION_INT,
     .offset = AT(batch_size),
     .low = 1,
     .high = 65536,
     .value = "N",
     .help = "pictures of a batch"},
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
    {.names = "workers",
     .kind = BRIM_OPTION_INT,
     .offset = AT(workers),
     .low = -1,
     .high = 256,
     .value = "N",
     .help = "threads that read ahead; -1: brim chooses"},
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
    {.names = "verbose",
     .kind = BRIM_OPTION_FLAG,
     .offset = AT(verbose),
     .help = "a line for each class, also when there are 50 or more"},
};
#undef AT
static const BrimOptionTable table = {"brim val --data FILE [options]",
                                      "Measures how good a model is on pictures with labels: precision, "
                                      "recall, mAP. The run's folder gets results.json.",
                                      options_of_val, sizeof options_of_val / sizeof options_of_val[0]};

int brim_command_val(int count, char *const *words)
{
    BrimValOptions options = brim_val_defaults();
    BrimPrint print;
    bool help = false;
    BrimStatus status = brim_options_parse(&table, count, words, &options, &help);
    if (status == BRIM_OK && help) {
        brim_options_help(&table, &options, stdout);
        return BRIM_EXIT_DONE;
    }
    if (status == BRIM_OK) {
        brim_print_open(&print);
        status = brim_val(&options, brim_print_event, &print);
    }
    return brim_command_end("val", status);
}
