/* brim val */
#include <stdio.h>

#include "cli/commands.h"
#include "cli/options_shared.h"
#include "cli/print.h"
#include "run/ranges.h"

#define AT(field) offsetof(BrimValOptions, field)
static const BrimOption options_of_val[] = {
    {.names = "data",
     .kind = BRIM_OPTION_TEXT,
     .offset = AT(data),
     .value = "FILE",
     .required = true,
     .help = "the data.yaml"},
    {.as = &brim_option_weights, .offset = AT(weights)},
    {.names = "task",
     .kind = BRIM_OPTION_CHOICE,
     .offset = AT(task),
     .value = "val|test|train",
     .help = "the split"},
    {.names = "batch-size batch",
     .kind = BRIM_OPTION_INT,
     .offset = AT(batch_size),
     .low = 1,
     .high = BRIM_MOST_BATCH,
     .value = "N",
     .help = "pictures of a batch"},
    {.as = &brim_option_longer_side, .offset = AT(imgsz)},
    {.as = &brim_option_conf_thres, .offset = AT(conf_thres)},
    {.as = &brim_option_iou_thres, .offset = AT(iou_thres)},
    {.as = &brim_option_max_det, .offset = AT(max_det)},
    {.as = &brim_option_memory, .offset = AT(memory_bytes)},
    {.as = &brim_option_device, .offset = AT(device)},
    {.names = "workers",
     .kind = BRIM_OPTION_INT,
     .offset = AT(workers),
     .low = -1,
     .high = BRIM_MOST_WORKERS,
     .value = "N",
     .help = "threads that read ahead; -1: brim chooses"},
    {.as = &brim_option_threads, .offset = AT(threads)},
    {.as = &brim_option_project, .offset = AT(project)},
    {.as = &brim_option_name_of_run, .offset = AT(name)},
    {.as = &brim_option_exist_ok, .offset = AT(exist_ok)},
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
