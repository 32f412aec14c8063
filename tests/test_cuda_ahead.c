/* A training that fetches and copies each batch while the one before is computed, on cards that are none and
 * do their work when it is waited for (tests/fake_cuda, the word `lazy`): it does so, comes to the same bits
 * as one that does not, tells a picture that is gone when its turn comes, and says for how long a card had no
 * batch. */
#include "support/card_counts.h"
#include "support/same_runs.h"
#include "support/support.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "data/demo.h"
#include "run/bench_batch.h"
#include "train/weights.h"

enum { PICTURES = 10, BATCH = 4, BATCHES = 3, EPOCHS = 2, SIDE_PX = 64, MOST_STEPS = BATCHES * EPOCHS };

/* Copies to the card of a batch: pictures or what is drawn of them, targets, their count. */
enum { INPUT_COPIES = 3 };

/* Convolutions of a gradient, and how long each is said to take. */
enum { CONVOLUTIONS = 179, CONVOLUTION_US = 1000 };

/* ---- runs ---- */

typedef struct Seen {
    int steps, stop_after; /* 0: never */
    bool lose_pictures;    /* at the first step: all of training are deleted */
    unsigned long copies[MOST_STEPS], before;
    double wait_share, results_share;
} Seen;

static void lose_pictures(void)
{
    char path[1400];
    const char *folder = scratch_path("lost/images/train");
    DIR *listed = opendir(folder);
    assert_non_null(listed);
    for (struct dirent *entry; (entry = readdir(listed));) {
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] != '.')
            assert_int_equal(unlink(path), 0);
    }
    closedir(listed);
}

static bool watch(void *self, const BrimEvent *event)
{
    Seen *seen = self;
    unsigned long now = card_calls("cuMemcpyHtoDAsync");
    if (event->kind == BRIM_EVENT_EPOCH)
        seen->before = now;
    if (event->kind == BRIM_EVENT_RESULTS && event->epoch >= 0)
        seen->results_share = event->wait_share;
    if (event->kind != BRIM_EVENT_STEP)
        return true;
    if (seen->steps < MOST_STEPS)
        seen->copies[seen->steps] = now - seen->before;
    seen->before = now;
    seen->wait_share = event->wait_share;
    if (seen->lose_pictures && seen->steps == 0)
        lose_pictures();
    return ++seen->steps != seen->stop_after;
}

static BrimTrainOptions small_run(const char *name, const char *cache, const char *device)
{
    BrimTrainOptions options = small_run_in(scratch_folder(), name);
    options.device = device;
    options.cache = cache;
    options.epochs = 1;
    options.batch_size = BATCH; /* 10 pictures: two whole batches and one of two */
    return options;
}

/* ---- the same, a batch early ---- */

static void check_copies(const char *name, const char *cache, const char *device, int cards)
{
    Seen seen = {0};
    BrimTrainOptions options = small_run(name, cache, device);
    static const int inputs[BATCHES] = {2, 0, 1}; /* the last batch is smaller, and not written ahead */
    options.epochs = EPOCHS;
    assert_ok(brim_train(&options, watch, &seen));
    assert_int_equal(seen.steps, MOST_STEPS);
    for (int i = 0; i < MOST_STEPS; i++) {
        int settings = (int)seen.copies[i] - cards * inputs[i % BATCHES] * INPUT_COPIES;
        if (settings != cards &&
            settings != 2 * cards) /* of the gradient, and of the update where there is one */
            fail_msg("%s: %lu copies in step %d", name, seen.copies[i], i);
    }
}

static void each_batch_is_copied_during_the_step_before(void **state)
{
    (void)state;
    check_copies("host", "none", "0", 1);
    check_copies("kept", "ram", "0", 1);
    check_copies("kept_there", "device", "0", 1);
    check_copies("two", "none", "0,1", 2);
    assert_same_runs("host", "kept");
    assert_same_runs("host", "kept_there");
}

/* The first steps each in a run of its own, the next of which goes on from it, and the rest in the last: no
 * batch of theirs is one that was fetched ahead. */
static void train_in_steps(const BrimTrainOptions *options, int steps)
{
    BrimTrainOptions resume = resume_of(options->name);
    for (int step = 0; step < steps; step++)
        assert_int_equal(brim_train(step == 0 ? options : &resume, watch, &(Seen){.stop_after = 1}),
                         BRIM_STOPPED);
    assert_ok(brim_train(&resume, watch, &(Seen){0}));
}

static void batches_ahead_change_nothing(void **state)
{
    (void)state;
    BrimTrainOptions alone = small_run("alone", "none", "0"), steps = small_run("steps", "none", "0");
    BrimTrainOptions drawn = small_run("drawn", "ram", "0"), threads = small_run("threads", "none", "0");
    threads.workers = 2;
    assert_ok(brim_train(&alone, watch, &(Seen){0}));
    train_in_steps(&steps, BATCHES);
    train_in_steps(&drawn, BATCHES);
    assert_ok(brim_train(&threads, watch, &(Seen){0}));
    assert_same_runs("alone", "steps");
    assert_same_runs("alone", "drawn");
    assert_same_runs("alone", "threads");
}

/* Broken where no gradients wait for a step: a crew sums those in another order when it saves them. */
static void batches_ahead_change_nothing_for_two_cards(void **state)
{
    (void)state;
    BrimTrainOptions crew = small_run("crew", "none", "0,1"),
                     broken = small_run("crew_broken", "none", "0,1");
    assert_ok(brim_train(&crew, watch, &(Seen){0}));
    train_in_steps(&broken, 1);
    assert_same_runs("crew", "crew_broken");
}

/* The pictures go after the first step, in which the second batch was fetched: that one is trained on and
 * told. */
static void a_picture_that_is_gone_is_told_in_its_turn(void **state)
{
    (void)state;
    Seen seen = {.lose_pictures = true};
    BrimTrainOptions options = small_run("lost", "none", "0");
    assert_ok(brim_demo_write(scratch_path("lost"), PICTURES, 4, 96, 1));
    options.data = scratch_path("lost/data.yaml");
    assert_true(brim_train(&options, watch, &seen) != BRIM_OK);
    assert_int_equal(seen.steps, 2);
    if (!strstr(brim_last_error(), "images/train/"))
        fail_msg("does not name the picture: %s", brim_last_error());
}

/* ---- the wait ---- */

static void a_run_says_how_long_it_waited(void **state)
{
    (void)state;
    char path[RUN_PATH_BYTES], text[4096] = {0};
    Seen seen = {0};
    BrimTrainOptions options = small_run("waits", "none", "0");
    assert_ok(brim_train(&options, watch, &seen));
    assert_true(seen.wait_share > 0 && seen.wait_share < 1);
    assert_true(seen.results_share == seen.wait_share);
    FILE *file = fopen(path_in_run(path, "waits", "device.csv"), "r");
    assert_non_null(file);
    assert_true(fread(text, 1, sizeof text - 1, file) > 0);
    fclose(file);
    char *end = strchr(text, '\n');
    assert_non_null(end);
    assert_string_equal(strrchr(strtok(text, "\n"), ' ') + 1, "data_wait_percent");
    const char *row = strrchr(strtok(NULL, "\n"), ',') + 1;
    assert_true(atof(row) > 0 && atof(row) < 100);
}

static void pause_ms(int ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000L}, NULL);
}

/* One step whose next batch is there after that time; what the card waited, copies of the first batch taken
 * out. */
static int64_t step_waited_ns(BrimEngine *engine, const BrimBatch *batch, int fetch_ms)
{
    float items[4];
    const BrimStepScalars scalars = {0};
    assert_ok(brim_engine_begin(engine, batch, &scalars));
    int64_t copied_ns = brim_engine_waited_ns(engine);
    pause_ms(fetch_ms);
    assert_ok(brim_engine_ahead(engine, batch));
    assert_ok(brim_engine_finish(engine, items));
    return brim_engine_waited_ns(engine) - copied_ns;
}

/* By the card's clock a gradient takes 179 ms and little more; the host's part of starting it is shorter. */
static void a_card_waits_for_what_comes_after_its_work(void **state)
{
    (void)state;
    static BrimModel model;
    static const BrimShape shape = {1, SIDE_PX, SIDE_PX};
    BrimBatch batch;
    BrimEngine *engine = NULL;
    assert_ok(brim_model_load(&model, "yolov5n", 3));
    const BrimEngineConf conf = {.backend = &brim_backend_cuda,
                                 .model = &model,
                                 .hyper = brim_hyper_default(),
                                 .train = &shape,
                                 .train_count = 1,
                                 .train_target_cap = BRIM_BENCH_LABELS,
                                 .time_waits = true};
    assert_ok(brim_engine_open(&engine, &conf));
    assert_ok(brim_engine_start(engine));
    assert_ok(brim_weights_init(engine, &model, 0));
    assert_ok(brim_bench_batch_make(&batch, 1, SIDE_PX, 3));
    step_waited_ns(engine, &batch, 0); /* once for what is loaded late, once to be captured */
    step_waited_ns(engine, &batch, 0);
    const int64_t work_ns = (int64_t)CONVOLUTIONS * CONVOLUTION_US * 1000;
    for (int fetch_ms = 0; fetch_ms <= 1000; fetch_ms += 1000) {
        int64_t start_ns = brim_clock_ns();
        int64_t waited_ns = step_waited_ns(engine, &batch, fetch_ms);
        int64_t all_ns = brim_clock_ns() - start_ns;
        assert_true(waited_ns >= 0 && waited_ns <= (all_ns > work_ns ? all_ns - work_ns : 0));
        assert_true(waited_ns >= (fetch_ms > 0 ? 1000000LL * fetch_ms - 2 * work_ns : 0));
    }
    brim_bench_batch_clear(&batch);
    brim_engine_close(&engine);
}

static int set_up(void **state)
{
    (void)state;
    setenv("BRIM_FAKE_CARD", "cards=2,lazy", 1);             /* so that a wait too few is seen */
    setenv("BRIM_FAKE_DNN", "engines=one,slow=70:0:999", 1); /* and 1 us that each takes at least */
    return draw_small_pictures(PICTURES, 4, 96);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_batch_is_copied_during_the_step_before),
        cmocka_unit_test(batches_ahead_change_nothing),
        cmocka_unit_test(batches_ahead_change_nothing_for_two_cards),
        cmocka_unit_test(a_picture_that_is_gone_is_told_in_its_turn),
        cmocka_unit_test(a_run_says_how_long_it_waited),
        cmocka_unit_test(a_card_waits_for_what_comes_after_its_work),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
