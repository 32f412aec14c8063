/* The options of `brim watch`. */
#ifndef BRIM_CLI_WATCH_OPTIONS_H
#define BRIM_CLI_WATCH_OPTIONS_H

#include "cli/options.h"
#include "watch/lines.h"

typedef struct BrimWatchCommand {
    BrimWatchOptions run;
    bool json, csv;
    const char *serve;    /* an address; NULL: no server */
    char *const *command; /* NULL: none; else the words behind "--", NULL at their end */
} BrimWatchCommand;

/* Where help is asked for it is printed, and *help is true. ERROR_ARGUMENT also for options that exclude each
 * other. */
BrimStatus brim_watch_options_parse(BrimWatchCommand *command, int count, char *const *words, bool *help);

#endif
