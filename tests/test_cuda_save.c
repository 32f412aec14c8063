/* A run whose checkpoints are written while the card computes the next epoch, on a card that is none
 * (tests/fake_cuda): it goes on meanwhile, says that a file is written when it is, waits for it where it
 * stops, and ends where one cannot be written. The bytes are tests/test_saver.c's matter. */
#include "support/card_counts.h"
#include "support/same_runs.h"
#include "support/support.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "exchange/safetensors.h"

enum { PICTURES = 6, BATCH = 4, BATCHES = 2, EPOCHS = 3, SIDE_PX = 64 };

enum { BLOCKS = 11 }; /* of parameters, that a checkpoint copies (tests/test_cuda_snapshot.c) */

typedef struct Seen {
    const char *name;
    int steps, results, stop_after; /* 0: never */
    int saved, last_saved, last_saved_at_best;
    bool block;  /* a pipe is in the way of last.safetensors: who opens it waits for a reader */
    bool refuse; /* a folder is */
    size_t piped_bytes;
    unsigned long copies; /* from the card, until the last epoch's results */
    int between;          /* looks at what came after them, until the next epoch */
} Seen;

static void path_of_last(char path[RUN_PATH_BYTES], const char *name)
{
    path_in_run(path, name, "weights/last.safetensors");
}

static void put_in_the_way(const Seen *seen)
{
    char path[RUN_PATH_BYTES], other[1300];
    path_of_last(path, seen->name);
    snprintf(other, sizeof other, "%s.%ld.tmp", path, (long)getpid());
    if (seen->block)
        assert_int_equal(mkfifo(other, 0666), 0);
    snprintf(other, sizeof other, "%s/kept", path);
    if (seen->refuse)
        assert_ok(brim_folder_make(other));
}

/* All that the other end has to write. */
static size_t empty_pipe(const Seen *seen)
{
    static char room[1 << 16];
    char path[RUN_PATH_BYTES], other[1300];
    size_t bytes = 0;
    path_of_last(path, seen->name);
    assert_false(brim_file_exists(path));
    snprintf(other, sizeof other, "%s.%ld.tmp", path, (long)getpid());
    int pipe = open(other, O_RDONLY);
    assert_true(pipe >= 0);
    for (ssize_t got; (got = read(pipe, room, sizeof room)) > 0;)
        bytes += (size_t)got;
    close(pipe);
    return bytes;
}

/* That many epochs are in the file that is said to be written. */
static void check_saved(Seen *seen, const char *path)
{
    char epochs[16];
    BrimTensorFile file = {0};
    assert_ok(brim_safetensors_load(&file, path));
    seen->saved++;
    if (strstr(path, "last.safetensors") && seen->stop_after == 0) {
        snprintf(epochs, sizeof epochs, "%d", ++seen->last_saved);
        assert_string_equal(brim_tensors_metadata(&file, "state.epoch"), epochs);
    }
    brim_tensors_clear(&file);
}

/* Where the copy was not begun before the validation, as files were being written, it comes now. */
static void check_copies(Seen *seen, const BrimEvent *event)
{
    if (event->kind == BRIM_EVENT_EPOCH && seen->copies) {
        unsigned long copies = card_calls("cuMemcpyDtoHAsync") - seen->copies;
        assert_true(copies == 0 || (seen->between > 0 && copies == BLOCKS));
        seen->between++;
    }
    if (event->kind == BRIM_EVENT_RESULTS)
        seen->copies = card_calls("cuMemcpyDtoHAsync");
}

static bool watch(void *self, const BrimEvent *event)
{
    Seen *seen = self;
    check_copies(seen, event);
    if (event->kind == BRIM_EVENT_SAVED)
        check_saved(seen, event->text);
    if (event->kind == BRIM_EVENT_RESULTS && event->epoch < 0)
        seen->last_saved_at_best = seen->last_saved;
    seen->results += event->kind == BRIM_EVENT_RESULTS;
    if (event->kind != BRIM_EVENT_STEP)
        return true;
    if (seen->steps == 0)
        put_in_the_way(seen);
    if (seen->block && seen->steps == BATCHES)
        seen->piped_bytes = empty_pipe(seen);
    return ++seen->steps != seen->stop_after;
}

static BrimTrainOptions small_run(const char *name, const char *device)
{
    BrimTrainOptions options = small_run_in(scratch_folder(), name);
    options.device = device;
    options.epochs = EPOCHS;
    options.batch_size = BATCH;
    return options;
}

static void a_file_is_told_when_it_is_written(void **state)
{
    (void)state;
    Seen seen = {.name = "told"};
    BrimTrainOptions options = small_run("told", "0");
    assert_ok(brim_train(&options, watch, &seen));
    assert_int_equal(seen.last_saved, EPOCHS);
    assert_int_equal(seen.last_saved_at_best, EPOCHS);
    assert_true(seen.saved > EPOCHS);
    assert_int_equal(seen.results, EPOCHS + 1);
    assert_int_equal(seen.between, EPOCHS - 1);
}

/* A pipe takes the bytes, but cannot be brought to a disk: that ends the run. */
static void a_run_goes_on_while_its_files_are_written(void **state)
{
    (void)state;
    char path[RUN_PATH_BYTES];
    Seen seen = {.name = "blocked", .block = true};
    BrimTrainOptions options = small_run("blocked", "0");
    path_of_last(path, "blocked");
    assert_refused(brim_train(&options, watch, &seen), BRIM_ERROR_IO, path);
    assert_true(seen.steps > BATCHES);
    assert_true(seen.results == 1 || seen.results == 2);
    assert_int_equal(seen.saved, 1); /* the best model, before it */
    assert_true(seen.piped_bytes > (size_t)20 << 20); /* three times 1.8 million parameters */
    assert_false(brim_file_exists(path));
}

/* By the loop on the CPU, by the thread on a card. */
static void a_file_that_cannot_be_written_is_told_alike(void **state)
{
    (void)state;
    char sentence[1024];
    for (int card = 0; card < 2; card++) {
        Seen seen = {.name = "refused", .refuse = true};
        BrimTrainOptions options = small_run("refused", card ? "0" : "cpu");
        assert_refused(brim_train(&options, watch, &seen), BRIM_ERROR_IO, "refused/weights/last.safetensors");
        assert_int_equal(seen.saved, 1);
        assert_true(seen.steps >= BATCHES && seen.steps <= 2 * BATCHES);
        if (card)
            assert_string_equal(brim_last_error(), sentence);
        snprintf(sentence, sizeof sentence, "%s", brim_last_error());
    }
}

/* In the second epoch, when the first one's files are on their way. */
static void a_stop_waits_for_what_was_begun(void **state)
{
    (void)state;
    BrimTensorFile best = {0};
    Seen seen = {.name = "stopped", .stop_after = BATCHES + 1};
    BrimTrainOptions options = small_run("stopped", "0"), resume = resume_of("stopped");
    assert_int_equal(brim_train(&options, watch, &seen), BRIM_STOPPED);
    assert_int_equal(seen.saved, 3); /* both of the first epoch, and where it stopped */
    load_run(&best, "stopped", "best");
    brim_tensors_clear(&best);
    assert_ok(brim_train(&resume, NULL, NULL));
    assert_same_runs("told", "stopped");
}

typedef struct Planned {
    uint64_t arena_bytes, planned_bytes, pinned_bytes;
} Planned;

/* A plan's figures, and what the host has pinned by then; no run goes on behind it. */
static bool note_plan(void *self, const BrimEvent *event)
{
    Planned *planned = self;
    if (event->kind == BRIM_EVENT_PLAN)
        *planned = (Planned){event->arena_bytes, event->memory_planned_bytes, card_pinned_bytes()};
    return event->kind != BRIM_EVENT_STEP;
}

/* Weights, momentum and EMA of 1.8 million parameters are for a run that trains. */
static void a_plan_takes_no_memory_for_checkpoints(void **state)
{
    (void)state;
    Planned plan = {0}, run = {0};
    const uint64_t copy_bytes = (uint64_t)20 << 20;
    BrimTrainOptions options = small_run("planned", "0");
    assert_ok(brim_plan(&options, note_plan, &plan));
    assert_int_equal(brim_train(&options, note_plan, &run), BRIM_STOPPED);
    assert_true(plan.pinned_bytes > 0 && plan.pinned_bytes < copy_bytes);
    assert_true(run.pinned_bytes > plan.pinned_bytes + copy_bytes);
    assert_int_equal(plan.arena_bytes, run.arena_bytes);
    assert_int_equal(plan.planned_bytes, run.planned_bytes);
}

static int set_up(void **state)
{
    (void)state;
    setenv("BRIM_FAKE_CARD", "lazy", 1); /* so that a wait too few is seen */
    setenv("BRIM_FAKE_DNN", "engines=one", 1);
    return draw_small_pictures(PICTURES, 4, 96);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_told_when_it_is_written),
        cmocka_unit_test(a_run_goes_on_while_its_files_are_written),
        cmocka_unit_test(a_file_that_cannot_be_written_is_told_alike),
        cmocka_unit_test(a_stop_waits_for_what_was_begun),
        cmocka_unit_test(a_plan_takes_no_memory_for_checkpoints),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
