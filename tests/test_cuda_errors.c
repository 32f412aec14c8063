/* What brim says where a card cannot be used or is lost, word for word. As a process loads its driver once,
 * each case runs this program anew, with a false card of its own (tests/fake_cuda/fake_cuda.h). */
#include "support/card_counts.h"
#include "support/child.h"
#include "support/support.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cuda/cards.h"
#include "backend/cuda/device.h"

#define GO_ON "a training goes on from its last checkpoint with --resume"

enum {
    MAJOR = CUDA_VERSION / 1000,
    MINOR = CUDA_VERSION % 1000 / 10,
    FIRST_DRIVER = MAJOR == 12 ? 525 : 580
};

/* ---- what a child does: its words go to stdout ---- */

static int told(BrimStatus status)
{
    printf("%s: %s", status == BRIM_OK ? "OK" : brim_status_text(status),
           status == BRIM_OK ? "" : brim_last_error());
    return 0;
}

/* A failed opening must leave nothing; what it did leave comes before its words. */
static void tell_what_is_left(void)
{
    void *library = dlopen("libcuda.so.1", RTLD_NOW);
    unsigned long (*handles)(void) =
        library ? (unsigned long (*)(void))dlsym(library, "fake_cuda_handles") : NULL;
    if (handles && handles() > 0)
        printf("%lu handles are left; ", handles());
}

static int open_card(int index)
{
    BrimCudaDevice device;
    BrimStatus status = brim_cuda_device_open(&device, index);
    if (status == BRIM_OK)
        brim_cuda_device_close(&device);
    tell_what_is_left();
    return told(status);
}

static int tell_context(void)
{
    BrimCudaDevice device;
    assert_ok(brim_cuda_device_open(&device, 0));
    printf("%zu MiB", device.context_bytes >> 20);
    brim_cuda_device_close(&device);
    return 0;
}

static int open_twice(void)
{
    BrimCudaDevice device;
    if (brim_cuda_device_open(&device, 0) == BRIM_OK)
        printf("opened the first time; ");
    brim_cuda_device_close(&device);
    return open_card(0);
}

/* Launches until one fails, says which, and that closing goes through all the same. */
static int launch_until_lost(void)
{
    BrimCudaDevice device;
    BrimStatus status = brim_cuda_device_open(&device, 0);
    const BrimAddArgs args = {.y = {.c = 8, .pitch = 8, .padded = 8}}; /* no pixels */
    int started = 0;
    while (status == BRIM_OK && started < 100) {
        status = brim_cuda_launch(&device, BRIM_KERNEL_add, 1, 32, &args);
        started += status == BRIM_OK;
    }
    printf("after %d: ", started);
    told(status);
    printf(" | then ");
    told(brim_cuda_device_wait(&device));
    brim_cuda_device_close(&device);
    return 0;
}

static int take_too_much(void)
{
    BrimCudaDevice device;
    CUdeviceptr pointer;
    BrimStatus status = brim_cuda_device_open(&device, 0);
    if (status == BRIM_OK)
        status = brim_cuda_check(device.driver, device.driver->cuMemAlloc_(&pointer, (size_t)1 << 40),
                                 "taking an arena of 1 TiB");
    return told(status);
}

static int list_cards(void)
{
    char text[256];
    brim_cuda_cards_list(text, sizeof text);
    printf("%d: %s", brim_cuda_device_count(), text);
    return 0;
}

static int act(const char *action)
{
    if (strcmp(action, "open") == 0)
        return open_card(0);
    if (strcmp(action, "open 3") == 0)
        return open_card(3);
    if (strcmp(action, "context") == 0)
        return tell_context();
    if (strcmp(action, "open twice") == 0)
        return open_twice();
    if (strcmp(action, "launch") == 0)
        return launch_until_lost();
    if (strcmp(action, "take") == 0)
        return take_too_much();
    if (strcmp(action, "list") == 0)
        return list_cards();
    if (strcmp(action, "any driver") == 0)
        return dlopen("libcuda.so.1", RTLD_NOW) ? 0 : 1;
    return 2;
}

/* ---- and what its parent expects ---- */

/* The folder of a false driver beside the usual one. */
static const char *beside(const char *name)
{
    static char folder[1024];
    snprintf(folder, sizeof folder, "%s/%s", getenv("LD_LIBRARY_PATH"), name);
    return folder;
}

static void test_no_driver(void **state)
{
    (void)state;
    if (child_run("any driver", "", beside("nowhere")) == 0) {
        print_message("skipped: this machine has a real libcuda.so.1\n");
        skip();
    }
    child_expect(
        "open", "", beside("nowhere"),
        "not supported by this build or device: no NVIDIA driver: libcuda.so.1 is not there; install "
        "NVIDIA's driver, or choose --device cpu");
    child_expect("list", "", beside("nowhere"), "0: ");
}

static void test_old_driver(void **state)
{
    char card[32], expected[512];
    (void)state;
    snprintf(card, sizeof card, "driver=%d", (MAJOR - 1) * 1000 + 40);
    snprintf(expected, sizeof expected,
             "not supported by this build or device: the NVIDIA driver is one for CUDA %d.4, and this brim "
             "was built with "
             "CUDA %d.%d, whose code needs a driver for CUDA %d (R%d) or later; update the driver, or build "
             "brim with a "
             "toolkit of CUDA %d",
             MAJOR - 1, MAJOR, MINOR, MAJOR, FIRST_DRIVER, MAJOR - 1);
    child_expect("open", card, NULL, expected);
    snprintf(card, sizeof card, "driver=%d", MAJOR * 1000); /* the first of the same major version will do */
    child_expect("open", card, NULL, "OK: ");
    snprintf(card, sizeof card, "driver=%d", (MAJOR + 1) * 1000);
    child_expect("open", card, NULL, "OK: ");
}

static void test_missing_function(void **state)
{
    char expected[256];
    (void)state;
    snprintf(expected, sizeof expected,
             "not supported by this build or device: the NVIDIA driver, one for CUDA %d.%d, has no "
             "cuGetErrorName; update "
             "it",
             MAJOR, MINOR);
    child_expect("open", "", beside("lacking"), expected);
    child_expect("open", "", beside("older"), "OK: "); /* cuEventElapsedTime_v2 by its number of before */
}

static void test_start(void **state)
{
    (void)state;
    child_expect(
        "open", "cards=0", NULL,
        "not supported by this build or device: the NVIDIA driver finds no card (CUDA_ERROR_NO_DEVICE); "
        "nvidia-smi "
        "lists those of this machine, CUDA_VISIBLE_DEVICES may hide them; or choose --device cpu");
    child_expect(
        "open", "fail=cuInit@1,error=803", NULL,
        "a device or its library failed: starting the NVIDIA driver: CUDA_ERROR_SYSTEM_DRIVER_MISMATCH "
        "(803), system "
        "has unsupported display driver / cuda driver combination; libcuda.so.1 and the kernel's NVIDIA "
        "module are of "
        "different versions, as after an update of the driver: restart the machine");
    child_expect("open twice", "fail=cuInit@1:once,error=999", NULL, "OK: "); /* what failed is tried again */
}

static void test_no_such_card(void **state)
{
    (void)state;
    child_expect("open 3", "cards=2", NULL,
                 "not supported by this build or device: there is no card 3; the NVIDIA driver shows "
                 "0: NVIDIA False Card, 8192 MiB; 1: NVIDIA False Card, 8192 MiB; CUDA_VISIBLE_DEVICES may "
                 "hide others");
    child_expect("open 3", "cards=4", NULL, "OK: ");
    child_expect("list", "cards=2,memory=4G,name=NVIDIA One", NULL,
                 "2: 0: NVIDIA One, 4096 MiB; 1: NVIDIA One, 4096 MiB");
}

static void test_old_card(void **state)
{
    (void)state;
    child_expect(
        "open", "cc=7.0,name=Tesla V100-SXM2-16GB", NULL,
        "not supported by this build or device: card 0, Tesla V100-SXM2-16GB, is of compute capability "
        "7.0; brim runs "
        "from 7.5 on (Turing: GTX 16, RTX 20, T4); choose another card, or --device cpu");
    child_expect("open", "cc=7.5", NULL, "OK: ");
}

static void test_too_little_memory(void **state)
{
    (void)state;
#define TAKEN                                                                                                \
    "CUDA_ERROR_OUT_OF_MEMORY (2), out of memory; close what else uses the card (nvidia-smi lists it), or "  \
    "give a "                                                                                                \
    "smaller batch or --memory"
    child_expect("open", "free=50M,context=51M", NULL,
                 "it does not fit in the memory given: making a context on the card: " TAKEN);
    child_expect("open", "free=52M,context=50M,module=3M", NULL,
                 "it does not fit in the memory given: loading the kernels: " TAKEN);
    child_expect("open", "free=53M,context=50M,module=3M", NULL, "OK: ");
    child_expect("take", "", NULL, "it does not fit in the memory given: taking an arena of 1 TiB: " TAKEN);
#undef TAKEN
}

static void test_context(void **state)
{
    (void)state;
    child_expect("context", "cc=8.6,sms=28,context=300M", NULL, "109 MiB");  /* the table's RTX 3060 */
    child_expect("context", "cc=9.9,sms=100,context=900M", NULL, "325 MiB"); /* 25 + 3 * 100 */
    child_expect("context", "cc=9.9,sms=100,context=10M", NULL, "10 MiB");   /* more is not gone */
}

static void test_lost(void **state)
{
    (void)state;
#define FAILED                                                                                               \
    "CUDA_ERROR_LAUNCH_FAILED (719), unspecified launch failure; a kernel failed and the card gave this "    \
    "process up; " GO_ON "; if it happens again, please report it with this sentence"
    child_expect("launch", "fail=cuLaunchKernel@8", NULL,
                 "after 7: a device or its library failed: starting the kernel brim_add: " FAILED
                 " | then a device or its library failed: waiting for the card: " FAILED);
    child_expect(
        "launch", "fail=cuLaunchKernel@3:once,error=214", NULL,
        "after 2: a device or its library failed: starting the kernel brim_add: "
        "CUDA_ERROR_ECC_UNCORRECTABLE (214), "
        "uncorrectable ECC error encountered; a part of the card failed: dmesg says which (Xid), and if "
        "it comes again "
        "the card is broken; " GO_ON " | then OK: ");
    child_expect(
        "open", "fail=cuModuleGetFunction@2:once,error=500", NULL,
        "a device or its library failed: looking up the kernel brim_act: CUDA_ERROR_NOT_FOUND (500), "
        "named symbol not "
        "found; library and kernels are of different builds of brim: build it anew");
    child_expect(
        "open", "fail=cuDevicePrimaryCtxRetain@1:once,error=46", NULL,
        "a device or its library failed: making a context on the card: CUDA_ERROR_DEVICE_UNAVAILABLE "
        "(46), CUDA-capable "
        "device(s) is/are busy or unavailable; another process holds the card for itself, or it is being "
        "reset: "
        "nvidia-smi shows which");
    child_expect(
        "open", "fail=cuStreamCreate@1:once,error=12345", NULL,
        "a device or its library failed: making a stream: an error without a name (12345), the driver has "
        "no words for "
        "it; please report it with this sentence");
#undef FAILED
}

/* Each call of the way to an open card fails once: it is child_said, and nothing is left behind. */
static void test_every_call(void **state)
{
    static const char *const calls[] = {"cuInit",
                                        "cuDriverGetVersion",
                                        "cuDeviceGetCount",
                                        "cuDeviceGet",
                                        "cuDeviceGetName",
                                        "cuDeviceGetUuid",
                                        "cuDeviceTotalMem",
                                        "cuDevicePrimaryCtxRetain",
                                        "cuCtxSetCurrent",
                                        "cuMemGetInfo",
                                        "cuStreamCreate",
                                        "cuModuleLoadData",
                                        "cuModuleGetFunction",
                                        "cuDeviceGetAttribute"};
    (void)state;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        char card[64];
        snprintf(card, sizeof card, "fail=%s@1:once", calls[i]);
        assert_int_equal(child_run("open", card, NULL), 0);
        assert_null(strstr(child_said, "OK"));
        assert_int_equal(child_run("open twice", card, NULL), 0);
        assert_string_equal(child_said, "OK: ");
    }
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return act(argv[1]);
    if (lacks_false_card())
        return 77;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_driver),
        cmocka_unit_test(test_old_driver),
        cmocka_unit_test(test_missing_function),
        cmocka_unit_test(test_start),
        cmocka_unit_test(test_no_such_card),
        cmocka_unit_test(test_old_card),
        cmocka_unit_test(test_too_little_memory),
        cmocka_unit_test(test_context),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_every_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
