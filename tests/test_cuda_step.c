/* What a whole training step asks of the driver, on a card that is none (tests/fake_cuda): launches, calls,
 * waits and memory, counted; and that neither a batch written ahead nor the taking of times changes what a
 * step computes. */
#include "support/card_counts.h"
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cuda/layout/layout.h"
#include "run/bench_batch.h"
#include "train/weights.h"

enum { SIDE_PX = 64, PICTURES = 1, CLASSES = 3, STEPS = 4 };

/* Of a step of yolov5n in fp32, as docs/gpu-bench.md has them. */
enum { GRADIENT_LAUNCHES = 450, UPDATE_LAUNCHES = 3, CONVOLUTIONS = 179, FILLS = 1 };

static BrimModel model;

static int set_up(void **state)
{
    (void)state;
    setenv("BRIM_FAKE_CARD", "lazy", 1); /* so that a wait too few is seen */
    assert_ok(brim_model_load(&model, "yolov5n", CLASSES));
    return 0;
}

static BrimEngine *open_engine_for(const BrimShape *shapes, int count, bool time_ops)
{
    BrimEngine *engine = NULL;
    const BrimEngineConf conf = {.backend = &brim_backend_cuda,
                                 .model = &model,
                                 .hyper = brim_hyper_default(),
                                 .train = shapes,
                                 .train_count = count,
                                 .train_target_cap = shapes[0].n * BRIM_BENCH_LABELS,
                                 .time_ops = time_ops};
    assert_ok(brim_engine_open(&engine, &conf));
    assert_ok(brim_engine_start(engine));
    assert_ok(brim_weights_init(engine, &model, 0));
    assert_ok(brim_weights_start_ema(engine));
    return engine;
}

static BrimEngine *open_engine(bool time_ops)
{
    static const BrimShape shape = {PICTURES, SIDE_PX, SIDE_PX};
    return open_engine_for(&shape, 1, time_ops);
}

static const BrimStepScalars scalars = {.learning_rate = {0.01f, 0.01f, 0.01f},
                                        .momentum = 0.937f,
                                        .weight_decay = 0.0005f,
                                        .clip_norm = 10,
                                        .ema_decay = 0.9f};

/* A loss for each step, the last norm behind them. */
static void run_steps(BrimEngine *engine, const BrimBatch *batch, int steps, bool ahead, float *trace)
{
    for (int step = 0; step < steps; step++) {
        float items[4], norm[2];
        assert_ok(brim_engine_begin(engine, batch, &scalars));
        if (ahead)
            assert_ok(brim_engine_ahead(engine, batch));
        assert_ok(brim_engine_finish(engine, items));
        assert_ok(brim_engine_update(engine, &scalars, norm));
        trace[step] = items[3];
        trace[steps] = norm[0];
    }
}

static void a_step_takes_nothing_and_waits_for_its_two_results(void **state)
{
    (void)state;
    BrimBatch batch;
    float trace[STEPS + 1];
    BrimEngine *engine = open_engine(false);
    assert_ok(brim_bench_batch_make(&batch, PICTURES, SIDE_PX, CLASSES));
    run_steps(engine, &batch, 2, false, trace); /* started op by op, then captured */
    static const char *const counted[] = {"cuStreamSynchronize", "cuEventSynchronize", "cuMemcpyHtoDAsync",
                                          "cuMemcpyDtoHAsync",   "cuGraphLaunch",      "cuLaunchKernel",
                                          "cuCtxSetCurrent",     "cuMemHostAlloc",     NULL};
    static const unsigned long expected[] = {2, 0, 5, 2, 2, 0, 7, 0, 18};
    unsigned long before[9];
    unsigned long taken = (unsigned long)brim_mem_takes(), held = card_allocations();
    for (int i = 0; i < 9; i++)
        before[i] = card_calls(counted[i]);
    run_steps(engine, &batch, STEPS, false, trace);
    for (int i = 0; i < 9; i++) {
        unsigned long each = card_calls(counted[i]) - before[i];
        if (each != STEPS * expected[i])
            fail_msg("%s: %lu calls in %d steps, not %lu", counted[i] ? counted[i] : "all", each, STEPS,
                     STEPS * expected[i]);
    }
    assert_int_equal(brim_mem_takes(), taken);
    assert_int_equal(card_allocations(), held);
    brim_bench_batch_clear(&batch);
    brim_engine_close(&engine);
}

static void an_update_is_three_launches(void **state)
{
    (void)state;
    BrimBatch batch;
    float items[4], norm[2];
    BrimEngine *engine = open_engine(false);
    assert_ok(brim_bench_batch_make(&batch, PICTURES, SIDE_PX, CLASSES));
    for (int step = 0; step < 3; step++) { /* started, captured, launched again: the same */
        unsigned long first = card_launches(NULL), optimized = card_launches("brim_optimize");
        assert_ok(brim_engine_gradient(engine, &batch, &scalars, items));
        unsigned long between = card_launches(NULL);
        assert_ok(brim_engine_update(engine, &scalars, norm));
        assert_int_equal(card_launches(NULL) - between, UPDATE_LAUNCHES);
        assert_int_equal(card_launches("brim_optimize") - optimized, 1);
        assert_int_equal(between - first, GRADIENT_LAUNCHES);
    }
    brim_bench_batch_clear(&batch);
    brim_engine_close(&engine);
}

static void trace_of(bool time_ops, bool ahead, float *trace)
{
    BrimBatch batch;
    BrimEngine *engine = open_engine(time_ops);
    assert_ok(brim_bench_batch_make(&batch, PICTURES, SIDE_PX, CLASSES));
    run_steps(engine, &batch, STEPS, ahead, trace);
    brim_bench_batch_clear(&batch);
    brim_engine_close(&engine);
}

static void neither_times_nor_a_batch_ahead_change_a_step(void **state)
{
    (void)state;
    float plain[STEPS + 1], timed[STEPS + 1], ahead[STEPS + 1];
    trace_of(false, false, plain);
    trace_of(true, false, timed);
    trace_of(false, true, ahead);
    assert_memory_equal(timed, plain, sizeof plain);
    assert_memory_equal(ahead, plain, sizeof plain);
    assert_true(plain[STEPS - 1] != plain[0]);
}

/* The pictures ahead must be those that are computed on next, while those before are still being read. */
static void the_batch_ahead_is_the_next_one(void **state)
{
    (void)state;
    BrimBatch batches[2];
    float expected[2][4], got[2][4];
    BrimEngine *engine = open_engine(false);
    for (int i = 0; i < 2; i++)
        assert_ok(brim_bench_batch_make(&batches[i], PICTURES, SIDE_PX, CLASSES));
    memset((void *)(uintptr_t)batches[1].pictures, 7, PICTURES * SIDE_PX * SIDE_PX * 3);
    for (int i = 0; i < 2; i++)
        assert_ok(brim_engine_gradient(engine, &batches[i], &scalars, expected[i]));
    assert_ok(brim_engine_begin(engine, &batches[0], &scalars));
    assert_ok(brim_engine_ahead(engine, &batches[1]));
    assert_ok(brim_engine_finish(engine, got[0]));
    unsigned long copies = card_calls("cuMemcpyHtoDAsync");
    assert_ok(brim_engine_begin(engine, &batches[1], &scalars));
    assert_int_equal(card_calls("cuMemcpyHtoDAsync") - copies, 1); /* settings alone */
    assert_ok(brim_engine_finish(engine, got[1]));
    assert_memory_equal(got, expected, sizeof got);
    assert_true(got[0][3] != got[1][3]);
    for (int i = 0; i < 2; i++)
        brim_bench_batch_clear(&batches[i]);
    brim_engine_close(&engine);
}

/* Its graph's inputs may lie where those of the graph that computes, or its losses, do. */
static void a_batch_of_another_shape_is_not_written_ahead(void **state)
{
    (void)state;
    static const BrimShape shapes[] = {{2, SIDE_PX, SIDE_PX}, {1, SIDE_PX, SIDE_PX}};
    BrimBatch large, small;
    float expected[2][4], got[2][4];
    BrimEngine *engine = open_engine_for(shapes, 2, false);
    assert_ok(brim_bench_batch_make(&large, 2, SIDE_PX, CLASSES));
    assert_ok(brim_bench_batch_make(&small, 1, SIDE_PX, CLASSES));
    assert_ok(brim_engine_gradient(engine, &small, &scalars, expected[0]));
    assert_ok(brim_engine_gradient(engine, &large, &scalars, expected[1]));
    assert_ok(brim_engine_begin(engine, &small, &scalars));
    assert_ok(brim_engine_ahead(engine, &large));
    assert_ok(brim_engine_finish(engine, got[0]));
    assert_ok(brim_engine_gradient(engine, &large, &scalars, got[1]));
    assert_memory_equal(got, expected, sizeof got);
    brim_bench_batch_clear(&large);
    brim_bench_batch_clear(&small);
    brim_engine_close(&engine);
}

/* What a plan takes an op to be, in a part that ran. Convolutions with a bias, one a level, are more. */
static void check_starts(const BrimEngine *engine, BrimPart part, const int32_t started[BRIM_OP_KIND_COUNT])
{
    const BrimGraph *graph = brim_engine_graph(engine);
    const uint8_t *starts = brim_cuda_layout().starts;
    int32_t expected[BRIM_OP_KIND_COUNT] = {0};
    for (BrimOpId id = 0; id < graph->op_count; id++)
        if (graph->ops[id].part == part)
            expected[graph->ops[id].kind] += starts[graph->ops[id].kind];
    if (part == BRIM_PART_GRADIENT) {
        expected[BRIM_OP_CONV_FORWARD] += model.level_count;
        expected[BRIM_OP_CONV_BACKWARD_WEIGHTS] += 2 * model.level_count;
    }
    expected[BRIM_OP_OPTIMIZE] += expected[BRIM_OP_AVERAGE]; /* one launch is both */
    expected[BRIM_OP_AVERAGE] = 0;
    for (int kind = 0; kind < BRIM_OP_KIND_COUNT; kind++)
        assert_int_equal(started[kind], expected[kind]);
}

/* Times and launches of the kinds that run, of none that do not. */
static void times_say_what_ran(void **state)
{
    (void)state;
    BrimBatch batch;
    float trace[3];
    int64_t times_ns[BRIM_OP_KIND_COUNT];
    int32_t started[BRIM_OP_KIND_COUNT], sum = 0;
    BrimEngine *engine = open_engine(true);
    assert_ok(brim_bench_batch_make(&batch, PICTURES, SIDE_PX, CLASSES));
    run_steps(engine, &batch, 2, false, trace);
    brim_engine_op_times(engine, times_ns);
    brim_engine_op_launches(engine, started);
    assert_true(times_ns[BRIM_OP_OPTIMIZE] > 0 && times_ns[BRIM_OP_CONV_FORWARD] == 0);
    assert_int_equal(started[BRIM_OP_OPTIMIZE], 1);
    assert_int_equal(started[BRIM_OP_AVERAGE], 0);
    assert_int_equal(started[BRIM_OP_GRADIENT_NORM], 2);
    check_starts(engine, BRIM_PART_UPDATE, started);
    assert_ok(brim_engine_begin(engine, &batch, &scalars));
    brim_engine_op_times(engine, times_ns);
    brim_engine_op_launches(engine, started);
    for (int kind = 0; kind < BRIM_OP_KIND_COUNT; kind++) {
        assert_int_equal(times_ns[kind] > 0, started[kind] > 0);
        sum += started[kind];
    }
    assert_int_equal(sum, GRADIENT_LAUNCHES + CONVOLUTIONS + FILLS);
    check_starts(engine, BRIM_PART_GRADIENT, started);
    assert_int_equal(started[BRIM_OP_OPTIMIZE], 0);
    brim_bench_batch_clear(&batch);
    brim_engine_close(&engine);
}

/* As it is where another card's engine was used last, or another thread closes it. */
static void it_is_closed_outside_its_context(void **state)
{
    (void)state;
    BrimBatch batch;
    float trace[STEPS + 1];
    unsigned long before = card_handles();
    assert_ok(brim_bench_batch_make(&batch, PICTURES, SIDE_PX, CLASSES));
    BrimEngine *engine = open_engine(true);
    run_steps(engine, &batch, STEPS, false, trace);
    card_leave_context();
    brim_engine_close(&engine);
    assert_int_equal(card_handles(), before);
    brim_bench_batch_clear(&batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_takes_nothing_and_waits_for_its_two_results),
        cmocka_unit_test(an_update_is_three_launches),
        cmocka_unit_test(neither_times_nor_a_batch_ahead_change_a_step),
        cmocka_unit_test(the_batch_ahead_is_the_next_one),
        cmocka_unit_test(a_batch_of_another_shape_is_not_written_ahead),
        cmocka_unit_test(times_say_what_ran),
        cmocka_unit_test(it_is_closed_outside_its_context),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
