/* brim watch: a command from its start to its end, or lines of text. */
#include <stdio.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/terminal.h"
#include "cli/commands.h"
#include "cli/watch_options.h"
#include "watch/command.h"
#include "watch/serve_monitor.h"
#include "watch/table.h"
#include "watch/view.h"

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
    if (brim_watched_text(&watched, brim_terminal_columns(STDERR_FILENO, BRIM_TABLE_WIDTH), &text) == BRIM_OK)
        fputs(text, stderr);
    brim_mem_give(text);
    brim_watched_clear(&watched);
    return exit_code;
}

static void say_url(void *self, const char *url)
{
    (void)self;
    printf("%s\n", url);
    fflush(stdout);
}

/* Nobody asked for lines, and somebody looks on. */
static bool for_the_terminal(const BrimWatchCommand *command)
{
    const BrimWatchOptions *run = &command->run;
    return run->form == BRIM_WATCH_TABLE && !run->once && !run->count && isatty(STDOUT_FILENO);
}

/* Where the view cannot be drawn, the same goes by as tables. */
static int view(const BrimWatchCommand *command)
{
    const BrimViewOptions options = {.interval_ns = (int64_t)(command->run.interval_s * 1e9),
                                     .monitor = {.trace = command->run.trace}};
    BrimStatus status = brim_view_run(&options);
    if (status == BRIM_ERROR_UNSUPPORTED)
        status = brim_watch_lines(&command->run);
    return brim_command_end("watch", status == BRIM_STOPPED ? BRIM_OK : status);
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
    if (command.serve) {
        const BrimServeMonitor server = {command.serve, command.run.trace, command.run.interval_s, say_url};
        return brim_command_end("watch", brim_serve_monitor(&server));
    }
    if (for_the_terminal(&command))
        return view(&command);
    return brim_command_end("watch", brim_watch_lines(&command.run));
}
