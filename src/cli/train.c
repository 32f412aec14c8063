/* brim train */
#include "cli/commands.h"
#include "cli/print.h"
#include "cli/train_options.h"

int brim_command_train(int count, char *const *words)
{
    const BrimOptionTable table = {
        "brim train --data FILE [options]",
        "Trains a YOLOv5 detector. Memory is planned to the byte before the first step, and a step takes "
        "none. "
        "The run's folder gets results.csv and .png, plan.txt, opt.yaml, hyp.yaml and "
        "weights/best.safetensors.",
        brim_train_options, brim_train_option_count};
    BrimTrainOptions options = brim_train_defaults();
    bool help = false;
    BrimStatus status = brim_options_parse(&table, count, words, &options, &help);
    if (status != BRIM_OK)
        return brim_command_end("train", status);
    if (help) {
        brim_options_help(&table, &options, stdout);
        return BRIM_EXIT_DONE;
    }
    BrimPrint print;
    brim_print_open(&print);
    return brim_command_end("train", brim_train(&options, brim_print_event, &print));
}
