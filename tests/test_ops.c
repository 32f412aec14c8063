/* Every backend against the reference, op by op. */
#include "support/support.h"

#include <math.h>

#include "support/op_cases.h"

/* ||got - expected|| / ||expected||, of one tensor: float sums in another order. */
static const double MOST_APART = 1e-5;

static const BrimBackendClass *const backends[] = {
    &brim_backend_cpu, &brim_backend_reference, /* with other threads than the truth has */
};
enum { BACKEND_COUNT = sizeof backends / sizeof backends[0] };

/* What was read and what lies beside a part is compared as well: an op must leave both alone. */
static void compare_tensor(OpRun *run, OpRun *truth, BrimTensorId id, const char *name)
{
    const BrimTensor *tensor = &truth->graph->tensors[id];
    size_t count = brim_tensor_elements(tensor);
    void *got = op_run_read(run, id), *expected = op_run_read(truth, id);
    double apart = relative_distance(got, expected, count);
    if (!(apart <= MOST_APART))
        fail_msg("%s: %s: %s is %g apart from the reference", run->class->name, name, tensor->name, apart);
    brim_mem_give(got);
    brim_mem_give(expected);
}

static void compare_case(const BrimBackendClass *class, const OpCase *test)
{
    OpRun run, truth;
    char name[160];
    op_case_name(test, name, sizeof name);
    assert_ok(op_run_open(&truth, &brim_backend_reference, test, 1));
    assert_ok(op_run_start(&truth));
    BrimStatus status = op_run_open(&run, class, test, 2);
    if (status != BRIM_OK)
        fail_msg("%s: %s: %s", class->name, name, brim_last_error());
    assert_ok(op_run_start(&run));
    for (BrimTensorId id = 0; id < truth.graph->tensor_count; id++) {
        if (truth.graph->tensors[id].dtype == BRIM_F32 && truth.graph->tensors[id].form != BRIM_FORM_BLOCK)
            compare_tensor(&run, &truth, id, name);
    }
    op_run_close(&run);
    op_run_close(&truth);
}

static void test_backends_agree(void **state)
{
    (void)state;
    for (int backend = 0; backend < BACKEND_COUNT; backend++) {
        for (int i = 0; i < op_case_count; i++)
            compare_case(backends[backend], &op_cases[i]);
    }
}

/* The reference itself: every result is written, whatever was not to be written is as it was, and for any
 * number of threads the bits are the same. */
static void test_reference_is_whole(void **state)
{
    (void)state;
    for (int i = 0; i < op_case_count; i++) {
        OpRun one, many;
        char name[160];
        op_case_name(&op_cases[i], name, sizeof name);
        assert_ok(op_run_open(&one, &brim_backend_reference, &op_cases[i], 1));
        assert_ok(op_run_open(&many, &brim_backend_reference, &op_cases[i], 3));
        assert_ok(op_run_start(&one));
        uint64_t takes = brim_mem_takes();
        assert_ok(op_run_start(&many));
        assert_int_equal(brim_mem_takes(), takes);
        for (BrimTensorId id = 0; id < one.graph->tensor_count; id++) {
            const BrimTensor *tensor = &one.graph->tensors[id];
            size_t count = brim_tensor_elements(tensor);
            void *values = op_run_read(&one, id), *same = op_run_read(&many, id);
            assert_memory_equal(values, same, count * brim_dtype_bytes(tensor->dtype));
            for (size_t at = 0; tensor->dtype == BRIM_F32 && at < count; at++) {
                if (!isfinite(((float *)values)[at]))
                    fail_msg("%s: %s[%zu] was not written", name, tensor->name, at);
            }
            brim_mem_give(values);
            brim_mem_give(same);
        }
        op_run_close(&one);
        op_run_close(&many);
    }
}

/* A kind that nobody tests would go unseen. */
static void test_every_kind_has_a_case(void **state)
{
    (void)state;
    for (BrimOpKind kind = 0; kind < BRIM_OP_KIND_COUNT; kind++) {
        int cases = 0;
        for (int i = 0; i < op_case_count; i++)
            cases += op_cases[i].kind == kind;
        if (cases < 1)
            fail_msg("%s has no case", brim_op_text(kind));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind_has_a_case),
        cmocka_unit_test(test_reference_is_whole),
        cmocka_unit_test(test_backends_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
