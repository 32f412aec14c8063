/* The command waits until the monitor is there, so that no moment of it is missed and none of ours is
 * counted. */
#include "watch/command.h"

#include <math.h>

#include "base/clock.h"
#include "watch/ticker.h"

/* A sample into the summary and, where there is one, the file. */
static BrimStatus take_sample(BrimWatched *watched, BrimMonitor *monitor, BrimWriter *writer)
{
    const BrimMonitorSample *sample;
    BrimStatus status = BRIM_OK;
    BRIM_TRY(brim_monitor_sample(monitor, &sample));
    BRIM_TRY(brim_summary_add(&watched->summary, sample));
    if (writer->descriptor >= 0)
        BRIM_TRY(brim_writer_write(writer, sample));
fail:
    return status;
}

/* Until the command is over, whatever becomes of the samples. */
static void sample_until_over(BrimWatched *watched, BrimMonitor *monitor, BrimWriter *writer,
                              BrimTicker *ticker)
{
    for (bool over = false; !over;) {
        int number = brim_ticker_wait(ticker);
        if ((number == SIGTERM || number == SIGINT) && ticker->sent)
            kill(watched->child.pid, number);
        if (number == SIGCHLD)
            over = brim_child_over(&watched->child);
        if (number == 0 || over) /* once more at its end, for the load since the last one */
            watched->trouble =
                watched->trouble == BRIM_OK ? take_sample(watched, monitor, writer) : watched->trouble;
    }
}

BrimStatus brim_watch_command(BrimWatched *watched, const BrimWatchOptions *options, char *const *words)
{
    BrimStatus status = BRIM_OK;
    BrimMonitor *monitor = NULL;
    BrimWriter writer = {.descriptor = -1};
    BrimTicker ticker;
    const BrimMonitorSample *before;
    *watched = (BrimWatched){.seconds = 0};
    brim_ticker_open(&ticker, options->interval_s);
    BRIM_TRY(brim_child_hold(&watched->child, words, &ticker.before));
    BRIM_TRY(brim_monitor_open(&monitor, &(BrimMonitorOptions){.pid = watched->child.pid}));
    if (options->out)
        BRIM_TRY(brim_writer_open(&writer, options->form, options->out, -1));
    BRIM_TRY(brim_monitor_sample(monitor, &before)); /* where rates begin */
    BRIM_TRY(brim_child_start(&watched->child, words[0]));
    int64_t start_ns = ticker.next_ns = brim_clock_ns();
    sample_until_over(watched, monitor, &writer, &ticker);
    watched->seconds = (double)(brim_clock_ns() - start_ns) * 1e-9;
fail:
    brim_child_close(&watched->child);
    brim_writer_close(&writer);
    brim_monitor_close(&monitor);
    brim_ticker_close(&ticker);
    return status;
}

double brim_watched_peak_bytes(const BrimWatched *watched)
{
    double seen_bytes = brim_span_peak(&watched->summary.process_peak_bytes);
    return watched->child.peak_bytes ? fmax((double)watched->child.peak_bytes, seen_bytes) : seen_bytes;
}

void brim_watched_clear(BrimWatched *watched)
{
    brim_summary_clear(&watched->summary);
}
