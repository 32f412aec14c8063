/* How the cuda backend starts kernels that walk over features: grids, room for partial sums, and what is
 * refused. */
#include "support/support.h"

#include <string.h>

#include "backend/cuda/lanes.h"

static void test_threads(void **state)
{
    (void)state;
    for (int padded = 8; padded <= 4096; padded += 8) {
        int threads = brim_cuda_lanes_threads(padded), groups = padded / 8;
        assert_true(threads % 32 == 0 && threads >= 32 && threads <= BRIM_LANE_THREADS);
        int turns = (groups + threads - 1) / threads;
        int idle = turns > 1 ? turns * threads - groups : threads % groups;
        assert_true(5 * idle <= turns * threads * 2); /* two fifths at the very worst */
    }
    assert_int_equal(brim_cuda_lanes_threads(64), 256);
    assert_int_equal(brim_cuda_lanes_threads(1280), 160);
    assert_int_equal(brim_cuda_lanes_threads(640), 160);
}

static const BrimOp forward = {.kind = BRIM_OP_BN_FORWARD, .out[BRIM_OUT_BN_NARROW] = BRIM_NONE};

/* A graph of one feature, which is operand 0. */
static size_t workspace(BrimOpKind kind, int n, int c, int side)
{
    BrimTensor y = {.form = BRIM_FORM_FEATURE, .dims = {n, c, side, side}, .parent = BRIM_NONE};
    BrimOp op = {.kind = kind};
    const BrimGraph graph = {.tensors = &y, .tensor_count = 1, .ops = &op, .op_count = 1, .batch = n};
    BrimWorkspace bytes;
    memset(op.in + 1, 0xff, sizeof op.in - sizeof op.in[0]); /* BRIM_NONE */
    memset(op.out, 0xff, sizeof op.out);
    assert_ok(brim_cuda_rooms(&graph, 0, &bytes));
    return brim_workspace_bytes(&bytes, n);
}

static void test_workspace(void **state)
{
    (void)state;
    assert_int_equal(workspace(BRIM_OP_BN_FORWARD, 1, 13, 1), 2 * 16 * sizeof(float)); /* one block */
    assert_int_equal(workspace(BRIM_OP_BN_FORWARD, 4, 64, 16), 32 * 2 * 64 * sizeof(float));
    assert_int_equal(workspace(BRIM_OP_BN_BACKWARD_REDUCE, 16, 32, 320), 512 * 2 * 32 * sizeof(float));
    assert_int_equal(workspace(BRIM_OP_BN_BACKWARD_APPLY, 16, 32, 320), 0);
}

static BrimKernelFeature feature(void)
{
    static _Alignas(16) char data[16];
    return (BrimKernelFeature){
        .data = data, .n = 1, .c = 16, .h = 4, .w = 4, .pitch = 16, .padded = 16, .type = BRIM_KERNEL_F16};
}

static void test_blocks(void **state)
{
    (void)state;
    BrimBackend backend = {.device.multiprocessors = 100};
    const BrimCudaCall call = {.backend = &backend};
    BrimKernelFeature walked = feature();
    assert_int_equal(brim_cuda_lanes_blocks(&call, &walked, 3), 1); /* 32 eights */
    walked.h = walked.w = 64;                                       /* 8192: 32 blocks of one a thread */
    assert_int_equal(brim_cuda_lanes_blocks(&call, &walked, 3), 32);
    walked.n = 4; /* 128 of one, 64 of two, and 100 that keep all busy */
    assert_int_equal(brim_cuda_lanes_blocks(&call, &walked, 3), 100);
    walked.n = 8;
    assert_int_equal(brim_cuda_lanes_blocks(&call, &walked, 3), 128);
    walked.n = 64; /* no more than run at a time */
    assert_int_equal(brim_cuda_lanes_blocks(&call, &walked, 3), 300);
    assert_int_equal(brim_cuda_lanes_blocks(&call, &walked, 2), 200);
}

static void test_check(void **state)
{
    (void)state;
    const BrimCudaCall call = {.op = &forward};
    BrimKernelFeature good = feature(), none = {.data = NULL}, bad = good;
    const BrimKernelFeature some[] = {good, none};
    assert_ok(brim_cuda_lanes_check(&call, BRIM_KERNEL_F16, some, 2));
    assert_refused(brim_cuda_lanes_check(&call, BRIM_KERNEL_BF16, &good, 1), BRIM_ERROR_UNSUPPORTED,
                   "BN_FORWARD one type");
    bad.pitch = 20;
    assert_refused(brim_cuda_lanes_check(&call, BRIM_KERNEL_F16, &bad, 1), BRIM_ERROR_UNSUPPORTED,
                   "pitch of 20 eights");
    bad = good;
    bad.data = (char *)good.data + 4;
    assert_refused(brim_cuda_lanes_check(&call, BRIM_KERNEL_F16, &bad, 1), BRIM_ERROR_UNSUPPORTED, "eights");
    bad = good;
    bad.n = 1 << 10;
    bad.h = bad.w = 1 << 11;
    assert_refused(brim_cuda_lanes_check(&call, BRIM_KERNEL_F16, &bad, 1), BRIM_ERROR_UNSUPPORTED,
                   "2^30 smaller batch");
}

static void test_narrow(void **state)
{
    (void)state;
    BrimTensor y = {.dtype = BRIM_F32};
    const BrimGraph graph = {.tensors = &y, .tensor_count = 1};
    BrimOp op = forward;
    op.out[BRIM_OUT_BN_NARROW] = 0;
    const BrimCudaCall narrowing = {.graph = &graph, .op = &op};
    assert_refused(brim_cuda_run_bn(&narrowing), BRIM_ERROR_UNSUPPORTED, "BN_FORWARD --precision");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_threads), cmocka_unit_test(test_workspace),
                                       cmocka_unit_test(test_blocks), cmocka_unit_test(test_check),
                                       cmocka_unit_test(test_narrow)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
