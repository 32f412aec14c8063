/* What the backward pass computes again must not change what it computes: the gradients of every level, and
 * of mixed ones, against those of the step that keeps everything. And each level must keep less than the one
 * before. */
#include "support/recompute_case.h"
#include "support/support.h"

#include <stdio.h>
#include <string.h>

#include "base/random.h"

/* Every level on both backends. On the cpu backend the bits are the same: whatever runs again runs as it ran
 * before. */
static void test_levels(void **state)
{
    (void)state;
    recompute_levels(&brim_backend_cpu, BRIM_PRECISION_FP32, true);
    recompute_levels(&brim_backend_reference, BRIM_PRECISION_FP32, false);
}

/* Levels drawn layer by layer, on models of three and of four strides. */
static void test_mixtures(void **state)
{
    static const char *const names[] = {"yolov5n", "yolov5n6"};
    enum { MIXTURES = 6 };
    (void)state;
    for (int i = 0; i < 2; i++) {
        BrimModel model;
        RecomputeCase test = {.backend = &brim_backend_cpu};
        recompute_load(&model, names[i]);
        RecomputeOutcome plain = recompute_run(&test, &model);
        for (int mixture = 0; mixture < MIXTURES; mixture++) {
            BrimRandom random = brim_random(5, (uint64_t)mixture);
            for (int layer = 0; layer < BRIM_MAX_LAYERS; layer++)
                test.recompute[layer] = (uint8_t)brim_random_below(&random, BRIM_RECOMPUTE_LAYER + 1);
            RecomputeOutcome got = recompute_run(&test, &model);
            assert_memory_equal(got.gradients, plain.gradients, plain.bytes);
            brim_mem_give(got.gradients);
        }
        brim_mem_give(plain.gradients);
    }
}

/* What is kept in 16 bits takes half the room, and moves the gradients by its rounding and no more. */
static void test_kept_in_16_bits(void **state)
{
    static const BrimBackendClass *const backends[] = {&brim_backend_cpu, &brim_backend_reference};
    BrimModel model;
    (void)state;
    recompute_load(&model, "yolov5n");
    RecomputeOutcome narrow[2];
    for (int i = 0; i < 2; i++) {
        RecomputeCase test = {.backend = backends[i]};
        RecomputeOutcome wide = recompute_run(&test, &model);
        test.precision = BRIM_PRECISION_BF16_KEPT;
        narrow[i] = recompute_run(&test, &model);
        assert_true(narrow[i].loss == wide.loss);
        assert_true(narrow[i].kept_bytes < wide.kept_bytes * 6 / 10);
        double apart = recompute_distance(&narrow[i], &wide);
        if (!(apart > 0 && apart < 0.02))
            fail_msg("%s: gradients are %g apart", test.backend->name, apart);
        brim_mem_give(wide.gradients);
    }
    brim_mem_give(narrow[0].gradients);
    brim_mem_give(narrow[1].gradients);
}

/* A step of fp16 features is for cards: the engine refuses it where nothing would compute it. */
static void test_amp_needs_a_card(void **state)
{
    BrimModel model;
    BrimEngine *engine = NULL;
    static const BrimShape shape = {1, 64, 64};
    (void)state;
    recompute_load(&model, "yolov5n");
    BrimEngineConf conf = {.backend = &brim_backend_cpu,
                           .model = &model,
                           .hyper = brim_hyper_default(),
                           .train = &shape,
                           .train_count = 1,
                           .train_target_cap = 1,
                           .precision = BRIM_PRECISION_AMP};
    assert_int_equal(brim_engine_open(&engine, &conf), BRIM_ERROR_UNSUPPORTED);
    assert_null(engine);
}

/* Words and letters, there and back. */
static void test_text(void **state)
{
    static const struct {
        const char *text, *formatted;
    } cases[] = {{NULL, "activations"}, {"", "activations"}, {"nothing", "nothing"}, {"inside", "inside"},
                 {"blocks", "blocks"},  {"a", "activations"}, {"nnaal", "nnaal"},    {"lai", "lai"}};
    char text[BRIM_RECOMPUTE_TEXT_BYTES];
    uint8_t levels[BRIM_MAX_LAYERS], again[BRIM_MAX_LAYERS];
    BrimModel model;
    (void)state;
    recompute_load(&model, "yolov5n");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_ok(brim_recompute_parse(cases[i].text, &model, levels));
        brim_recompute_format(levels, &model, text);
        assert_string_equal(text, cases[i].formatted);
        assert_ok(brim_recompute_parse(text, &model, again));
        assert_memory_equal(levels, again, (size_t)model.layer_count);
    }
    assert_ok(brim_recompute_parse("blocks", &model, levels));
    assert_int_equal(levels[0], BRIM_RECOMPUTE_ACTIVATIONS); /* a convolution alone */
    assert_int_equal(levels[2], BRIM_RECOMPUTE_LAYER);       /* a C3 that the next layer reads */
    assert_int_equal(levels[4], BRIM_RECOMPUTE_INSIDE);      /* one that is read far away as well */
    assert_int_equal(brim_recompute_parse("some", &model, levels), BRIM_ERROR_ARGUMENT);
    assert_int_equal(brim_recompute_parse("aax", &model, levels), BRIM_ERROR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_mixtures),
        cmocka_unit_test(test_kept_in_16_bits),
        cmocka_unit_test(test_amp_needs_a_card),
        cmocka_unit_test(test_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
