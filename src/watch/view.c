/* The loop: a sample when its time has come, a page when something changed, in between the wait for a key. */
#include "watch/view.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "watch/view_keep.h"
#include "watch/view_parts.h"
#include "watch/view_screen.h"

#define LONGEST_WAIT_NS INT64_C(1000000000)

/* The first three end the view; the others ncurses handles: another size, and Ctrl-Z. */
static const int watched[] = {SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP};
enum { ENDING_SIGNALS = 3, WATCHED_SIGNALS = sizeof watched / sizeof watched[0] };

static volatile sig_atomic_t signal_seen;

typedef struct View {
    const BrimViewOptions *options;
    BrimMonitor *monitor; /* NULL: samples come from elsewhere */
    BrimHistory *history;
    BrimScreen *screen;
    BrimGrid grid;
    BrimViewState state;
    BrimViewKeep last;
    const BrimMonitorSample *sample; /* in it; NULL before the first */
    int64_t next_ns;                 /* when the next one is due */
    struct sigaction before[WATCHED_SIGNALS];
    sigset_t mask_before;
} View;

static void note_signal(int number)
{
    signal_seen = number;
}

/* The signals come while the loop waits, and at no other time: so none is missed between a look and the wait.
 */
static void watch_signals(View *view)
{
    struct sigaction action = {.sa_handler = note_signal};
    sigset_t blocked;
    signal_seen = 0;
    sigemptyset(&action.sa_mask);
    sigemptyset(&blocked);
    for (int i = 0; i < WATCHED_SIGNALS; i++) {
        sigaddset(&blocked, watched[i]);
        sigaction(watched[i], i < ENDING_SIGNALS ? &action : NULL, &view->before[i]);
    }
    sigprocmask(SIG_BLOCK, &blocked, &view->mask_before);
}

/* One that waited until now still comes to note_signal, instead of ending the process. */
static void forget_signals(const View *view)
{
    for (int i = ENDING_SIGNALS; i < WATCHED_SIGNALS; i++)
        sigaction(watched[i], &view->before[i], NULL);
    sigprocmask(SIG_SETMASK, &view->mask_before, NULL);
    for (int i = 0; i < ENDING_SIGNALS; i++)
        sigaction(watched[i], &view->before[i], NULL);
}

static BrimStatus stopped_by_signal(void)
{
    return brim_fail(BRIM_STOPPED, "stopped by signal %d (%s)", (int)signal_seen, strsignal(signal_seen));
}

static BrimStatus next_sample(View *view)
{
    const BrimMonitorSample *sample;
    BrimStatus status = view->options->sample ? view->options->sample(view->options->self, &sample)
                                              : brim_monitor_sample(view->monitor, &sample);
    if (status == BRIM_STOPPED) {
        view->state.ended = true;
        return BRIM_OK;
    }
    if (status != BRIM_OK)
        return status;
    brim_view_state_note(&view->state, sample);
    status = brim_view_keep(&view->last, sample);
    view->sample = &view->last.sample;
    return status == BRIM_OK ? brim_history_add(view->history, sample) : status;
}

/* Takes a sample when its time has come, and sets the time for the next: late ones do not make up for each
 * other. */
static BrimStatus take_due(View *view, bool *changed)
{
    int64_t now_ns = brim_clock_ns();
    if (view->state.ended || view->state.paused || now_ns < view->next_ns)
        return BRIM_OK;
    view->next_ns += view->state.interval_ns;
    if (view->next_ns <= now_ns)
        view->next_ns = now_ns + view->state.interval_ns;
    *changed = true;
    return next_sample(view);
}

static BrimStatus draw(View *view)
{
    int columns, rows;
    brim_screen_size(view->screen, &columns, &rows);
    BrimStatus status = brim_grid_resize(&view->grid, columns, rows);
    if (status == BRIM_OK)
        status = brim_view_draw_page(&view->grid, view->sample, view->history, &view->state);
    if (status == BRIM_OK)
        brim_screen_show(view->screen, &view->grid);
    return status;
}

/* Until a key, a signal or the next sample. False: the terminal is gone. */
static bool wait_for_something(const View *view)
{
    struct pollfd terminal = {.fd = STDIN_FILENO, .events = POLLIN};
    int64_t wait_ns = view->next_ns - brim_clock_ns();
    if (view->state.ended || view->state.paused || wait_ns > LONGEST_WAIT_NS)
        wait_ns = LONGEST_WAIT_NS;
    wait_ns = wait_ns > 0 ? wait_ns : 0;
    struct timespec limit = {.tv_sec = wait_ns / 1000000000, .tv_nsec = wait_ns % 1000000000};
    ppoll(&terminal, 1, &limit, &view->mask_before);
    return !(terminal.revents & (POLLHUP | POLLERR | POLLNVAL));
}

static void obey_keys(View *view, bool *changed)
{
    int64_t interval_ns = view->state.interval_ns;
    bool paused = view->state.paused;
    for (int key; !view->state.left && (key = brim_screen_key(view->screen)) != BRIM_KEY_NONE;) {
        brim_view_state_key(&view->state, key, view->sample);
        *changed = true;
    }
    if (view->state.interval_ns != interval_ns || (paused && !view->state.paused))
        view->next_ns = brim_clock_ns() + (paused ? 0 : view->state.interval_ns);
}

static BrimStatus loop(View *view)
{
    bool changed = true;
    view->next_ns = brim_clock_ns();
    while (!view->state.left) {
        BrimStatus status = take_due(view, &changed);
        if (status == BRIM_OK && changed)
            status = draw(view);
        if (status != BRIM_OK)
            return status;
        changed = false;
        if (!wait_for_something(view))
            return brim_fail(BRIM_STOPPED, "the terminal is gone");
        if (signal_seen)
            return stopped_by_signal();
        obey_keys(view, &changed);
    }
    return BRIM_OK;
}

BrimStatus brim_view_run(const BrimViewOptions *options)
{
    BrimStatus status = BRIM_OK;
    View view = {.options = options};
    brim_view_state_open(&view.state, options->interval_ns);
    if (!options->sample)
        BRIM_TRY(brim_monitor_open(&view.monitor, &options->monitor));
    BRIM_TRY(brim_history_open(&view.history, NULL));
    watch_signals(&view);
    status = brim_screen_open(&view.screen);
    if (status == BRIM_OK) {
        view.grid.unicode = brim_screen_is_unicode(view.screen) && !options->ascii;
        status = loop(&view);
    }
    brim_screen_close(&view.screen);
    forget_signals(&view);
    if (status == BRIM_OK && signal_seen)
        status = stopped_by_signal();
fail:
    brim_grid_close(&view.grid);
    brim_view_keep_close(&view.last);
    brim_view_state_close(&view.state);
    brim_history_close(&view.history);
    brim_monitor_close(&view.monitor);
    return status;
}
