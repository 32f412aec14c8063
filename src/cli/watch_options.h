/* The options of `brim watch`. */
#ifndef BRIM_CLI_WATCH_OPTIONS_H
#define BRIM_CLI_WATCH_OPTIONS_H

#include "cli/options.h"
#include "watch/lines.h"

typedef struct BrimWatchCommand {
    BrimWatchOptions run;
    bool json, csv;
    const char *serve;     /* an address, and a port; NULL: not asked for */
    char *const *command; /* NULL: none; else the words behind "--", NULL at their end */
} BrimWatchCommand;

/* Where help is asked for it is printed, and *help is true. ERROR_ARGUMENT also for options that exclude each
 * other. */
BrimStatus brim_watch_options_parse(BrimWatchCommand *command, int count, char *const *words, bool *help);

/* Serves as `--serve` says, until it is stopped (watch_serve.c). */
BrimStatus brim_watch_serve(const BrimWatchCommand *command);

#endif
