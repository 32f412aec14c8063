/* Cards of runs: written, found, measured, passed over when their process is gone. */
#include "support/plant.h"
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monitor/monitor.h"
#include "monitor/run_card.h"

/* Where cards are written: a folder for each test. */
static const char *folder;

static int make_folder(void **state)
{
    (void)state;
    folder = new_tree();
    return setenv("XDG_RUNTIME_DIR", folder, 1);
}

static BrimRunCard card_of(void *arena, size_t bytes)
{
    BrimRunCard card = {.run = {.command = "train",
                                .model = "yolov5n",
                                .folder = "runs/train/exp",
                                .device = "cpu",
                                .planned_bytes = bytes + 1000,
                                .arena_bytes = bytes,
                                .purposes = {{"weights", 300}, {"kept for backward", 500}},
                                .purpose_count = 2,
                                .epoch = 3,
                                .epochs = 30,
                                .pictures_per_s = NAN},
                        .arena_address = (uint64_t)(uintptr_t)arena};
    return card;
}

/* The run with this pid; NULL: none. */
static const BrimRunSample *run_of(BrimDraft *draft, int pid)
{
    brim_draft_restart(draft, 0, 0);
    assert_ok(brim_run_cards_read(draft, ""));
    for (int i = 0; i < draft->run_count; i++)
        if (draft->runs[i].pid == pid)
            return &draft->runs[i];
    return NULL;
}

static void a_run_is_found_and_measured(void **state)
{
    enum { BYTES = 8 << 20 };
    BrimDraft draft = {.devices = NULL};
    (void)state;
    unsigned char *arena = brim_mem_reserve(BRIM_MEM_ARENA, BYTES, 1);
    assert_non_null(arena);
    BrimRunCard card = card_of(arena, BYTES);
    assert_ok(brim_run_card_write(&card));
    const BrimRunSample *run = run_of(&draft, getpid());
    assert_non_null(run);
    assert_string_equal(run->command, "train");
    assert_string_equal(run->folder, "runs/train/exp");
    assert_int_equal(run->planned_bytes, BYTES + 1000);
    assert_int_equal(run->purpose_count, 2);
    assert_string_equal(run->purposes[1].name, "kept for backward");
    assert_int_equal(run->purposes[1].bytes, 500);
    assert_int_equal(run->epoch, 3);
    assert_true(isnan(run->pictures_per_s));
    assert_true(run->process_measured_bytes > 1e6 && run->process_peak_bytes >= run->process_measured_bytes);
    double before_bytes = run->arena_measured_bytes;
    assert_true(before_bytes < BYTES / 2.0);
    memset(arena, 1, BYTES);
    run = run_of(&draft, getpid());
    assert_true(fabs(run->arena_measured_bytes - BYTES) < 1);
    brim_run_card_remove();
    assert_null(run_of(&draft, getpid()));
    brim_mem_give(arena);
    brim_draft_clear(&draft);
}

static void a_monitor_shows_it(void **state)
{
    BrimMonitor *monitor = NULL;
    const BrimMonitorSample *sample;
    const BrimMonitorOptions only_this = {.pid = getpid()};
    (void)state;
    BrimRunCard card = card_of(NULL, 1000);
    strcpy(card.run.model, "mask\033[2J\xff");
    card.run.purposes[0].name[0] = '\a';
    assert_ok(brim_run_card_write(&card));
    assert_ok(brim_monitor_open(&monitor, &only_this));
    assert_ok(brim_monitor_sample(monitor, &sample));
    assert_int_equal(sample->run_count, 1);
    assert_string_equal(sample->runs[0].model, "mask?[2J?");
    assert_string_equal(sample->runs[0].purposes[0].name, "?eights");
    assert_true(isnan(sample->runs[0].arena_measured_bytes));
    brim_run_card_remove();
    brim_monitor_close(&monitor);
}

/* A pid that was given out again, one that nobody has, files that are no cards, and what is no file. */
static void others_are_passed_over(void **state)
{
    char pipe[128];
    BrimDraft draft = {.devices = NULL};
    (void)state;
    BrimRunCard card = card_of(NULL, 1);
    assert_ok(brim_run_card_write(&card));
    const char schema[] = "{\"schema\":\"brim-run-1\",\"pid\":%d,\"start_ticks\":1}";
    plant("/brim/run-1.json", schema, (int)getppid());
    plant("/brim/run-2.json", schema, 4194303);
    plant("/brim/run-3.json", "{");
    plant("/brim/run-4.json", "%s", "");
    snprintf(pipe, sizeof pipe, "%s/brim/run-5.json", folder);
    assert_int_equal(mkfifo(pipe, 0600), 0); /* into which nobody writes */
    assert_non_null(run_of(&draft, getpid()));
    assert_null(run_of(&draft, getppid()));
    assert_null(run_of(&draft, 4194303));
    brim_run_card_remove();
    brim_draft_clear(&draft);
}

/* Where anybody could have made the folder, or it is none, the run is not shown, and says why. */
static void a_foreign_folder_is_refused(void **state)
{
    char path[128];
    (void)state;
    BrimRunCard card = card_of(NULL, 1);
    snprintf(path, sizeof path, "%s/brim", folder);
    assert_int_equal(mkdir(path, 0777), 0);
    assert_int_equal(chmod(path, 0777), 0);
    assert_int_equal(brim_run_card_write(&card), BRIM_ERROR_IO);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(symlink("/tmp", path), 0);
    assert_int_equal(brim_run_card_write(&card), BRIM_ERROR_IO);
    assert_non_null(strstr(brim_last_error(), "not shown"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_run_is_found_and_measured, make_folder),
        cmocka_unit_test_setup(a_monitor_shows_it, make_folder),
        cmocka_unit_test_setup(others_are_passed_over, make_folder),
        cmocka_unit_test_setup(a_foreign_folder_is_refused, make_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
