/* NVIDIA's cards that go and come, through a false NVML, and machines that have none. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "support/nvml_case.h"

static void a_card_is_lost_and_comes_back(void **state)
{
    (void)state;
    use(FAKE_NEWEST, 3);
    fake->compute = 2;
    assert_ok(try_open(false));
    for (int i = 1; i <= 5; i++) {
        fake->lost_card = i == 3 || i == 4 ? 1 : -1;
        take();
        assert_int_equal(nvidia_count(), 3);
        const BrimDeviceSample *device = &sample->devices[1];
        assert_string_equal(device->id, "GPU-00000000-0001");
        assert_string_equal(device->name, "False Card 1");
        assert_int_equal(device->lost, i == 3 || i == 4);
        assert_int_equal(process_count(1), i == 3 || i == 4 ? 0 : 2);
        assert_int_equal(process_count(2), 2);
        assert_int_equal((int)value(2, BRIM_METRIC_UTILIZATION), 12);
        if (!device->lost) {
            assert_string_equal(device->trouble, "");
            assert_int_equal((int)value(1, BRIM_METRIC_UTILIZATION), 11);
            continue;
        }
        assert_nothing_known(1);
        assert_string_equal(device->trouble, i == 3 ? "nvmlDeviceGetMemoryInfo_v2: GPU is lost"
                                                    : "nvmlDeviceGetHandleByIndex: GPU is lost");
    }
    assert_int_equal(calls_of("nvmlDeviceGetCount_v2"), 3); /* at open, and in samples 4 and 5 */
    assert_int_equal(calls_of("nvmlInit_v2"), 1);
}

/* A card is lost by whatever call says so, and its processes with it. */
static void a_card_may_be_lost_in_any_call(void **state)
{
    (void)state;
    static const char *const calls[] = {"nvmlDeviceGetTotalEnergyConsumption", "nvmlDeviceGetMigMode",
                                        "nvmlDeviceGetGraphicsRunningProcesses_v3",
                                        "nvmlDeviceGetProcessUtilization"};
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        use(FAKE_NEWEST, 1);
        fake->compute = 2;
        assert_ok(try_open(false));
        fake->fail_call = calls[i];
        fake->fail_result = BRIM_NVML_GPU_IS_LOST;
        take();
        assert_true(sample->devices[0].lost);
        assert_nothing_known(0);
        assert_int_equal(process_count(0), 0);
        assert_non_null(strstr(sample->devices[0].trouble, ": GPU is lost"));
        brim_monitor_close(&monitor);
    }
}

/* Whose id, which index, and whether lost, of every device. */
static void assert_cards(int count, const int cards[], const int indices[], int lost)
{
    assert_int_equal(nvidia_count(), count);
    for (int i = 0; i < count; i++) {
        char id[32];
        snprintf(id, sizeof id, "GPU-00000000-%04d", cards[i]);
        assert_string_equal(sample->devices[i].id, id);
        assert_int_equal(sample->devices[i].index, indices[i]);
        assert_int_equal(sample->devices[i].lost, cards[i] == lost);
    }
}

/* Another card comes in a lost one's place, and the indices of the rest move: each keeps its id. */
static void cards_are_known_by_their_ids(void **state)
{
    (void)state;
    use(FAKE_NEWEST, 3);
    assert_ok(try_open(false));
    fake->lost_card = 1;
    take();
    fake->order[1] = 5;
    take();
    assert_cards(4, (const int[]){0, 1, 5, 2}, (const int[]){0, 1, 1, 2}, 1);
    assert_string_equal(sample->devices[1].trouble,
                        "nvmlDeviceGetCount: the card is not among those there are");
    fake->order[1] = 2;
    fake->order[2] = 5;
    take();
    assert_cards(4, (const int[]){0, 1, 2, 5}, (const int[]){0, 1, 1, 2}, 1);
    fake->lost_card = -1;
    fake->order[3] = 1;
    fake->count = 4;
    take();
    assert_cards(4, (const int[]){0, 2, 5, 1}, (const int[]){0, 1, 2, 3}, -1);
}

/* NVML says so of other cards' handles when one is removed. */
static void a_void_handle_is_asked_for_anew(void **state)
{
    (void)state;
    use(FAKE_NEWEST, 2);
    assert_ok(try_open(false));
    fake->void_card = 1;
    take();
    assert_true(sample->devices[1].lost);
    assert_string_equal(sample->devices[1].trouble, "nvmlDeviceGetMemoryInfo: error 2");
    assert_nothing_known(1);
    take();
    assert_false(sample->devices[1].lost);
    assert_int_equal((int)value(1, BRIM_METRIC_UTILIZATION), 11);
    assert_int_equal(calls_of("nvmlInit_v2"), 1);
}

/* Being lost is what is said of a card, whatever else was wrong with it. */
static void a_lost_card_says_so_first(void **state)
{
    (void)state;
    use(FAKE_NEWEST, 1);
    fake->fail_call = "nvmlDeviceGetUUID";
    fake->fail_result = 999;
    open_and_take();
    assert_string_equal(sample->devices[0].trouble, "nvmlDeviceGetUUID: Unknown Error");
    fake->lost_card = 0;
    take();
    assert_string_equal(sample->devices[0].trouble, "nvmlDeviceGetMemoryInfo_v2: GPU is lost");
}

/* The vendor alone, whose clock the test holds. */
static void the_library_is_started_again_now_and_then(void **state)
{
    (void)state;
    const BrimVendorPlaces places = {.root = "", .nvml_library = (use(FAKE_NEWEST, 2), library)};
    BrimVendorState *vendor;
    BrimDraft draft = {.devices = NULL};
    assert_ok(brim_vendor_nvidia.open(&vendor, &places));
    const int64_t start_ns = vendor->looked_ns, second_ns = 1000000000;
    for (int second = 1; second <= 70; second++) {
        fake->lost_card = second >= 5 ? 0 : -1;
        fake->init_result = second < 50 ? BRIM_NVML_SUCCESS : 9;
        brim_draft_restart(&draft, second * second_ns, start_ns + second * second_ns);
        assert_ok(brim_vendor_nvidia.sample(vendor, &draft));
        assert_int_equal(draft.device_count, 2);
        assert_int_equal(draft.devices[0].lost, second >= 5);
        assert_int_equal(draft.devices[1].lost, second >= 60);
        assert_int_equal(calls_of("nvmlInit_v2"), second < 30 ? 1 : second < 60 ? 2 : 3);
    }
    assert_string_equal(draft.devices[1].trouble, "nvmlInit: Driver Not Loaded");
    assert_string_equal(brim_nvml_reason(vendor), "nvmlInit: Driver Not Loaded");
    assert_int_equal(calls_of("nvmlShutdown"), 2);
    fake->lost_card = -1;
    fake->init_result = BRIM_NVML_SUCCESS;
    brim_draft_restart(&draft, 90 * second_ns, start_ns + 90 * second_ns);
    assert_ok(brim_vendor_nvidia.sample(vendor, &draft));
    assert_false(draft.devices[0].lost || draft.devices[1].lost);
    assert_string_equal(brim_nvml_reason(vendor), "");
    brim_draft_clear(&draft);
    brim_vendor_nvidia.close(&vendor);
    assert_null(vendor);
    assert_int_equal(calls_of("nvmlShutdown"), 3);
}

static void a_card_that_never_answered_is_asked_again(void **state)
{
    (void)state;
    use(FAKE_NEWEST, 2);
    const BrimVendorPlaces places = {.root = "", .nvml_library = library};
    BrimVendorState *vendor;
    BrimDraft draft = {.devices = NULL};
    fake->fail_call = "nvmlDeviceGetHandleByIndex_v2";
    fake->fail_result = 4;
    fake->fail_card = 1;
    assert_ok(brim_vendor_nvidia.open(&vendor, &places));
    fake->fail_call = NULL;
    const int64_t start_ns = vendor->looked_ns;
    for (int second = 29; second <= 31; second++) {
        brim_draft_restart(&draft, 0, start_ns + second * INT64_C(1000000000));
        assert_ok(brim_vendor_nvidia.sample(vendor, &draft));
        const BrimDeviceSample *device = &draft.devices[1];
        assert_string_equal(device->trouble,
                            second < 30 ? "nvmlDeviceGetHandleByIndex: Insufficient Permissions" : "");
        assert_string_equal(device->id, second < 30 ? "index 1" : "GPU-00000000-0001");
        assert_false(device->lost);
        assert_int_equal(isnan(device->value[BRIM_METRIC_CLOCK_MOST]), second < 30);
    }
    assert_int_equal(calls_of("nvmlDeviceGetCount_v2"), 2);
    assert_int_equal(calls_of("nvmlInit_v2"), 1);
    brim_draft_clear(&draft);
    brim_vendor_nvidia.close(&vendor);
}

static void without_a_driver_there_are_no_devices(void **state)
{
    (void)state;
    static const char *const none[] = {"/nonexistent/libnvidia-ml.so.1", "libm.so.6", "tests/test_nvml.c"};
    BrimVendorState *vendor;
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        library = none[i];
        open_and_take();
        assert_int_equal(nvidia_count(), 0);
        brim_monitor_close(&monitor);
        const BrimVendorPlaces places = {.root = "", .nvml_library = none[i]};
        assert_ok(brim_vendor_nvidia.open(&vendor, &places));
        assert_null(vendor);
        assert_string_equal(brim_nvml_reason(vendor), "");
    }
    use(FAKE_NEWEST, 2);
    fake->init_result = 9;
    open_and_take();
    assert_int_equal(nvidia_count(), 0);
    brim_monitor_close(&monitor);
    assert_int_equal(calls_of("nvmlShutdown"), 0);
    const BrimVendorPlaces places = {.root = "", .nvml_library = library};
    assert_ok(brim_vendor_nvidia.open(&vendor, &places));
    assert_string_equal(brim_nvml_reason(vendor), "nvmlInit: Driver Not Loaded");
    brim_vendor_nvidia.close(&vendor);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_teardown(name, close_monitor)
        CASE(a_card_is_lost_and_comes_back),
        CASE(a_card_may_be_lost_in_any_call),
        CASE(cards_are_known_by_their_ids),
        CASE(a_void_handle_is_asked_for_anew),
        CASE(a_lost_card_says_so_first),
        CASE(the_library_is_started_again_now_and_then),
        CASE(a_card_that_never_answered_is_asked_again),
        CASE(without_a_driver_there_are_no_devices),
#undef CASE
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
