/* Peaks and means over samples: weighted by time, unknown ones left out, devices told apart. */
#include <math.h>
#include <string.h>

#include "monitor/draft.h"
#include "monitor/summary.h"
#include "support/support.h"

static void means_are_weighted_by_time(void **state)
{
    (void)state;
    BrimSpan level = {.count = 0}, rate = {.count = 0};
    assert_true(isnan(brim_span_peak(&level)));
    assert_true(isnan(brim_span_mean(&level)));
    brim_span_add(&level, BRIM_SPAN_LEVEL, 10, 0);
    assert_true(brim_span_mean(&level) == 10);
    brim_span_add(&level, BRIM_SPAN_LEVEL, 20, 1);
    brim_span_add(&level, BRIM_SPAN_LEVEL, NAN, 5);
    brim_span_add(&level, BRIM_SPAN_LEVEL, 20, 3);
    assert_true(brim_span_mean(&level) == (15 * 1 + 20 * 3) / 4.0);
    assert_true(brim_span_peak(&level) == 20);
    brim_span_add(&rate, BRIM_SPAN_RATE, -4, 2);
    brim_span_add(&rate, BRIM_SPAN_RATE, -8, 6);
    assert_true(brim_span_mean(&rate) == -7);
    assert_true(brim_span_peak(&rate) == -4);
}

static BrimDraft draft;

static void device(const char *vendor, const char *id, int index, double used_bytes)
{
    BrimDeviceSample *added = brim_draft_device(&draft);
    strcpy(added->vendor, vendor);
    strcpy(added->id, id);
    added->index = index;
    added->value[BRIM_METRIC_MEMORY_USED] = used_bytes;
    added->value[BRIM_METRIC_MEMORY_TOTAL] = 1000;
}

static void process(int pid, int at, double bytes, double host_bytes, double peak_bytes)
{
    BrimProcessSample *added = brim_draft_process(&draft);
    added->pid = pid;
    added->device = at;
    added->memory_bytes = bytes;
    added->host_memory_bytes = host_bytes;
    added->host_peak_bytes = peak_bytes;
}

static void add(BrimSummary *summary)
{
    BrimMonitorSample sample = brim_draft_sample(&draft);
    assert_ok(brim_summary_add(summary, &sample));
}

static void devices_and_the_tree_are_summed_up(void **state)
{
    (void)state;
    BrimSummary summary = {.devices = NULL};
    brim_draft_restart(&draft, INT64_C(1000000000), 0);
    device("amd", "a", 0, 100);
    device("amd", "b", 1, NAN);
    process(7, 0, 40, 300, 500);
    process(8, 0, 50, 30, 30);
    process(7, 1, NAN, 300, 500);
    add(&summary);
    brim_draft_restart(&draft, INT64_C(3000000000), 0);
    device("amd", "b", 0, 7); /* the other way round */
    device("amd", "a", 1, 200);
    process(7, 1, 60, 400, 600);
    add(&summary);
    brim_draft_restart(&draft, INT64_C(2000000000), 0); /* the clock was set back */
    device("intel", "a", 0, 1);
    add(&summary);
    assert_int_equal(summary.device_count, 3);
    assert_int_equal(summary.samples, 3);
    assert_int_equal(summary.most_processes, 2);
    assert_true(brim_span_peak(&summary.devices[0].memory_bytes) == 200);
    assert_true(brim_span_mean(&summary.devices[0].memory_bytes) == 150);
    assert_true(brim_span_peak(&summary.devices[0].tree_bytes) == 90);
    assert_true(brim_span_peak(&summary.devices[1].memory_bytes) == 7);
    assert_true(isnan(brim_span_peak(&summary.devices[1].tree_bytes)));
    assert_true(brim_span_peak(&summary.tree_bytes) == 400);
    assert_true(brim_span_mean(&summary.tree_bytes) == 365);
    assert_true(brim_span_peak(&summary.process_peak_bytes) == 600);
    brim_summary_clear(&summary);
    brim_draft_clear(&draft);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(means_are_weighted_by_time),
        cmocka_unit_test(devices_and_the_tree_are_summed_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
