/* The options of `brim bench`. */
#ifndef BRIM_CLI_BENCH_OPTIONS_H
#define BRIM_CLI_BENCH_OPTIONS_H

#include "cli/options.h"

typedef struct BrimBenchCommand {
    BrimBenchOptions run; /* its batch_sizes point to those below, where some were given */
    BrimOptionInts batch_sizes;
} BrimBenchCommand;

/* Where help is asked for it is printed, and *help is true. */
BrimStatus brim_bench_options_parse(BrimBenchCommand *command, int count, char *const *words, bool *help);

#endif
