/* NVIDIA's cards through NVML, against false libraries of three ages: what is read, what is missing, what
 * fails, and who is lost. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "support/nvml_case.h"

static const struct {
    BrimMetric metric;
    double newest, middle, oldest;
} known[] = {
    {BRIM_METRIC_MEMORY_TOTAL, 8589934592.0, 8589934592.0, 8589934592.0},
    {BRIM_METRIC_MEMORY_USED, 2684354560.0, 3221225472.0, 3221225472.0}, /* v1: what is reserved among it */
    {BRIM_METRIC_MEMORY_FREE, 5368709120.0, 5368709120.0, 5368709120.0},
    {BRIM_METRIC_MEMORY_RESERVED, 536870912.0, NAN, NAN},
    {BRIM_METRIC_SHARED_TOTAL, NAN, NAN, NAN},
    {BRIM_METRIC_SHARED_USED, NAN, NAN, NAN},
    {BRIM_METRIC_UTILIZATION, 10, 10, 10},
    {BRIM_METRIC_MEMORY_BUSY, 50, 50, 50},
    {BRIM_METRIC_ENCODER, 21, 21, 21},
    {BRIM_METRIC_DECODER, 22, 22, 22},
    {BRIM_METRIC_TEMPERATURE, 41, 40, 40},
    {BRIM_METRIC_MEMORY_TEMPERATURE, 55, 55, NAN},
    {BRIM_METRIC_POWER, 100.5, 100.5, 100.5},
    {BRIM_METRIC_POWER_LIMIT, 300, 300, 300},
    {BRIM_METRIC_ENERGY, 123456.789, 123456.789, NAN},
    {BRIM_METRIC_CLOCK, 1.5e9, 1.5e9, 1.5e9},
    {BRIM_METRIC_CLOCK_MOST, 2e9, 2e9, 2e9},
    {BRIM_METRIC_MEMORY_CLOCK, 5e9, 5e9, 5e9},
    {BRIM_METRIC_MEMORY_CLOCK_MOST, 6e9, 6e9, 6e9},
    {BRIM_METRIC_FAN, 30, 30, 30},
    {BRIM_METRIC_PCIE_RECEIVED, 2048000, 2048000, 2048000},
    {BRIM_METRIC_PCIE_SENT, 1024000, 1024000, 1024000},
    {BRIM_METRIC_PCIE_GENERATION, 4, 4, 4},
    {BRIM_METRIC_PCIE_LANES, 16, 16, 16},
    {BRIM_METRIC_ECC_CORRECTED, 7, 7, 7},
    {BRIM_METRIC_ECC_UNCORRECTED, 2, 2, 2},
};

static void figures_come_from_every_age(void **state)
{
    (void)state;
    assert_int_equal(sizeof known / sizeof known[0], BRIM_METRIC_COUNT);
    for (int age = 0; age < FAKE_AGES; age++) {
        use(age, 1);
        open_and_take();
        assert_int_equal(nvidia_count(), 1);
        assert_string_equal(sample->devices[0].name, "False Card 0");
        assert_string_equal(sample->devices[0].id, "GPU-00000000-0000");
        assert_string_equal(sample->devices[0].driver, "999.42.01");
        assert_string_equal(sample->devices[0].trouble, "");
        assert_int_equal(sample->devices[0].parent, -1);
        for (int i = 0; i < BRIM_METRIC_COUNT; i++) {
            double expected = age == FAKE_NEWEST ? known[i].newest
                              : age == 1         ? known[i].middle
                                                 : known[i].oldest;
            double got = value(0, known[i].metric);
            if (isnan(expected) ? !isnan(got) : fabs(got - expected) > 1e-9 * fabs(expected) || isnan(got))
                fail_msg("age %d, %s: %g, not %g", age, brim_metric_key(known[i].metric), got, expected);
        }
        brim_monitor_close(&monitor);
        assert_int_equal(calls_of("nvmlShutdown"), 1);
        assert_int_equal(calls_of(age ? "nvmlInit_v2" : "nvmlInit"), 1);
    }
}

static void what_is_not_available_is_unknown(void **state)
{
    (void)state;
    for (int age = 0; age < FAKE_AGES; age++) {
        use(age, 1);
        fake->all_ones = true;
        fake->compute = 1;
        open_and_take();
        assert_nothing_known(0);
        assert_true(isnan(process(0, 1000)->memory_bytes));
        brim_monitor_close(&monitor);
    }
    use(FAKE_NEWEST, 1);
    fake->cold_memory = true;
    fake->fail_call = "nvmlDeviceGetFanSpeed"; /* has no fan */
    fake->fail_result = BRIM_NVML_NOT_SUPPORTED;
    open_and_take();
    assert_true(isnan(value(0, BRIM_METRIC_MEMORY_TEMPERATURE)));
    assert_true(isnan(value(0, BRIM_METRIC_FAN)));
    assert_string_equal(sample->devices[0].trouble, "");
}

/* Two cards, the second of them cut. */
static void use_two(void)
{
    use(FAKE_NEWEST, 2);
    fake->compute = 2;
    fake->mig_card = 1;
    fake->mig_serial[0] = 1;
}

/* That call failed for that card: it says so unless the figure is merely not there, and the other card is
 * well. */
static void check_failure(const char *call, int card, int result)
{
    const BrimDeviceSample *device = &sample->devices[card], *other = &sample->devices[1 - card];
    assert_int_equal(nvidia_count() >= 2, true);
    assert_string_equal(other->trouble, "");
    assert_false(other->lost);
    assert_int_equal((int)other->value[BRIM_METRIC_UTILIZATION], 10 + 1 - card);
    bool silent = result == BRIM_NVML_NOT_SUPPORTED || result == BRIM_NVML_FUNCTION_NOT_FOUND;
    if (silent && strcmp(call, "nvmlDeviceGetHandleByIndex_v2") != 0)
        assert_string_equal(device->trouble, "");
    bool of_part = (card == 1 && strstr(call, "Process")) || strstr(call, "GpuInstance");
    if (result != 999 || of_part) /* asked of its part, if at all */
        return;
    size_t length = strcspn(device->trouble, ":");
    if (length == 0 || strncmp(device->trouble, call, length) != 0 ||
        !strstr(device->trouble, "Unknown Error"))
        fail_msg("%s: %s", call, device->trouble);
}

/* Every call that a sample needs fails once for each card in every way. */
static void no_failure_ends_the_sampling(void **state)
{
    (void)state;
    static const int results[] = {1, 2, 3, 4, 6, 7, 10, 13, 15, 16, 25, 26, 999, -5};
    enum { RESULT_COUNT = sizeof results / sizeof results[0] };
    use_two();
    open_and_take();
    brim_monitor_close(&monitor);
    const FakeNvml all = *fake;
    assert_int_equal(all.call_count, 32);
    for (int i = 0; i < all.call_count * 2 * RESULT_COUNT; i++) {
        const char *call = all.calls[i / (2 * RESULT_COUNT)].name;
        int card = i / RESULT_COUNT % 2, result = results[i % RESULT_COUNT];
        bool of_a_card = strncmp(call, "nvmlDevice", 10) == 0 && !strstr(call, "GetCount");
        use_two();
        fake->fail_call = call;
        fake->fail_card = card;
        fake->fail_result = result;
        open_and_take();
        if (of_a_card && !(card == 0 && strstr(call, "Mig") && !strstr(call, "MigMode")))
            check_failure(call, card, result);
        /* It is asked again unless it has not even said who it is. */
        bool asked_again = of_a_card && (sample->devices[card].lost || value(card, BRIM_METRIC_POWER) > 0);
        fake->fail_call = NULL;
        take();
        if (asked_again)
            assert_int_equal((int)value(card, BRIM_METRIC_UTILIZATION), 10 + card);
        brim_monitor_close(&monitor);
    }
}

static void a_failure_is_named_and_the_rest_is_read(void **state)
{
    (void)state;
    use(FAKE_NEWEST, 2);
    assert_ok(try_open(false));
    fake->fail_call = "nvmlDeviceGetPowerUsage";
    fake->fail_card = 1;
    fake->fail_result = 999;
    take();
    assert_string_equal(sample->devices[0].trouble, "");
    assert_string_equal(sample->devices[1].trouble, "nvmlDeviceGetPowerUsage: Unknown Error");
    assert_false(sample->devices[1].lost);
    assert_true(isnan(value(1, BRIM_METRIC_POWER)));
    assert_int_equal((int)value(1, BRIM_METRIC_POWER_LIMIT), 300);
    fake->fail_call = "nvmlDeviceGetClockInfo";
    fake->fail_result = 77; /* NVML has no words for it */
    take();
    assert_string_equal(sample->devices[1].trouble, "nvmlDeviceGetClockInfo: error 77 (and 1 more)");
    assert_int_equal((int)value(1, BRIM_METRIC_POWER), 100);
    fake->fail_call = NULL;
    take();
    assert_string_equal(sample->devices[1].trouble, "");
}

static void what_failed_once_at_open_stays_named(void **state)
{
    (void)state;
    use(FAKE_NEWEST, 1);
    fake->fail_call = "nvmlDeviceGetUUID";
    fake->fail_result = 999;
    open_and_take();
    assert_string_equal(sample->devices[0].id, "00000000:00:00.0");
    assert_string_equal(sample->devices[0].trouble, "nvmlDeviceGetUUID: Unknown Error");
    brim_monitor_close(&monitor);
    use(0, 1);
    fake->fail_call = "nvmlDeviceGetUUID";
    fake->fail_result = BRIM_NVML_NOT_SUPPORTED;
    open_and_take();
    assert_string_equal(sample->devices[0].id, "0000:00:00.0");
    assert_string_equal(sample->devices[0].trouble, "");
}

static void texts_need_no_end(void **state)
{
    (void)state;
    use(FAKE_NEWEST, 1);
    fake->garbage_text = true;
    open_and_take();
    const BrimDeviceSample *device = &sample->devices[0];
    assert_int_equal(strlen(device->name), sizeof device->name - 1);
    assert_int_equal(strlen(device->id), sizeof device->id - 1);
    assert_int_equal(strlen(device->driver), sizeof device->driver - 1);
    assert_int_equal(strspn(device->name, "?"), sizeof device->name - 1);
    brim_monitor_close(&monitor);
    fake->fail_call = "nvmlDeviceGetUUID";
    fake->fail_result = BRIM_NVML_NOT_SUPPORTED;
    open_and_take();
    assert_int_equal(strlen(sample->devices[0].id), 32); /* the PCI address's room */
}

/* What a sample asks for, so that a call more is seen here: 17 of a card, and 2 of the traffic of 2 cards. */
static void a_sample_costs_so_many_calls(void **state)
{
    (void)state;
    use(FAKE_NEWEST, 16);
    assert_ok(try_open(true));
    int before = fake->total;
    take();
    assert_int_equal(nvidia_count(), 16);
    assert_int_equal(fake->total - before, 16 * 17 + 2 * 2);
    for (int i = 1; i < 8; i++)
        take();
    assert_int_equal(fake->total - before, 8 * (16 * 17 + 2 * 2));
    for (int i = 0; i < 16; i++)
        assert_int_equal((int)value(i, BRIM_METRIC_PCIE_SENT), 1024000);
    take(); /* within the second in which the figure stands */
    assert_int_equal(fake->total - before, 8 * (16 * 17 + 2 * 2) + 16 * 17);
    brim_monitor_close(&monitor);
    use(FAKE_NEWEST, 1);
    fake->compute = 3;
    assert_ok(try_open(false));
    before = fake->total;
    take();
    assert_int_equal(fake->total - before, 17 + 2 + 3 + 1); /* three lists, and how busy they are */
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_teardown(name, close_monitor)
        CASE(figures_come_from_every_age),          CASE(what_is_not_available_is_unknown),
        CASE(no_failure_ends_the_sampling),         CASE(a_failure_is_named_and_the_rest_is_read),
        CASE(what_failed_once_at_open_stays_named), CASE(texts_need_no_end),
        CASE(a_sample_costs_so_many_calls),
#undef CASE
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
