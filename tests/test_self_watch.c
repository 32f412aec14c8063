/* A run that watches itself: figures of a time, and one alarm each time that memory runs short. */
#include "support/support.h"

#include <math.h>
#include <string.h>
#include <time.h>

#include "base/process.h"
#include "run/self_watch.h"

#define MIB ((uint64_t)1 << 20)

static void sleep_ms(int ms)
{
    const struct timespec time = {ms / 1000, ms % 1000 * 1000000L};
    nanosleep(&time, NULL);
}

static BrimSelfWatch *open_watch(uint64_t planned_bytes, uint64_t reserve_bytes)
{
    BrimSelfWatch *watch = NULL;
    const BrimSelfWatchConf conf = {
        .interval_s = 0.01, .planned_bytes = planned_bytes, .reserve_bytes = reserve_bytes};
    assert_ok(brim_self_watch_open(&watch, &conf));
    assert_non_null(watch);
    return watch;
}

/* At least so many samples since the opening, or the test fails after ten seconds. */
static BrimUse wait_for(BrimSelfWatch *watch, int samples)
{
    for (int i = 0; i < 1000; i++) {
        BrimUse use = brim_self_watch_use(watch, true);
        if (use.samples >= samples)
            return use;
        sleep_ms(10);
    }
    fail_msg("no %d samples in ten seconds", samples);
    return (BrimUse){.samples = 0};
}

static void peak_and_mean_are_those_of_the_process(void **state)
{
    enum { BYTES = 64 << 20 };
    (void)state;
    BrimSelfWatch *watch = open_watch(0, 0);
    BrimUse before = wait_for(watch, 3);
    assert_true(before.memory_mean_bytes > 1e6 && before.memory_peak_bytes >= (1 - 1e-9) * before.memory_mean_bytes);
    char *block = brim_mem_reserve(BRIM_MEM_OTHER, BYTES, 1);
    memset(block, 1, BYTES);
    BrimUse after = wait_for(watch, brim_self_watch_use(watch, true).samples + 3);
    assert_true(after.memory_peak_bytes >= before.memory_peak_bytes + 0.9 * BYTES);
    assert_true(after.memory_peak_bytes <= (double)brim_process_peak_bytes());
    assert_true(after.memory_mean_bytes < after.memory_peak_bytes);
    brim_mem_give(block);
    sleep_ms(30);
    brim_self_watch_restart(watch);
    wait_for(watch, brim_self_watch_use(watch, true).samples + 3);
    assert_true(brim_self_watch_use(watch, false).memory_peak_bytes < before.memory_peak_bytes + 0.5 * BYTES);
    assert_true(brim_self_watch_use(watch, true).memory_peak_bytes >= after.memory_peak_bytes);
    brim_self_watch_close(&watch);
    assert_null(watch);
    brim_self_watch_close(&watch);
}

static bool alarm_within(BrimSelfWatch *watch, char *text, size_t bytes, int ms)
{
    for (int i = 0; i < ms / 10; i++) {
        if (brim_self_watch_alarm(watch, text, bytes))
            return true;
        sleep_ms(10);
    }
    return false;
}

/* Others leave the run too little, give it back, and take it again: two alarms, not one for each sample. */
static void each_shortage_is_told_once(void **state)
{
    char text[384];
    (void)state;
    uint64_t planned = brim_process_resident_bytes() + 100 * MIB;
    BrimSelfWatch *watch = open_watch(planned, 0);
    wait_for(watch, 3);
    assert_false(brim_self_watch_alarm(watch, text, sizeof text));
    for (int time = 0; time < 2; time++) {
        brim_process_pretend_left(brim_process_resident_bytes() + 50 * MIB);
        assert_true(alarm_within(watch, text, sizeof text, 10000));
        assert_non_null(strstr(text, "MiB are left"));
        assert_false(alarm_within(watch, text, sizeof text, 100));
        brim_process_pretend_left(0);
        wait_for(watch, brim_self_watch_use(watch, true).samples + 3);
    }
    brim_self_watch_close(&watch);
}

/* The reserve is held against what is free, also where the run itself needs nothing more. */
static void the_reserve_is_watched(void **state)
{
    char text[384];
    (void)state;
    brim_process_pretend_left(brim_process_resident_bytes() + 400 * MIB);
    BrimSelfWatch *watch = open_watch(0, 300 * MIB);
    wait_for(watch, 3);
    assert_false(brim_self_watch_alarm(watch, text, sizeof text));
    brim_process_pretend_left(brim_process_resident_bytes() + 250 * MIB);
    assert_true(alarm_within(watch, text, sizeof text, 10000));
    brim_process_pretend_left(0);
    brim_self_watch_close(&watch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peak_and_mean_are_those_of_the_process),
        cmocka_unit_test(each_shortage_is_told_once),
        cmocka_unit_test(the_reserve_is_watched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
