/* A training step and an inference with all threads of a block, on a card that is none (tests/fake_cuda, the
 * word `threads`): in ThreadSanitizer's build it looks for what they do to the same memory; in every build
 * they come to the losses of the CPU. */
#include "support/support.h"

#include <dlfcn.h>
#include <math.h>
#include <stdlib.h>

#include "backend/cuda/kernels/list.h"
#include "run/bench_batch.h"
#include "train/weights.h"

enum { SIDE_PX = 64, PICTURES = 2, CLASSES = 3 };

static unsigned long (*launches)(const char *kernel);
static BrimModel model;

static int set_up(void **state)
{
    (void)state;
    setenv("BRIM_FAKE_CARD", "threads", 0); /* or as it is described already */
    void *cuda = dlopen("libcuda.so.1", RTLD_NOW);
    assert_non_null(cuda);
    launches = (unsigned long (*)(const char *))dlsym(cuda, "fake_cuda_launches");
    assert_non_null(launches);
    assert_ok(brim_model_load(&model, "yolov5n", CLASSES));
    return 0;
}

/* What a run saw: box, obj, cls and total of a step and of the inference behind it, and the gradients' norm.
 */
typedef struct Seen {
    float items[4], norm[2], inferred[4];
} Seen;

static void run_step(BrimEngine *engine, const BrimBatch *batch, float loss_scale, Seen *seen)
{
    const BrimStepScalars scalars = {.learning_rate = {0.01f, 0.01f, 0.01f},
                                     .momentum = 0.937f,
                                     .weight_decay = 0.0005f,
                                     .clip_norm = 10,
                                     .ema_decay = 0.5f,
                                     .loss_scale = loss_scale};
    const float *predictions;
    int rows;
    assert_ok(brim_engine_gradient(engine, batch, &scalars, seen->items));
    assert_ok(brim_engine_update(engine, &scalars, seen->norm));
    assert_ok(brim_engine_fold(engine));
    assert_ok(brim_engine_infer(engine, batch, &predictions, &rows, seen->inferred));
}

static Seen run(const BrimBackendClass *backend, BrimPrecision precision)
{
    static const BrimShape shape = {PICTURES, SIDE_PX, SIDE_PX};
    BrimEngineConf conf = {.backend = backend,
                           .threads = 1,
                           .model = &model,
                           .hyper = brim_hyper_default(),
                           .train = &shape,
                           .train_count = 1,
                           .train_target_cap = PICTURES * BRIM_BENCH_LABELS,
                           .infer = &shape,
                           .infer_count = 1,
                           .infer_target_cap = PICTURES * BRIM_BENCH_LABELS,
                           .precision = precision,
                           .least_objectness = 0.001f};
    Seen seen;
    BrimBatch batch;
    BrimEngine *engine = NULL;
    brim_hyper_scale(&conf.hyper, model.level_count, model.class_count, SIDE_PX);
    assert_ok(brim_engine_open(&engine, &conf));
    assert_ok(brim_engine_start(engine));
    assert_ok(brim_weights_init(engine, &model, 0));
    assert_ok(brim_weights_start_ema(engine));
    assert_ok(brim_bench_batch_make(&batch, PICTURES, SIDE_PX, CLASSES));
    run_step(engine, &batch, precision == BRIM_PRECISION_AMP ? 1024 : 1, &seen);
    brim_bench_batch_clear(&batch);
    brim_engine_close(&engine);
    return seen;
}

static void assert_near(const char *what, float got, float expected, double apart)
{
    if (!(fabs((double)got - expected) <= apart * fabs((double)expected)))
        fail_msg("%s: %g, and %g on the CPU", what, (double)got, (double)expected);
}

static void compare(BrimPrecision precision, double apart)
{
    static const char *const names[4] = {"box", "obj", "cls", "total"};
    Seen seen = run(&brim_backend_cuda, precision), cpu = run(&brim_backend_cpu, BRIM_PRECISION_FP32);
    for (int k = 0; k < 4; k++) {
        assert_near(names[k], seen.items[k], cpu.items[k], apart);
        assert_near(names[k], seen.inferred[k], cpu.inferred[k], apart);
    }
    assert_near("norm", seen.norm[0], cpu.norm[0], 10 * apart);
}

static void a_step_in_fp32(void **state)
{
    (void)state;
    compare(BRIM_PRECISION_FP32, 1e-4);
}

static void a_step_in_amp(void **state)
{
    (void)state;
    compare(BRIM_PRECISION_AMP, 1e-2);
}

/* Else it would show nothing of them. Of several cards are bn_combine and bn_sums; pictures that the card
 * makes have a test of their own (test_kernels_augment). */
static void nearly_all_kernels_ran(void **state)
{
    (void)state;
    static const char *const names[] = {
#define X(name, args) "brim_" #name,
        BRIM_KERNEL_LIST(X)
#undef X
    };
    for (int i = 0; i < BRIM_KERNEL_COUNT; i++) {
        bool expected = i != BRIM_KERNEL_bn_combine && i != BRIM_KERNEL_bn_sums;
        if (expected && launches(names[i]) == 0)
            fail_msg("%s was not launched", names[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_in_fp32),
        cmocka_unit_test(a_step_in_amp),
        cmocka_unit_test(nearly_all_kernels_ran),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
