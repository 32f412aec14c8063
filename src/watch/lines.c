/* The loop behind `brim watch`. */
#include "watch/lines.h"

#include "base/clock.h"
#include "watch/ticker.h"

/* Between the two samples of --once: long enough for processes to be read again (monitor/processes.h). */
static const double once_s = 0.3;

static bool is_end(const BrimWatchOptions *options, int written)
{
    return options->once ? written == 1 : options->count && written == options->count;
}

/* Waits for the next moment; false when a signal asks for the end. */
static bool wait_for_moment(BrimTicker *ticker)
{
    int number = brim_ticker_wait(ticker);
    while (number == SIGCHLD)
        number = brim_ticker_wait(ticker);
    return number == 0;
}

static BrimStatus write_samples(const BrimWatchOptions *options, BrimMonitor *monitor, BrimWriter *writer,
                                BrimTicker *ticker)
{
    const BrimMonitorSample *sample;
    BrimStatus status = BRIM_OK;
    int written = options->once && !options->trace ? -1 : 0; /* the first of two is not written */
    while (!is_end(options, written)) {
        if (!options->trace && !wait_for_moment(ticker))
            break;
        BRIM_TRY(brim_monitor_sample(monitor, &sample));
        if (written >= 0)
            BRIM_TRY(brim_writer_write(writer, sample));
        written++;
    }
fail:
    return status == BRIM_STOPPED ? BRIM_OK : status;
}

/* Signals are taken first, so that threads that a driver's library starts leave them to this one. */
BrimStatus brim_watch_lines(const BrimWatchOptions *options)
{
    BrimStatus status = BRIM_OK;
    BrimMonitor *monitor = NULL;
    BrimWriter writer = {.descriptor = -1};
    BrimTicker ticker;
    const BrimMonitorOptions what = {.trace = options->trace};
    brim_ticker_open(&ticker, options->once ? once_s : options->interval_s);
    BRIM_TRY(brim_monitor_open(&monitor, &what));
    BRIM_TRY(brim_writer_open(&writer, options->form, options->out, options->descriptor));
    ticker.next_ns = brim_clock_ns(); /* loading a driver's library took its time */
    BRIM_TRY(write_samples(options, monitor, &writer, &ticker));
fail:
    brim_writer_close(&writer);
    brim_monitor_close(&monitor);
    brim_ticker_close(&ticker);
    return status;
}
