/* The monitor's history: what goes in comes out to the resolution of its source, a day holds in 10 MB, and
 * what does not fit is thinned by the rule that src/monitor/history.h states. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "monitor/history.h"
#include "monitor/history_log.h"
#include "support/support.h"

#define SECOND_NS INT64_C(1000000000)
#define START_NS  (INT64_C(1700000000) * SECOND_NS)
#define DAY_S     86400
#define TEN_MB    ((size_t)10 * 1000 * 1000)

static BrimDeviceSample device(const char *vendor, const char *id)
{
    BrimDeviceSample made = {.parent = -1};
    snprintf(made.vendor, sizeof made.vendor, "%s", vendor);
    snprintf(made.id, sizeof made.id, "%s", id);
    for (int i = 0; i < BRIM_METRIC_COUNT; i++)
        made.value[i] = NAN;
    return made;
}

static void add(BrimHistory *history, int64_t time_ns, const BrimDeviceSample *devices, int count)
{
    const BrimMonitorSample sample = {.time_ns = time_ns, .devices = devices, .device_count = count};
    assert_ok(brim_history_add(history, &sample));
    assert_true(brim_history_bytes(history) <= TEN_MB);
}

/* Samples that alternate between two figures, of which the second knows no temperature. */
static void thinning_keeps_peaks_and_means(void **state)
{
    (void)state;
    enum { COUNT = 4000 };
    BrimHistoryLog log = {.first = NULL};
    for (int i = 0; i < COUNT; i++) {
        const BrimHistoryPoint point = {i * 1000, {100 + i % 2 * 100000, 10 + i % 2 * 10, 7, -3, 9}};
        BrimHistoryPoint given = point;
        if (i % 2)
            given.units[BRIM_HISTORY_TEMPERATURE] = BRIM_HISTORY_UNKNOWN;
        assert_ok(brim_history_log_append(&log, &given));
    }
    const int64_t last_begins_ms = log.last->first_ms;
    assert_int_equal(brim_history_log_least_step_ms(&log, INT64_MAX), 1000);
    assert_ok(brim_history_log_thin(&log, INT64_MAX, 1000)); /* none is closer than that */
    assert_int_equal(log.first->samples, log.first->last_ms / 1000 + 1);
    assert_ok(brim_history_log_thin(&log, INT64_MAX, 1001));
    int64_t expected_ms = 0;
    for (const BrimHistoryChunk *chunk = log.first; chunk != log.last; chunk = chunk->next) {
        BrimHistoryCursor cursor = brim_history_log_begin(chunk);
        while (brim_history_log_next(chunk, &cursor)) {
            assert_int_equal(cursor.point.time_ms, expected_ms);
            assert_true(cursor.point.units[BRIM_HISTORY_MEMORY_USED] == 100100);
            assert_true(cursor.point.units[BRIM_HISTORY_UTILIZATION] == 15);
            assert_true(cursor.point.units[BRIM_HISTORY_TEMPERATURE] == 7);
            assert_true(cursor.point.units[BRIM_HISTORY_POWER] == -3);
            expected_ms += 2000;
        }
    }
    assert_int_equal(log.last->first_ms, last_begins_ms); /* what is written to is as it was */
    brim_history_log_clear(&log);
}

/* A busy device: every figure moves with every sample. */
static void shake(BrimDeviceSample *shaken, BrimRandom *random)
{
    shaken->value[BRIM_METRIC_MEMORY_USED] = brim_random_uniform(random, 30.0, 30.1) * 0x1p30;
    shaken->value[BRIM_METRIC_UTILIZATION] = brim_random_uniform(random, 85, 100);
    shaken->value[BRIM_METRIC_TEMPERATURE] = brim_random_uniform(random, 70, 72);
    shaken->value[BRIM_METRIC_POWER] = brim_random_uniform(random, 270, 300);
    shaken->value[BRIM_METRIC_CLOCK] = 1e9 + 15e6 * brim_random_below(random, 8);
}

static const double resolution[BRIM_METRIC_COUNT] = {
    [BRIM_METRIC_MEMORY_USED] = 1024, [BRIM_METRIC_UTILIZATION] = 0.1, [BRIM_METRIC_TEMPERATURE] = 0.1,
    [BRIM_METRIC_POWER] = 0.1,        [BRIM_METRIC_CLOCK] = 1e6,
};

static void every_sample_comes_back(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    static double given[COUNT][BRIM_METRIC_COUNT];
    static BrimHistoryBucket got[COUNT];
    BrimHistory *history;
    BrimRandom random = brim_random(1, 0);
    BrimDeviceSample one = device("nvidia", "GPU-1");
    assert_ok(brim_history_open(&history, NULL));
    for (int i = 0; i < COUNT; i++) {
        shake(&one, &random);
        one.value[BRIM_METRIC_TEMPERATURE] = i % 7 == 3 ? NAN : i % 5 == 0 ? -12.3 : i % 10;
        one.value[BRIM_METRIC_POWER] = 0; /* which is known, and not unknown */
        one.value[BRIM_METRIC_MEMORY_USED] = i % 100 == 0 ? 0x1p60 : 4096;
        memcpy(given[i], one.value, sizeof one.value);
        /* a hundredth of a second late or early, as it happens */
        add(history, START_NS + i * SECOND_NS + (int64_t)brim_random_uniform(&random, -1e7, 1e7), &one, 1);
    }
    for (int metric = 0; metric < BRIM_METRIC_COUNT; metric++) {
        brim_history_read(history, &one, metric, START_NS - SECOND_NS / 2,
                          START_NS + COUNT * SECOND_NS - SECOND_NS / 2, got, COUNT);
        for (int i = 0; i < COUNT; i++) {
            assert_int_equal(got[i].samples, brim_history_keeps(metric));
            assert_true(isnan(got[i].mean) == (isnan(given[i][metric]) || !brim_history_keeps(metric)));
            if (!isnan(got[i].mean))
                assert_true(fabs(got[i].mean - given[i][metric]) <= resolution[metric] / 2 * (1 + 1e-9));
        }
    }
    brim_history_close(&history);
    assert_null(history);
}

static void buckets_have_least_mean_and_most(void **state)
{
    (void)state;
    BrimHistory *history;
    BrimHistoryBucket got[4];
    BrimDeviceSample one = device("amd", "0000:03:00.0"), other = device("amd", "0000:04:00.0");
    assert_ok(brim_history_open(&history, NULL));
    for (int i = 0; i < 40; i++) {
        one.value[BRIM_METRIC_UTILIZATION] = i < 10 ? NAN : i;
        add(history, START_NS + i * SECOND_NS, &one, 1);
    }
    brim_history_read(history, &one, BRIM_METRIC_UTILIZATION, START_NS, START_NS + 40 * SECOND_NS, got, 4);
    assert_true(got[0].samples == 10 && got[0].known == 0 && isnan(got[0].least) && isnan(got[0].most));
    assert_true(got[3].least == 30 && fabs(got[3].mean - 34.5) < 1e-9 && got[3].most == 39);
    brim_history_read(history, &other, BRIM_METRIC_UTILIZATION, START_NS, START_NS + 40 * SECOND_NS, got, 4);
    assert_true(got[3].samples == 0 && isnan(got[3].mean)); /* of the same vendor, but never seen */
    brim_history_close(&history);
}

static void a_clock_set_back_does_no_harm(void **state)
{
    (void)state;
    BrimHistory *history;
    BrimHistoryBucket got[1];
    BrimDeviceSample one = device("host", "host");
    assert_ok(brim_history_open(&history, NULL));
    for (int i = 0; i < 20; i++) {
        one.value[BRIM_METRIC_UTILIZATION] = i;
        add(history, START_NS + (i < 10 ? i : i - 3600) * SECOND_NS, &one, 1);
    }
    brim_history_read(history, &one, BRIM_METRIC_UTILIZATION, START_NS - 3590 * SECOND_NS, START_NS, got, 1);
    assert_true(got[0].samples == 10 && got[0].least == 10 && got[0].most == 19);
    brim_history_close(&history);
}

/* Fills a day with noise, and says what it took. The devices are of one model, the last is the host. */
static BrimHistory *noisy_day(const char *what, int per_second, BrimDeviceSample *devices, int count)
{
    BrimHistory *history;
    BrimRandom random = brim_random(2, (uint64_t)count);
    size_t held_bytes = brim_mem_held_bytes(BRIM_MEM_OTHER);
    int64_t start_ns = brim_clock_ns();
    assert_ok(brim_history_open(&history, NULL));
    for (int64_t i = 0; i < (int64_t)DAY_S * per_second; i++) {
        for (int j = 0; j < count; j++)
            shake(&devices[j], &random);
        add(history, START_NS + i * (SECOND_NS / per_second), devices, count);
    }
    double seconds = (double)(brim_clock_ns() - start_ns) * 1e-9;
    size_t bytes = brim_history_bytes(history);
    held_bytes = brim_mem_held_bytes(BRIM_MEM_OTHER) - held_bytes;
    assert_true(held_bytes <= bytes && bytes < held_bytes + bytes / 50); /* all but the door's headers */
    print_message("%s: %zu bytes, %.2f a sample of a device, written in %.2f s\n", what, bytes,
                  (double)bytes / DAY_S / per_second / count, seconds);
    return history;
}

/* Every hour of the last day has samples; how many they are in the first and in the last hour. */
static void whole_day_is_there(const BrimHistory *history, const BrimDeviceSample *one, int hours[24])
{
    BrimHistoryBucket got[24];
    brim_history_read(history, one, BRIM_METRIC_MEMORY_USED, START_NS, START_NS + DAY_S * SECOND_NS, got, 24);
    for (int i = 0; i < 24; i++) {
        hours[i] = got[i].samples;
        assert_true(got[i].known == got[i].samples && got[i].samples > 0);
        assert_true(got[i].most > 30.09 * 0x1p30 &&
                    got[i].most <= 30.1 * 0x1p30 + 1024); /* the peak is not lost */
    }
}

static void a_day_of_four_gpus_holds(void **state)
{
    (void)state;
    BrimDeviceSample devices[4] = {device("nvidia", "GPU-a"), device("nvidia", "GPU-b"),
                                   device("nvidia", "GPU-c"), device("nvidia", "GPU-d")};
    int hours[24];
    BrimHistory *history = noisy_day("4 GPUs, noise, 1/s, a day", 1, devices, 4);
    whole_day_is_there(history, &devices[2], hours);
    for (int i = 0; i < 24; i++)
        assert_int_equal(hours[i], 3600); /* nothing was thinned */
    brim_history_close(&history);
}

static void a_day_at_ten_a_second_is_thinned(void **state)
{
    (void)state;
    BrimDeviceSample devices[2] = {device("nvidia", "GPU-a"), device("host", "host")};
    int hours[24];
    BrimHistory *history = noisy_day("a GPU and the host, noise, 10/s, a day", 10, devices, 2);
    whole_day_is_there(history, &devices[0], hours);
    print_message("    samples left in its hours:");
    for (int i = 0; i < 24; i++)
        print_message(" %d", hours[i]);
    print_message(" (36000 were taken)\n");
    assert_true(hours[0] >= 3600 / 2 &&
                hours[0] < 36000); /* the oldest hour is thinned, the newest is whole */
    assert_true(hours[23] == 36000);
    brim_history_close(&history);
}

static void a_quiet_day_at_ten_a_second_holds(void **state)
{
    (void)state;
    BrimDeviceSample devices[2] = {device("nvidia", "GPU-a"), device("host", "host")};
    BrimRandom random = brim_random(3, 0);
    BrimHistory *history;
    int hours[24];
    assert_ok(brim_history_open(&history, NULL));
    for (int64_t i = 0; i < INT64_C(10) * DAY_S; i++) {
        if (i % 10 == 0) /* sources renew their figures once a second, whoever asks ten times */
            for (int j = 0; j < 2; j++)
                shake(&devices[j], &random);
        add(history, START_NS + i * (SECOND_NS / 10), devices, 2);
    }
    print_message("a GPU and the host, figures renewed once a second, 10/s, a day: %zu bytes\n",
                  brim_history_bytes(history));
    whole_day_is_there(history, &devices[1], hours);
    assert_true(hours[0] == 36000 && hours[23] == 36000);
    brim_history_close(&history);
}

static void the_bound_is_kept_and_old_samples_go(void **state)
{
    (void)state;
    const BrimHistoryOptions small = {.keep_ns = 100 * SECOND_NS, .most_bytes = 256 << 10};
    BrimDeviceSample devices[3] = {device("nvidia", "GPU-a"), device("nvidia", "GPU-b"),
                                   device("host", "host")};
    BrimRandom random = brim_random(4, 0);
    BrimHistory *history;
    int64_t first_ns, last_ns;
    assert_ok(brim_history_open(&history, &small));
    for (int64_t i = 0; i < 60000; i++) {
        for (int j = 0; j < 3; j++)
            shake(&devices[j], &random);
        add(history, START_NS + i * (SECOND_NS / 100), devices, i < 30000 ? 3 : 1); /* two are unplugged */
        assert_true(brim_history_bytes(history) <= small.most_bytes);
    }
    brim_history_span(history, &first_ns, &last_ns);
    assert_true(llabs(last_ns - (START_NS + 59999 * (SECOND_NS / 100))) < SECOND_NS / 100);
    assert_true(last_ns - first_ns > 90 * SECOND_NS && last_ns - first_ns < 130 * SECOND_NS);
    BrimHistoryBucket gone;
    brim_history_read(history, &devices[1], BRIM_METRIC_CLOCK, START_NS, last_ns, &gone, 1);
    assert_int_equal(gone.samples, 0);
    brim_history_close(&history);
    const BrimHistoryOptions none = {.most_bytes = 1000};
    assert_refused(brim_history_open(&history, &none), BRIM_ERROR_ARGUMENT, "too small");
}

static void memory_that_runs_out_is_said(void **state)
{
    (void)state;
    BrimDeviceSample one = device("nvidia", "GPU-a");
    BrimRandom random = brim_random(5, 0);
    const BrimMonitorSample sample = {.time_ns = START_NS, .devices = &one, .device_count = 1};
    size_t held_bytes = brim_mem_held_bytes(BRIM_MEM_TAG_COUNT);
    for (uint64_t nth = 1; nth <= 3; nth++) {
        BrimHistory *history = NULL;
        brim_mem_fail_at(nth);
        BrimStatus status = brim_history_open(&history, NULL);
        shake(&one, &random);
        if (status == BRIM_OK)
            status = brim_history_add(history, &sample);
        brim_mem_fail_at(0);
        assert_int_equal(status, BRIM_ERROR_MEMORY);
        if (history)
            assert_ok(brim_history_add(history, &sample)); /* and it goes on */
        brim_history_close(&history);
    }
    assert_int_equal(brim_mem_held_bytes(BRIM_MEM_TAG_COUNT), held_bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sample_comes_back),
        cmocka_unit_test(buckets_have_least_mean_and_most),
        cmocka_unit_test(a_clock_set_back_does_no_harm),
        cmocka_unit_test(thinning_keeps_peaks_and_means),
        cmocka_unit_test(a_day_of_four_gpus_holds),
        cmocka_unit_test(a_day_at_ten_a_second_is_thinned),
        cmocka_unit_test(a_quiet_day_at_ten_a_second_holds),
        cmocka_unit_test(the_bound_is_kept_and_old_samples_go),
        cmocka_unit_test(memory_that_runs_out_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
