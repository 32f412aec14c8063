/* The kernels of loss and decoding, run by the host, against the host's own loss: the same heads, once as
 * planes and once with channels side by side. */
#include "support/support.h"

#include <math.h>
#include <string.h>

#include "backend/cuda/kernels/on_host.h"
#include "support/elements.h"
#include "support/kernel_heads.h"

static void run(BrimKernel kernel, int blocks, int threads, const void *args)
{
    if (threads == 1)
        brim_kernel_run_on_host(kernel, blocks, args);
    else
        assert_true(brim_kernel_run_threads_on_host(kernel, blocks, threads, args));
}

/* Each cell's chain the other way round, as threads in another order might have left it. */
static void turn_chains(const BrimLossArgs *args)
{
    BrimLossRoom room = brim_loss_room(args);
    int32_t *nexts = (int32_t *)((char *)args->workspace + room.nexts);
    for (int level = 0; level < args->head.level_count; level++, nexts += brim_loss_slots(args)) {
        int32_t *chains =
            (int32_t *)((char *)args->workspace + room.chains) + brim_loss_cells_before(args, level);
        int cells = brim_loss_cells_before(args, level + 1) - brim_loss_cells_before(args, level);
        for (int i = 0; i < cells; i++) {
            int32_t turned = 0;
            for (int32_t slot = chains[i], next; slot; slot = next) {
                next = nexts[slot - 1];
                nexts[slot - 1] = turned;
                turned = slot;
            }
            chains[i] = turned;
        }
    }
}

/* As the backend starts them. */
static void run_loss(HeadSetup *setup, int blocks, int threads, bool turned)
{
    BrimLossRoom room = brim_loss_room(&setup->args);
    memset(setup->args.workspace, HEAD_POISON, setup->workspace_bytes);
    memset((char *)setup->args.workspace + room.counts, 0, room.nexts - room.counts);
    for (int level = 0; level < setup->test->level_count; level++) {
        if (setup->args.dheads[level].data)
            memset(setup->args.dheads[level].data, HEAD_POISON, head_bytes(&setup->args.dheads[level]));
    }
    run(BRIM_KERNEL_loss_match, blocks, threads, &setup->args);
    if (turned)
        turn_chains(&setup->args);
    run(BRIM_KERNEL_loss_order, blocks, threads, &setup->args);
    run(BRIM_KERNEL_loss_cells, blocks, threads, &setup->args);
    run(BRIM_KERNEL_loss_finish, 1, threads, &setup->args);
}

static void run_on_host(HeadSetup *setup, float items[4])
{
    void *workspace = head_take(brim_loss_workspace_bytes(&setup->conf, setup->heads, HEAD_CAP));
    brim_loss_run(&setup->conf, setup->heads, setup->targets, setup->target_count, HEAD_CAP, workspace, items,
                  setup->test->loss_scale, setup->dheads);
    brim_mem_give(workspace);
}

/* Sums in another order; what is no number is none here and there. */
static void check_items(const float got[4], const float expected[4])
{
    for (int i = 0; i < 4; i++) {
        if (!isnan(got[i]) || !isnan(expected[i]))
            assert_floats_near("items", got + i, expected + i, 1, 1e-7, 1e-5);
    }
}

/* Every element, pads included. Floats differ by the rounding of gains; those of 16 bits by their own as
 * well. */
static void check_gradient(const HeadSetup *setup, int index, int level)
{
    const BrimKernelFeature *got = &setup->args.dheads[level];
    const float *plain = setup->dheads[level].data;
    int cells = got->h * got->w;
    const BrimKernelType type = (BrimKernelType)got->type;
    double relative = type == BRIM_KERNEL_F32 ? 1e-5 : 2 * element_rounding(type);
    double absolute = type == BRIM_KERNEL_F16 ? 6e-8 : 1e-12;
    for (int image = 0; image < got->n; image++) {
        for (int channel = 0; channel < got->padded; channel++) {
            for (int cell = 0; cell < cells; cell++) {
                float value = head_get(got, image, channel, cell), expected = 0;
                if (channel < got->c)
                    expected = plain[((size_t)image * (size_t)got->c + (size_t)channel) * (size_t)cells +
                                     (size_t)cell];
                expected = element_rounded(type, expected);
                bool same = (double)fabsf(value - expected) <= absolute + relative * fabs((double)expected);
                if (!same && value != expected && !(isnan(value) && isnan(expected)))
                    fail_msg("case %d, level %d: d[%d %d %d] is %g, not %g", index, level, image, channel,
                             cell, (double)value, (double)expected);
            }
        }
    }
}

static void test_loss_is_the_hosts(void **state)
{
    (void)state;
    for (int i = 0; i < HEAD_CASE_COUNT; i++) {
        HeadSetup setup;
        float items[4];
        head_open(&setup, &head_cases[i]);
        run_on_host(&setup, items);
        run_loss(&setup, 3, 1, false);
        check_items(setup.items, items);
        for (int level = 0; level < head_cases[i].level_count; level++)
            check_gradient(&setup, i, level);
        head_close(&setup);
    }
}

/* Gradients of all levels, one behind the other, to be given back. */
static void *copy_of_gradients(const HeadSetup *setup, size_t *bytes)
{
    *bytes = 0;
    for (int level = 0; level < setup->test->level_count; level++)
        *bytes += head_bytes(&setup->args.dheads[level]);
    char *copy = head_take(*bytes), *at = copy;
    for (int level = 0; level < setup->test->level_count; level++) {
        memcpy(at, setup->args.dheads[level].data, head_bytes(&setup->args.dheads[level]));
        at += head_bytes(&setup->args.dheads[level]);
    }
    return copy;
}

/* The same bits for any number of blocks and any order in which matches were found; with other threads a
 * block only the sums of the loss are rounded elsewhere. Two threads have the cells of a part in several
 * goes, as a block of a card has those of a large batch. */
static void test_loss_knows_no_grid(void **state)
{
    (void)state;
    static const struct {
        int blocks, threads;
        bool turned;
    } ways[] = {{3, 1, false}, {1, 1, false}, {200, 1, true}, {40, 64, true}, {40, 2, true}};
    for (int i = 0; i < HEAD_CASE_COUNT; i++) {
        HeadSetup setup;
        float items[4];
        size_t bytes;
        head_open(&setup, &head_cases[i]);
        run_loss(&setup, 5, 1, false);
        memcpy(items, setup.items, sizeof items);
        void *before = copy_of_gradients(&setup, &bytes);
        for (size_t way = 0; way < sizeof ways / sizeof ways[0]; way++) {
            if (ways[way].threads > 1 && head_cases[i].labels != HEAD_CROWDED)
                continue; /* slow */
            run_loss(&setup, ways[way].blocks, ways[way].threads, ways[way].turned);
            void *after = copy_of_gradients(&setup, &bytes);
            assert_memory_equal(after, before, bytes);
            if (ways[way].threads == 1)
                assert_memory_equal(setup.items, items, sizeof items);
            check_items(setup.items, items);
            brim_mem_give(after);
        }
        brim_mem_give(before);
        head_close(&setup);
    }
}

/* A validation wants the loss alone. */
static void test_loss_without_gradients(void **state)
{
    (void)state;
    for (int i = 0; i < HEAD_CASE_COUNT; i++) {
        HeadSetup setup;
        float items[4];
        void *dheads[BRIM_MAX_LEVELS];
        head_open(&setup, &head_cases[i]);
        run_loss(&setup, 5, 1, false);
        memcpy(items, setup.items, sizeof items);
        for (int level = 0; level < head_cases[i].level_count; level++) {
            dheads[level] = setup.args.dheads[level].data;
            setup.args.dheads[level].data = NULL;
        }
        run_loss(&setup, 2, 1, false);
        assert_memory_equal(setup.items, items, sizeof items);
        for (int level = 0; level < head_cases[i].level_count; level++)
            setup.args.dheads[level].data = dheads[level];
        head_close(&setup);
    }
}

static void test_decoding_is_the_hosts(void **state)
{
    (void)state;
    for (int i = 0; i < HEAD_CASE_COUNT; i++) {
        HeadSetup setup;
        head_open(&setup, &head_cases[i]);
        size_t count = 0;
        for (int level = 0; level < head_cases[i].level_count; level++)
            count += (size_t)(setup.heads[level].n * setup.heads[level].channels * setup.heads[level].h *
                              setup.heads[level].w);
        float *expected = head_take(count * sizeof(float)), *got = head_take(count * sizeof(float));
        BrimDecodeArgs args = {.head = setup.args.head, .predictions = got};
        memcpy(args.heads, setup.args.heads, sizeof args.heads);
        brim_decode_run(&setup.conf, setup.heads, expected);
        run(BRIM_KERNEL_decode_heads, 7, 1, &args);
        assert_memory_equal(got, expected, count * sizeof(float));
        memset(got, HEAD_POISON, count * sizeof(float));
        run(BRIM_KERNEL_decode_heads, 40, 64, &args);
        assert_memory_equal(got, expected, count * sizeof(float));
        brim_mem_give(expected);
        brim_mem_give(got);
        head_close(&setup);
    }
}

static void check_sift(int n, int rows, int columns, int threads)
{
    enum { MOST = 3 * 9001 * 8 };
    static float predictions[MOST], kept[MOST];
    int32_t counts[3] = {-1, -1, -1};
    const BrimSiftArgs args = {predictions, rows, columns, 0.5f, kept, counts};
    assert_true(n * rows * columns <= MOST);
    for (int i = 0; i < n * rows * columns; i++)
        predictions[i] =
            (float)((i / columns + 1) * 7919 % 1000) / 1000.0f + (float)(i % columns == 4 ? 0 : i);
    for (int row = 5; row < rows; row += 11)
        predictions[row * columns + 4] = row % 2 ? 0.5f : NAN; /* neither is above it */
    memset(kept, HEAD_POISON, sizeof kept);
    run(BRIM_KERNEL_sift, n, threads, &args);
    for (int picture = 0; picture < n; picture++) {
        const float *from = predictions + (size_t)picture * rows * columns;
        const float *to = kept + (size_t)picture * rows * columns;
        int count = 0;
        for (int row = 0; row < rows; row++) {
            if (from[row * columns + 4] > 0.5f)
                assert_memory_equal(to + count++ * columns, from + row * columns,
                                    (size_t)columns * sizeof *to);
        }
        assert_int_equal(counts[picture], count);
        assert_true(rows < 10 || (count > 0 && count < rows));
    }
}

static void test_sifting_keeps_what_is_looked_at_in_its_order(void **state)
{
    (void)state;
    check_sift(1, 0, 8, 64);
    check_sift(3, 1, 6, 32);
    check_sift(2, 252, 8, 1);
    check_sift(2, 252, 8, 64);
    check_sift(3, 777, 85, 96);
    check_sift(1, 9001, 8, 1024);
}

/* The head_cases do what they are there for: some cell has many matches, and some level has none. */
static void test_cases_are_hard(void **state)
{
    (void)state;
    int longest = 0, empty = 0;
    for (int i = 0; i < HEAD_CASE_COUNT; i++) {
        HeadSetup setup;
        head_open(&setup, &head_cases[i]);
        run_loss(&setup, 1, 1, false);
        BrimLossRoom room = brim_loss_room(&setup.args);
        const char *workspace = setup.args.workspace;
        const int32_t *chains = (const int32_t *)(workspace + room.chains), *nexts;
        for (int level = 0; level < head_cases[i].level_count; level++) {
            nexts = (const int32_t *)(workspace + room.nexts) + level * brim_loss_slots(&setup.args);
            empty += ((const int32_t *)(workspace + room.counts))[level] == 0;
            for (int at = brim_loss_cells_before(&setup.args, level);
                 at < brim_loss_cells_before(&setup.args, level + 1); at++) {
                int length = 0;
                for (int slot = chains[at]; slot; slot = nexts[slot - 1])
                    length++;
                longest = length > longest ? length : longest;
            }
        }
        head_close(&setup);
    }
    assert_true(longest >= 30);
    assert_true(empty >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases_are_hard),
        cmocka_unit_test(test_loss_is_the_hosts),
        cmocka_unit_test(test_loss_knows_no_grid),
        cmocka_unit_test(test_loss_without_gradients),
        cmocka_unit_test(test_decoding_is_the_hosts),
        cmocka_unit_test(test_sifting_keeps_what_is_looked_at_in_its_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
