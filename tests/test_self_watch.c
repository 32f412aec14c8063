/* A run that watches itself: figures of a time, and one alarm each time that memory runs short. */
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/process.h"
#include "run/self_watch.h"
#include "support/samples.h"

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

/* ---- on a card: samples that were made up ---- */

enum { MOMENTS = 4 };

/* Another card in front, the run's own, and the host; this process has its own part of each. */
static void make_up(MadeUp *made_up, int step, bool known)
{
    made_up_begin(made_up, step * (int64_t)1000000000);
    BrimDeviceSample *other = made_up_device(made_up, "nvidia", "Other", "GPU-0101");
    BrimDeviceSample *own = made_up_device(made_up, "nvidia", "Own", "MIG-0202");
    made_up_device(made_up, "host", "Host", "host")->value[BRIM_METRIC_UTILIZATION] = 99;
    other->value[BRIM_METRIC_UTILIZATION] = 98;
    own->value[BRIM_METRIC_UTILIZATION] = 10 * step;
    own->value[BRIM_METRIC_TEMPERATURE] = 50 + step;
    own->value[BRIM_METRIC_POWER] = 100;
    own->value[BRIM_METRIC_MEMORY_FREE] = step < MOMENTS ? 900.0 * MIB : 100.0 * MIB;
    made_up_process(made_up, 1, "init", 1)->memory_bytes = 5.0 * MIB;
    made_up_process(made_up, getpid(), "brim", 0)->memory_bytes = 7.0 * MIB;
    if (known)
        made_up_process(made_up, getpid(), "brim", 1)->memory_bytes = (300.0 + step) * MIB;
}

static const char *write_trace(const char *name, bool known)
{
    MadeUp made_up;
    const char *path = scratch_path(name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int step = 1; step <= MOMENTS; step++) {
        make_up(&made_up, step, known);
        char *line = made_up_json(&made_up.sample);
        fprintf(file, "%s\n", line);
        brim_mem_give(line);
    }
    fclose(file);
    return path;
}

static BrimUse watch_card(const char *trace, char *alarm, size_t bytes)
{
    BrimSelfWatch *watch = NULL;
    const BrimSelfWatchConf conf = {.interval_s = 0.01,
                                    .planned_bytes = 310 * MIB,
                                    .reserve_bytes = 400 * MIB,
                                    .card_id = "GPU-0202",
                                    .trace = trace};
    assert_ok(brim_self_watch_open(&watch, &conf));
    BrimUse use = wait_for(watch, MOMENTS);
    alarm[0] = '\0';
    brim_self_watch_alarm(watch, alarm, bytes);
    brim_self_watch_close(&watch);
    return use;
}

static void a_card_is_found_by_its_number(void **state)
{
    char alarm[384];
    (void)state;
    BrimUse use = watch_card(write_trace("known.jsonl", true), alarm, sizeof alarm);
    assert_int_equal(use.samples, MOMENTS);
    assert_float_equal(use.memory_peak_bytes, (300.0 + MOMENTS) * MIB, 1);
    assert_float_equal(use.device_peak_percent, 10 * MOMENTS, 1e-9);
    assert_float_equal(use.temperature_peak_celsius, 50 + MOMENTS, 1e-9);
    assert_float_equal(use.power_mean_watts, 100, 1e-9);
    assert_non_null(strstr(alarm, "100 MiB are left, and 6 MiB of the plan"));
}

/* As in a container, whose processes the driver counts otherwise: what is not known is not made up. */
static void memory_that_is_not_known_is_not_told(void **state)
{
    char alarm[384];
    (void)state;
    BrimUse use = watch_card(write_trace("unknown.jsonl", false), alarm, sizeof alarm);
    assert_int_equal(use.samples, MOMENTS);
    assert_true(isnan(use.memory_peak_bytes) && isnan(use.memory_mean_bytes));
    assert_float_equal(use.device_peak_percent, 10 * MOMENTS, 1e-9);
    assert_non_null(strstr(alarm, "100 MiB are left, and 0 MiB of the plan"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peak_and_mean_are_those_of_the_process),
        cmocka_unit_test(each_shortage_is_told_once),
        cmocka_unit_test(the_reserve_is_watched),
        cmocka_unit_test(a_card_is_found_by_its_number),
        cmocka_unit_test(memory_that_is_not_known_is_not_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
