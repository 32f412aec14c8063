/* sigtimedwait until an absolute moment: a signal that comes just before the sleep is not missed, as it would
 * be by clock_nanosleep and a handler. */
#include "watch/ticker.h"

#include <time.h>

#include "base/clock.h"

static const int64_t second_ns = 1000000000;

void brim_ticker_open(BrimTicker *ticker, double interval_s)
{
    ticker->interval_ns = (int64_t)(interval_s * 1e9);
    ticker->next_ns = brim_clock_ns();
    ticker->sent = false;
    sigemptyset(&ticker->signals);
    sigaddset(&ticker->signals, SIGINT);
    sigaddset(&ticker->signals, SIGTERM);
    sigaddset(&ticker->signals, SIGCHLD);
    pthread_sigmask(SIG_BLOCK, &ticker->signals, &ticker->before);
}

int brim_ticker_wait(BrimTicker *ticker)
{
    for (;;) {
        int64_t left_ns = ticker->next_ns - brim_clock_ns();
        struct timespec left = {.tv_sec = 0};
        if (left_ns > 0)
            left = (struct timespec){left_ns / second_ns, left_ns % second_ns};
        siginfo_t info;
        int number = sigtimedwait(&ticker->signals, &info, &left);
        if (number > 0) {
            ticker->sent = info.si_code <= 0;
            return number;
        }
        int64_t late_ns = brim_clock_ns() - ticker->next_ns;
        if (late_ns < 0)
            continue; /* woken for nothing */
        ticker->next_ns += (late_ns / ticker->interval_ns + 1) * ticker->interval_ns;
        return 0;
    }
}

void brim_ticker_close(BrimTicker *ticker)
{
    pthread_sigmask(SIG_SETMASK, &ticker->before, NULL);
}
