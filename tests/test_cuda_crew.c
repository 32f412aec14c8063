/* Two cards that train as one, on false cards and a false NCCL (tests/fake_cuda): gradients are the sums of
 * what each card alone computes, and both cards hold the same parameters after every step. What a user meets
 * with `brim train --device 0,1` is in test_cuda_crew_run.c. */
#include "support/crew_case.h"
#include "support/support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PART = BATCH / CARDS };

static uint8_t pictures[BATCH * PICTURE_BYTES];
static const float targets[] = {0, 0, 0.4f, 0.5f, 0.6f, 0.5f, 0, 1, 0.7f, 0.2f, 0.2f, 0.3f,
                                1, 2, 0.3f, 0.3f, 0.3f, 0.2f, 2, 0, 0.6f, 0.7f, 0.8f, 0.9f,
                                3, 1, 0.2f, 0.6f, 0.3f, 0.3f, 3, 2, 0.5f, 0.5f, 0.9f, 0.4f};
enum { TARGETS = sizeof targets / sizeof *targets / 6 };

static int prepare(void **state)
{
    (void)state;
    for (int i = 0; i < BATCH * PICTURE_BYTES; i++)
        pictures[i] = (uint8_t)(128 + 90 * sin(i / 3 * 0.11 + i % 3) * cos(i / (3 * SIDE_PX) * 0.023));
    return crew_model_load();
}

/* Pictures `first` to first + n - 1 of the four, with their labels in `room`. */
static BrimBatch some_of(int first, int n, float room[TARGETS * 6])
{
    int count = 0;
    for (int i = 0; i < TARGETS; i++) {
        if (targets[6 * i] < (float)first || targets[6 * i] >= (float)(first + n))
            continue;
        memcpy(room + 6 * count, targets + 6 * i, 6 * sizeof(float));
        room[6 * count++] -= (float)first;
    }
    return crew_batch(pictures + (size_t)first * PICTURE_BYTES, n, room, count);
}

static BrimCrew *open_crew_in(BrimPrecision precision, int cards, int batch)
{
    const BrimShape shape = {batch, SIDE_PX, SIDE_PX};
    BrimEngineConf conf = crew_conf(&shape, 1);
    conf.precision = precision;
    return crew_open(&conf, cards);
}

static BrimCrew *open_crew(int cards, int batch)
{
    return open_crew_in(BRIM_PRECISION_FP32, cards, batch);
}

/* Whether those are still what was read of them before. */
static bool holds(BrimEngine *engine, CrewWanted *wanted, const void *before)
{
    size_t bytes;
    void *now = crew_read(engine, wanted, &bytes);
    bool same = memcmp(now, before, bytes) == 0;
    brim_mem_give(now);
    return same;
}

/* What one card alone makes of those pictures. */
static float *alone(int first, int n, size_t *bytes, float items[4])
{
    float room[TARGETS * 6];
    BrimCrew *crew = open_crew(1, n);
    const BrimBatch part = some_of(first, n, room);
    assert_ok(brim_crew_gradient(crew, &part, &crew_scalars, items));
    float *gradients = crew_read(brim_crew_lead(crew), is_gradient, bytes);
    brim_crew_close(&crew);
    return gradients;
}

/* The sum of two floats does not depend on their order, so it is exact. */
static void the_sum_is_that_of_single_cards(int batch, int first_of_second)
{
    float room[TARGETS * 6], items[4], one[4], other[4];
    size_t bytes;
    const BrimBatch whole = some_of(0, batch, room);
    float *a = alone(0, PART, &bytes, one), *b = alone(first_of_second, PART, &bytes, other);
    for (size_t i = 0; i < bytes / sizeof *a; i++)
        a[i] += b[i];
    BrimCrew *crew = open_crew(CARDS, batch);
    assert_ok(brim_crew_gradient(crew, &whole, &crew_scalars, items));
    assert_ok(brim_crew_gather(crew));
    for (int i = 0; i < CARDS; i++) {
        float *sums = crew_read(brim_crew_engine(crew, i), is_gradient, &bytes);
        assert_memory_equal(sums, a, bytes);
        brim_mem_give(sums);
    }
    assert_true(items[3] == one[3] + other[3]);
    for (int k = 0; k < 3; k++)
        assert_true(items[k] == (one[k] + other[k]) / 2);
    brim_crew_close(&crew);
    brim_mem_give(a);
    brim_mem_give(b);
}

static void two_and_two(void **state)
{
    (void)state;
    the_sum_is_that_of_single_cards(BATCH, PART);
}

/* An epoch's last batch: of three pictures both cards take the one in the middle. */
static void three_of_four(void **state)
{
    (void)state;
    the_sum_is_that_of_single_cards(3, 1);
}

/* The weights' copy in 16 bits, where there is one, is among the weights. */
static void step_alike(BrimPrecision precision)
{
    float room[TARGETS * 6], items[4], norm[2];
    const BrimBatch whole = some_of(0, BATCH, room);
    BrimCrew *crew = open_crew_in(precision, CARDS, BATCH);
    BrimEngine *first = brim_crew_engine(crew, 0), *second = brim_crew_engine(crew, 1);
    size_t bytes;
    void *before = crew_read(first, is_weight, &bytes);
    assert_same_bits(first, second, is_weight);
    for (int step = 0; step < 4; step++) { /* the later ones as captured graphs */
        assert_ok(brim_crew_gradient(crew, &whole, &crew_scalars, items));
        assert_ok(brim_crew_update(crew, &crew_scalars, norm));
        assert_true(isfinite(norm[0]) && norm[0] > 0);
        assert_same_bits(first, second, is_weight);
        assert_same_bits(first, second, is_momentum);
        assert_same_bits(first, second, is_average);
    }
    assert_false(holds(first, is_weight, before));
    /* Other pictures, other statistics: each card has its own. */
    assert_false(same_bits(first, second, is_statistic));
    brim_mem_give(before);
    brim_crew_close(&crew);
}

static void both_cards_step_alike(void **state)
{
    (void)state;
    step_alike(BRIM_PRECISION_FP32);
}

static void both_cards_step_alike_in_16_bits(void **state)
{
    (void)state;
    step_alike(BRIM_PRECISION_AMP);
}

/* A step is skipped where a gradient is no number, on both cards, whichever it was. */
static void both_cards_skip_alike(void **state)
{
    (void)state;
    float room[TARGETS * 6], items[4], norm[2];
    const BrimBatch whole = some_of(0, BATCH, room);
    BrimStepScalars too_large = crew_scalars;
    too_large.loss_scale = INFINITY;
    BrimCrew *crew = open_crew(CARDS, BATCH);
    BrimEngine *first = brim_crew_engine(crew, 0), *second = brim_crew_engine(crew, 1);
    size_t bytes;
    void *before = crew_read(first, is_weight, &bytes);
    assert_ok(brim_crew_gradient(crew, &whole, &too_large, items));
    assert_ok(brim_crew_update(crew, &too_large, norm));
    assert_true(norm[1] == 0);
    assert_true(holds(first, is_weight, before));
    assert_true(holds(second, is_weight, before));
    brim_mem_give(before);
    brim_crew_close(&crew);
}

/* A run that is stopped while gradients wait saves their sum with the first card; the one that goes on counts
 * it once. */
static void waiting_gradients_count_once(void **state)
{
    (void)state;
    float room[TARGETS * 6], items[4], norm[2], norm_again[2];
    const BrimBatch whole = some_of(0, BATCH, room);
    BrimStepScalars more = crew_scalars;
    more.accumulate = true;
    BrimCrew *unbroken = open_crew(CARDS, BATCH);
    assert_ok(brim_crew_gradient(unbroken, &whole, &crew_scalars, items));
    assert_ok(brim_crew_gradient(unbroken, &whole, &more, items));
    assert_ok(brim_crew_update(unbroken, &more, norm));
    brim_crew_close(&unbroken);
    BrimCrew *broken = open_crew(CARDS, BATCH);
    assert_ok(brim_crew_gradient(broken, &whole, &crew_scalars, items));
    assert_ok(brim_crew_gather(broken));
    assert_ok(brim_crew_share(broken)); /* as after a resume */
    assert_ok(brim_crew_gradient(broken, &whole, &more, items));
    assert_ok(brim_crew_update(broken, &more, norm_again));
    brim_crew_close(&broken);
    assert_true(fabsf(norm[0] - norm_again[0]) <= 1e-5f * norm[0]);
}

/* Planned bytes of a card know what its communicator takes, 32 MiB and 16 more for each of three sizes of sums:
 * steps have sums of all of them, and take nothing any more. */
static void what_nccl_takes_is_planned(void **state)
{
    (void)state;
    enum { TAKEN = 80 << 20 };
    float room[TARGETS * 6], items[4], norm[2];
    const BrimBatch whole = some_of(0, BATCH, room);
    BrimCrew *one = open_crew(1, PART), *two = open_crew(CARDS, BATCH);
    assert_ok(brim_crew_gradient(two, &whole, &crew_scalars, items));
    assert_ok(brim_crew_update(two, &crew_scalars, norm));
    for (int i = 0; i < CARDS; i++) {
        uint64_t free_bytes, taken_bytes;
        BrimEngine *engine = brim_crew_engine(two, i);
        assert_true(brim_engine_beside_bytes(engine) >= TAKEN);
        brim_engine_room(engine, &free_bytes, &taken_bytes);
        assert_true(taken_bytes <= brim_engine_planned_bytes(engine) + (1 << 20));
    }
    assert_true(brim_engine_beside_bytes(brim_crew_engine(two, 1)) >=
                brim_engine_beside_bytes(brim_crew_lead(one)) + TAKEN);
    brim_crew_close(&two);
    brim_crew_close(&one);
}

static void steps_take_no_memory(void **state)
{
    (void)state;
    float room[TARGETS * 6], items[4], norm[2];
    const BrimBatch whole = some_of(0, BATCH, room);
    BrimCrew *crew = open_crew(CARDS, BATCH);
    uint64_t takes = brim_mem_takes();
    for (int step = 0; step < 3; step++) {
        assert_ok(brim_crew_gradient(crew, &whole, &crew_scalars, items));
        assert_ok(brim_crew_update(crew, &crew_scalars, norm));
    }
    assert_true(brim_mem_takes() == takes);
    brim_crew_close(&crew);
}

static void what_cannot_work_together(void **state)
{
    (void)state;
    BrimCrew *crew = NULL;
    const BrimShape shape = {BATCH, SIDE_PX, SIDE_PX};
    BrimEngineConf conf = crew_conf(&shape, 1);
    const int twice[] = {1, 1}, away[] = {0, 7};
    assert_refused(brim_crew_open(&crew, &conf, twice, 2), BRIM_ERROR_DEVICE, "invalid usage");
    assert_null(crew);
    assert_refused(brim_crew_open(&crew, &conf, away, 2), BRIM_ERROR_UNSUPPORTED,
                   "card 7: there is no card 7");
    conf.budget_bytes = 160 << 20; /* enough but for the communicator */
    assert_refused(brim_crew_open(&crew, &conf, both_cards, 2), BRIM_ERROR_FIT, "card 0: ");
    assert_ok(brim_crew_open(&crew, &conf, both_cards, 1));
    brim_crew_close(&crew);
    conf.budget_bytes = 0;
    conf.backend = &brim_backend_cpu;
    assert_refused(brim_crew_open(&crew, &conf, both_cards, 2), BRIM_ERROR_UNSUPPORTED,
                   "trains on one device");
}

/* Cards that did not join, and sums of what is no block. */
static void sums_that_are_none(void **state)
{
    (void)state;
    const BrimShape shape = {PART, SIDE_PX, SIDE_PX};
    BrimEngineConf conf = crew_conf(&shape, 1);
    BrimEngine *engines[CARDS] = {NULL};
    for (int i = 0; i < CARDS; i++) {
        conf.card = i;
        assert_ok(brim_engine_open(&engines[i], &conf));
    }
    assert_refused(brim_engine_reduce(engines, CARDS), BRIM_ERROR_ARGUMENT, "2 cards have not joined");
    assert_ok(brim_engine_join(engines, CARDS));
    assert_refused(brim_engine_reduce(engines, 1), BRIM_ERROR_ARGUMENT, "1 cards have not joined");
    brim_engine_close(&engines[0]); /* which ends it for both */
    brim_engine_close(&engines[1]);
}

int main(void)
{
    setenv("BRIM_FAKE_CARD", "cards=2,lazy", 1); /* so that a wait too few is seen */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_and_two),
        cmocka_unit_test(three_of_four),
        cmocka_unit_test(both_cards_step_alike),
        cmocka_unit_test(both_cards_step_alike_in_16_bits),
        cmocka_unit_test(both_cards_skip_alike),
        cmocka_unit_test(waiting_gradients_count_once),
        cmocka_unit_test(what_nccl_takes_is_planned),
        cmocka_unit_test(steps_take_no_memory),
        cmocka_unit_test(what_cannot_work_together),
        cmocka_unit_test(sums_that_are_none),
    };
    return cmocka_run_group_tests(tests, prepare, NULL);
}
