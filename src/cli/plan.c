/* brim plan */
#include "cli/commands.h"
#include "cli/print.h"
#include "cli/train_options.h"

/* The plan in words, besides what every run says of it. */
static bool on_event(void *self, const BrimEvent *event)
{
    bool go_on = brim_print_event(self, event);
    if (event->kind == BRIM_EVENT_PLAN)
        fputs(event->text, stdout);
    return go_on;
}

int brim_command_plan(int count, char *const *words)
{
    const BrimOptionTable table = {
        "brim plan --data FILE [options]",
        "Plans a training run as `brim train` with the same options would, and says where its memory goes.",
        brim_train_options, brim_train_option_count};
    BrimTrainOptions options = brim_train_defaults();
    bool help = false;
    BrimStatus status = brim_options_parse(&table, count, words, &options, &help);
    if (status != BRIM_OK)
        return brim_command_end("plan", status);
    if (help) {
        brim_options_help(&table, &options, stdout);
        return BRIM_EXIT_DONE;
    }
    BrimPrint print;
    brim_print_open(&print);
    return brim_command_end("plan", brim_plan(&options, on_event, &print));
}
