/* A card opened, its memory, launches that arrive, a graph captured and played, and all given back: in this
 * process, on a false card (tests/fake_cuda/fake_cuda.h). What is said where something fails is in
 * test_cuda_errors.c. */
#include "support/card_counts.h"
#include "support/support.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cuda/cards.h"
#include "backend/cuda/device.h"

#define CARD                                                                                                 \
    "memory=4G,free=3800M,context=300M,module=6M,sms=10,cc=7.5,cards=2,strict,name=NVIDIA Tested Card"

enum { MIB = 1 << 20 };

/* Nothing is left of a test's card. */
static int check_given_back(void **state)
{
    (void)state;
    assert_int_equal(card_handles(), 0);
    assert_int_equal(card_taken_bytes(), 0);
    return 0;
}

static CUdeviceptr take(const BrimCudaDevice *device, size_t bytes)
{
    CUdeviceptr pointer;
    assert_ok(brim_cuda_check(device->driver, device->driver->cuMemAlloc_(&pointer, bytes), "taking memory"));
    return pointer;
}

static void give(const BrimCudaDevice *device, CUdeviceptr pointer)
{
    assert_ok(brim_cuda_check(device->driver, device->driver->cuMemFree_(pointer), "giving memory"));
}

/* A feature of 8 channels, fp32, at some place of the device. */
static BrimKernelFeature feature(CUdeviceptr at, int side)
{
    return (BrimKernelFeature){
        .data = (void *)(uintptr_t)at, .n = 1, .c = 8, .h = side, .w = side, .pitch = 8, .padded = 8};
}

static void *load(void *driver)
{
    return brim_cuda_driver(driver) == BRIM_OK ? driver : NULL;
}

/* The first to ask for the driver, all at once. */
static void test_threads(void **state)
{
    (void)state;
    enum { COUNT = 8 };
    pthread_t threads[COUNT];
    const BrimCudaDriver *drivers[COUNT] = {NULL};
    void *done;
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, load, &drivers[i]), 0);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(pthread_join(threads[i], &done), 0);
        assert_non_null(done);
        assert_ptr_equal(drivers[i], drivers[0]);
    }
}

static void test_open(void **state)
{
    (void)state;
    BrimCudaDevice device;
    uint64_t takes = brim_mem_takes();
    assert_ok(brim_cuda_device_open(&device, 1));
    assert_int_equal(brim_mem_takes(), takes); /* so there is no host memory that could be refused */
    assert_int_equal(brim_cuda_device_count(), 2);
    assert_string_equal(device.name, "NVIDIA Tested Card");
    assert_string_equal(device.uuid, "GPU-01112131-4151-6171-8191-a1b1c1d1e1f1");
    assert_int_equal(device.index, 1);
    assert_int_equal(device.capability, 75);
    assert_int_equal(device.multiprocessors, 10);
    assert_int_equal(device.clock_khz, 1500000);
    assert_int_equal(device.memory_bus_bits, 128);
    assert_int_equal(device.driver->version, CUDA_VERSION);
    brim_cuda_device_close(&device);
    brim_cuda_device_close(&device); /* once more does nothing */
    assert_null(device.context);
}

static void test_memory(void **state)
{
    (void)state;
    BrimCudaDevice device;
    size_t before, with, after;
    assert_ok(brim_cuda_device_open(&device, 0));
    assert_int_equal(device.total_bytes, (size_t)4096 * MIB);
    assert_int_equal(device.context_bytes,
                     (size_t)55 * MIB); /* the rule for a card that is not in the table: 25 + 3 * 10 */
    assert_int_equal(device.module_bytes, (size_t)6 * MIB); /* what was seen */
    assert_ok(brim_cuda_device_free_bytes(&device, &before));
    assert_int_equal(before, (size_t)(3800 - 300 - 6) * MIB);
    CUdeviceptr pointer = take(&device, 12345);
    assert_ok(brim_cuda_device_free_bytes(&device, &with));
    assert_int_equal(before - with, 12345);
    CUdeviceptr rest;
    assert_int_equal(device.driver->cuMemAlloc_(&rest, with + 1), CUDA_ERROR_OUT_OF_MEMORY);
    give(&device, pointer);
    assert_ok(brim_cuda_device_free_bytes(&device, &after));
    assert_int_equal(after, before);
    brim_cuda_device_close(&device);
}

/* Two openings of one card share its context, two cards share nothing. */
static void test_two(void **state)
{
    (void)state;
    BrimCudaDevice first, second, other;
    size_t free_bytes;
    assert_ok(brim_cuda_device_open(&first, 0));
    assert_ok(brim_cuda_device_open(&second, 0));
    assert_ok(brim_cuda_device_open(&other, 1));
    assert_ptr_equal(first.context, second.context);
    assert_ptr_not_equal(first.context, other.context);
    assert_ok(brim_cuda_device_enter(&first));
    assert_ok(brim_cuda_device_free_bytes(&first, &free_bytes));
    assert_int_equal(free_bytes, (size_t)(3800 - 300 - 2 * 6) * MIB);
    brim_cuda_device_close(&first);
    assert_ok(brim_cuda_device_enter(&second));
    assert_ok(brim_cuda_device_wait(&second));
    brim_cuda_device_close(&second);
    brim_cuda_device_close(&other);
}

static void test_card(void **state)
{
    (void)state;
    BrimCudaCard card;
    assert_ok(brim_cuda_card_read(&card, 0));
    assert_string_equal(card.name, "NVIDIA Tested Card");
    assert_int_equal(card.capability, 75);
    assert_int_equal(card.multiprocessors, 10);
    assert_int_equal(card.total_bytes, (size_t)4096 * MIB);
    assert_int_equal(card.free_bytes, (size_t)(3800 - 300 - 6) * MIB);
    assert_int_equal(card.context_bytes, (size_t)(55 + 6) * MIB);
    assert_float_equal(card.bandwidth_gb_s, 2 * 7.001e9 * 128 / 8 / 1e9, 1e-9);
    char text[32];
    brim_cuda_cards_list(text, sizeof text); /* cut where it does not fit */
    assert_string_equal(text, "0: NVIDIA Tested Card, 4096 MiB");
}

static void test_blocks(void **state)
{
    (void)state;
    const BrimCudaDevice device = {.multiprocessors = 10};
    assert_int_equal(brim_cuda_blocks(&device, 0, 256), 1);
    assert_int_equal(brim_cuda_blocks(&device, 1, 256), 1);
    assert_int_equal(brim_cuda_blocks(&device, 257, 256), 2);
    assert_int_equal(brim_cuda_blocks(&device, 80 * 256, 256), 80);
    assert_int_equal(brim_cuda_blocks(&device, INT64_MAX / 2, 256), 80); /* 10 of 2048 threads */
    assert_int_equal(brim_cuda_blocks(&device, INT64_MAX / 2, 1024), 20);
}

static void test_launch(void **state)
{
    (void)state;
    BrimCudaDevice device;
    assert_ok(brim_cuda_device_open(&device, 0));
    CUdeviceptr memory = take(&device, 4096);
    device.driver->cuMemsetD8Async_(memory, 0, 4096, device.stream);
    const BrimAddArgs add = {.grads = {feature(memory, 2)}, .y = feature(memory, 2), .grad_count = 1};
    const BrimUpsampleArgs up = {
        .x = feature(memory, 2), .dests = {feature(memory + 1024, 4)}, .dest_count = 1};
    assert_ok(brim_cuda_launch(&device, BRIM_KERNEL_add, 3, 64, &add));
    assert_ok(brim_cuda_launch(&device, BRIM_KERNEL_upsample_forward, 1, 32, &up));
    assert_ok(brim_cuda_launch(&device, BRIM_KERNEL_add, 7, 256, &add));
    assert_ok(brim_cuda_device_wait(&device));
    int blocks, threads;
    assert_int_equal(card_launches("brim_add"), 2);
    assert_int_equal(card_launches(NULL), 3);
    assert_memory_equal(card_last_args("brim_add", &blocks, &threads), &add, sizeof add);
    assert_int_equal(blocks, 7);
    assert_int_equal(threads, 256);
    assert_memory_equal(card_last_args("brim_upsample_forward", &blocks, &threads), &up, sizeof up);
    assert_null(card_last_args("brim_decode_heads", &blocks, &threads));
    give(&device, memory);
    brim_cuda_device_close(&device);
}

static void test_grids_that_are_none(void **state)
{
    static const struct {
        int64_t blocks;
        int threads;
    } grids[] = {{0, 32}, {-1, 32}, {(int64_t)1 << 31, 32}, {1, 0}, {1, 33}, {1, 1056}};
    (void)state;
    BrimCudaDevice device;
    const BrimAddArgs args = {0};
    assert_ok(brim_cuda_device_open(&device, 0));
    unsigned long before = card_launches(NULL);
    for (size_t i = 0; i < sizeof grids / sizeof grids[0]; i++)
        assert_refused(brim_cuda_launch(&device, BRIM_KERNEL_add, grids[i].blocks, grids[i].threads, &args),
                       BRIM_ERROR_DEVICE, "starting the kernel brim_add: are no grid");
    assert_int_equal(card_launches(NULL), before);
    brim_cuda_device_close(&device);
}

/* Two copies and a kernel, captured: nothing of it happens before the graph is launched, all of it each time.
 */
static CUgraphExec capture(const BrimCudaDevice *device, CUdeviceptr memory, char *host,
                           const BrimAddArgs *add)
{
    const BrimCudaDriver *driver = device->driver;
    CUgraph graph;
    CUgraphExec exec;
    assert_int_equal(driver->cuStreamBeginCapture_(device->stream, CU_STREAM_CAPTURE_MODE_GLOBAL),
                     CUDA_SUCCESS);
    assert_int_equal(driver->cuMemcpyHtoDAsync_(memory + 64, host, 64, device->stream), CUDA_SUCCESS);
    assert_ok(brim_cuda_launch(device, BRIM_KERNEL_add, 1, 32, add));
    assert_int_equal(driver->cuMemcpyDtoHAsync_(host + 64, memory + 64, 64, device->stream), CUDA_SUCCESS);
    assert_int_equal(driver->cuStreamEndCapture_(device->stream, &graph), CUDA_SUCCESS);
    assert_int_equal(driver->cuGraphInstantiateWithFlags_(&exec, graph, 0), CUDA_SUCCESS);
    assert_int_equal(driver->cuGraphDestroy_(graph), CUDA_SUCCESS);
    return exec;
}

static void test_capture(void **state)
{
    (void)state;
    BrimCudaDevice device;
    char *host;
    assert_ok(brim_cuda_device_open(&device, 0));
    const BrimCudaDriver *driver = device.driver;
    CUdeviceptr memory = take(&device, 4096);
    assert_int_equal(driver->cuMemHostAlloc_((void **)&host, 128, 0), CUDA_SUCCESS);
    const BrimAddArgs add = {.grads = {feature(memory, 1)}, .y = feature(memory, 1), .grad_count = 1};
    unsigned long before = card_launches("brim_add");
    memset(host, 'a', 64);
    memset(host + 64, '-', 64);
    CUgraphExec exec = capture(&device, memory, host, &add);
    assert_int_equal(host[64], '-');
    assert_int_equal(card_launches("brim_add"), before);
    for (int i = 0; i < 3; i++) {
        memset(host, 'b' + i, 64);
        assert_int_equal(driver->cuGraphLaunch_(exec, device.stream), CUDA_SUCCESS);
        assert_ok(brim_cuda_device_wait(&device));
        assert_memory_equal(host, host + 64, 64);
        assert_int_equal(card_launches("brim_add"), before + 1 + (unsigned long)i);
    }
    assert_int_equal(driver->cuGraphExecDestroy_(exec), CUDA_SUCCESS);
    assert_int_equal(driver->cuGraphLaunch_(exec, device.stream), CUDA_ERROR_INVALID_HANDLE);
    assert_int_equal(driver->cuMemFreeHost_(host), CUDA_SUCCESS);
    give(&device, memory);
    brim_cuda_device_close(&device);
}

static void test_times(void **state)
{
    (void)state;
    BrimCudaDevice device;
    CUevent start, end;
    float ms = -1;
    assert_ok(brim_cuda_device_open(&device, 0));
    const BrimCudaDriver *driver = device.driver;
    assert_int_equal(driver->cuEventCreate_(&start, CU_EVENT_DEFAULT), CUDA_SUCCESS);
    assert_int_equal(driver->cuEventCreate_(&end, CU_EVENT_DEFAULT), CUDA_SUCCESS);
    assert_int_equal(driver->cuEventRecord_(start, device.stream), CUDA_SUCCESS);
    assert_int_equal(driver->cuEventElapsedTime_(&ms, start, end), CUDA_ERROR_INVALID_HANDLE);
    assert_int_equal(driver->cuEventRecord_(end, device.stream), CUDA_SUCCESS);
    assert_int_equal(driver->cuEventElapsedTime_(&ms, start, end), CUDA_SUCCESS);
    assert_true(ms >= 0 && ms < 60e3f);
    assert_int_equal(driver->cuEventDestroy_(start), CUDA_SUCCESS);
    assert_int_equal(driver->cuEventDestroy_(end), CUDA_SUCCESS);
    brim_cuda_device_close(&device);
}

int main(void)
{
    if (lacks_false_card())
        return 77;
    setenv("BRIM_FAKE_CARD", CARD, 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads), /* first */
        cmocka_unit_test_teardown(test_open, check_given_back),
        cmocka_unit_test_teardown(test_memory, check_given_back),
        cmocka_unit_test_teardown(test_two, check_given_back),
        cmocka_unit_test_teardown(test_card, check_given_back),
        cmocka_unit_test_teardown(test_blocks, check_given_back),
        cmocka_unit_test_teardown(test_launch, check_given_back),
        cmocka_unit_test_teardown(test_grids_that_are_none, check_given_back),
        cmocka_unit_test_teardown(test_capture, check_given_back),
        cmocka_unit_test_teardown(test_times, check_given_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
