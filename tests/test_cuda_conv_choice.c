/* Which of cuDNN's engines is taken: what brim refuses, the cap, the fastest, and what was kept on disk; and
 * what is said where cuDNN is missing, too old, or fails. */
#include "support/cuda_conv.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backend/cuda/conv_time.h"
#include "base/file.h"

#define CARD "memory=400M,free=340M,context=300M,module=6M,cc=8.6,strict,name=NVIDIA Tested Card"

/* Makes every engine but that of tensor cores with knob 1 slow. */
#define ALL_SLOW "slow=20:0:200,slow=47:0:200,slow=62:0:3000,slow=70:0:3000,slow=1:0:3000,slow=0:0:3000"

static const size_t mib = 1 << 20;

static BrimCudaConvTask task_of(BrimCudaConvWay way, BrimKernelType type)
{
    return conv_task(way, type, (BrimCudaImage){1, 8, 10, 10, 8}, 8, 8, 3, 1, 1);
}

static const char *file_path(void)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/brim/conv.json", getenv("XDG_CACHE_HOME"));
    return path;
}

static int forget(void **state)
{
    (void)state;
    unlink(file_path());
    return 0;
}

static void run_once(const ConvCard *card, BrimCudaConv *conv, const BrimCudaConvTask *task,
                     size_t workspace_bytes)
{
    CUdeviceptr x = conv_take(card, (size_t)(task->x.n * task->x.h * task->x.w * task->x.pitch) * 4);
    CUdeviceptr y = conv_take(card, (size_t)(task->y.n * task->y.h * task->y.w * task->y.pitch) * 4);
    CUdeviceptr w = conv_take(card, (size_t)(task->y.c * task->kernel * task->kernel * task->x.c) * 4);
    CUdeviceptr workspace = conv_take(card, workspace_bytes);
    assert_ok(brim_cuda_conv_run(conv, x, y, w, workspace));
    assert_ok(brim_cuda_device_wait(&card->device));
    conv_give(card, x);
    conv_give(card, y);
    conv_give(card, w);
    conv_give(card, workspace);
}

/* The engine that is chosen, seen when it runs, and its workspace. */
static int chosen(const ConvCard *card, const BrimCudaConvTask *task, size_t cap_bytes, bool timed,
                  size_t *workspace_bytes)
{
    BrimCudaConv *conv;
    assert_ok(brim_cuda_conv_open(&conv, card->dnn, task, cap_bytes, timed, workspace_bytes));
    assert_true(*workspace_bytes <= cap_bytes);
    run_once(card, conv, task, *workspace_bytes);
    brim_cuda_conv_close(&conv);
    assert_null(conv);
    return dnn_latest_engine();
}

static void first_proposal_within_the_cap(void **state)
{
    static const struct {
        BrimKernelType type;
        size_t cap_bytes;
        int engine;
        size_t workspace_bytes;
    } cases[] = {
        {BRIM_KERNEL_F16, 2 << 20, FAKE_ENGINE_TENSOR, 1 << 20},
        {BRIM_KERNEL_F16, 1 << 20, FAKE_ENGINE_TENSOR, 1 << 20},
        {BRIM_KERNEL_F16, (1 << 20) - 1, FAKE_ENGINE_TENSOR, 64 << 10},
        {BRIM_KERNEL_F16, 64 << 10, FAKE_ENGINE_TENSOR, 64 << 10},
        {BRIM_KERNEL_F16, 60 << 10, FAKE_ENGINE_COPYING, 6400},
        {BRIM_KERNEL_F16, 0, FAKE_ENGINE_SLOWEST, 0},
        {BRIM_KERNEL_BF16, 2 << 20, FAKE_ENGINE_TENSOR, 1 << 20},
        {BRIM_KERNEL_F32, 2 << 20, FAKE_ENGINE_PLAIN, 256 << 10},
        {BRIM_KERNEL_F32, 200 << 10, FAKE_ENGINE_COPYING, 6400},
        {BRIM_KERNEL_F32, 6399, FAKE_ENGINE_SLOWEST, 0},
    };
    ConvCard card;
    (void)state;
    conv_card_open(&card, CARD, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (BrimCudaConvWay way = BRIM_CUDA_FORWARD; way <= BRIM_CUDA_BACKWARD_WEIGHTS; way++) {
            const BrimCudaConvTask task = task_of(way, cases[i].type);
            size_t workspace_bytes;
            assert_int_equal(chosen(&card, &task, cases[i].cap_bytes, false, &workspace_bytes),
                             cases[i].engine);
            assert_int_equal(workspace_bytes, cases[i].workspace_bytes);
        }
    assert_false(brim_file_exists(file_path())); /* nothing was timed */
    conv_card_close(&card);
}

/* Those that must not be taken are fastest here. */
static void fastest_that_brim_takes(void **state)
{
    const BrimCudaConvTask half = task_of(BRIM_CUDA_BACKWARD_WEIGHTS, BRIM_KERNEL_F16),
                           whole = task_of(BRIM_CUDA_FORWARD, BRIM_KERNEL_F32);
    size_t workspace_bytes;
    ConvCard card;
    (void)state;
    conv_card_open(&card, CARD, ALL_SLOW);
    assert_int_equal(chosen(&card, &half, 2 * mib, true, &workspace_bytes), FAKE_ENGINE_TENSOR);
    assert_int_equal(workspace_bytes, 64 << 10);
    setenv("BRIM_FAKE_DNN", "slow=70:0:3000,slow=0:0:3000", 1);
    assert_int_equal(chosen(&card, &whole, 2 * mib, true, &workspace_bytes), FAKE_ENGINE_COPYING);
    assert_int_equal(workspace_bytes, 6400);
    conv_card_close(&card);
}

static void ties_go_to_the_smaller_workspace(void **state)
{
    static const struct {
        double time_ns[4];
        size_t workspace_bytes[4];
        int fastest;
    } cases[] = {
        {{5000, 4000, 4500, 9000}, {0, 900, 0, 0}, 1},   /* faster by more than a hundredth */
        {{4039, 4000, 4041, 4000}, {10, 900, 0, 20}, 0}, /* within it */
        {{4000, 4000, 4000, 4000}, {30, 20, 20, 20}, 1}, /* the earlier of two that are alike */
        {{0, 7000, 0, 6000}, {0, 50, 0, 60}, 3},         /* those that did not run */
        {{0, 0, 0, 0}, {0, 0, 0, 0}, -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        BrimCudaConvPlan plans[4] = {{.plan = NULL}};
        for (int j = 0; j < 4; j++) {
            plans[j].choice.time_ns = cases[i].time_ns[j];
            plans[j].choice.workspace_bytes = cases[i].workspace_bytes[j];
        }
        assert_int_equal(brim_cuda_conv_fastest(plans, 4), cases[i].fastest);
    }
}

/* One that fails when it runs is left out; where all fail, that is said. */
static void failing_while_timed(void **state)
{
    const BrimCudaConvTask task = task_of(BRIM_CUDA_FORWARD, BRIM_KERNEL_F16);
    size_t workspace_bytes;
    BrimCudaConv *conv;
    ConvCard card;
    (void)state;
    conv_card_open(&card, CARD,
                   "fail=cudnnBackendExecute@1:once,slow=62:1:3000,slow=70:0:3000,slow=1:0:3000");
    assert_int_equal(chosen(&card, &task, 2 * mib, true, &workspace_bytes), FAKE_ENGINE_SLOWEST);
    forget(NULL);
    brim_cuda_dnn_close(&card.dnn);
    setenv("BRIM_FAKE_DNN", "fail=cudnnBackendExecute@1", 1);
    assert_ok(brim_cuda_dnn_open(&card.dnn, &card.device));
    assert_refused(brim_cuda_conv_open(&conv, card.dnn, &task, 2 * mib, true, &workspace_bytes),
                   BRIM_ERROR_DEVICE, "timing a convolution");
    assert_null(conv);
    conv_card_close(&card);
}

static void no_timing_without_memory(void **state)
{
    const BrimCudaConvTask task = task_of(BRIM_CUDA_FORWARD, BRIM_KERNEL_F16);
    const unsigned long before = dnn_executions();
    size_t workspace_bytes, free_bytes;
    ConvCard card;
    (void)state;
    conv_card_open(&card, CARD, ALL_SLOW);
    assert_ok(brim_cuda_device_free_bytes(&card.device, &free_bytes));
    CUdeviceptr most = conv_take(&card, free_bytes - mib);
    BrimCudaConv *conv;
    assert_ok(brim_cuda_conv_open(&conv, card.dnn, &task, 2 * mib, true, &workspace_bytes));
    assert_int_equal(workspace_bytes, mib); /* the first, not the fastest */
    assert_true(dnn_executions() == before);
    assert_false(brim_file_exists(file_path()));
    brim_cuda_conv_close(&conv);
    conv_give(&card, most);
    conv_card_close(&card);
}

static void no_engine(void **state)
{
    const BrimCudaConvTask half = task_of(BRIM_CUDA_FORWARD, BRIM_KERNEL_F16),
                           whole = task_of(BRIM_CUDA_FORWARD, BRIM_KERNEL_F32);
    size_t workspace_bytes;
    BrimCudaConv *conv;
    ConvCard card;
    (void)state;
    conv_card_open(&card, CARD, "engines=half");
    assert_refused(brim_cuda_conv_open(&conv, card.dnn, &whole, mib, false, &workspace_bytes),
                   BRIM_ERROR_UNSUPPORTED, "no deterministic engine");
    assert_null(strstr(brim_last_error(), "--precision"));
    assert_ok(brim_cuda_conv_open(&conv, card.dnn, &half, mib, false, &workspace_bytes));
    brim_cuda_conv_close(&conv);
    setenv("BRIM_FAKE_DNN", "engines=costly", 1);
    assert_refused(brim_cuda_conv_open(&conv, card.dnn, &half, 1000, false, &workspace_bytes),
                   BRIM_ERROR_UNSUPPORTED, "within 1000 bytes of workspace; 6400 would do");
    setenv("BRIM_FAKE_DNN", "engines=none", 1);
    assert_refused(brim_cuda_conv_open(&conv, card.dnn, &half, mib, false, &workspace_bytes),
                   BRIM_ERROR_UNSUPPORTED, "a newer one may, or choose --precision fp32");
    conv_card_close(&card);
}

/* ---- the file ---- */

static void timed_once(void **state)
{
    const BrimCudaConvTask task = task_of(BRIM_CUDA_BACKWARD_DATA, BRIM_KERNEL_F16);
    size_t workspace_bytes, again_bytes;
    ConvCard card;
    (void)state;
    conv_card_open(&card, CARD, ALL_SLOW);
    const int engine = chosen(&card, &task, 2 * mib, true, &workspace_bytes);
    unsigned long before = dnn_executions();
    assert_int_equal(chosen(&card, &task, 2 * mib, true, &again_bytes), engine); /* by the same library */
    assert_int_equal(dnn_executions(), before + 1);
    conv_card_close(&card);
    conv_card_open(&card, CARD, NULL); /* by another, where the first proposal would be taken */
    before = dnn_executions();
    assert_int_equal(chosen(&card, &task, 2 * mib, false, &again_bytes), engine);
    assert_int_equal(again_bytes, workspace_bytes);
    assert_int_equal(dnn_executions(), before + 1);
    chosen(&card, &task, 3 * mib, true, &again_bytes); /* for another cap it is timed anew */
    assert_true(dnn_executions() > before + 2);
    conv_card_close(&card);
    before = dnn_executions();
    conv_card_open(&card, CARD, "version=91500"); /* another library */
    assert_string_equal(brim_cuda_dnn_version(card.dnn), "9.15.0");
    chosen(&card, &task, 2 * mib, true, &again_bytes);
    assert_true(dnn_executions() > before + 1);
    conv_card_close(&card);
}

static void write_file(const char *entry)
{
    static const char head[] =
        "{\"schema\": \"brim-convolutions-1\", \"choices\": [{\"card\": \"NVIDIA "
        "Tested Card\", \"capability\": 86, "
        "\"cudnn\": \"9.15.0\", \"task\": \"backward data fp16 1x10x10x8/8 to 1x10x10x8/8 kernel 3 stride 1 "
        "padding 1\", \"cap_bytes\": 2097152, ";
    char text[1024];
    snprintf(text, sizeof text, "%s%s}]}", head, entry);
    assert_ok(brim_file_write(file_path(), text, strlen(text)));
}

/* An entry that is right is taken without a timing; what is wrong with the others, cuDNN or brim says. */
static void entries_are_checked(void **state)
{
    static const struct {
        const char *entry;
        bool taken;
    } cases[] = {
        {"\"engine\": 62, \"knobs\": [[2, 1]], \"workspace_bytes\": 65536, \"time_ns\": 5", true},
        {"\"engine\": 0, \"knobs\": [], \"workspace_bytes\": 0, \"time_ns\": 5.5", true},
        {"\"engine\": 20, \"knobs\": [], \"workspace_bytes\": 0, \"time_ns\": 5",
         false}, /* not deterministic */
        {"\"engine\": 9, \"knobs\": [], \"workspace_bytes\": 0, \"time_ns\": 5", false},
        {"\"engine\": 33, \"knobs\": [], \"workspace_bytes\": 0, \"time_ns\": 5", false}, /* refuses */
        {"\"engine\": 62, \"knobs\": [[2, 7]], \"workspace_bytes\": 0, \"time_ns\": 5", false},
        {"\"engine\": 62, \"knobs\": [[2]], \"workspace_bytes\": 0, \"time_ns\": 5", false},
        {"\"engine\": -1, \"knobs\": [], \"workspace_bytes\": 0, \"time_ns\": 5", false},
        {"\"engine\": 0, \"knobs\": [], \"workspace_bytes\": 0, \"time_ns\": 0", false},
        {"\"engine\": 0, \"knobs\": [], \"workspace_bytes\": 2097153, \"time_ns\": 5", false},
        {"\"engine\": 0", false},
        {"\"engine\": 0, \"engine\": 0", false},
    };
    const BrimCudaConvTask task = task_of(BRIM_CUDA_BACKWARD_DATA, BRIM_KERNEL_F16);
    size_t workspace_bytes;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ConvCard card;
        BrimCudaConv *conv;
        write_file(cases[i].entry);
        conv_card_open(&card, CARD, "version=91500");
        const unsigned long before = dnn_executions();
        assert_ok(brim_cuda_conv_open(&conv, card.dnn, &task, 2 * mib, true, &workspace_bytes));
        if ((dnn_executions() == before) != cases[i].taken)
            fail_msg("{%s} is %staken", cases[i].entry, cases[i].taken ? "not " : "");
        brim_cuda_conv_close(&conv);
        conv_card_close(&card);
    }
}

static void broken_file_is_none(void **state)
{
    static const char *const texts[] = {"", "{", "[]", "{\"schema\": \"brim-timings-1\", \"choices\": []}",
                                        "{\"schema\": \"brim-convolutions-1\", \"choices\": {}}"};
    const BrimCudaConvTask task = task_of(BRIM_CUDA_FORWARD, BRIM_KERNEL_F16);
    size_t workspace_bytes;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        ConvCard card;
        assert_ok(brim_file_write(file_path(), texts[i], strlen(texts[i])));
        conv_card_open(&card, CARD, NULL);
        chosen(&card, &task, 2 * mib, true, &workspace_bytes);
        const unsigned long before = dnn_executions();
        brim_cuda_dnn_close(&card.dnn);
        assert_ok(brim_cuda_dnn_open(&card.dnn, &card.device));
        chosen(&card, &task, 2 * mib, true, &workspace_bytes); /* by the file, which was written anew */
        assert_int_equal(dnn_executions(), before + 1);
        conv_card_close(&card);
    }
}

/* That nothing can be kept is no reason not to train. */
static void no_folder_for_the_file(void **state)
{
    const BrimCudaConvTask task = task_of(BRIM_CUDA_FORWARD, BRIM_KERNEL_F16);
    char kept[512];
    size_t workspace_bytes;
    ConvCard card;
    (void)state;
    snprintf(kept, sizeof kept, "%s", getenv("XDG_CACHE_HOME"));
    setenv("XDG_CACHE_HOME", "/dev/null", 1);
    conv_card_open(&card, CARD, NULL);
    chosen(&card, &task, 2 * mib, true, &workspace_bytes);
    conv_card_close(&card);
    setenv("XDG_CACHE_HOME", kept, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(first_proposal_within_the_cap, forget),
        cmocka_unit_test_setup(fastest_that_brim_takes, forget),
        cmocka_unit_test(ties_go_to_the_smaller_workspace),
        cmocka_unit_test_setup(failing_while_timed, forget),
        cmocka_unit_test_setup(no_timing_without_memory, forget),
        cmocka_unit_test_setup(no_engine, forget),
        cmocka_unit_test_setup(timed_once, forget),
        cmocka_unit_test_setup(entries_are_checked, forget),
        cmocka_unit_test_setup(broken_file_is_none, forget),
        cmocka_unit_test_setup(no_folder_for_the_file, forget),
    };
    setenv("XDG_CACHE_HOME", scratch_folder(), 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
