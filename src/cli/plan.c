/* brim plan: of a run, which --data describes, or --resume names, of a model, or of somebody else's placement problem. */
#include <string.h>

#include "cli/commands.h"
#include "cli/plan_model.h"
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

/* --data FILE or --data=FILE, say, stands among the words. */
static bool has_option(int count, char *const *words, const char *name)
{
    size_t length = strlen(name);
    for (int i = 0; i < count; i++) {
        if (strncmp(words[i], name, length) == 0 && (words[i][length] == '\0' || words[i][length] == '='))
            return true;
    }
    return false;
}

int brim_command_plan(int count, char *const *words)
{
    if (has_option(count, words, "--csv"))
        return brim_command_plan_csv(count, words);
    if (!has_option(count, words, "--data") && !has_option(count, words, "--resume"))
        return brim_plan_model_command(count, words);
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
