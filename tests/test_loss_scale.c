/* The loss scale through a step: into the gradients of the heads, out of the norm, and past weights whose
 * gradients are no numbers. On every backend that the host has. */
#include "support/support.h"

#include <math.h>

#include "support/op_cases.h"

static const BrimBackendClass *const backends[] = {&brim_backend_reference, &brim_backend_cpu};
enum { BACKEND_COUNT = sizeof backends / sizeof backends[0] };

/* The first case of a kind that has all of its results. */
static void open_case(OpRun *run, const BrimBackendClass *class, BrimOpKind kind, float loss_scale)
{
    int i = 0;
    while (op_cases[i].kind != kind || op_cases[i].residual || (kind == BRIM_OP_LOSS && !op_cases[i].bias))
        i++;
    assert_ok(op_run_open(run, class, &op_cases[i], 2));
    run->scalars.loss_scale = loss_scale;
}

/* An operand that is no block, or the first member of one. */
static BrimTensorId readable(const OpRun *run, BrimTensorId id)
{
    BrimTensorId member = 0;
    if (run->graph->tensors[id].form != BRIM_FORM_BLOCK)
        return id;
    while (run->graph->tensors[member].parent != id)
        member++;
    return member;
}

/* To be given back. */
static float *read_floats(const OpRun *run, BrimTensorId id, size_t *count)
{
    *count = brim_tensor_elements(&run->graph->tensors[readable(run, id)]);
    float *values = brim_mem_take(BRIM_MEM_OTHER, *count, sizeof *values);
    assert_non_null(values);
    assert_ok(run->class->read(run->program, readable(run, id), values));
    return values;
}

/* What the operand is now equals `factor` times what it is in another run, bit for bit. */
static void assert_times(const OpRun *run, BrimTensorId id, float factor, const OpRun *other)
{
    size_t count, other_count;
    float *values = read_floats(run, id, &count), *others = read_floats(other, id, &other_count);
    assert_int_equal(count, other_count);
    for (size_t i = 0; i < count; i++)
        assert_true(values[i] == factor * others[i]);
    brim_mem_give(values);
    brim_mem_give(others);
}

/* A power of two leaves all digits as they are; nobody's 0 counts as 1. */
static void test_heads_take_the_scale(void **state)
{
    (void)state;
    for (int i = 0; i < BACKEND_COUNT; i++) {
        OpRun plain, scaled;
        open_case(&plain, backends[i], BRIM_OP_LOSS, 0);
        open_case(&scaled, backends[i], BRIM_OP_LOSS, 1024);
        assert_ok(op_run_start(&plain));
        assert_ok(op_run_start(&scaled));
        const BrimTensorId *out = plain.graph->ops[0].out;
        assert_times(&scaled, out[0], 1, &plain);
        for (int level = 0; level < plain.graph->head.level_count; level++)
            assert_times(&scaled, out[BRIM_OUT_DHEADS + level], 1024, &plain);
        op_run_close(&plain);
        op_run_close(&scaled);
    }
}

static void norm_of(const BrimBackendClass *class, float loss_scale, const float *gradient, float norm[2])
{
    OpRun run;
    open_case(&run, class, BRIM_OP_GRADIENT_NORM, loss_scale);
    BrimTensorId block = readable(&run, run.graph->ops[0].in[0]);
    size_t count;
    float *values = read_floats(&run, block, &count);
    values[count / 2] = gradient ? *gradient : values[count / 2];
    assert_ok(class->write(run.program, block, values));
    brim_mem_give(values);
    assert_ok(op_run_start(&run));
    assert_ok(class->read(run.program, run.graph->ops[0].out[0], norm));
    op_run_close(&run);
}

static void test_norm_takes_it_out(void **state)
{
    (void)state;
    const float infinite = INFINITY, none = NAN;
    for (int i = 0; i < BACKEND_COUNT; i++) {
        float plain[2], scaled[2];
        norm_of(backends[i], 1, NULL, plain);
        assert_true(plain[0] > 10 && plain[1] == 10 / (plain[0] + 1e-6f));
        norm_of(backends[i], 2, NULL, scaled); /* still more than the clip's 10 */
        assert_true(scaled[0] == plain[0] / 2 && scaled[1] == 10 / (scaled[0] + 1e-6f) / 2);
        norm_of(backends[i], 1024, NULL, scaled);
        assert_true(scaled[0] == plain[0] / 1024 && scaled[1] == 1.0f / 1024);
        norm_of(backends[i], 1024, &infinite, scaled);
        assert_true(isinf(scaled[0]) && scaled[1] == 0);
        norm_of(backends[i], 1024, &none, scaled);
        assert_true(isnan(scaled[0]) && scaled[1] == 0);
    }
}

/* A factor of 0 is no step at all: decay and momentum rest as well. The average goes on. */
static void test_no_step_without_numbers(void **state)
{
    (void)state;
    for (int i = 0; i < BACKEND_COUNT; i++) {
        OpRun before, after;
        open_case(&before, backends[i], BRIM_OP_OPTIMIZE, 1);
        open_case(&after, backends[i], BRIM_OP_OPTIMIZE, 1);
        const BrimOp *op = &after.graph->ops[0];
        const float norm[2] = {INFINITY, 0};
        size_t count;
        float *values = read_floats(&after, op->in[1], &count);
        values[0] = NAN;
        assert_ok(after.class->write(after.program, readable(&after, op->in[1]), values));
        assert_ok(after.class->write(after.program, op->in[3], norm));
        assert_ok(op_run_start(&after));
        assert_times(&after, op->out[0], 1, &before);
        assert_times(&after, op->out[1], 1, &before);
        float *w = read_floats(&before, op->in[0], &count), *old = read_floats(&before, op->in[4], &count);
        float *ema = read_floats(&after, op->out[2], &count);
        for (size_t at = 0; at < count; at++) /* 0.75: the decay of these cases */
            assert_true(fabsf(ema[at] - (0.75f * old[at] + 0.25f * w[at])) < 1e-6f);
        float *const taken[] = {values, w, old, ema};
        for (int at = 0; at < 4; at++)
            brim_mem_give(taken[at]);
        op_run_close(&before);
        op_run_close(&after);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heads_take_the_scale),
        cmocka_unit_test(test_norm_takes_it_out),
        cmocka_unit_test(test_no_step_without_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
