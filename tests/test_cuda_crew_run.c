/* What a user meets with `brim train --device 0,1`: a whole run on two false cards, its stop and resume, and
 * the lines where a batch, a card or NCCL is not as it has to be. As a process loads its driver once, each
 * case runs this program anew, with cards of its own (tests/fake_cuda/fake_cuda.h). */
#include "support/child.h"
#include "support/same_runs.h"
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"

/* Where parent and children meet. */
static const char folder_variable[] = "BRIM_TEST_CREW_FOLDER";

/* ---- what a child does: train ---- */

static int steps_left; /* until the run is to stop; 0: never */

static bool listen(void *self, const BrimEvent *event)
{
    (void)self;
    if (event->kind == BRIM_EVENT_REMARK && strstr(event->text, "--sync-bn"))
        printf("%s\n", event->text);
    return event->kind != BRIM_EVENT_STEP || steps_left == 0 || --steps_left > 0;
}

static BrimTrainOptions small_run(const char *name, const char *device, int batch)
{
    BrimTrainOptions options = small_run_in(getenv(folder_variable), name);
    options.device = device;
    options.batch_size = batch;
    options.epochs = 2; /* 9 pictures: two whole batches of 4 and one of one, which both cards take */
    options.sync_bn = strncmp(name, "sync", 4) == 0;
    return options;
}

/* NAME DEVICE BATCH STEPS, or RESUME CHECKPOINT: OK, or the status and the error. */
static int train(const char *action)
{
    char name[64], device[64], last[1200];
    int batch;
    BrimTrainOptions options = brim_train_defaults();
    if (sscanf(action, "%63s %63s %d %d", name, device, &batch, &steps_left) == 4)
        options = small_run(name, device, batch);
    else if (sscanf(action, "RESUME %63s", name) == 1) {
        snprintf(last, sizeof last, "%s/runs/%s/weights/last.safetensors", getenv(folder_variable), name);
        options.resume = last;
    } else
        return 2;
    BrimStatus status = brim_train(&options, listen, NULL);
    printf("%s: %s", status == BRIM_OK ? "OK" : brim_status_text(status),
           status == BRIM_OK ? "" : brim_last_error());
    return 0;
}

/* ---- and what its parent expects ---- */

static int draw(void **state)
{
    (void)state;
    setenv(folder_variable, scratch_folder(), 1);
    return draw_small_pictures(9, 4, 96);
}

/* The child ended, and its words have these among them. */
static void expect(const char *action, const char *cards, const char *words)
{
    assert_int_equal(child_run(action, cards, NULL), 0);
    if (!strstr(child_said, words))
        fail_msg("%s on %s: expected \"%s\" among \"%s\"", action, cards, words, child_said);
}

static void a_run_on_two_cards(void **state)
{
    (void)state;
    expect("whole 0,1 4 0", "cards=2", "OK: ");
    expect("broken 0,1 4 2", "cards=2", "stopped in epoch 0 after 2 batches");
    expect("RESUME broken", "cards=2", "OK: ");
    assert_same_runs("whole", "broken");
}

static void a_run_with_statistics_in_common(void **state)
{
    (void)state;
    expect("sync 0,1 4 0", "cards=2,late=64K,grain=2M", "OK: ");
    expect("sync-broken 0,1 4 2", "cards=2", "stopped in epoch 0 after 2 batches");
    expect("RESUME sync-broken", "cards=2", "OK: ");
    assert_same_runs("sync", "sync-broken");
    expect("sync-one 0 4 1", "cards=2", "--sync-bn changes nothing here: it is for several cards");
}

static void a_batch_that_does_not_divide(void **state)
{
    (void)state;
    expect("odd 0,1 5 0", "cards=2",
           "--batch-size 5 does not divide by the 2 cards of --device 0,1; --batch-size 4 does");
    expect("odd 0,1,2 2 0", "cards=3",
           "--batch-size 2 does not divide by the 3 cards of --device 0,1,2; --batch-size 3 does");
}

static void cards_that_are_not_there(void **state)
{
    (void)state;
    expect("away 0,1 4 0", "cards=1", "there is no card 1; the NVIDIA driver shows 0: NVIDIA False Card");
    expect("twice 0,0 4 0", "cards=2", "device \"0,0\": there are cpu, auto, and the numbers of cards");
}

static void a_card_that_is_too_small(void **state)
{
    (void)state;
    expect("small 0,1 4 0", "cards=2,other=1:205M", "164 MiB are given on card 1, which has the least, and");
    expect("tiny 0,1 4 0", "cards=2,other=1:130M",
           "joining the cards, of which card 1 has the least memory free, 25 MiB: ");
}

/* The checkpoint of the epoch before is whole, and the run goes on from it to where one would have come that
 * lost no card. */
static void assert_goes_on(const char *name, const char *whole)
{
    char resume[80];
    BrimTensorFile last = {0};
    load_run(&last, name, "last");
    assert_non_null(brim_tensors_metadata(&last, "state.epoch"));
    assert_string_equal(brim_tensors_metadata(&last, "state.epoch"), "1");
    brim_tensors_clear(&last);
    snprintf(resume, sizeof resume, "RESUME %s", name);
    expect(resume, "cards=2", "OK: ");
    assert_same_runs(whole, name);
}

/* Once between two sums, once so that the other card would wait for its share without end. */
static void a_card_that_is_lost(void **state)
{
    (void)state;
    expect("lost 0,1 4 0", "cards=2,failing=1,fail=cuGraphLaunch@7",
           "card 1: starting a step: CUDA_ERROR_LAUNCH_FAILED (719)");
    assert_goes_on("lost", "whole");
    setenv("BRIM_FAKE_NCCL", "hang=1@4", 1); /* the first sum of the second epoch */
    expect("hung 0,1 4 0", "cards=2", "card 1: NCCL: summing over the cards: unhandled cuda error (1); ");
    unsetenv("BRIM_FAKE_NCCL");
    assert_goes_on("hung", "whole");
}

/* Where the others wait for it in the middle of a step: that it did not begin, or that it does not go on
 * with; in the second epoch. */
static void a_card_that_is_lost_on_the_way(void **state)
{
    (void)state;
    expect("sync-lost 0,1 4 0", "cards=2,failing=1,fail=cuGraphLaunch@7",
           "card 1: starting a step: CUDA_ERROR_LAUNCH_FAILED (719)");
    assert_goes_on("sync-lost", "sync");
    setenv("BRIM_FAKE_NCCL", "lost=1@400", 1); /* of 7 trials and 3 * 114 in the first */
    expect("sync-hung 0,1 4 0", "cards=2",
           "card 1: NCCL: summing over the cards: unhandled cuda error (1); ");
    setenv("BRIM_FAKE_NCCL", "lost=1@50", 1); /* in a step that is not recorded yet */
    expect("sync-first 0,1 4 0", "cards=2", "card 1: NCCL: ");
    setenv("BRIM_FAKE_NCCL", "fail=ncclAllGather@17", 1);
    expect("sync-refused 0,1 4 0", "cards=2",
           "NCCL: exchanging BatchNorm's statistics: unhandled cuda error (1); ");
    unsetenv("BRIM_FAKE_NCCL");
    assert_goes_on("sync-hung", "sync");
}

/* A driver that has no memory for one card's graph, of whole batches, when that is made anew in the second
 * step: both go on op by op, to the same bits. */
static void a_step_that_is_not_recorded(void **state)
{
    (void)state;
    expect("sync-loose 0,1 4 0", "cards=2,failing=1,fail=cuGraphInstantiateWithFlags@13:once,error=2",
           "OK: ");
    assert_same_runs("sync", "sync-loose");
}

static void an_nccl_that_will_not_do(void **state)
{
    (void)state;
    setenv("BRIM_FAKE_NCCL", "version=2804", 1); /* as 2.8.4 counted */
    expect("old 0,1 4 0", "cards=2", "libnccl.so.2 is older than NCCL 2.9 (it says 2804); update libnccl2");
    setenv("BRIM_FAKE_NCCL", "fail=ncclCommInitAll@1,error=2", 1);
    expect("shm 0,1 4 0", "cards=2", "unhandled system error (2); /dev/shm may be too small");
    unsetenv("BRIM_FAKE_NCCL");
}

/* A file of that name that is no library stands in for none: the machine may have a true one elsewhere. */
static void no_nccl(void **state)
{
    (void)state;
    char search[2600];
    scratch_file("nothing/libnccl.so.2", "no library");
    snprintf(search, sizeof search, "%s:%s", scratch_path("nothing"), getenv("LD_LIBRARY_PATH"));
    assert_int_equal(child_run("none 0,1 4 0", "cards=2", search), 0);
    if (!strstr(child_said, "several cards need NCCL, which is not to be found (") ||
        !strstr(child_said, "install libnccl2 from NVIDIA's repository"))
        fail_msg("%s", child_said);
    assert_int_equal(child_run("alone 0 4 1", "cards=2", search), 0); /* one card needs none */
    assert_non_null(strstr(child_said, "stopped in epoch 0 after 1 batch"));
}

int main(int argc, char **argv)
{
    if (argc == 2)
        return train(argv[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_on_two_cards),
        cmocka_unit_test(a_run_with_statistics_in_common),
        cmocka_unit_test(a_batch_that_does_not_divide),
        cmocka_unit_test(cards_that_are_not_there),
        cmocka_unit_test(a_card_that_is_too_small),
        cmocka_unit_test(a_card_that_is_lost),
        cmocka_unit_test(a_card_that_is_lost_on_the_way),
        cmocka_unit_test(a_step_that_is_not_recorded),
        cmocka_unit_test(an_nccl_that_will_not_do),
        cmocka_unit_test(no_nccl),
    };
    return cmocka_run_group_tests(tests, draw, NULL);
}
