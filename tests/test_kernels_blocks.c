/* All blocks of parameters in one launch, run by the host: those of every group, one of statistics, of unlike
 * lengths, element by element what src/element/sgd.h says of each. */
#include "support/support.h"

#include "backend/cuda/kernels/on_host.h"
#include "base/half.h"
#include "base/random.h"
#include "element/sgd.h"
#include "graph/graph.h"

enum { COUNT = BRIM_GROUP_COUNT + 1, STATISTICS = BRIM_GROUP_COUNT, MOST = 4000 };

/* Floats of each. A grid of a few blocks goes round the longest, and is wider than the shortest. */
static const int sizes[COUNT] = {16, MOST, 100, 1048};

static const float factor = 0.5f;

static const BrimKernelScalars scalars = {.learning_rate = {0.1f, 0.02f, 0.03f},
                                          .momentum = 0.9f,
                                          .weight_decay = 0.01f,
                                          .ema_decay = 0.75f,
                                          .loss_scale = 1};

typedef struct Block {
    _Alignas(16) float w[MOST], g[MOST], m[MOST], ema[MOST];
    _Alignas(8) uint16_t half[MOST];
} Block;

static void fill(Block blocks[COUNT])
{
    BrimRandom random = brim_random(5, 0);
    for (int at = 0; at < COUNT; at++) {
        for (int i = 0; i < MOST; i++) {
            float *const values[] = {blocks[at].w, blocks[at].g, blocks[at].m, blocks[at].ema};
            for (int k = 0; k < 4; k++)
                values[k][i] = (float)brim_random_normal(&random);
            blocks[at].half[i] = 0xFFFF;
        }
    }
}

static void expect(Block blocks[COUNT], bool steps)
{
    for (int at = 0; at < COUNT; at++) {
        Block *block = &blocks[at];
        float decay = at == BRIM_GROUP_WEIGHT ? scalars.weight_decay : 0;
        for (int i = 0; i < sizes[at]; i++) {
            if (at != STATISTICS && steps)
                block->w[i] = brim_sgd_step(block->w[i], block->g[i] * factor, &block->m[i],
                                            scalars.learning_rate[at], scalars.momentum, decay);
            if (at == BRIM_GROUP_WEIGHT)
                block->half[i] = brim_half_from_float(block->w[i]);
            block->ema[i] = brim_ema_step(block->ema[i], block->w[i], scalars.ema_decay);
        }
    }
}

static void run(Block blocks[COUNT], bool steps, int grid, int threads)
{
    const float norm[2] = {20, steps ? factor : 0};
    BrimOptimizeArgs args = {.block_count = COUNT, .norm = norm, .scalars = &scalars};
    for (int at = 0; at < COUNT; at++) {
        bool statistics = at == STATISTICS;
        args.blocks[at] = (BrimOptimizeBlock){.g = statistics ? NULL : blocks[at].g,
                                              .w = blocks[at].w,
                                              .m = statistics ? NULL : blocks[at].m,
                                              .ema = blocks[at].ema,
                                              .narrow = at == BRIM_GROUP_WEIGHT ? blocks[at].half : NULL,
                                              .count = sizes[at],
                                              .group = statistics ? 0 : at,
                                              .type = BRIM_KERNEL_F16};
    }
    if (threads == 1)
        brim_kernel_run_on_host(BRIM_KERNEL_optimize, grid, &args);
    else
        assert_true(brim_kernel_run_threads_on_host(BRIM_KERNEL_optimize, grid, threads, &args));
}

/* Bit for bit, and nothing behind a block's end. */
static void check(bool steps, int grid, int threads)
{
    static Block got[COUNT], expected[COUNT];
    fill(got);
    fill(expected);
    expect(expected, steps);
    run(got, steps, grid, threads);
    assert_memory_equal(got, expected, sizeof got);
}

static void every_block_is_as_in_a_launch_of_its_own(void **state)
{
    (void)state;
    check(true, 1, 1);
    check(true, 300, 1);
    check(true, 2, 64);
    check(false, 7, 1);
    check(false, 2, 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_block_is_as_in_a_launch_of_its_own)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
