/* What is said where cuDNN is missing, too old, or fails. */
#include "support/cuda_conv.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CARD "memory=4G,free=3800M,context=300M,module=6M,sms=10,cc=8.6,strict,name=NVIDIA Tested Card"

static BrimCudaConvTask small_task(void)
{
    return conv_task(BRIM_CUDA_FORWARD, BRIM_KERNEL_F16, (BrimCudaImage){1, 8, 10, 10, 8}, 8, 8, 3, 1, 1);
}

static void too_old(void **state)
{
    ConvCard card;
    (void)state;
    conv_card_open(&card, CARD, NULL);
    brim_cuda_dnn_close(&card.dnn);
    setenv("BRIM_FAKE_DNN", "version=8904", 1);
    assert_refused(brim_cuda_dnn_open(&card.dnn, &card.device), BRIM_ERROR_UNSUPPORTED,
                   "cuDNN 8.9.4 is too old, 9.0 is needed");
    assert_null(card.dnn);
    setenv("BRIM_FAKE_DNN", "fail=cudnnCreate@1,error=1001", 1);
    assert_refused(brim_cuda_dnn_open(&card.dnn, &card.device), BRIM_ERROR_DEVICE,
                   "starting cuDNN on the card");
    assert_null(card.dnn);
    conv_card_close(&card);
}

static void failing_while_run(void **state)
{
    const BrimCudaConvTask task = small_task();
    size_t workspace_bytes;
    BrimCudaConv *conv;
    ConvCard card;
    (void)state;
    conv_card_open(&card, CARD, "fail=cudnnBackendExecute@1");
    assert_ok(brim_cuda_conv_open(&conv, card.dnn, &task, 0, false, &workspace_bytes));
    CUdeviceptr room = conv_take(&card, 1 << 20);
    assert_refused(brim_cuda_conv_run(conv, room, room, room, 0), BRIM_ERROR_DEVICE,
                   "cuDNN: starting a convolution: CUDNN_STATUS_EXECUTION_FAILED: BRIM_FAKE_DNN said so");
    brim_cuda_conv_close(&conv);
    conv_give(&card, room);
    conv_card_close(&card);
}

/* Opens while the nth call of a function fails: an engine is found all the same, or there is a sentence;
 * nothing is left. */
static bool opens_while(ConvCard *card, const char *call, int nth)
{
    const BrimCudaConvTask task = small_task();
    char wish[96];
    size_t workspace_bytes;
    BrimCudaConv *conv;
    snprintf(wish, sizeof wish, "fail=%s@%d:once", call, nth);
    setenv("BRIM_FAKE_DNN", wish, 1);
    const BrimStatus status =
        brim_cuda_conv_open(&conv, card->dnn, &task, 1 << 20, nth % 2, &workspace_bytes);
    assert_true((status == BRIM_OK) == (conv != NULL));
    if (status != BRIM_OK)
        assert_non_null(strstr(brim_last_error(), "cuDNN"));
    brim_cuda_conv_close(&conv);
    assert_int_equal(dnn_descriptors(), 0);
    return status == BRIM_OK;
}

static void any_call_may_fail(void **state)
{
    static const char *const calls[] = {"cudnnBackendCreateDescriptor", "cudnnBackendSetAttribute",
                                        "cudnnBackendGetAttribute", "cudnnBackendFinalize",
                                        "cudnnBackendExecute"};
    int refused = 0, opened = 0;
    ConvCard card;
    (void)state;
    setenv("XDG_CACHE_HOME", "/dev/null", 1); /* nothing is kept: each time an engine has to be found */
    conv_card_open(&card, CARD, NULL);
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        for (int nth = 1; nth < 800; nth += nth < 50 ? 1 : 13)
            opens_while(&card, calls[i], nth) ? opened++ : refused++;
    assert_true(refused > 20 && opened > 20);
    conv_card_close(&card);
    setenv("XDG_CACHE_HOME", scratch_folder(), 1);
    conv_card_open(&card, CARD, NULL);
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        for (int nth = 1; nth < 60; nth++)
            opens_while(&card, calls[i], nth);
    conv_card_close(&card);
}

/* The same of brim's own memory. */
static void any_memory_may_lack(void **state)
{
    const BrimCudaConvTask task = small_task();
    BrimStatus status = BRIM_ERROR_MEMORY;
    ConvCard card;
    (void)state;
    conv_card_open(&card, CARD, NULL);
    for (uint64_t nth = 1; nth < 40; nth++) {
        size_t workspace_bytes;
        BrimCudaConv *conv = NULL;
        brim_cuda_dnn_close(&card.dnn);
        brim_mem_fail_at(nth);
        status = brim_cuda_dnn_open(&card.dnn, &card.device);
        if (status == BRIM_OK)
            status = brim_cuda_conv_open(&conv, card.dnn, &task, 1 << 20, true, &workspace_bytes);
        brim_mem_fail_at(0);
        assert_true(status == BRIM_OK || status == BRIM_ERROR_MEMORY);
        if (conv)
            brim_cuda_conv_close(&conv);
        assert_int_equal(dnn_descriptors(), 0);
    }
    assert_ok(status);
    conv_card_close(&card);
}

static void wrong_sides(void **state)
{
    BrimCudaConvTask task = small_task();
    size_t workspace_bytes;
    BrimCudaConv *conv;
    ConvCard card;
    (void)state;
    conv_card_open(&card, CARD, NULL);
    task.y.h++;
    assert_refused(brim_cuda_conv_open(&conv, card.dnn, &task, 0, false, &workspace_bytes), BRIM_ERROR_INPUT,
                   "does not give 1x11x10x8");
    conv_card_close(&card);
}

/* ---- without the library ---- */

static int child(void)
{
    BrimCudaDevice device;
    BrimCudaDnn *dnn;
    char package[64];
    if (brim_cuda_device_open(&device, 0) != BRIM_OK)
        return 1;
    BrimStatus status = brim_cuda_dnn_open(&dnn, &device);
    snprintf(package, sizeof package, "install libcudnn9-cuda-%d", device.driver->version / 1000);
    brim_cuda_device_close(&device);
    printf("%s: %s\n", brim_status_text(status), brim_last_error());
    return status == BRIM_ERROR_UNSUPPORTED && !dnn &&
                   strstr(brim_last_error(), "cuDNN 9 is not to be found") &&
                   strstr(brim_last_error(), package) && strstr(brim_last_error(), "LD_LIBRARY_PATH")
               ? 0
               : 1;
}

/* This program anew, where the loader finds the false driver, and a file that is no library before any real
 * cuDNN. */
static void missing(void **state)
{
    char own[512], command[1600];
    const char *folder = scratch_folder();
    (void)state;
    const ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    assert_true(length > 0);
    own[length] = '\0';
    assert_int_equal(symlink(card_library(), scratch_path("libcuda.so.1")), 0);
    scratch_file("libcudnn.so.9", "");
    snprintf(command, sizeof command, "LD_LIBRARY_PATH='%s' '%s' child", folder, own);
    assert_int_equal(system(command), 0);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(too_old),           cmocka_unit_test(failing_while_run),
        cmocka_unit_test(any_call_may_fail), cmocka_unit_test(any_memory_may_lack),
        cmocka_unit_test(wrong_sides),       cmocka_unit_test(missing),
    };
    if (count > 1 && strcmp(arguments[1], "child") == 0)
        return child();
    setenv("XDG_CACHE_HOME", scratch_folder(), 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
