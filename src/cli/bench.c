/* brim bench. The report goes to stdout, alone, so that it can be piped; what happens meanwhile to stderr. */
#include <stdio.h>
#include <unistd.h>

#include "base/memory.h"
#include "cli/bench_options.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "report/bench_table.h"

typedef struct Watch {
    const BrimBenchOptions *options;
    BrimPrint print; /* knows of Ctrl-C */
    bool terminal;   /* stderr is one */
} Watch;

static void erase_progress(const Watch *watch)
{
    if (watch->terminal)
        fputs("\r\033[K", stderr);
}

static void show_step(const Watch *watch, const BrimEvent *event)
{
    char of[16] = "";
    const BrimBenchRow *row = event->bench_row;
    if (!watch->terminal)
        return;
    if (event->batches)
        snprintf(of, sizeof of, " of %d", event->batches);
    fprintf(stderr, "\r\033[K%s, batches of %d: ", row->training ? "training" : "inference", row->batch);
    if (event->batch)
        fprintf(stderr, "step %d%s", event->batch, of);
    else
        fputs("warming up", stderr);
}

static void show_row(const Watch *watch, const BrimBenchRow *row)
{
    char planned[24];
    erase_progress(watch);
    if (row->verdict == BRIM_BENCH_CANNOT_RUN)
        return; /* a remark has said it */
    brim_bench_bytes(planned, sizeof planned, row->planned_bytes);
    fprintf(stderr, "%s, batches of %d: ", row->training ? "training" : "inference", row->batch);
    if (row->verdict == BRIM_BENCH_DOES_NOT_FIT)
        fprintf(stderr, "does not fit, needs %s\n", planned);
    else
        fprintf(stderr, "%.1f ms, %.2f pictures/s, %s planned\n", row->median_ms, row->pictures_per_s,
                planned);
}

/* Where the report itself goes to a file, the terminal gets the table all the same. */
static void show_report(const Watch *watch, const BrimEvent *event)
{
    char *table = NULL;
    if (!watch->options->output)
        fputs(event->text, stdout);
    else if (brim_bench_text(event->bench, "table", &table) == BRIM_OK)
        fputs(table, stdout);
    brim_mem_give(table);
    fflush(stdout);
}

static bool on_event(void *self, const BrimEvent *event)
{
    Watch *watch = self;
    switch (event->kind) {
    case BRIM_EVENT_REMARK:
        erase_progress(watch);
        fprintf(stderr, "%s\n", event->text);
        return true;
    case BRIM_EVENT_STEP:
        show_step(watch, event);
        break;
    case BRIM_EVENT_BENCH_ROW:
        show_row(watch, event->bench_row);
        break;
    case BRIM_EVENT_BENCH:
        show_report(watch, event);
        break;
    case BRIM_EVENT_SAVED:
        fprintf(stderr, "written: %s\n", event->text);
        break;
    default:
        break;
    }
    return !brim_print_stopped();
}

int brim_command_bench(int count, char *const *words)
{
    BrimBenchCommand command;
    bool help = false;
    BrimStatus status = brim_bench_options_parse(&command, count, words, &help);
    if (help)
        return BRIM_EXIT_DONE;
    if (status != BRIM_OK)
        return brim_command_end("bench", status);
    Watch watch = {.options = &command.run, .terminal = isatty(STDERR_FILENO)};
    brim_print_open(&watch.print);
    status = brim_bench(&command.run, on_event, &watch);
    if (status != BRIM_OK)
        erase_progress(&watch);
    return brim_command_end("bench", status);
}
