/* What brim says where a card cannot be used or is lost, word for word. As a process loads its driver once,
 * each case runs this program anew, with a false card of its own (tests/fake_cuda/fake_cuda.h). */
#include "support/support.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

static int open_card(int index)
{
    BrimCudaDevice device;
    BrimStatus status = brim_cuda_device_open(&device, index);
    if (status == BRIM_OK)
        brim_cuda_device_close(&device);
    return told(status);
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
    const BrimAddArgs args = {0};
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

/* What a kernel with a pointer to freed memory comes to. */
static int dangle(void)
{
    BrimCudaDevice device;
    CUdeviceptr pointer;
    assert_ok(brim_cuda_device_open(&device, 0));
    device.driver->cuMemAlloc_(&pointer, 4096);
    device.driver->cuMemFree_(pointer);
    const BrimBiasArgs args = {.bias = (const float *)(uintptr_t)pointer};
    brim_cuda_launch(&device, BRIM_KERNEL_bias, 1, 32, &args);
    return told(brim_cuda_device_wait(&device));
}

static int write_behind_the_end(void)
{
    BrimCudaDevice device;
    CUdeviceptr pointer;
    assert_ok(brim_cuda_device_open(&device, 0));
    device.driver->cuMemAlloc_(&pointer, 100);
    ((char *)(uintptr_t)pointer)[100] = 0; /* which only a kernel could do on a card */
    device.driver->cuMemFree_(pointer);
    return told(BRIM_OK);
}

static int touch_from_host(void)
{
    BrimCudaDevice device;
    CUdeviceptr pointer;
    assert_ok(brim_cuda_device_open(&device, 0));
    device.driver->cuMemAlloc_(&pointer, 100);
    ((volatile char *)(uintptr_t)pointer)[0] = 0;
    return told(BRIM_OK);
}

static int act(const char *action)
{
    if (strcmp(action, "open") == 0)
        return open_card(0);
    if (strcmp(action, "open 3") == 0)
        return open_card(3);
    if (strcmp(action, "open twice") == 0)
        return open_twice();
    if (strcmp(action, "launch") == 0)
        return launch_until_lost();
    if (strcmp(action, "take") == 0)
        return take_too_much();
    if (strcmp(action, "list") == 0)
        return list_cards();
    if (strcmp(action, "dangle") == 0)
        return dangle();
    if (strcmp(action, "behind") == 0)
        return write_behind_the_end();
    if (strcmp(action, "touch") == 0)
        return touch_from_host();
    if (strcmp(action, "any driver") == 0)
        return dlopen("libcuda.so.1", RTLD_NOW) ? 0 : 1;
    return 2;
}

/* ---- and what its parent expects ---- */

static char said[4096];

static void run_child(const char *action, const char *card, const char *folder, int output)
{
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    setenv("BRIM_FAKE_CARD", card, 1);
    if (folder)
        setenv("LD_LIBRARY_PATH", folder, 1);
    execl("/proc/self/exe", "test_cuda_errors", action, (char *)NULL);
    _exit(3);
}

/* Its wait status; what it wrote is in `said`. */
static int child(const char *action, const char *card, const char *folder)
{
    int ends[2], result, got, length = 0;
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t id = fork();
    if (id == 0)
        run_child(action, card, folder, ends[1]);
    assert_true(id > 0);
    close(ends[1]);
    while ((got = (int)read(ends[0], said + length, sizeof said - 1 - (size_t)length)) > 0)
        length += got;
    said[length] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(id, &result, 0), id);
    return result;
}

static void expect(const char *action, const char *card, const char *folder, const char *expected)
{
    assert_int_equal(child(action, card, folder), 0);
    assert_string_equal(said, expected);
}

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
    if (child("any driver", "", beside("nowhere")) == 0) {
        print_message("skipped: this machine has a real libcuda.so.1\n");
        skip();
    }
    expect("open", "", beside("nowhere"),
           "not supported by this build or device: no NVIDIA driver: libcuda.so.1 is not there; install "
           "NVIDIA's driver, "
           "or leave --device 0 out to train on the CPU");
    expect("list", "", beside("nowhere"), "0: ");
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
    expect("open", card, NULL, expected);
    snprintf(card, sizeof card, "driver=%d", MAJOR * 1000); /* the first of the same major version will do */
    expect("open", card, NULL, "OK: ");
    snprintf(card, sizeof card, "driver=%d", (MAJOR + 1) * 1000);
    expect("open", card, NULL, "OK: ");
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
    expect("open", "", beside("lacking"), expected);
    expect("open", "", beside("older"), "OK: "); /* cuEventElapsedTime_v2 by its number of before */
}

static void test_start(void **state)
{
    (void)state;
    expect("open", "cards=0", NULL,
           "not supported by this build or device: the NVIDIA driver finds no card (CUDA_ERROR_NO_DEVICE); "
           "nvidia-smi "
           "lists those of this machine, CUDA_VISIBLE_DEVICES may hide them; leave --device 0 out to train "
           "on the CPU");
    expect("open", "fail=cuInit@1,error=803", NULL,
           "a device or its library failed: starting the NVIDIA driver: CUDA_ERROR_SYSTEM_DRIVER_MISMATCH "
           "(803), system "
           "has unsupported display driver / cuda driver combination; libcuda.so.1 and the kernel's NVIDIA "
           "module are of "
           "different versions, as after an update of the driver: restart the machine");
    expect("open twice", "fail=cuInit@1:once,error=999", NULL, "OK: "); /* what failed is tried again */
}

static void test_no_such_card(void **state)
{
    (void)state;
    expect("open 3", "cards=2", NULL,
           "not supported by this build or device: there is no card 3: the NVIDIA driver shows 2, and counts "
           "from 0; "
           "nvidia-smi lists those of this machine, CUDA_VISIBLE_DEVICES may hide some");
    expect("open 3", "cards=4", NULL, "OK: ");
    expect("list", "cards=2,memory=4G,name=NVIDIA One", NULL,
           "2: 0: NVIDIA One, 4096 MiB; 1: NVIDIA One, 4096 MiB");
}

static void test_old_card(void **state)
{
    (void)state;
    expect("open", "cc=7.0,name=Tesla V100-SXM2-16GB", NULL,
           "not supported by this build or device: card 0, Tesla V100-SXM2-16GB, is of compute capability "
           "7.0; brim runs "
           "from 7.5 on (Turing: GTX 16, RTX 20, T4); choose another card, or leave --device 0 out to train "
           "on the CPU");
    expect("open", "cc=7.5", NULL, "OK: ");
}

static void test_too_little_memory(void **state)
{
    (void)state;
#define TAKEN                                                                                                \
    "CUDA_ERROR_OUT_OF_MEMORY (2), out of memory; close what else uses the card (nvidia-smi lists it), or "  \
    "give a "                                                                                                \
    "smaller batch or --memory"
    expect("open", "free=50M,context=51M", NULL,
           "it does not fit in the memory given: making a context on the card: " TAKEN);
    expect("open", "free=52M,context=50M,module=3M", NULL,
           "it does not fit in the memory given: loading the kernels: " TAKEN);
    expect("open", "free=53M,context=50M,module=3M", NULL, "OK: ");
    expect("take", "", NULL, "it does not fit in the memory given: taking an arena of 1 TiB: " TAKEN);
#undef TAKEN
}

static void test_lost(void **state)
{
    (void)state;
#define FAILED                                                                                               \
    "CUDA_ERROR_LAUNCH_FAILED (719), unspecified launch failure; a kernel failed and the card gave this "    \
    "process up; " GO_ON "; if it happens again, please report it with this sentence"
    expect("launch", "fail=cuLaunchKernel@8", NULL,
           "after 7: a device or its library failed: starting the kernel brim_add: " FAILED
           " | then a device or its library failed: waiting for the card: " FAILED);
    expect("launch", "fail=cuLaunchKernel@3:once,error=214", NULL,
           "after 2: a device or its library failed: starting the kernel brim_add: "
           "CUDA_ERROR_ECC_UNCORRECTABLE (214), "
           "uncorrectable ECC error encountered; a part of the card failed: dmesg says which (Xid), and if "
           "it comes again "
           "the card is broken; " GO_ON " | then OK: ");
    expect("open", "fail=cuModuleGetFunction@2,error=500", NULL,
           "a device or its library failed: looking up the kernel brim_act: CUDA_ERROR_NOT_FOUND (500), "
           "named symbol not "
           "found; library and kernels are of different builds of brim: build it anew");
    expect("open", "fail=cuDevicePrimaryCtxRetain@1,error=46", NULL,
           "a device or its library failed: making a context on the card: CUDA_ERROR_DEVICE_UNAVAILABLE "
           "(46), CUDA-capable "
           "device(s) is/are busy or unavailable; another process holds the card for itself, or it is being "
           "reset: "
           "nvidia-smi shows which");
    expect("open", "fail=cuStreamCreate@1,error=12345", NULL,
           "a device or its library failed: making a stream: an error without a name (12345), the driver has "
           "no words for "
           "it; please report it with this sentence");
#undef FAILED
}

/* Each call of the way to an open card fails once: it is said, and nothing is left behind. */
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
        assert_int_equal(child("open", card, NULL), 0);
        assert_null(strstr(said, "OK"));
        assert_int_equal(child("open twice", card, NULL), 0);
        assert_string_equal(said, "OK: ");
    }
}

static void test_misuse(void **state)
{
    (void)state;
    assert_int_equal(child("dangle", "", NULL), 0);
    assert_non_null(strstr(said, "brim_bias: its argument"));
    assert_non_null(strstr(said, "waiting for the card: CUDA_ERROR_ILLEGAL_ADDRESS (700)"));
    assert_true(WIFSIGNALED(child("behind", "", NULL)));
    assert_string_equal(
        said, "false libcuda: memory was written 0 bytes behind the end of an allocation of 100 bytes\n");
    assert_int_equal(child("touch", "", NULL), 0);
    assert_int_not_equal(child("touch", "strict", NULL), 0);
    assert_true(WIFSIGNALED(child("open", "momory=4G", NULL)));
    assert_string_equal(
        said, "false libcuda: BRIM_FAKE_CARD: no word \"momory=4G\"; see tests/fake_cuda/fake_cuda.h\n");
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return act(argv[1]);
    if (!getenv("LD_LIBRARY_PATH")) {
        print_message("skipped: LD_LIBRARY_PATH does not say where the false libcuda.so.1 is; ctest does\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_driver),         cmocka_unit_test(test_old_driver),
        cmocka_unit_test(test_missing_function),  cmocka_unit_test(test_start),
        cmocka_unit_test(test_no_such_card),      cmocka_unit_test(test_old_card),
        cmocka_unit_test(test_too_little_memory), cmocka_unit_test(test_lost),
        cmocka_unit_test(test_every_call),        cmocka_unit_test(test_misuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
