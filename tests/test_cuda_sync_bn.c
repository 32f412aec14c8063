/* Two cards that have BatchNorm's statistics in common, on false cards and a false NCCL (tests/fake_cuda):
 * what they make of a batch's halves is what one card makes of the whole. */
#include "support/child.h"
#include "support/crew_case.h"
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 3, COLUMNS = 6, LABELS = 3 };

static uint8_t pictures[BATCH * PICTURE_BYTES];
/* Of every picture alike: a part's loss is a mean over its labels, so that only parts with as many labels as
 * one another, of the same sizes, come to what the whole does. */
static const float labels[LABELS][COLUMNS - 1] = {
    {0, 0.4f, 0.5f, 0.6f, 0.5f}, {1, 0.7f, 0.2f, 0.2f, 0.3f}, {2, 0.3f, 0.3f, 0.3f, 0.2f}};

/* Means and spreads of halves are not those of the whole: each picture is brighter than the one before. Noise
 * on them keeps the deepest layers, of few pixels, from having next to no spread, by which they divide. */
static int prepare(void **state)
{
    (void)state;
    for (int i = 0; i < BATCH * PICTURE_BYTES; i++) {
        int picture = i / PICTURE_BYTES, noise = (int)((uint32_t)i * 2654435761u >> 25);
        double wave = sin(i / 3 * 0.11 + i % 3) * cos(i / (3 * SIDE_PX) * 0.023);
        pictures[i] = (uint8_t)(20 + 15 * picture + noise + (10 + 10 * picture) * wave);
    }
    return crew_model_load();
}

static const float *targets_of(int n)
{
    static float targets[BATCH * LABELS][COLUMNS];
    for (int i = 0; i < n * LABELS; i++) {
        targets[i][0] = (float)(i / LABELS);
        memcpy(&targets[i][1], labels[i % LABELS], sizeof labels[0]);
    }
    return &targets[0][0];
}

static BrimBatch batch_of(const uint8_t *some, int n)
{
    return crew_batch(some, n, targets_of(n), n * LABELS);
}

/* For whole batches and for one of three pictures, of which each of two cards takes two. */
static BrimCrew *open_crew(BrimPrecision precision, int cards, int bn_cards)
{
    const BrimShape shapes[] = {{BATCH, SIDE_PX, SIDE_PX}, {BATCH - 1, SIDE_PX, SIDE_PX}};
    BrimEngineConf conf = crew_conf(shapes, cards);
    conf.precision = precision;
    conf.bn_cards = bn_cards;
    return crew_open(&conf, cards);
}

/* How far one card is from itself when its pictures change places: this network divides by what deviations of
 * a few pixels are, so that rounding becomes large on its way back. */
static double rounding(BrimPrecision precision, BrimEngine *lead, const BrimBatch *whole)
{
    enum { HALF = BATCH / CARDS * PICTURE_BYTES };
    static uint8_t turned[BATCH * PICTURE_BYTES];
    float items[4];
    BrimBatch batch = *whole;
    BrimCrew *crew = open_crew(precision, 1, 1);
    memcpy(turned, whole->pictures + HALF, HALF);
    memcpy(turned + HALF, whole->pictures, HALF);
    batch.pictures = turned;
    assert_ok(brim_crew_gradient(crew, &batch, &crew_scalars, items));
    double far = crew_distance(lead, brim_crew_lead(crew), is_gradient);
    brim_crew_close(&crew);
    return far;
}

/* Gradients of the whole on one card and of its parts on two, the second and third time as captured graphs;
 * each time running statistics go on. `whole` has the pictures that the cards take, `given` those of the
 * batch. `near` is for losses and statistics, `gradient_near` for gradients. */
static void compare(BrimPrecision precision, const BrimBatch *given, const BrimBatch *whole, double near,
                    double gradient_near)
{
    float items[4], expected[4];
    BrimCrew *one = open_crew(precision, 1, 1), *two = open_crew(precision, CARDS, CARDS);
    BrimEngine *lead = brim_crew_lead(one), *first = brim_crew_lead(two), *second = brim_crew_engine(two, 1);
    for (int step = 0; step < STEPS; step++) {
        assert_ok(brim_crew_gradient(one, whole, &crew_scalars, expected));
        assert_ok(brim_crew_gradient(two, given, &crew_scalars, items));
        assert_ok(brim_crew_gather(two));
        for (int k = 0; k < 4; k++)
            assert_true(fabs(items[k] - expected[k]) <= near * expected[k]);
        assert_true(crew_distance(lead, first, is_statistic) <= near);
        assert_true(crew_distance(lead, first, is_gradient) <= gradient_near);
        assert_same_bits(first, second, is_gradient);
        assert_same_bits(first, second, is_statistic);
    }
    assert_true(crew_distance(lead, first, is_gradient) <= 4 * rounding(precision, lead, whole));
    brim_crew_close(&one);
    brim_crew_close(&two);
}

static void halves_are_the_whole(void **state)
{
    (void)state;
    const BrimBatch whole = batch_of(pictures, BATCH);
    compare(BRIM_PRECISION_FP32, &whole, &whole, 1e-5, 1e-4);
}

static void halves_are_the_whole_in_16_bits(void **state)
{
    (void)state;
    const BrimBatch whole = batch_of(pictures, BATCH);
    compare(BRIM_PRECISION_AMP, &whole, &whole, 2e-3, 0.2);
}

/* An epoch's last batch: of three pictures both cards take the one in the middle, which counts twice. */
static void three_of_four(void **state)
{
    (void)state;
    static uint8_t taken[BATCH * PICTURE_BYTES];
    static const int which[BATCH] = {0, 1, 1, 2};
    for (int i = 0; i < BATCH; i++)
        memcpy(taken + i * PICTURE_BYTES, pictures + which[i] * PICTURE_BYTES, PICTURE_BYTES);
    float own[COLUMNS * LABELS * (BATCH - 1)];
    memcpy(own, targets_of(BATCH - 1), sizeof own);
    BrimBatch given = batch_of(pictures, BATCH - 1);
    given.targets = own;
    const BrimBatch whole = batch_of(taken, BATCH);
    compare(BRIM_PRECISION_FP32, &given, &whole, 1e-5, 1e-4);
}

/* Else the comparison would be none. */
static void without_it_halves_are_not_the_whole(void **state)
{
    (void)state;
    float items[4], expected[4];
    const BrimBatch whole = batch_of(pictures, BATCH);
    BrimCrew *one = open_crew(BRIM_PRECISION_FP32, 1, 1), *two = open_crew(BRIM_PRECISION_FP32, CARDS, 1);
    assert_ok(brim_crew_gradient(one, &whole, &crew_scalars, expected));
    assert_ok(brim_crew_gradient(two, &whole, &crew_scalars, items));
    assert_ok(brim_crew_gather(two));
    assert_true(crew_distance(brim_crew_lead(one), brim_crew_lead(two), is_gradient) > 1);
    assert_true(crew_distance(brim_crew_lead(one), brim_crew_lead(two), is_statistic) > 1e-3);
    brim_crew_close(&one);
    brim_crew_close(&two);
}

/* Steps with updates, batches of both sizes, and one written ahead; twice, to the same bits on all cards. */
static void take_steps(BrimCrew *crew)
{
    float items[4], norm[2];
    const BrimBatch whole = batch_of(pictures, BATCH), rest = batch_of(pictures, BATCH - 1);
    for (int step = 0; step < STEPS; step++) {
        assert_ok(brim_crew_gradient(crew, &rest, &crew_scalars, items));
        assert_ok(brim_crew_update(crew, &crew_scalars, norm));
        assert_ok(brim_crew_begin(crew, &whole, &crew_scalars));
        assert_ok(brim_crew_ahead(crew, &whole));
        assert_ok(brim_crew_finish(crew, items));
        assert_ok(brim_crew_update(crew, &crew_scalars, norm));
        assert_true(isfinite(norm[0]) && norm[0] > 0 && norm[1] > 0);
    }
}

static void repeat_steps(BrimPrecision precision)
{
    BrimCrew *crews[2];
    for (int i = 0; i < 2; i++) {
        crews[i] = open_crew(precision, CARDS, CARDS);
        take_steps(crews[i]);
        assert_same_bits(brim_crew_lead(crews[i]), brim_crew_engine(crews[i], 1), is_weight);
        assert_same_bits(brim_crew_lead(crews[i]), brim_crew_engine(crews[i], 1), is_statistic);
    }
    assert_same_bits(brim_crew_lead(crews[0]), brim_crew_lead(crews[1]), is_weight);
    assert_same_bits(brim_crew_lead(crews[0]), brim_crew_lead(crews[1]), is_statistic);
    brim_crew_close(&crews[0]);
    brim_crew_close(&crews[1]);
}

static void the_same_bits_again(void **state)
{
    (void)state;
    repeat_steps(BRIM_PRECISION_FP32);
    repeat_steps(BRIM_PRECISION_AMP);
}

static void steps_take_no_memory(void **state)
{
    (void)state;
    BrimCrew *crew = open_crew(BRIM_PRECISION_FP32, CARDS, CARDS);
    uint64_t takes = brim_mem_takes();
    take_steps(crew);
    assert_true(brim_mem_takes() == takes);
    for (int i = 0; i < CARDS; i++) {
        uint64_t free_bytes, taken_bytes;
        BrimEngine *engine = brim_crew_engine(crew, i);
        brim_engine_room(engine, &free_bytes, &taken_bytes);
        assert_true(taken_bytes <= brim_engine_planned_bytes(engine));
    }
    brim_crew_close(&crew);
}

static void what_is_refused(void **state)
{
    (void)state;
    float items[4];
    const BrimBatch half = batch_of(pictures, BATCH / CARDS);
    const BrimShape shape = {BATCH, SIDE_PX, SIDE_PX};
    BrimEngineConf conf = crew_conf(&shape, 1);
    conf.bn_cards = CARDS + 1;
    BrimCrew *crew = NULL;
    assert_refused(brim_crew_open(&crew, &conf, both_cards, CARDS), BRIM_ERROR_ARGUMENT,
                   "2 cards cannot have");
    crew = open_crew(BRIM_PRECISION_FP32, CARDS, CARDS);
    assert_refused(brim_engine_gradient(brim_crew_lead(crew), &half, &crew_scalars, items),
                   BRIM_ERROR_ARGUMENT, "needs other cards");
    BrimEngine *turned[CARDS] = {brim_crew_engine(crew, 1), brim_crew_lead(crew)};
    for (int i = 0; i < CARDS; i++)
        assert_ok(brim_engine_prepare(turned[i], &half));
    assert_refused(brim_engine_begin_together(turned, CARDS, &crew_scalars), BRIM_ERROR_ARGUMENT,
                   "steps of 2 cards are not the same");
    brim_crew_close(&crew);
}

/* In a process of its own, as NCCL is set up once: a step is begun, in which a card is lost, and who began it
 * does not come to wait for it, as another call failed before. */
static int leave_a_step(void)
{
    BrimCrew *crew = open_crew(BRIM_PRECISION_FP32, CARDS, CARDS);
    const BrimBatch whole = batch_of(pictures, BATCH);
    assert_ok(brim_crew_begin(crew, &whole, &crew_scalars));
    brim_crew_close(&crew);
    printf("closed");
    return 0;
}

static void cards_that_wait_are_let_go(void **state)
{
    (void)state;
    setenv("BRIM_FAKE_NCCL", "lost=1@20", 1); /* behind the trials */
    child_expect("leave", "cards=2", NULL, "closed");
    unsetenv("BRIM_FAKE_NCCL");
}

/* The same, on cards whose graphs hold up whoever launches them until their exchanges are made. */
static int step_on(void)
{
    BrimCrew *crew = open_crew(BRIM_PRECISION_FP32, CARDS, CARDS);
    take_steps(crew);
    brim_crew_close(&crew);
    printf("went on");
    return 0;
}

static void no_graph_keeps_another_from_being_launched(void **state)
{
    (void)state;
    child_expect("step", "cards=2,stalls", NULL, "went on");
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return prepare(NULL) || (strcmp(argv[1], "leave") == 0 ? leave_a_step() : step_on());
    setenv("BRIM_FAKE_CARD", "cards=2,lazy,late=64K,grain=2M", 1); /* so that a wait too few is seen */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(halves_are_the_whole),
        cmocka_unit_test(halves_are_the_whole_in_16_bits),
        cmocka_unit_test(three_of_four),
        cmocka_unit_test(without_it_halves_are_not_the_whole),
        cmocka_unit_test(the_same_bits_again),
        cmocka_unit_test(steps_take_no_memory),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(cards_that_wait_are_let_go),
        cmocka_unit_test(no_graph_keeps_another_from_being_launched),
    };
    return cmocka_run_group_tests(tests, prepare, NULL);
}
