/* The processes on NVIDIA's cards and on their MIG parts, through a false NVML. */
#include <math.h>
#include <string.h>

#include "support/nvml_case.h"

static void lists_grow_and_are_merged(void **state)
{
    (void)state;
    for (int age = 0; age < FAKE_AGES; age++) {
        use(age, 2);
        fake->compute = 300; /* more than the first room */
        fake->graphics = 1;
        fake->mps = 2;
        open_and_take();
        assert_string_equal(sample->devices[0].trouble, "");
        assert_int_equal(process_count(1), age ? 302 : 300);
        assert_string_equal(process(1, 1000)->kind, "both");
        assert_int_equal((int64_t)process(1, 1000)->memory_bytes,
                         1 << 20); /* once, though two lists have it */
        assert_string_equal(process(1, 1299)->kind, "compute");
        assert_int_equal((int64_t)process(1, 1299)->memory_bytes, INT64_C(300) << 20);
        if (age)
            assert_string_equal(process(1, 5001)->kind, "compute");
        int grown = calls_of("nvmlDeviceGetComputeRunningProcesses_v3");
        take();
        if (age == FAKE_NEWEST) { /* the room stays */
            assert_int_equal(grown, 3);
            assert_int_equal(calls_of("nvmlDeviceGetComputeRunningProcesses_v3"), 5);
        }
        brim_monitor_close(&monitor);
    }
}

/* Drivers have given _v3 entries of three sizes. */
static void entries_of_any_size_are_read(void **state)
{
    (void)state;
    for (int stride = 16; stride <= 32; stride += 8)
        for (int count = 1; count <= 64; count += 21) {
            use(FAKE_NEWEST, 1);
            fake->stride_bytes = stride;
            fake->compute = count;
            open_and_take();
            assert_int_equal(process_count(0), count);
            for (int i = 0; i < count; i++)
                assert_int_equal((int64_t)process(0, 1000 + i)->memory_bytes, (i + INT64_C(1)) << 20);
            brim_monitor_close(&monitor);
        }
}

static void the_newest_sample_says_how_busy(void **state)
{
    (void)state;
    use(1, 1);
    fake->compute = 100;
    fake->graphics = 101;
    open_and_take();
    assert_int_equal((int)process(0, 1000)->utilization_percent, 61);
    assert_int_equal((int)process(0, 1099)->utilization_percent, 61);
    assert_true(isnan(process(0, 1100)->utilization_percent)); /* no sample of it */
    assert_int_equal(fake->since_us, sample->time_ns / 1000 - 2000000);
    fake->compute = 0; /* "not found" is no trouble */
    take();
    assert_true(isnan(process(0, 1000)->utilization_percent));
    assert_string_equal(sample->devices[0].trouble, "");
}

static void a_list_that_is_never_long_enough_is_given_up(void **state)
{
    (void)state;
    use(FAKE_NEWEST, 1);
    fake->insatiable = true;
    open_and_take();
    assert_int_equal(process_count(0), 0);
    assert_string_equal(sample->devices[0].trouble,
                        "nvmlDeviceGetComputeRunningProcesses: error 7 (and 2 more)");
    assert_int_equal((int)value(0, BRIM_METRIC_UTILIZATION), 10);
    for (int i = 0; i < 10; i++)
        take();
    assert_true(brim_mem_held_bytes(BRIM_MEM_OTHER) < 4 << 20);
}

static void entries_of_nobody_are_left_out(void **state)
{
    (void)state;
    use(FAKE_NEWEST, 1);
    fake->compute = 3;
    fake->nobody = true;
    open_and_take();
    assert_int_equal(process_count(0), 2);
}

static void nobody_is_asked_who_need_not_be(void **state)
{
    (void)state;
    use(FAKE_NEWEST, 1);
    fake->compute = 1;
    assert_ok(try_open(true));
    take();
    assert_int_equal(process_count(0), 0);
    assert_int_equal(calls_of("nvmlDeviceGetComputeRunningProcesses_v3"), 0);
}

/* The third of three cards is cut in two. */
static void use_parts(void)
{
    use(FAKE_NEWEST, 3);
    fake->compute = 2;
    fake->mig_card = 1;
    fake->mig_serial[0] = 11;
    fake->mig_serial[3] = 12;
}

static void parts_stand_behind_their_card(void **state)
{
    (void)state;
    use_parts();
    open_and_take();
    assert_int_equal(nvidia_count(), 5);
    static const struct {
        const char *id, *name;
        int index, parent, processes;
    } expected[] = {
        {"GPU-00000000-0000", "False Card 0", 0, -1, 2},
        {"GPU-00000000-0001", "False Card 1", 1, -1, 0},
        {"MIG-00000000-0001-11", "False Card 1 MIG", 0, 1, 2},
        {"MIG-00000000-0001-12", "False Card 1 MIG", 3, 1, 2},
        {"GPU-00000000-0002", "False Card 2", 2, -1, 2},
    };
    for (int i = 0; i < 5; i++) {
        const BrimDeviceSample *device = &sample->devices[i];
        assert_string_equal(device->id, expected[i].id);
        assert_string_equal(device->name, expected[i].name);
        assert_int_equal(device->index, expected[i].index);
        assert_int_equal(device->parent, expected[i].parent);
        assert_int_equal(device->gpu_instance, i == 2 ? 111 : i == 3 ? 112 : -1);
        assert_int_equal(strlen(device->pci), device->parent < 0 ? strlen("00000000:00:00.0") : 0);
        assert_string_equal(device->trouble, "");
        assert_int_equal(process_count(i), expected[i].processes);
        assert_int_equal((int64_t)value(i, BRIM_METRIC_MEMORY_RESERVED), 1 << 29);
        assert_int_equal(isnan(value(i, BRIM_METRIC_UTILIZATION)), device->parent >= 0);
    }
    assert_true(isnan(process(2, 1000)->utilization_percent)); /* NVML does not say it of parts */
}

static void parts_change_behind_their_handles(void **state)
{
    (void)state;
    use_parts();
    open_and_take();
    int names = calls_of("nvmlDeviceGetName");
    take();
    assert_int_equal(calls_of("nvmlDeviceGetName"), names);
    fake->mig_serial[0] = 13; /* another one with the handle of the first */
    fake->mig_serial[3] = 0;  /* taken away: not lost */
    take();
    assert_int_equal(nvidia_count(), 4);
    assert_string_equal(sample->devices[2].id, "MIG-00000000-0001-13");
    assert_int_equal(calls_of("nvmlDeviceGetName"), names + 1);
    fake->mig_card = 0;
    take();
    assert_int_equal(nvidia_count(), 4);
    assert_int_equal(sample->devices[1].parent, 0);
    assert_int_equal(process_count(2), 2);
}

static void parts_are_lost_with_their_card(void **state)
{
    (void)state;
    use_parts();
    open_and_take();
    fake->fail_card = 1;
    fake->fail_call = "nvmlDeviceGetUUID"; /* of the first part, whose handle is there by then */
    fake->fail_result = BRIM_NVML_GPU_IS_LOST;
    for (int i = 0; i < 3; i++) {
        take();
        fake->lost_card = 1;
        assert_int_equal(nvidia_count(), 5);
        for (int part = 2; part <= 3; part++) {
            assert_true(sample->devices[part].lost);
            assert_string_equal(sample->devices[part].id,
                                part == 2 ? "MIG-00000000-0001-11" : "MIG-00000000-0001-12");
            assert_string_equal(sample->devices[part].trouble, sample->devices[1].trouble);
            assert_nothing_known(part);
            assert_int_equal(process_count(part), 0);
        }
    }
    fake->lost_card = -1;
    fake->fail_call = NULL;
    take();
    assert_false(sample->devices[1].lost || sample->devices[2].lost || sample->devices[3].lost);
    assert_int_equal(process_count(3), 2);
    assert_string_equal(sample->devices[3].trouble, "");
}

static void a_lack_of_memory_is_the_only_error(void **state)
{
    (void)state;
    size_t before = brim_mem_held_bytes(BRIM_MEM_TAG_COUNT);
    int failures = 0;
    for (uint64_t nth = 1;; nth++) {
        use_parts();
        fake->compute = 300;
        brim_mem_fail_at(nth);
        BrimStatus status = try_open(false);
        if (status == BRIM_OK)
            status = brim_monitor_sample(monitor, &sample);
        brim_mem_fail_at(0);
        brim_monitor_close(&monitor);
        assert_int_equal(brim_mem_held_bytes(BRIM_MEM_TAG_COUNT), before);
        int left = calls_of("nvmlInit_v2") - calls_of("nvmlShutdown");
        assert_int_equal(left, 0);
        if (status == BRIM_OK)
            break;
        assert_int_equal(status, BRIM_ERROR_MEMORY);
        failures++;
    }
    assert_true(failures >= 10);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_teardown(name, close_monitor)
        CASE(lists_grow_and_are_merged),       CASE(entries_of_any_size_are_read),
        CASE(the_newest_sample_says_how_busy), CASE(a_list_that_is_never_long_enough_is_given_up),
        CASE(entries_of_nobody_are_left_out),  CASE(nobody_is_asked_who_need_not_be),
        CASE(parts_stand_behind_their_card),   CASE(parts_change_behind_their_handles),
        CASE(parts_are_lost_with_their_card),  CASE(a_lack_of_memory_is_the_only_error),
#undef CASE
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
