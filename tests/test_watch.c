/* What is behind `brim watch`: even moments, commands and their peaks, tables. This program is also the
 * command that is watched: --eat MIB touches memory, tells what the kernel says of it, and lives on for a
 * while. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/process.h"
#include "monitor/draft.h"
#include "support/support.h"
#include "watch/command.h"
#include "watch/table.h"
#include "watch/ticker.h"

static const double mib = 0x1p20;

/* ---- the command ---- */

static void touch(size_t bytes)
{
    if (mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0) ==
        MAP_FAILED)
        _exit(99);
}

/* --eat MIB FILE: to FILE goes VmHWM. --family MIB: a child eats as much as we do. */
static int eat(char **words)
{
    size_t bytes = (size_t)atoi(words[2]) << 20;
    if (strcmp(words[1], "--family") == 0 && fork() == 0) {
        touch(bytes);
        usleep(600 * 1000);
        _exit(0);
    }
    touch(bytes);
    if (strcmp(words[1], "--family") == 0) {
        wait(NULL);
        return 0;
    }
    FILE *file = fopen(words[3], "w");
    fprintf(file, "%llu", (unsigned long long)brim_process_peak_bytes());
    return fclose(file);
}

static char self[4096];

static void watch(BrimWatched *watched, const char *what, const char *amount, const char *file)
{
    char *words[] = {self, (char *)what, (char *)amount, (char *)file, NULL};
    assert_ok(brim_watch_command(watched, &(BrimWatchOptions){.interval_s = 0.05}, words));
    assert_int_equal(watched->trouble, BRIM_OK);
    assert_int_equal(watched->child.exit_code, 0);
}

static void the_peak_is_the_kernels(void **state)
{
    (void)state;
    BrimWatched watched;
    char *text;
    size_t bytes;
    watch(&watched, "--eat", "100", scratch_path("peak"));
    assert_ok(brim_file_read(scratch_path("peak"), 64, &text, &bytes));
    double own_bytes = strtod(text, NULL);
    assert_true(own_bytes >= 100 * mib);
    if (fabs(brim_watched_peak_bytes(&watched) - own_bytes) > mib)
        fail_msg("watched %.0f, VmHWM was %.0f", brim_watched_peak_bytes(&watched), own_bytes);
    brim_mem_give(text);
    brim_watched_clear(&watched);
}

static void a_family_is_added_up(void **state)
{
    (void)state;
    BrimWatched watched;
    watch(&watched, "--family", "64", NULL);
    assert_true(brim_span_peak(&watched.summary.tree_bytes) >= 128 * mib);
    assert_int_equal(watched.summary.most_processes, 2);
    assert_true(brim_watched_peak_bytes(&watched) >= 64 * mib);
    assert_true(brim_watched_peak_bytes(&watched) < brim_span_peak(&watched.summary.tree_bytes));
    brim_watched_clear(&watched);
}

/* The kernel remembers what the process was before it became the command: us. */
static void our_own_memory_is_not_the_commands(void **state)
{
    (void)state;
    BrimWatched watched;
    char *ours = malloc((size_t)300 << 20), *text;
    memset(ours, 1, (size_t)300 << 20);
    char *words[] = {"sleep", "0.1", NULL};
    assert_ok(brim_watch_command(&watched, &(BrimWatchOptions){.interval_s = 0.02}, words));
    assert_int_equal(watched.child.peak_bytes, 0);
    assert_true(brim_watched_peak_bytes(&watched) > 0);
    assert_true(brim_watched_peak_bytes(&watched) < 64 * mib);
    assert_ok(brim_watched_text(&watched, 80, &text));
    assert_non_null(strstr(text, "ended with 0"));
    assert_non_null(strstr(text, "as it was seen last"));
    brim_mem_give(text);
    brim_watched_clear(&watched);
    free(ours);
}

static void commands_end_as_in_a_shell(void **state)
{
    (void)state;
    static const struct {
        const char *script;
        int code, signal;
    } cases[] = {{"exit 0", 0, 0},
                 {"exit 7", 7, 0},
                 {"kill -9 $$", 137, 9},
                 {"kill -TERM $PPID; sleep 9", 143, 15},
                 {"kill -INT $PPID; exec sleep 9", 130, 2}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        BrimWatched watched;
        char *words[] = {"bash", "-c", (char *)cases[i].script, NULL};
        assert_ok(brim_watch_command(&watched, &(BrimWatchOptions){.interval_s = 0.5}, words));
        assert_int_equal(watched.child.exit_code, cases[i].code);
        assert_int_equal(watched.child.signal, cases[i].signal);
        brim_watched_clear(&watched);
    }
    BrimWatched watched;
    char *words[] = {"/no/where", NULL};
    assert_refused(brim_watch_command(&watched, &(BrimWatchOptions){.interval_s = 1}, words),
                   BRIM_ERROR_INPUT, "cannot run /no/where");
    assert_int_equal(watched.child.exit_code, 127);
    words[0] = "/etc";
    assert_refused(brim_watch_command(&watched, &(BrimWatchOptions){.interval_s = 1}, words),
                   BRIM_ERROR_INPUT, "cannot run /etc");
    assert_int_equal(watched.child.exit_code, 126);
    assert_int_equal(waitpid(-1, NULL, 0), -1); /* no child is left */
}

/* What fails before the command starts lets nothing of it run. */
static void a_command_that_cannot_be_watched_does_not_run(void **state)
{
    (void)state;
    BrimWatched watched;
    char path[256];
    size_t before = brim_mem_held_bytes(BRIM_MEM_TAG_COUNT);
    snprintf(path, sizeof path, "%s/ran", scratch_folder());
    char *words[] = {"touch", path, NULL};
    const BrimWatchOptions options = {.interval_s = 1, .out = "/no/where", .form = BRIM_WATCH_JSON};
    assert_refused(brim_watch_command(&watched, &options, words), BRIM_ERROR_IO, "cannot write /no/where");
    brim_watched_clear(&watched);
    brim_mem_fail_at(3);
    assert_int_equal(brim_watch_command(&watched, &(BrimWatchOptions){.interval_s = 1}, words),
                     BRIM_ERROR_MEMORY);
    brim_mem_fail_at(0);
    brim_watched_clear(&watched);
    assert_false(brim_file_exists(path));
    assert_int_equal(waitpid(-1, NULL, 0), -1);
    assert_int_equal(brim_mem_held_bytes(BRIM_MEM_TAG_COUNT), before);
}

/* ---- moments ---- */

static void moments_do_not_drift(void **state)
{
    (void)state;
    BrimTicker ticker;
    brim_ticker_open(&ticker, 0.002);
    int64_t start_ns = ticker.next_ns, before_ns;
    for (int i = 0; i < 50; i++) {
        before_ns = ticker.next_ns;
        int64_t called_ns = brim_clock_ns();
        assert_int_equal(brim_ticker_wait(&ticker), 0);
        assert_true(brim_clock_ns() >= before_ns);
        assert_true((ticker.next_ns - start_ns) % ticker.interval_ns == 0);
        assert_true(ticker.next_ns > before_ns && ticker.next_ns > called_ns);
        if (i % 10 == 0)
            usleep(7000); /* moments go by, and are left out */
    }
    assert_true(brim_clock_ns() - start_ns >= 49 * ticker.interval_ns);
    ticker.next_ns = brim_clock_ns() + INT64_C(60000000000);
    kill(getpid(), SIGTERM);
    assert_int_equal(brim_ticker_wait(&ticker), SIGTERM);
    brim_ticker_close(&ticker);
}

/* ---- tables ---- */

static void a_table_says_what_is_unknown_and_steers_nothing(void **state)
{
    (void)state;
    BrimDraft draft = {.devices = NULL};
    BrimText words = {0};
    char *text;
    brim_draft_restart(&draft, INT64_C(1764156753123456789), 0);
    BrimDeviceSample *device = brim_draft_device(&draft);
    strcpy(device->vendor, "amd");
    strcpy(device->name, "A \033[2J card");
    strcpy(device->trouble, "no permission");
    device->index = 2;
    device->lost = true;
    device->value[BRIM_METRIC_MEMORY_USED] = 3 * 0x1p29;
    BrimProcessSample *process = brim_draft_process(&draft);
    process->pid = 77;
    strcpy(process->command, "one\ntwo\007");
    strcpy(process->user, "\xC2\x9Bzu\xFF");
    BrimRunSample *run = brim_draft_run(&draft);
    run->epochs = 30;
    run->arena_bytes = 5 << 20;
    strcpy(run->model, "yolov5n");
    strcpy(run->folder, "runs\033]0;\x7F");
    BrimMonitorSample sample = brim_draft_sample(&draft);
    assert_ok(brim_watch_table(&words, &sample, 80));
    assert_ok(brim_text_end(&words, &text));
    assert_non_null(strstr(text, "2025-11-26T11:32:33Z\n\ndevice"));
    assert_non_null(strstr(text, "amd 2     1.50    -     -      -      -   -    -  A ?[2J card\n"));
    assert_non_null(strstr(text, "amd 2: it does not answer any more; no permission\n"));
    assert_non_null(strstr(text, "one?two?\n"));
    assert_non_null(strstr(text, " ??zu? "));
    assert_non_null(strstr(text, "runs?]0;?\n"));
    assert_non_null(strstr(text, "0/29"));
    assert_null(strpbrk(text, "\033\007\x7F\x9B\xFF"));
    brim_mem_give(text);
    brim_draft_clear(&draft);
}

int main(int count, char **words)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_peak_is_the_kernels),
        cmocka_unit_test(a_family_is_added_up),
        cmocka_unit_test(our_own_memory_is_not_the_commands),
        cmocka_unit_test(commands_end_as_in_a_shell),
        cmocka_unit_test(a_command_that_cannot_be_watched_does_not_run),
        cmocka_unit_test(moments_do_not_drift),
        cmocka_unit_test(a_table_says_what_is_unknown_and_steers_nothing),
    };
    if (count > 2 && (strcmp(words[1], "--eat") == 0 || strcmp(words[1], "--family") == 0))
        return eat(words);
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
