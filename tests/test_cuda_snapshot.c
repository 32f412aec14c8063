/* What a checkpoint asks of a card, on one that is none and does its work when it is waited for
 * (tests/fake_cuda, the word `lazy`): a copy for each block of parameters and one wait, beside a validation;
 * and that what a thread makes of it meanwhile is the state of that moment, to the last byte. */
#include "support/card_counts.h"
#include "support/saved.h"
#include "support/support.h"

#include <stdlib.h>
#include <string.h>

#include "backend/cuda/device.h"
#include "run/bench_batch.h"
#include "train/saver.h"
#include "train/weights.h"

enum { SIDE_PX = 64, PICTURES = 1, CLASSES = 3 };

/* Biases, weights and scales of three states; means and variances of two. */
enum { BLOCKS = 3 * 3 + 2 };

static BrimModel model;

static int set_up(void **state)
{
    (void)state;
    setenv("BRIM_FAKE_CARD", "lazy", 1);
    setenv("BRIM_FAKE_DNN", "engines=one", 1);
    assert_ok(brim_model_load(&model, "yolov5n", CLASSES));
    return 0;
}

static const BrimStepScalars scalars = {.learning_rate = {0.01f, 0.01f, 0.01f},
                                        .momentum = 0.937f,
                                        .weight_decay = 0.0005f,
                                        .clip_norm = 10,
                                        .ema_decay = 0.9f,
                                        .loss_scale = 64};

static BrimEngine *open_engine(BrimPrecision precision, bool snapshots)
{
    BrimEngine *engine = NULL;
    static const BrimShape shape = {PICTURES, SIDE_PX, SIDE_PX};
    const BrimEngineConf conf = {.backend = &brim_backend_cuda,
                                 .model = &model,
                                 .hyper = brim_hyper_default(),
                                 .precision = precision,
                                 .train = &shape,
                                 .train_count = 1,
                                 .train_target_cap = PICTURES * BRIM_BENCH_LABELS,
                                 .infer = &shape,
                                 .infer_count = 1,
                                 .snapshots = snapshots};
    assert_ok(brim_engine_open(&engine, &conf));
    assert_ok(brim_engine_start(engine));
    assert_ok(brim_weights_init(engine, &model, 0));
    assert_ok(brim_weights_start_ema(engine));
    return engine;
}

/* Its update is started, and not waited for. */
static void start_step(BrimEngine *engine, const BrimBatch *batch)
{
    float items[4];
    assert_ok(brim_engine_gradient(engine, batch, &scalars, items));
    assert_ok(brim_engine_update_start(engine, &scalars));
}

static void validate(BrimEngine *engine, const BrimBatch *batch)
{
    int rows;
    const float *predictions;
    assert_ok(brim_engine_fold(engine));
    assert_ok(brim_engine_infer(engine, batch, &predictions, &rows, NULL));
}

static void assert_same_files(const char *a, const char *b)
{
    assert_same_bytes(a, b, "last.safetensors");
    assert_same_bytes(a, b, "best.safetensors");
}

/* Begun behind an update that was only started, and before a validation; taken after it, and written while
 * the next update changes everything. */
static void check_copy_beside_validation(BrimPrecision precision)
{
    BrimBatch batch;
    float norm[2];
    BrimSaver *saver = NULL;
    const BrimPosition position = {.epoch = 1, .scaler = brim_scaler()};
    char *expected = make_folder("expected"), *apart = make_folder("apart"), *later = make_folder("later");
    BrimEngine *engine = open_engine(precision, true);
    assert_ok(brim_bench_batch_make(&batch, PICTURES, SIDE_PX, CLASSES));
    assert_ok(brim_saver_open(&saver, engine));
    start_step(engine, &batch);
    assert_ok(brim_saver_copy(saver));
    validate(engine, &batch);
    save_at_once(engine, NULL, &position, expected);
    assert_ok(brim_saver_begin(saver, NULL, &position, apart, true));
    start_step(engine, &batch);
    assert_ok(brim_engine_update_read(engine, norm));
    assert_int_equal(brim_saver_wait(saver), 2);
    assert_same_files(expected, apart);
    start_step(engine, &batch);
    assert_ok(brim_saver_begin(saver, NULL, &position, later, true)); /* whose copy nobody began */
    assert_int_equal(brim_saver_wait(saver), 2);
    save_at_once(engine, NULL, &position, expected);
    assert_same_files(expected, later);
    brim_saver_close(&saver);
    brim_engine_close(&engine);
    brim_bench_batch_clear(&batch);
    brim_mem_give(expected);
    brim_mem_give(apart);
    brim_mem_give(later);
}

static void a_copy_beside_a_validation_is_of_the_moment(void **state)
{
    (void)state;
    check_copy_beside_validation(BRIM_PRECISION_FP32);
    check_copy_beside_validation(BRIM_PRECISION_AMP);
}

static void a_checkpoint_is_a_copy_a_block_and_one_wait(void **state)
{
    (void)state;
    BrimSaver *saver = NULL;
    const BrimPosition position = {.epoch = 1, .scaler = brim_scaler()};
    static const char *const counted[] = {"cuMemcpyDtoHAsync", "cuStreamSynchronize", "cuEventSynchronize"};
    static const unsigned long expected[] = {BLOCKS, 1, 0};
    unsigned long before[3];
    char *folder = make_folder("counted");
    BrimEngine *engine = open_engine(BRIM_PRECISION_AMP, true);
    assert_ok(brim_saver_open(&saver, engine));
    for (int i = 0; i < 3; i++)
        before[i] = card_calls(counted[i]);
    assert_ok(brim_saver_copy(saver));
    assert_int_equal(card_calls(counted[1]) - before[1], 0);
    assert_ok(brim_saver_begin(saver, NULL, &position, folder, true));
    assert_int_equal(brim_saver_wait(saver), 2);
    for (int i = 0; i < 3; i++)
        assert_int_equal(card_calls(counted[i]) - before[i], expected[i]);
    brim_saver_close(&saver);
    brim_engine_close(&engine);
    brim_mem_give(folder);
}

/* Closing waits for what is on its way to memory that it gives back. */
static void a_copy_that_nobody_takes_is_waited_for(void **state)
{
    (void)state;
    BrimEngine *engine = open_engine(BRIM_PRECISION_FP32, true);
    assert_ok(brim_engine_snapshot_start(engine));
    brim_engine_close(&engine);
    engine = open_engine(BRIM_PRECISION_FP32, false);
    assert_refused(brim_engine_snapshot_start(engine), BRIM_ERROR_ARGUMENT, "without snapshots");
    brim_engine_close(&engine);
}

/* What the false card must see: without the wait the other stream would come too early. */
static void a_stream_waits_for_an_event_of_another(void **state)
{
    (void)state;
    BrimCudaDevice device;
    CUstream other;
    CUevent event;
    CUdeviceptr memory;
    unsigned char early = 0, late = 0;
    assert_ok(brim_cuda_device_open(&device, 0));
    const BrimCudaDriver *driver = device.driver;
    assert_int_equal(driver->cuStreamCreate_(&other, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
    assert_int_equal(driver->cuEventCreate_(&event, CU_EVENT_DISABLE_TIMING), CUDA_SUCCESS);
    assert_int_equal(driver->cuMemAlloc_(&memory, 1), CUDA_SUCCESS);
    assert_int_equal(driver->cuMemsetD8Async_(memory, 7, 1, device.stream), CUDA_SUCCESS);
    assert_int_equal(driver->cuEventRecord_(event, device.stream), CUDA_SUCCESS);
    assert_int_equal(driver->cuMemcpyDtoHAsync_(&early, memory, 1, other), CUDA_SUCCESS);
    assert_int_equal(driver->cuStreamWaitEvent_(other, event, CU_EVENT_WAIT_DEFAULT), CUDA_SUCCESS);
    assert_int_equal(driver->cuMemcpyDtoHAsync_(&late, memory, 1, other), CUDA_SUCCESS);
    assert_int_equal(driver->cuStreamSynchronize_(other), CUDA_SUCCESS);
    assert_int_equal(early, 0xFF); /* what the false card's memory begins as */
    assert_int_equal(late, 7);
    assert_int_equal(driver->cuMemFree_(memory), CUDA_SUCCESS);
    assert_int_equal(driver->cuEventDestroy_(event), CUDA_SUCCESS);
    assert_int_equal(driver->cuStreamDestroy_(other), CUDA_SUCCESS);
    brim_cuda_device_close(&device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_waits_for_an_event_of_another),
        cmocka_unit_test(a_copy_beside_a_validation_is_of_the_moment),
        cmocka_unit_test(a_checkpoint_is_a_copy_a_block_and_one_wait),
        cmocka_unit_test(a_copy_that_nobody_takes_is_waited_for),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
