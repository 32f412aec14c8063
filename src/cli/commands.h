/* The commands: each reads its words, runs, prints, and says with which code the process ends. */
#ifndef BRIM_CLI_COMMANDS_H
#define BRIM_CLI_COMMANDS_H

#include "brim.h"

/* Exit codes of the process. */
enum { BRIM_EXIT_DONE = 0, BRIM_EXIT_FAILED = 1, BRIM_EXIT_USAGE = 2, BRIM_EXIT_FIT = 3 };

/* name, what `brim` alone says about it */
#define BRIM_COMMAND_LIST(X)                                                                                   \
    X(train, "trains a detector, inside the memory it is given")                                               \
    X(val, "measures a model on pictures with labels")                                                         \
    X(detect, "finds objects in pictures")                                                                     \
    X(plan, "says what memory a training run takes, to the byte, without starting it")                         \
    X(bench, "times a model batch size by batch size, and says which one pays")                                \
    X(watch, "shows what GPUs, host and processes do, or what one command takes")                              \
    X(model, "prints a model's layers, parameters, operations and bytes")                                      \
    X(data, "draws a small picture set to try a training with")

/* words: those behind the command's name. */
#define X(name, text) int brim_command_##name(int count, char *const *words);
BRIM_COMMAND_LIST(X)
#undef X

/* brim plan --csv: a placement problem from elsewhere. */
int brim_command_plan_csv(int count, char *const *words);

/* The exit code for a command's outcome; says on stderr what went wrong. */
int brim_command_end(const char *command, BrimStatus status);

#endif
