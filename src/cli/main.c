/* The command: finds the subcommand and turns its outcome into an exit code. */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/commands.h"
#include "conf/nearest.h"

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

static void refuse(const char *name)
{
    const char *names[COMMAND_COUNT];
    for (int i = 0; i < COMMAND_COUNT; i++)
        names[i] = commands[i].name;
    const char *nearest = brim_nearest(name, names, COMMAND_COUNT);
    fprintf(stderr, "brim: there is no command \"%s\"%s%s%s\n\n", name, nearest ? "; " : "",
            nearest ? nearest : "", nearest ? " is meant?" : "");
    print_help(stderr);
}

/* OpenMP's threads spin while they wait unless they are told not to, which makes a step several times slower
 * where another program runs beside. The runtime reads the variable before main, so the program starts once
 * more with it. */
static void wait_without_spinning(char **words)
{
    static const char *const computing[] = {"train", "val", "detect", "bench"};
    char path[PATH_MAX];
    bool computes = false;
    for (size_t i = 0; i < sizeof computing / sizeof computing[0]; i++)
        computes = computes || strcmp(words[1], computing[i]) == 0;
    /* By its own path: the kernel would call a process "exe" that was started by /proc/self/exe. */
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    path[length > 0 ? length : 0] = '\0';
    if (computes && length > 0 && !getenv("OMP_WAIT_POLICY") && setenv("OMP_WAIT_POLICY", "passive", 0) == 0)
        execv(path, words); /* where that fails, it goes on as it is */
}

/* A report that a full disk cut short is none. Who reads a pipe, as head does, may stop when he likes. */
static int close_output(int exit_code)
{
    struct stat info;
    bool whole = fflush(stdout) == 0 && !ferror(stdout);
    if (whole || exit_code != BRIM_EXIT_DONE)
        return exit_code;
    if (fstat(STDOUT_FILENO, &info) == 0 && (S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode)))
        return exit_code;
    fprintf(stderr, "brim: error: the output could not be written whole; is there room where it goes?\n");
    return BRIM_EXIT_FAILED;
}

int main(int count, char **words)
{
    signal(SIGPIPE, SIG_IGN); /* `brim plan | head` is no crash */
    if (count < 2) {
        print_help(stderr);
        return BRIM_EXIT_USAGE;
    }
    const char *name = words[1];
    wait_without_spinning(words);
    if (strcmp(name, "--version") == 0) {
        printf("brim %s\n", brim_version());
        return BRIM_EXIT_DONE;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        print_help(stdout);
        return close_output(BRIM_EXIT_DONE);
    }
    for (int i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(name, commands[i].name) == 0)
            return close_output(commands[i].run(count - 2, words + 2));
    }
    refuse(name);
    return BRIM_EXIT_USAGE;
}
