/* The cuda backend against the reference, op by op, on a card that is none (tests/fake_cuda): the kernels'
 * own sources run by the host, convolutions by loops. */
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>

#include <math.h>
#include <string.h>

#include "support/op_cases.h"
#include "support/precision_case.h"

/* ||got - expected|| / ||expected||, of one tensor: float sums in another order, and what 16 bits round. */
static double most_apart(BrimDtype dtype)
{
    return dtype == BRIM_F32 ? 2e-5 : dtype == BRIM_F16 ? 0x1p-11 : 0x1p-8;
}

static void compare_tensors(OpRun *run, OpRun *truth, const char *name, BrimDtype dtype, const char *when)
{
    for (BrimTensorId id = 0; id < truth->graph->tensor_count; id++) {
        const BrimTensor *tensor = &truth->graph->tensors[id];
        if (tensor->dtype != BRIM_F32 || tensor->form == BRIM_FORM_BLOCK)
            continue;
        float *got = op_run_read_floats(run, id), *expected = op_run_read_floats(truth, id);
        double apart = relative_distance(got, expected, brim_tensor_elements(tensor));
        if (!(apart <= most_apart(dtype)))
            fail_msg("%s: %s: %s is %g apart from the reference", when, name, tensor->name, apart);
        brim_mem_give(got);
        brim_mem_give(expected);
    }
}

/* Once op by op, once as it was captured: the first run of a part starts its ops, later ones launch a graph. In
 * 16 bits the first alone: what a graph launches is the same. */
static void compare_case(const OpCase *test, BrimDtype dtype)
{
    OpRun run, truth;
    char name[160];
    op_case_name(test, name, sizeof name);
    assert_ok(op_run_open_as(&truth, &brim_backend_reference, test, 1, BRIM_F32, dtype));
    if (op_run_open_as(&run, &brim_backend_cuda, test, 1, dtype, dtype) != BRIM_OK)
        fail_msg("%s: %s", name, brim_last_error());
    for (int time = 0; time < (dtype == BRIM_F32 ? 3 : 1); time++) {
        static const char *const when[] = {"started", "captured", "launched again"};
        assert_ok(op_run_start(&truth));
        if (op_run_start(&run) != BRIM_OK)
            fail_msg("%s: %s: %s", when[time], name, brim_last_error());
        compare_tensors(&run, &truth, name, dtype, when[time]);
    }
    op_run_close(&run);
    op_run_close(&truth);
}

/* All cases; with BRIM_TEST_PART=0/4 every fourth, as a checker that slows a card a hundred times can run in
 * parts side by side. */
static void compare_cases(BrimDtype dtype)
{
    int part = 0, parts = 1;
    const char *wanted = getenv("BRIM_TEST_PART");
    if (wanted)
        assert_true(sscanf(wanted, "%d/%d", &part, &parts) == 2 && part >= 0 && part < parts);
    for (int i = part; i < op_case_count; i += parts)
        compare_case(&op_cases[i], dtype);
}

static void every_op_computes_what_the_reference_does(void **state)
{
    (void)state;
    compare_cases(BRIM_F32);
}

static void every_op_does_so_in_fp16(void **state)
{
    (void)state;
    compare_cases(BRIM_F16);
}

static void every_op_does_so_in_bfloat16(void **state)
{
    (void)state;
    skip_unless_computed_in(&brim_backend_cuda, BRIM_PRECISION_BF16);
    compare_cases(BRIM_BF16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_op_computes_what_the_reference_does),
        cmocka_unit_test(every_op_does_so_in_fp16),
        cmocka_unit_test(every_op_does_so_in_bfloat16),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
