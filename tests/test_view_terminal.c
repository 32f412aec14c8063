/* The view in a real terminal: a child runs it in a pty, a small xterm reads what it writes. The screens have
 * to be those of tests/monitor, and the terminal has to be afterwards as it was before. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include "base/clock.h"
#include "support/support.h"
#include "support/terminal.h"
#include "support/view_golden.h"
#include "support/view_story.h"
#include "watch/view.h"
#include "watch/view_screen.h"

#define MOST_WAIT_NS INT64_C(10000000000)

/* A child in a pty, whose other end this process keeps open as well, so that its modes can be read at the
 * end. */
typedef struct Session {
    int master, slave;
    pid_t child;
    struct termios before;
    Terminal terminal;
} Session;

typedef struct Case {
    const char *kind;   /* TERM */
    const char *locale; /* LC_ALL */
    int fails_at;       /* the sample that is an error; 0: none */
} Case;

static const Case usual = {"xterm", "C.UTF-8", 0};

typedef struct FailingStory {
    Story story;
    int fails_at;
} FailingStory;

static BrimStatus failing_sample(void *self, const BrimMonitorSample **sample)
{
    FailingStory *failing = self;
    if (failing->fails_at > 0 && failing->story.next == failing->fails_at)
        return brim_fail(BRIM_ERROR_DEVICE, "the card caught fire");
    return story_sample(&failing->story, sample);
}

/* Runs the view and says how it went: the status is the exit code, the sentence stands on the terminal. */
static void be_child(const Case *with)
{
    static FailingStory failing;
    failing.fails_at = with->fails_at;
    setenv("TERM", with->kind, 1);
    setenv("LC_ALL", with->locale, 1);
    setenv("TZ", "UTC", 1);
    unsetenv("LINES");
    unsetenv("COLUMNS");
    const BrimViewOptions options = {.interval_ns = 2000000, .sample = failing_sample, .self = &failing};
    BrimStatus status = brim_view_run(&options);
    printf("%s\r\n", status == BRIM_OK ? "left" : brim_last_error());
    fflush(stdout);
    _exit(status);
}

static void start(Session *session, const Case *with, int columns, int rows)
{
    struct winsize size = {.ws_col = (unsigned short)columns, .ws_row = (unsigned short)rows};
    *session = (Session){.child = -1};
    assert_int_equal(openpty(&session->master, &session->slave, NULL, NULL, &size), 0);
    assert_int_equal(tcgetattr(session->slave, &session->before), 0);
    terminal_open(&session->terminal, columns, rows);
    fflush(NULL);
    session->child = fork();
    if (session->child == 0) {
        close(session->master);
        login_tty(session->slave);
        be_child(with);
    }
    assert_true(session->child > 0);
}

/* Reads what comes within so many ms into the terminal. */
static size_t listen_for(Session *session, int wait_ms)
{
    char bytes[4096];
    struct pollfd poll_for = {.fd = session->master, .events = POLLIN};
    size_t all = 0;
    while (poll(&poll_for, 1, wait_ms) > 0 && (poll_for.revents & POLLIN)) {
        ssize_t count = read(session->master, bytes, sizeof bytes);
        if (count <= 0)
            break;
        terminal_feed(&session->terminal, bytes, (size_t)count);
        all += (size_t)count;
    }
    return all;
}

static void read_golden(const char *name, char *golden, size_t bytes)
{
    char path[256];
    snprintf(path, sizeof path, "tests/monitor/%s", name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    golden[fread(golden, 1, bytes - 1, file)] = '\0';
    fclose(file);
}

/* Waits until the screen is that page; fails with both where that does not come to be. */
static void expect_page(Session *session, const char *name)
{
    static char golden[1 << 16];
    int64_t end_ns = brim_clock_ns() + MOST_WAIT_NS;
    read_golden(name, golden, sizeof golden);
    do {
        listen_for(session, 20);
    } while (strcmp(golden_text_of(&session->terminal.grid), golden) != 0 && brim_clock_ns() < end_ns);
    assert_golden_page(golden_text_of(&session->terminal.grid), name);
    assert_string_equal(session->terminal.unknown, "");
    assert_true(session->terminal.alternate && session->terminal.hidden);
}

static void expect_text(Session *session, const char *text)
{
    int64_t end_ns = brim_clock_ns() + MOST_WAIT_NS;
    do {
        listen_for(session, 20);
    } while (!strstr(golden_text_of(&session->terminal.grid), text) && brim_clock_ns() < end_ns);
    if (!strstr(golden_text_of(&session->terminal.grid), text))
        fail_msg("no \"%s\" in\n%s", text, golden_text_of(&session->terminal.grid));
}

static void type(Session *session, const char *keys)
{
    assert_int_equal(write(session->master, keys, strlen(keys)), strlen(keys));
}

static void resize(Session *session, int columns, int rows)
{
    struct winsize size = {.ws_col = (unsigned short)columns, .ws_row = (unsigned short)rows};
    listen_for(session, 50);
    terminal_resize(&session->terminal, columns, rows);
    assert_int_equal(ioctl(session->master, TIOCSWINSZ, &size), 0);
}

static int exit_status(Session *session)
{
    int status = 0;
    int64_t end_ns = brim_clock_ns() + MOST_WAIT_NS;
    while (waitpid(session->child, &status, WNOHANG) == 0) {
        if (brim_clock_ns() > end_ns) {
            kill(session->child, SIGKILL);
            waitpid(session->child, &status, 0);
            fail_msg("the view did not end");
        }
        listen_for(session, 10);
    }
    listen_for(session, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The view ends with that status and sentence, and the terminal is as it was. */
static void expect_end(Session *session, BrimStatus expected, const char *sentence)
{
    struct termios after;
    int status = exit_status(session);
    assert_int_equal(tcgetattr(session->slave, &after), 0);
    if (!strstr(golden_text_of(&session->terminal.grid), sentence))
        fail_msg("no \"%s\" in\n%s", sentence, golden_text_of(&session->terminal.grid));
    assert_int_equal(status, expected);
    assert_false(session->terminal.alternate || session->terminal.hidden);
    assert_string_equal(session->terminal.unknown, "");
    assert_int_equal(after.c_iflag, session->before.c_iflag);
    assert_int_equal(after.c_oflag, session->before.c_oflag);
    assert_int_equal(after.c_cflag, session->before.c_cflag);
    assert_int_equal(after.c_lflag, session->before.c_lflag);
    assert_memory_equal(after.c_cc, session->before.c_cc, sizeof after.c_cc);
    close(session->master);
    close(session->slave);
    terminal_close(&session->terminal);
}

static void pages_are_on_the_screen(void **state)
{
    (void)state;
    static const struct {
        int columns, rows;
        const char *name, *locale;
    } cases[] = {{80, 24, "view_80x24.txt", "C.UTF-8"},
                 {120, 40, "view_120x40.txt", "C.UTF-8"},
                 {60, 15, "view_60x15.txt", "C.UTF-8"},
                 {80, 24, "view_80x24_ascii.txt", "C"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Session session;
        const Case with = {"xterm", cases[i].locale, 0};
        start(&session, &with, cases[i].columns, cases[i].rows);
        expect_page(&session, cases[i].name);
        type(&session, "q");
        expect_end(&session, BRIM_OK, "left");
    }
}

static void the_terminal_may_change_its_size(void **state)
{
    (void)state;
    Session session;
    start(&session, &usual, 80, 24);
    expect_page(&session, "view_80x24.txt");
    resize(&session, 120, 40);
    expect_page(&session, "view_120x40.txt");
    resize(&session, 60, 15);
    expect_page(&session, "view_60x15.txt");
    resize(&session, 59, 24);
    expect_page(&session, "view_59x24.txt");
    resize(&session, 80, 24);
    expect_page(&session, "view_80x24.txt");
    type(&session, "q");
    expect_end(&session, BRIM_OK, "left");
}

static void keys_reach_it(void **state)
{
    (void)state;
    Session session;
    start(&session, &usual, 80, 24);
    expect_page(&session, "view_80x24.txt");
    type(&session, "?");
    expect_page(&session, "view_80x24_help.txt");
    type(&session, "\x1b"); /* closes the help */
    expect_page(&session, "view_80x24.txt");
    type(&session, "\x1bOB\x1bOB\x1bOC\tg"); /* down, down, right, Tab */
    expect_page(&session, "view_80x24_picked.txt");
    type(&session, "\x1bOA\x1bOD\x1b[Z\x1bOA"); /* up, left, Shift-Tab, up */
    type(&session, "gggg");
    expect_page(&session, "view_80x24.txt");
    type(&session, "\x0c"); /* all anew */
    expect_page(&session, "view_80x24.txt");
    type(&session, "q");
    expect_end(&session, BRIM_OK, "left");
}

/* What has not changed is not sent: that is what flickers. */
static void only_changes_are_sent(void **state)
{
    (void)state;
    Session session;
    start(&session, &usual, 80, 24);
    expect_page(&session, "view_80x24.txt");
    double one = (double)session.terminal.bytes / STORY_SAMPLES;
    print_message("%.0f bytes a sample at 80x24\n", one);
    type(&session, "x"); /* means nothing */
    assert_int_equal(listen_for(&session, 200), 0);
    type(&session, "rr");
    assert_true(listen_for(&session, 200) < 2000);
    type(&session, "q");
    expect_end(&session, BRIM_OK, "left");
}

static void signals_end_it_cleanly(void **state)
{
    (void)state;
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        Session session;
        start(&session, &usual, 80, 24);
        expect_text(&session, "nvidia 0");
        kill(session.child, signals[i]);
        expect_end(&session, BRIM_STOPPED, "stopped by signal");
    }
    Session session;
    start(&session, &usual, 80, 24);
    expect_text(&session, "nvidia 0");
    type(&session, "\x03"); /* Ctrl-C */
    expect_end(&session, BRIM_STOPPED, "stopped by signal 2");
}

static void errors_are_said_on_the_old_screen(void **state)
{
    (void)state;
    Session session;
    const Case failing = {"xterm", "C.UTF-8", 9}, strange = {"no-such-terminal", "C.UTF-8", 0};
    start(&session, &failing, 80, 24);
    expect_end(&session, BRIM_ERROR_DEVICE, "the card caught fire");
    start(&session, &strange, 80, 24);
    expect_end(&session, BRIM_ERROR_UNSUPPORTED, "\"no-such-terminal\" (TERM) is not known here");
}

static void a_lost_terminal_ends_it(void **state)
{
    (void)state;
    Session session;
    start(&session, &usual, 80, 24);
    expect_text(&session, "nvidia 0");
    close(session.slave);
    close(session.master); /* the kernel sends SIGHUP, and its input is at its end */
    int status = 0;
    int64_t end_ns = brim_clock_ns() + MOST_WAIT_NS;
    while (waitpid(session.child, &status, WNOHANG) == 0) {
        if (brim_clock_ns() > end_ns)
            kill(session.child, SIGKILL);
        poll(NULL, 0, 10);
    }
    terminal_close(&session.terminal);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), BRIM_STOPPED);
}

static void without_a_terminal_it_says_so(void **state)
{
    (void)state;
    Story story = {.next = 0};
    const BrimViewOptions options = {.sample = story_sample, .self = &story};
    assert_refused(brim_view_run(&options), BRIM_ERROR_UNSUPPORTED, "needs a terminal");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_on_the_screen), cmocka_unit_test(the_terminal_may_change_its_size),
        cmocka_unit_test(keys_reach_it),           cmocka_unit_test(only_changes_are_sent),
        cmocka_unit_test(signals_end_it_cleanly),  cmocka_unit_test(errors_are_said_on_the_old_screen),
        cmocka_unit_test(a_lost_terminal_ends_it), cmocka_unit_test(without_a_terminal_it_says_so),
    };
    BrimScreen *screen;
    /* Never the terminal of who runs the tests. */
    if (!freopen("/dev/null", "r", stdin))
        return 1;
    if (brim_screen_open(&screen) == BRIM_ERROR_UNSUPPORTED && strstr(brim_last_error(), "without ncurses")) {
        print_message("skipped: brim was built without ncurses\n");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
