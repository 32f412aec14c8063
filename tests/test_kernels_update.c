/* The kernels of the update, of filters' gradients and of folding, run by the host, against the host's own
 * and the reference's ops on the same numbers. */
#include "support/support.h"

#include <math.h>
#include <string.h>

#include "backend/cuda/kernels/on_host.h"
#include "backend/host/update.h"
#include "backend/reference/ops.h"
#include "base/random.h"
#include "support/elements.h"

enum { BLOCKS = 3, MOST = 40000 };

static const int sizes[BLOCKS] = {48, MOST, 16}; /* floats of each block of parameters */

static const BrimStepScalars host_scalars = {.learning_rate = {0.1f, 0.02f, 0.03f},
                                             .momentum = 0.9f,
                                             .weight_decay = 0.01f,
                                             .clip_norm = 10,
                                             .ema_decay = 0.75f};

static BrimKernelScalars kernel_scalars(const BrimStepScalars *from)
{
    return (BrimKernelScalars){
        .accumulate = from->accumulate,
        .learning_rate = {from->learning_rate[0], from->learning_rate[1], from->learning_rate[2]},
        .momentum = from->momentum,
        .weight_decay = from->weight_decay,
        .clip_norm = from->clip_norm,
        .ema_decay = from->ema_decay,
        .loss_scale = from->loss_scale};
}

/* Normal floats, the last eight zeros as pads are. To be given back. */
static float *normals(int count, uint64_t seed)
{
    BrimRandom random = brim_random(seed, 0);
    float *values = brim_mem_take(BRIM_MEM_OTHER, (size_t)count, sizeof *values);
    assert_non_null(values);
    for (int i = 0; i < count - 8; i++)
        values[i] = (float)brim_random_normal(&random);
    return values;
}

static float *copy_of(const float *values, int count)
{
    float *copy = brim_mem_take(BRIM_MEM_OTHER, (size_t)count, sizeof *copy);
    assert_non_null(copy);
    return memcpy(copy, values, (size_t)count * sizeof *copy);
}

static void run(BrimKernel kernel, int blocks, int threads, const void *args)
{
    if (threads == 1)
        brim_kernel_run_on_host(kernel, blocks, args);
    else
        assert_true(brim_kernel_run_threads_on_host(kernel, blocks, threads, args));
}

/* ---- an op of the host on plain tensors: each operand is a RAW tensor that lies where `data` says ---- */

enum { MOST_OPERANDS = 8 };

typedef struct HostOp {
    BrimTensor tensors[MOST_OPERANDS];
    size_t offsets[MOST_OPERANDS], workspace_offset;
    BrimGraph graph;
    BrimPlacement placement;
    BrimOp op;
    BrimCall call;
    double workspace[64];
} HostOp;

/* Operands are counted by their bytes' distance from the struct itself, which stands for the arena. */
static BrimTensorId operand(HostOp *host, void *data, const int32_t dims[4], size_t bytes)
{
    BrimTensorId id = host->graph.tensor_count++;
    host->tensors[id] = (BrimTensor){.form = BRIM_FORM_RAW, .parent = BRIM_NONE, .bytes = bytes};
    memcpy(host->tensors[id].dims, dims, sizeof host->tensors[id].dims);
    host->offsets[id] = (size_t)((char *)data - (char *)host);
    return id;
}

static BrimTensorId floats(HostOp *host, float *data, int count)
{
    return operand(host, data, (const int32_t[4]){count, 1, 1, 1}, (size_t)count * sizeof(float));
}

static void open_op(HostOp *host, BrimOpKind kind, const BrimStepScalars *scalars)
{
    memset(host, 0, sizeof *host);
    host->op = brim_op(kind, BRIM_PART_UPDATE);
    host->graph.tensors = host->tensors;
    host->placement.tensor_offset = host->offsets;
    host->placement.workspace_offset = &host->workspace_offset;
    host->workspace_offset = (size_t)((char *)host->workspace - (char *)host);
    host->call = (BrimCall){.graph = &host->graph,
                            .placement = &host->placement,
                            .arena = host,
                            .channel_block = 1,
                            .scalars = scalars,
                            .op = &host->op};
}

static void host_norm(float *const gradients[BLOCKS], const BrimStepScalars *scalars, float norm[2])
{
    HostOp host;
    open_op(&host, BRIM_OP_GRADIENT_NORM, scalars);
    for (int i = 0; i < BLOCKS; i++)
        host.op.in[i] = floats(&host, gradients[i], sizes[i]);
    host.op.out[0] = floats(&host, norm, 2);
    assert_true(brim_update_workspace_bytes(&host.graph, &host.op) <= sizeof host.workspace);
    brim_update_norm(&host.call);
}

static void kernel_norm(float *const gradients[BLOCKS], const BrimStepScalars *scalars, int blocks,
                        int threads, float norm[2])
{
    enum { PARTS = 7 };
    double partial[BLOCKS * PARTS];
    BrimKernelScalars given = kernel_scalars(scalars);
    BrimNormArgs args = {
        .block_count = BLOCKS, .parts = BLOCKS * PARTS, .partial = partial, .norm = norm, .scalars = &given};
    for (int i = 0; i < BLOCKS; i++)
        args.blocks[i] = (BrimNormBlock){gradients[i], sizes[i], i * PARTS, PARTS};
    run(BRIM_KERNEL_norm_partial, blocks, threads, &args);
    run(BRIM_KERNEL_norm_finish, 1, threads, &args);
}

static void check_norm(float *const gradients[BLOCKS], float loss_scale)
{
    BrimStepScalars scalars = host_scalars;
    scalars.loss_scale = loss_scale;
    float expected[2], got[2], same[2];
    host_norm(gradients, &scalars, expected);
    kernel_norm(gradients, &scalars, 7, 1, got);
    kernel_norm(gradients, &scalars, 2, 1, same);
    assert_memory_equal(got, same, sizeof got);
    kernel_norm(gradients, &scalars, 7, 64, same);
    if (expected[1] == 0) {
        assert_false(isfinite(got[0]) || isfinite(same[0]));
        assert_true(got[1] == 0 && same[1] == 0);
    } else {
        assert_floats_near("norm", got, expected, 2, 0, 1e-6);
        assert_floats_near("norm", same, expected, 2, 0, 1e-6);
    }
}

static void test_norm(void **state)
{
    (void)state;
    float *gradients[BLOCKS];
    for (int i = 0; i < BLOCKS; i++)
        gradients[i] = normals(sizes[i], 3 + (uint64_t)i);
    check_norm(gradients, 1);
    check_norm(gradients, 0);
    check_norm(gradients, 65536);
    gradients[1][MOST / 2] = 3e38f; /* its square is no float */
    check_norm(gradients, 1);
    gradients[2][3] = INFINITY;
    check_norm(gradients, 65536);
    gradients[2][3] = NAN;
    check_norm(gradients, 65536);
    for (int i = 0; i < BLOCKS; i++)
        brim_mem_give(gradients[i]);
}

/* ---- steps ---- */

typedef struct State {
    float *w, *g, *m, *ema;
    uint16_t *narrow;
} State;

static void open_state(State *state)
{
    *state = (State){normals(MOST, 1), normals(MOST, 2), normals(MOST, 3), normals(MOST, 4), NULL};
    state->narrow = brim_mem_take(BRIM_MEM_OTHER, MOST, sizeof *state->narrow);
    assert_non_null(state->narrow);
    memset(state->narrow, 0xFF, MOST * sizeof *state->narrow);
}

static void close_state(State *state)
{
    float *const taken[] = {state->w, state->g, state->m, state->ema};
    for (int i = 0; i < 4; i++)
        brim_mem_give(taken[i]);
    brim_mem_give(state->narrow);
}

static void host_optimize(State *state, float norm[2], BrimParamGroup group, bool averages)
{
    HostOp host;
    open_op(&host, BRIM_OP_OPTIMIZE, &host_scalars);
    host.op.group = (int32_t)group;
    host.op.in[0] = host.op.out[0] = floats(&host, state->w, MOST);
    host.op.in[1] = floats(&host, state->g, MOST);
    host.op.in[2] = host.op.out[1] = floats(&host, state->m, MOST);
    host.op.in[3] = floats(&host, norm, 2);
    if (averages)
        host.op.in[4] = host.op.out[2] = floats(&host, state->ema, MOST);
    brim_update_optimize(&host.call);
}

static void kernel_optimize(State *state, const float norm[2], BrimParamGroup group, BrimKernelType type,
                            int blocks, int threads)
{
    BrimKernelScalars scalars = kernel_scalars(&host_scalars);
    BrimOptimizeArgs args = {.block_count = 1, .norm = norm, .scalars = &scalars};
    const bool averages = type != BRIM_KERNEL_F32;
    args.blocks[0] = (BrimOptimizeBlock){.g = state->g,
                                         .w = state->w,
                                         .m = state->m,
                                         .ema = averages ? state->ema : NULL,
                                         .narrow = averages ? state->narrow : NULL,
                                         .count = MOST,
                                         .group = (int32_t)group,
                                         .type = (int32_t)type};
    run(BRIM_KERNEL_optimize, blocks, threads, &args);
}

/* Bit for bit: elements know nothing of each other. With an average, and a copy of w in 16 bits, where `type`
 * is one of those. */
static void check_step(BrimParamGroup group, BrimKernelType type, float factor, int blocks, int threads)
{
    State expected, got;
    const bool averages = type != BRIM_KERNEL_F32;
    float norm[2] = {factor > 0 ? 20 : INFINITY, factor};
    open_state(&expected);
    open_state(&got);
    expected.g[5] = got.g[5] = factor > 0 ? 1 : NAN;
    host_optimize(&expected, norm, group, averages);
    kernel_optimize(&got, norm, group, type, blocks, threads);
    assert_memory_equal(got.w, expected.w, MOST * sizeof(float));
    assert_memory_equal(got.m, expected.m, MOST * sizeof(float));
    assert_memory_equal(got.ema, expected.ema, MOST * sizeof(float));
    for (int i = 0; i < MOST; i++)
        if (averages)
            assert_true(element_get(type, got.narrow, (size_t)i) == element_rounded(type, expected.w[i]));
        else
            assert_int_equal(got.narrow[i], 0xFFFF);
    assert_true(got.w[MOST - 1] == 0 && got.m[MOST - 1] == 0 && got.ema[MOST - 1] == 0);
    close_state(&expected);
    close_state(&got);
}

static void test_steps(void **state)
{
    (void)state;
    for (BrimParamGroup group = 0; group < BRIM_GROUP_COUNT; group++) {
        check_step(group, BRIM_KERNEL_F16, 0.5f, 3, 1);
        check_step(group, BRIM_KERNEL_F32, 0.5f / 65536, 70, 1);
        check_step(group, BRIM_KERNEL_F16, 0, 5, 1); /* no numbers, no step */
    }
    check_step(BRIM_GROUP_WEIGHT, BRIM_KERNEL_F16, 1, 3, 64);
    check_step(BRIM_GROUP_WEIGHT, BRIM_KERNEL_BF16, 1, 3, 64);
}

static void test_average(void **state)
{
    (void)state;
    float *values = normals(MOST, 8), *expected = normals(MOST, 9), *got = copy_of(expected, MOST);
    BrimKernelScalars scalars = kernel_scalars(&host_scalars);
    HostOp host;
    open_op(&host, BRIM_OP_AVERAGE, &host_scalars);
    host.op.in[0] = floats(&host, values, MOST);
    host.op.in[1] = host.op.out[0] = floats(&host, expected, MOST);
    brim_update_average(&host.call);
    const BrimOptimizeArgs args = {
        .blocks = {{.w = values, .ema = got, .count = MOST}}, .block_count = 1, .scalars = &scalars};
    run(BRIM_KERNEL_optimize, 9, 1, &args);
    assert_memory_equal(got, expected, MOST * sizeof(float));
    brim_mem_give(values);
    brim_mem_give(expected);
    brim_mem_give(got);
}

/* ---- filters ---- */

static void check_filter_gradient(BrimKernelType type, bool accumulate, int threads)
{
    float *from = normals(MOST, 5), *dw = normals(MOST, 6);
    void *given = brim_mem_take(BRIM_MEM_OTHER, MOST, sizeof(float));
    float *expected = copy_of(dw, MOST);
    BrimKernelScalars scalars = {.accumulate = accumulate};
    for (int i = 0; i < MOST; i++) {
        element_put(type, given, (size_t)i, from[i]);
        float value = element_get(type, given, (size_t)i);
        expected[i] = accumulate ? value + expected[i] : value;
    }
    const BrimFilterGradientArgs args = {
        .from = given, .dw = dw, .count = MOST, .type = (int32_t)type, .scalars = &scalars};
    run(BRIM_KERNEL_filter_gradient, 6, threads, &args);
    assert_memory_equal(dw, expected, MOST * sizeof(float));
    brim_mem_give(from);
    brim_mem_give(dw);
    brim_mem_give(given);
    brim_mem_give(expected);
}

static void test_filter_gradient(void **state)
{
    (void)state;
    for (int type = 0; type < ELEMENT_TYPES; type++)
        for (int accumulate = 0; accumulate < 2; accumulate++)
            check_filter_gradient((BrimKernelType)type, accumulate, 1);
    check_filter_gradient(BRIM_KERNEL_F16, true, 64);
}

enum { OUT = 13, PADDED_OUT = 16, IN = 11, PITCH = 16, SIDE = 3, TAPS = SIDE * SIDE };

/* One filter, OIHW and as the card has it. */
typedef struct Filters {
    float plain[OUT * IN * TAPS], mine[PADDED_OUT * TAPS * PITCH];
    float gamma[OUT], beta[OUT], mean[OUT], variance[OUT];
} Filters;

static void fill_filters(Filters *filters)
{
    BrimRandom random = brim_random(21, 0);
    memset(filters, 0, sizeof *filters);
    for (int i = 0; i < OUT * IN * TAPS; i++) {
        int o = i / (IN * TAPS), c = i / TAPS % IN, tap = i % TAPS;
        filters->plain[i] = filters->mine[(o * TAPS + tap) * PITCH + c] = (float)brim_random_normal(&random);
    }
    for (int o = 0; o < OUT; o++) {
        filters->gamma[o] = (float)brim_random_normal(&random);
        filters->beta[o] = (float)brim_random_normal(&random);
        filters->mean[o] = (float)brim_random_normal(&random);
        filters->variance[o] = (float)brim_random_unit(&random);
    }
}

static void reference_fold(Filters *filters, float *folded, float *bias)
{
    HostOp host;
    open_op(&host, BRIM_OP_FOLD, &host_scalars);
    const int32_t dims[4] = {OUT, IN, SIDE, SIDE};
    float *const vectors[] = {filters->gamma, filters->beta, filters->mean, filters->variance};
    host.op.in[0] = operand(&host, filters->plain, dims, sizeof filters->plain);
    for (int i = 0; i < 4; i++)
        host.op.in[1 + i] = floats(&host, vectors[i], OUT);
    host.op.out[0] = operand(&host, folded, dims, sizeof filters->plain);
    host.op.out[1] = floats(&host, bias, OUT);
    brim_reference_fold(&host.call);
}

static void check_fold(BrimKernelType type, bool normalized, int threads)
{
    Filters filters;
    float expected[OUT * IN * TAPS], expected_bias[OUT], bias[PADDED_OUT];
    _Alignas(16) float folded[PADDED_OUT * TAPS * PITCH];
    memset(folded, 0xFF, sizeof folded);
    memset(bias, 0xFF, sizeof bias);
    fill_filters(&filters);
    reference_fold(&filters, expected, expected_bias);
    _Alignas(16) float w[PADDED_OUT * TAPS * PITCH];
    memcpy(w, filters.mine, sizeof w);
    const BrimFoldArgs args = {.w = w,
                               .gamma = normalized ? filters.gamma : NULL,
                               .beta = normalized ? filters.beta : NULL,
                               .mean = normalized ? filters.mean : NULL,
                               .var = normalized ? filters.variance : NULL,
                               .folded = folded,
                               .bias = normalized ? bias : NULL,
                               .out = OUT,
                               .padded_out = PADDED_OUT,
                               .filter_elements = TAPS * PITCH,
                               .type = (int32_t)type};
    run(BRIM_KERNEL_fold, 5, threads, &args);
    for (int i = 0; i < PADDED_OUT * TAPS * PITCH; i++) {
        int o = i / (TAPS * PITCH), tap = i / PITCH % TAPS, c = i % PITCH;
        int at = (o * IN + c) * TAPS + tap;
        float truth = o >= OUT || c >= IN ? 0 : normalized ? expected[at] : filters.plain[at];
        assert_true(element_get(type, folded, (size_t)i) == element_rounded(type, truth));
    }
    for (int o = 0; normalized && o < PADDED_OUT; o++)
        assert_true(bias[o] == (o < OUT ? expected_bias[o] : 0));
}

static void test_fold(void **state)
{
    (void)state;
    for (int type = 0; type < ELEMENT_TYPES; type++)
        for (int normalized = 0; normalized < 2; normalized++)
            check_fold((BrimKernelType)type, normalized, 1);
    check_fold(BRIM_KERNEL_F16, true, 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_norm),    cmocka_unit_test(test_steps),
        cmocka_unit_test(test_average), cmocka_unit_test(test_filter_gradient),
        cmocka_unit_test(test_fold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
