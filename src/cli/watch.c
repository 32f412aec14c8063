/* brim watch: a command from its start to its end, or lines of text. */
#include <stdio.h>

#include "base/memory.h"
#include "cli/commands.h"
#include "cli/watch_options.h"
#include "watch/command.h"

/* The command's output is its own: all that is ours goes to stderr. Its exit code is ours. */
static int watch_command(const BrimWatchCommand *command)
{
    BrimWatched watched;
    char *text = NULL;
    BrimStatus status = brim_watch_command(&watched, &command->run, command->command);
    int exit_code = watched.child.exit_code;
    if (status != BRIM_OK) {
        brim_watched_clear(&watched);
        int failed = brim_command_end("watch", status);
        return exit_code ? exit_code : failed;
    }
    if (watched.trouble != BRIM_OK)
        fprintf(stderr, "brim watch: sampling ended before the command: %s\n", brim_last_error());
    if (brim_watched_text(&watched, &text) == BRIM_OK)
        fputs(text, stderr);
    brim_mem_give(text);
    brim_watched_clear(&watched);
    return exit_code;
}

int brim_command_watch(int count, char *const *words)
{
    BrimWatchCommand command;
    bool help = false;
    BrimStatus status = brim_watch_options_parse(&command, count, words, &help);
    if (help)
        return BRIM_EXIT_DONE;
    if (status != BRIM_OK)
        return brim_command_end("watch", status);
    /* Who shows the samples is decided here, from the options and from what the output is. */
    if (command.command)
        return watch_command(&command);
    return brim_command_end("watch", brim_watch_lines(&command.run));
}
