/* The command: finds the subcommand and turns its outcome into an exit code. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"

typedef struct Command {
    const char *name;
    const char *text;
    int (*run)(int count, char *const *words);
} Command;

static const Command commands[] = {
#define X(name, text) {#name, text, brim_command_##name},
    BRIM_COMMAND_LIST(X)
#undef X
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static void print_help(FILE *file)
{
    fprintf(file, "brim %s: YOLOv5 detectors, trained inside exactly the memory they were given.\n\n",
            brim_version());
    for (int i = 0; i < COMMAND_COUNT; i++)
        fprintf(file, "  brim %-8s %s\n", commands[i].name, commands[i].text);
    fprintf(file, "\n`brim COMMAND --help` lists a command's options.\n"
                  "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 does not fit in the memory given.\n");
}

int main(int count, char **words)
{
    signal(SIGPIPE, SIG_IGN); /* `brim plan | head` is no crash */
    if (count < 2) {
        print_help(stderr);
        return BRIM_EXIT_USAGE;
    }
    const char *name = words[1];
    if (strcmp(name, "--version") == 0) {
        printf("brim %s\n", brim_version());
        return BRIM_EXIT_DONE;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        print_help(stdout);
        return BRIM_EXIT_DONE;
    }
    for (int i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(name, commands[i].name) == 0)
            return commands[i].run(count - 2, words + 2);
    }
    fprintf(stderr, "brim: there is no command \"%s\".\n\n", name);
    print_help(stderr);
    return BRIM_EXIT_USAGE;
}
