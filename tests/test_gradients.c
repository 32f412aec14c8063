/* The reference's backward ops against its forward ops, one pair at a time. For an op that is linear in x
 * (pooling is, as long as the maxima stay where they are) <dy, y> = <dx, x> holds exactly; BatchNorm is held
 * against differences. The whole step is in test_step.c. */
#include "support/support.h"

#include <math.h>

#include "base/random.h"
#include "support/op_cases.h"

static const double MOST_OFF_LINEAR = 1e-6, MOST_OFF_DIFFERENCE = 1e-3;

static OpRun open_case(OpCase test)
{
    OpRun run;
    assert_ok(op_run_open(&run, &brim_backend_reference, &test, 1));
    return run;
}

static const BrimOp *op_of(const OpRun *run)
{
    return &run->graph->ops[0];
}

static size_t elements_of(const OpRun *run, BrimTensorId id)
{
    return brim_tensor_elements(&run->graph->tensors[id]);
}

static float *read_values(OpRun *run, BrimTensorId id)
{
    float *values = brim_mem_take(BRIM_MEM_OTHER, elements_of(run, id), sizeof *values);
    assert_non_null(values);
    assert_ok(run->class->read(run->program, id, values));
    return values;
}

/* Moves a tensor's values from one case to another. */
static void hand_over(OpRun *from, BrimTensorId source, OpRun *to, BrimTensorId target)
{
    float *values = read_values(from, source);
    assert_int_equal(elements_of(from, source), elements_of(to, target));
    assert_ok(to->class->write(to->program, target, values));
    brim_mem_give(values);
}

/* <a, b>, and through `size` |a| |b|. */
static double product(OpRun *first, BrimTensorId a, OpRun *second, BrimTensorId b, double *size)
{
    float *x = read_values(first, a), *y = read_values(second, b);
    double sum = 0, xx = 0, yy = 0;
    assert_int_equal(elements_of(first, a), elements_of(second, b));
    for (size_t i = 0; i < elements_of(first, a); i++) {
        sum += (double)x[i] * y[i];
        xx += (double)x[i] * x[i];
        yy += (double)y[i] * y[i];
    }
    brim_mem_give(x);
    brim_mem_give(y);
    *size = sqrt(xx * yy);
    return sum;
}

/* <dy, forward's y> against <backward's result, what forward was given>. */
static void check_pair(OpRun *forward, OpRun *backward, BrimTensorId dy, BrimTensorId result,
                       BrimTensorId given)
{
    double size, other;
    assert_ok(op_run_start(forward));
    assert_ok(op_run_start(backward));
    double above = product(backward, dy, forward, op_of(forward)->out[0], &size);
    double below = product(backward, result, forward, given, &other);
    if (!(fabs(above - below) <= MOST_OFF_LINEAR * size))
        fail_msg("%s: <dy, y> is %.9g, <dx, x> %.9g", brim_op_text(op_of(backward)->kind), above, below);
}

static void check_conv(OpCase test)
{
    test.bias = test.accumulate = false;
    OpRun forward = open_case(test);
    const BrimOp *op = op_of(&forward);
    test.kind = BRIM_OP_CONV_BACKWARD_WEIGHTS;
    OpRun weights = open_case(test);
    hand_over(&forward, op->in[0], &weights, op_of(&weights)->in[0]);
    check_pair(&forward, &weights, op_of(&weights)->in[1], op_of(&weights)->out[0], op->in[1]);
    test.kind = BRIM_OP_CONV_BACKWARD_DATA;
    OpRun data = open_case(test);
    hand_over(&forward, op->in[1], &data, op_of(&data)->in[1]);
    check_pair(&forward, &data, op_of(&data)->in[0], op_of(&data)->out[0], op->in[0]);
    op_run_close(&data);
    op_run_close(&weights);
    op_run_close(&forward);
}

static void check_pool(OpCase test)
{
    OpRun forward = open_case(test);
    test.kind = BRIM_OP_POOL_BACKWARD;
    OpRun backward = open_case(test);
    const BrimOp *op = op_of(&backward);
    float *zeros = brim_mem_take(BRIM_MEM_OTHER, elements_of(&backward, op->in[2]), sizeof *zeros);
    assert_ok(backward.class->write(backward.program, op->in[2], zeros));
    brim_mem_give(zeros);
    hand_over(&forward, op_of(&forward)->in[0], &backward, op->in[0]);
    check_pair(&forward, &backward, op->in[1], op->out[0], op_of(&forward)->in[0]);
    op_run_close(&backward);
    op_run_close(&forward);
}

static void check_upsample(OpCase test)
{
    test.terms = 1;
    OpRun forward = open_case(test);
    test.kind = BRIM_OP_UPSAMPLE_BACKWARD;
    OpRun backward = open_case(test);
    check_pair(&forward, &backward, op_of(&backward)->in[0], op_of(&backward)->out[0],
               op_of(&forward)->in[0]);
    op_run_close(&backward);
    op_run_close(&forward);
}

static void test_linear_ops(void **state)
{
    (void)state;
    for (int i = 0; i < op_case_count; i++) {
        if (op_cases[i].kind == BRIM_OP_CONV_FORWARD)
            check_conv(op_cases[i]);
        else if (op_cases[i].kind == BRIM_OP_POOL_FORWARD)
            check_pool(op_cases[i]);
        else if (op_cases[i].kind == BRIM_OP_UPSAMPLE_FORWARD)
            check_upsample(op_cases[i]);
    }
}

/* d <grad, BN_FORWARD> / d operand along a random direction, by a central difference, against <gradient,
 * direction>. */
static void check_slope(OpRun *forward, int operand, OpRun *reduce, OpRun *holder, BrimTensorId gradient)
{
    const BrimOp *op = op_of(forward);
    BrimTensorId id = op->in[operand], dest = op->out[BRIM_OUT_BN_DESTS];
    size_t count = elements_of(forward, id);
    double by = 1e-3, size, along = 0, norm = 0, sums[2];
    float *at = read_values(forward, id), *slope = read_values(holder, gradient);
    float *moved = brim_mem_take(BRIM_MEM_OTHER, count, sizeof *moved);
    for (int side = 0; side < 2; side++) {
        BrimRandom random = brim_random(21, (uint64_t)operand);
        along = norm = 0;
        for (size_t i = 0; i < count; i++) {
            double direction = brim_random_normal(&random);
            moved[i] = (float)(at[i] + (side ? -by : by) * direction);
            along += slope[i] * direction;
            norm += (double)slope[i] * slope[i];
        }
        assert_ok(forward->class->write(forward->program, id, moved));
        assert_ok(op_run_start(forward));
        sums[side] = product(reduce, op_of(reduce)->in[BRIM_IN_GRADS], forward, dest, &size);
    }
    assert_ok(forward->class->write(forward->program, id, at));
    double found = (sums[0] - sums[1]) / (2 * by);
    if (!(fabs(found - along) <= MOST_OFF_DIFFERENCE * sqrt(norm)))
        fail_msg("BN operand %d: gradient %g along a direction, difference %g", operand, along, found);
    brim_mem_give(at);
    brim_mem_give(slope);
    brim_mem_give(moved);
}

static void check_batchnorm(OpCase test)
{
    test.terms = 1;
    OpRun forward = open_case(test);
    test.kind = BRIM_OP_BN_BACKWARD_REDUCE;
    test.residual = false; /* it only passes the gradient on */
    OpRun reduce = open_case(test);
    test.kind = BRIM_OP_BN_BACKWARD_APPLY;
    OpRun apply = open_case(test);
    assert_ok(op_run_start(&forward));
    for (int i = 0; i < 5; i++) { /* y, gamma, beta, then the batch's own mean and rstd */
        BrimTensorId from = i < 3 ? op_of(&forward)->in[i] : op_of(&forward)->out[i - 3];
        hand_over(&forward, from, &reduce, op_of(&reduce)->in[i]);
        hand_over(&forward, from, &apply, op_of(&apply)->in[i]);
    }
    assert_ok(op_run_start(&reduce));
    hand_over(&reduce, op_of(&reduce)->out[2], &apply, op_of(&apply)->in[5]);
    hand_over(&reduce, op_of(&reduce)->in[BRIM_IN_GRADS], &apply, op_of(&apply)->in[6]);
    assert_ok(op_run_start(&apply));
    check_slope(&forward, 0, &reduce, &apply, op_of(&apply)->out[0]);
    check_slope(&forward, 1, &reduce, &reduce, op_of(&reduce)->out[0]);
    check_slope(&forward, 2, &reduce, &reduce, op_of(&reduce)->out[1]);
    op_run_close(&apply);
    op_run_close(&reduce);
    op_run_close(&forward);
}

static void test_batchnorm(void **state)
{
    (void)state;
    for (int i = 0; i < op_case_count; i++) {
        /* One element a channel has no spread: its gradient is all rounding. */
        if (op_cases[i].kind == BRIM_OP_BN_FORWARD && op_cases[i].n * op_cases[i].h * op_cases[i].w > 8)
            check_batchnorm(op_cases[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_linear_ops),
        cmocka_unit_test(test_batchnorm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
