/* What the false card (tests/fake_cuda/fake_cuda.h) must see, or tests on it are worth little: each misuse is
 * answered as the driver answers it, or ends the process. */
#include "support/card_counts.h"
#include "support/child.h"
#include "support/support.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "backend/cuda/device.h"

static BrimCudaDevice device;

static int open_device(void **state)
{
    (void)state;
    assert_ok(brim_cuda_device_open(&device, 0));
    return 0;
}

static int close_device(void **state)
{
    (void)state;
    brim_cuda_device_close(&device);
    return 0;
}

static CUdeviceptr take(size_t bytes)
{
    CUdeviceptr pointer = 0;
    assert_ok(brim_cuda_check(device.driver, device.driver->cuMemAlloc_(&pointer, bytes), "taking memory"));
    return pointer;
}

static void give(CUdeviceptr pointer)
{
    assert_ok(brim_cuda_check(device.driver, device.driver->cuMemFree_(pointer), "giving memory"));
}

static void *address(CUdeviceptr pointer)
{
    return (void *)(uintptr_t)pointer;
}

static void test_copies(void **state)
{
    (void)state;
    const BrimCudaDriver *driver = device.driver;
    CUdeviceptr memory = take(64);
    char host[64] = "";
    assert_int_equal(driver->cuMemcpyDtoHAsync_(host, memory, 64, device.stream), CUDA_SUCCESS);
    for (int i = 0; i < 64; i++)
        assert_int_equal((unsigned char)host[i], 0xFF); /* NaN, until something is written */
    assert_int_equal(driver->cuMemcpyHtoDAsync_(memory + 1, host, 64, device.stream),
                     CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(driver->cuMemcpyHtoDAsync_((CUdeviceptr)(uintptr_t)host, host, 64, device.stream),
                     CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(driver->cuMemcpyDtoHAsync_(address(memory), memory, 8, device.stream),
                     CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(driver->cuMemcpyDtoDAsync_(memory + 8, memory, 16, device.stream),
                     CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(driver->cuMemcpyDtoDAsync_(memory + 8, memory, 8, device.stream), CUDA_SUCCESS);
    give(memory);
}

static void test_frees(void **state)
{
    (void)state;
    const BrimCudaDriver *driver = device.driver;
    CUdeviceptr memory = take(64);
    void *pinned;
    assert_int_equal(driver->cuMemHostAlloc_(&pinned, 64, 0), CUDA_SUCCESS);
    assert_int_equal(driver->cuMemFree_(memory + 8), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(driver->cuMemFreeHost_(address(memory)), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(driver->cuMemFree_((CUdeviceptr)(uintptr_t)pinned), CUDA_ERROR_INVALID_VALUE);
    give(memory);
    assert_int_equal(driver->cuMemFree_(memory), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(driver->cuMemsetD8Async_(memory, 0, 64, device.stream), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(driver->cuMemFreeHost_(pinned), CUDA_SUCCESS);
}

/* What may wait or take memory is refused while a stream is captured, and that capture is void. */
static void test_captures(void **state)
{
    (void)state;
    const BrimCudaDriver *driver = device.driver;
    CUstream stream = device.stream;
    CUdeviceptr memory = take(64), more;
    CUgraph graph;
    assert_int_equal(driver->cuStreamEndCapture_(stream, &graph), CUDA_ERROR_ILLEGAL_STATE);
    assert_int_equal(driver->cuStreamBeginCapture_(stream, CU_STREAM_CAPTURE_MODE_GLOBAL), CUDA_SUCCESS);
    assert_int_equal(driver->cuStreamBeginCapture_(stream, CU_STREAM_CAPTURE_MODE_GLOBAL),
                     CUDA_ERROR_ILLEGAL_STATE);
    assert_int_equal(driver->cuMemAlloc_(&more, 64), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    assert_int_equal(driver->cuMemsetD8Async_(memory, 0, 64, stream), CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
    assert_int_equal(driver->cuStreamEndCapture_(stream, &graph), CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
    assert_int_equal(driver->cuStreamBeginCapture_(stream, CU_STREAM_CAPTURE_MODE_RELAXED), CUDA_SUCCESS);
    assert_int_equal(driver->cuMemAlloc_(&more, 64), CUDA_SUCCESS);
    assert_int_equal(driver->cuStreamSynchronize_(stream), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    assert_int_equal(driver->cuStreamEndCapture_(stream, &graph), CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
    assert_null(graph);
    give(memory);
    give(more);
}

/* A copy of a step's own in pageable memory would go through a buffer of the driver's. */
static void test_captures_of_pageable_memory(void **state)
{
    (void)state;
    const BrimCudaDriver *driver = device.driver;
    CUstream stream = device.stream;
    CUdeviceptr memory = take(64);
    CUgraph graph;
    void *pinned;
    char host[64] = "";
    assert_int_equal(driver->cuMemHostAlloc_(&pinned, 64, 8), CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(driver->cuMemHostAlloc_(&pinned, 64, CU_MEMHOSTALLOC_DEVICEMAP), CUDA_SUCCESS);
    assert_int_equal(driver->cuStreamBeginCapture_(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
                     CUDA_SUCCESS);
    assert_int_equal(driver->cuMemcpyHtoDAsync_(memory, pinned, 64, stream), CUDA_SUCCESS);
    assert_int_equal(driver->cuStreamEndCapture_(stream, &graph), CUDA_SUCCESS);
    assert_int_equal(driver->cuGraphDestroy_(graph), CUDA_SUCCESS);
    assert_int_equal(driver->cuStreamBeginCapture_(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
                     CUDA_SUCCESS);
    assert_int_equal(driver->cuMemcpyDtoHAsync_(host, memory, 64, stream),
                     CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    assert_int_equal(driver->cuStreamEndCapture_(stream, &graph), CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
    assert_int_equal(driver->cuMemcpyHtoDAsync_(memory, (char *)pinned + 32, 64, stream),
                     CUDA_ERROR_INVALID_VALUE);
    assert_int_equal(driver->cuMemFreeHost_(pinned), CUDA_SUCCESS);
    assert_int_equal(driver->cuMemcpyHtoDAsync_(memory, pinned, 64, stream), CUDA_ERROR_INVALID_VALUE);
    give(memory);
}

typedef struct Other {
    CUresult taken, copied;
    CUdeviceptr memory;
} Other;

/* What another thread does while this one captures the card's stream. */
static void *work_beside(void *self)
{
    Other *other = self;
    CUdeviceptr more = 0;
    char host[64] = "";
    device.driver->cuCtxSetCurrent_(device.context);
    other->taken = device.driver->cuMemAlloc_(&more, 64);
    device.driver->cuMemFree_(more);
    other->copied = device.driver->cuMemcpyHtoDAsync_(other->memory, host, 64, device.stream);
    return NULL;
}

static CUresult capture_beside(CUstreamCaptureMode mode, Other *other)
{
    pthread_t thread;
    CUgraph graph;
    assert_int_equal(device.driver->cuStreamBeginCapture_(device.stream, mode), CUDA_SUCCESS);
    assert_int_equal(pthread_create(&thread, NULL, work_beside, other), 0);
    pthread_join(thread, NULL);
    return device.driver->cuStreamEndCapture_(device.stream, &graph);
}

/* A capture of THREAD_LOCAL lets other threads take memory; what they start on its stream is none of it. */
static void test_captures_beside_other_threads(void **state)
{
    (void)state;
    Other other = {.memory = take(64)};
    assert_int_equal(capture_beside(CU_STREAM_CAPTURE_MODE_THREAD_LOCAL, &other),
                     CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
    assert_int_equal(other.taken, CUDA_SUCCESS);
    assert_int_equal(other.copied, CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD);
    assert_int_equal(capture_beside(CU_STREAM_CAPTURE_MODE_GLOBAL, &other),
                     CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
    assert_int_equal(other.taken, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    give(other.memory);
}

static void test_launches(void **state)
{
    (void)state;
    const BrimAddArgs args = {.y = {.c = 8, .pitch = 8, .padded = 8}}; /* no pixels */
    assert_ok(brim_cuda_launch(&device, BRIM_KERNEL_add, 1, BRIM_LANE_THREADS, &args));
    assert_refused(brim_cuda_launch(&device, BRIM_KERNEL_add, 1, BRIM_LANE_THREADS + 32, &args),
                   BRIM_ERROR_DEVICE, "CUDA_ERROR_INVALID_VALUE");
}

static void test_handles(void **state)
{
    (void)state;
    const BrimCudaDriver *driver = device.driver;
    const BrimAddArgs args = {0};
    BrimCudaDevice closed = device;
    CUdeviceptr memory;
    CUfunction function;
    void *parameters[] = {(void *)(uintptr_t)&args};
    assert_int_equal(driver->cuModuleGetFunction_(&function, device.module, "brim_nothing"),
                     CUDA_ERROR_NOT_FOUND);
    assert_int_equal(driver->cuLaunchKernel_((CUfunction)device.stream, 1, 1, 1, 32, 1, 1, 0, device.stream,
                                             parameters, NULL),
                     CUDA_ERROR_INVALID_HANDLE);
    brim_cuda_device_close(&device);
    assert_int_equal(driver->cuMemAlloc_(&memory, 64), CUDA_ERROR_INVALID_CONTEXT);
    assert_int_equal(driver->cuStreamDestroy_(closed.stream), CUDA_ERROR_INVALID_CONTEXT);
    assert_refused(brim_cuda_launch(&closed, BRIM_KERNEL_add, 1, 32, &args), BRIM_ERROR_DEVICE,
                   "CUDA_ERROR_CONTEXT_IS_DESTROYED");
    assert_int_equal(driver->cuDevicePrimaryCtxRelease_(closed.device), CUDA_ERROR_INVALID_CONTEXT);
}

/* ---- what a child does that it may not survive ---- */

/* A kernel with a pointer to memory that was freed. */
static int dangle(void)
{
    CUdeviceptr pointer = take(4096);
    give(pointer);
    const BrimBiasArgs args = {.bias = address(pointer)};
    brim_cuda_launch(&device, BRIM_KERNEL_bias, 1, 32, &args);
    if (brim_cuda_device_wait(&device) != BRIM_OK)
        printf("%s", brim_last_error());
    return 0;
}

static int write_behind_the_end(void)
{
    CUdeviceptr pointer = take(100);
    ((char *)address(pointer))[100] = 0; /* which only a kernel could do on a card */
    give(pointer);
    return 0;
}

static int touch_from_host(void)
{
    ((volatile char *)address(take(100)))[0] = 0;
    return 0;
}

static int leave_memory(void)
{
    take(100);
    brim_cuda_device_close(&device);
    return 0;
}

/* A kernel on a feature of zeros. */
static int launch(void)
{
    CUdeviceptr pointer = take(8 * 64 * sizeof(float));
    const BrimKernelFeature y = {
        .data = address(pointer), .n = 1, .c = 8, .h = 8, .w = 8, .pitch = 8, .padded = 8};
    const BrimAddArgs args = {.grads = {y}, .y = y, .grad_count = 1};
    device.driver->cuMemsetD8Async_(pointer, 0, 8 * 64 * sizeof(float), device.stream);
    printf("%s", brim_cuda_launch(&device, BRIM_KERNEL_add, 3, 64, &args) == BRIM_OK ? "started"
                                                                                     : brim_last_error());
    give(pointer);
    return 0;
}

/* A kernel on a feature that does not start on 16 bytes. */
static int misalign(void)
{
    CUdeviceptr pointer = take(4096);
    const BrimKernelFeature y = {
        .data = address(pointer + 4), .n = 1, .c = 8, .h = 8, .w = 8, .pitch = 8, .padded = 8};
    const BrimAddArgs args = {.grads = {y}, .y = y, .grad_count = 1};
    printf("%s", (pointer & 255) == 0 && (pointer & 511) != 0 ? "256 " : "more ");
    fflush(stdout);
    return brim_cuda_launch(&device, BRIM_KERNEL_add, 1, 64, &args) != BRIM_OK;
}

/* One card's stream, event or kernel in another's context. */
static int mix_cards(void)
{
    BrimCudaDevice second;
    CUevent event;
    const BrimCudaDriver *driver = device.driver;
    const BrimAddArgs args = {.y = {.c = 8, .pitch = 8, .padded = 8}};
    int refused = 0;
    driver->cuEventCreate_(&event, CU_EVENT_DEFAULT);
    assert_ok(brim_cuda_device_open(&second, 1));
    refused += brim_cuda_launch(&device, BRIM_KERNEL_add, 1, 64, &args) != BRIM_OK;
    refused += driver->cuEventRecord_(event, second.stream) == CUDA_ERROR_INVALID_HANDLE;
    driver->cuCtxSetCurrent_(NULL);
    refused += driver->cuEventDestroy_(event) == CUDA_ERROR_INVALID_CONTEXT;
    driver->cuCtxSetCurrent_(second.context);
    driver->cuDevicePrimaryCtxRelease_(0); /* with all that is in it */
    refused += driver->cuEventRecord_(event, device.stream) == CUDA_ERROR_CONTEXT_IS_DESTROYED;
    printf("%d refused", refused);
    return 0;
}

static int act(const char *action)
{
    open_device(NULL);
    if (strcmp(action, "misalign") == 0)
        return misalign();
    if (strcmp(action, "mix") == 0)
        return mix_cards();
    if (strcmp(action, "dangle") == 0)
        return dangle();
    if (strcmp(action, "behind") == 0)
        return write_behind_the_end();
    if (strcmp(action, "touch") == 0)
        return touch_from_host();
    if (strcmp(action, "launch") == 0)
        return launch();
    return strcmp(action, "leave") == 0 ? leave_memory() : 2;
}

static void test_kernels_with_dangling_pointers(void **state)
{
    (void)state;
    assert_int_equal(child_run("dangle", "", NULL), 0);
    assert_non_null(strstr(child_said, "false libcuda: brim_bias: its argument"));
    assert_non_null(strstr(child_said, "waiting for the card: CUDA_ERROR_ILLEGAL_ADDRESS (700)"));
}

static void test_memory_of_others(void **state)
{
    (void)state;
    assert_true(WIFSIGNALED(child_run("behind", "", NULL)));
    assert_string_equal(
        child_said,
        "false libcuda: memory was written 0 bytes behind the end of an allocation of 100 bytes\n");
    child_expect("touch", "", NULL, "");
    assert_int_not_equal(child_run("touch", "strict", NULL), 0);
    child_expect("leave", "", NULL,
                 "false libcuda: a context ended with 100 bytes of device memory not freed\n");
}

static void test_alignment(void **state)
{
    (void)state;
    assert_true(WIFSIGNALED(child_run("misalign", "", NULL)));
    assert_string_equal(child_said, "256 ");
}

static void test_contexts(void **state)
{
    (void)state;
    child_expect("mix", "cards=2", NULL,
                 "false libcuda: cuLaunchKernel: not in the context of the thread\n"
                 "false libcuda: cuEventRecord: the handles are of different contexts\n"
                 "false libcuda: cuEventRecord: the handle's context was destroyed\n"
                 "4 refused");
}

static void test_threads(void **state)
{
    (void)state;
    child_expect("launch", "", NULL, "started");
    assert_int_equal(child_run("launch", "threads,strict", NULL), 0);
    assert_non_null(strstr(child_said, "started")); /* AddressSanitizer has a word about threads that take turns */
}

static void test_words(void **state)
{
    (void)state;
    static const char *const wrong[] = {"momory=4G", "memory=",     "memory=4T",     "cc=8",
                                        "cards=9",   "fail=cuInit", "fail=a@1:twice"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_true(WIFSIGNALED(child_run("touch", wrong[i], NULL)));
        assert_non_null(strstr(child_said, "false libcuda: BRIM_FAKE_CARD: "));
    }
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return act(argv[1]);
    if (lacks_false_card())
        return 77;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_copies, open_device, close_device),
        cmocka_unit_test_setup_teardown(test_frees, open_device, close_device),
        cmocka_unit_test_setup_teardown(test_captures, open_device, close_device),
        cmocka_unit_test_setup_teardown(test_captures_of_pageable_memory, open_device, close_device),
        cmocka_unit_test_setup_teardown(test_captures_beside_other_threads, open_device, close_device),
        cmocka_unit_test_setup_teardown(test_launches, open_device, close_device),
        cmocka_unit_test_setup_teardown(test_handles, open_device, close_device),
        cmocka_unit_test(test_kernels_with_dangling_pointers),
        cmocka_unit_test(test_memory_of_others),
        cmocka_unit_test(test_alignment),
        cmocka_unit_test(test_contexts),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
