/* Moments at even distances, and the signals that come between them. */
#ifndef BRIM_WATCH_TICKER_H
#define BRIM_WATCH_TICKER_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct BrimTicker {
    int64_t next_ns, interval_ns; /* of the monotonic clock */
    sigset_t signals, before;
    bool sent; /* the signal came from a process, not from the terminal or the kernel */
} BrimTicker;

/* From now on this thread takes SIGINT, SIGTERM and SIGCHLD from brim_ticker_wait alone. The first moment is
 * now. */
void brim_ticker_open(BrimTicker *ticker, double interval_s);

/* Waits for the next moment: 0 when it is there, or the signal that came before. Moments that went by
 * meanwhile are left out, and those that follow stay where they were: it does not drift. */
int brim_ticker_wait(BrimTicker *ticker);

/* Signals are again what they were. */
void brim_ticker_close(BrimTicker *ticker);

#endif
