/* The table of `brim watch`. */
#include "cli/watch_options.h"

#include <string.h>
#include <unistd.h>

#define AT(field) offsetof(BrimWatchCommand, field)
static const BrimOption options_of_watch[] = {
    {.names = "once",
     .kind = BRIM_OPTION_FLAG,
     .offset = AT(run.once),
     .help = "one sample, with rates, after 0.3 s"},
    {.names = "json", .kind = BRIM_OPTION_FLAG, .offset = AT(json), .help = "a sample is a line of JSON"},
    {.names = "csv",
     .kind = BRIM_OPTION_FLAG,
     .offset = AT(csv),
     .help = "a device of a sample is a line of CSV"},
    {.names = "interval",
     .kind = BRIM_OPTION_DOUBLE,
     .offset = AT(run.interval_s),
     .low = 0.01,
     .high = 86400,
     .value = "SECONDS",
     .help = "between samples; without it 1, and 0.1 for a command"},
    {.names = "count",
     .kind = BRIM_OPTION_INT,
     .offset = AT(run.count),
     .low = 0,
     .high = 2e9,
     .value = "N",
     .help = "so many samples; 0: until stopped"},
    {.names = "trace",
     .kind = BRIM_OPTION_TEXT,
     .offset = AT(run.trace),
     .value = "FILE",
     .help = "shows what --json --out recorded, not this machine"},
    {.names = "serve",
     .kind = BRIM_OPTION_TEXT,
     .offset = AT(serve),
     .value = "ADDRESS:PORT",
     .alone = "127.0.0.1:9400",
     .help = "a live page, metrics for Prometheus and JSON over HTTP; alone: 127.0.0.1:9400"},
    {.names = "out",
     .kind = BRIM_OPTION_TEXT,
     .offset = AT(run.out),
     .value = "FILE",
     .help = "samples go there: JSON, or CSV where the name ends in .csv or --csv is given"},
};
#undef AT
static const BrimOptionTable table = {
    "brim watch [options] [-- COMMAND ...]",
    "Shows what every GPU, the host and the processes on them do. With a command it runs that, and says at "
    "the end what "
    "memory it and each device took at most and on average; it ends as the command ended.",
    options_of_watch, sizeof options_of_watch / sizeof options_of_watch[0]};

static BrimStatus refuse(const char *sentence)
{
    return brim_fail(BRIM_ERROR_ARGUMENT, "%s", sentence);
}

static BrimStatus check(const BrimWatchCommand *command)
{
    const BrimWatchOptions *run = &command->run;
    if (command->json && command->csv)
        return refuse("--json or --csv, not both");
    if (run->once && run->count)
        return refuse("--once is one sample; leave --count out");
    if (run->trace && run->out && strcmp(run->trace, run->out) == 0)
        return refuse("--trace and --out are one file");
    if (command->serve &&
        (command->command || command->json || command->csv || run->once || run->count || run->out))
        return refuse("--serve goes with --interval and --trace alone");
    if (!command->command)
        return BRIM_OK;
    if (run->once || run->count || run->trace)
        return refuse("a command is watched until it ends: --once, --count and --trace do not go with it");
    if ((command->json || command->csv) && !run->out)
        return refuse("the output is the command's own: say with --out FILE where the samples go");
    return BRIM_OK;
}

static bool ends_in_csv(const char *name)
{
    size_t length = strlen(name);
    return length >= 4 && strcmp(name + length - 4, ".csv") == 0;
}

/* What follows from what was given. */
static BrimWatchForm form_of(const BrimWatchCommand *command)
{
    if (command->json || command->csv)
        return command->csv ? BRIM_WATCH_CSV : BRIM_WATCH_JSON;
    if (!command->run.out)
        return BRIM_WATCH_TABLE;
    return ends_in_csv(command->run.out) ? BRIM_WATCH_CSV : BRIM_WATCH_JSON;
}

BrimStatus brim_watch_options_parse(BrimWatchCommand *command, int count, char *const *words, bool *help)
{
    int ours = 0;
    *command = (BrimWatchCommand){.run = {.descriptor = STDOUT_FILENO}};
    while (ours < count && strcmp(words[ours], "--") != 0)
        ours++;
    BrimStatus status = brim_options_parse(&table, ours, words, command, help);
    if (*help)
        brim_options_help(&table, command, stdout);
    if (*help || status != BRIM_OK)
        return status;
    if (ours < count)
        command->command = words + ours + 1;
    if (command->command && !command->command[0])
        return refuse("behind -- there is no command");
    command->run.form = form_of(command);
    if (command->run.interval_s == 0)
        command->run.interval_s = command->command ? 0.1 : 1;
    return check(command);
}
