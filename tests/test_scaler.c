/* The loss scale over many steps, against what torch.cuda.amp.GradScaler does. */
#include "support/support.h"

#include <float.h>
#include <math.h>

#include "train/scaler.h"

static const float good[2] = {3, 1}, bad[2] = {INFINITY, 0}, none[2] = {NAN, 0};

static void repeat(BrimScaler *scaler, const float norm[2], int times)
{
    for (int i = 0; i < times; i++)
        assert_int_equal(brim_scaler_updated(scaler, norm), norm[1] != 0);
}

static void test_grows_and_backs_off(void **state)
{
    (void)state;
    BrimScaler scaler = brim_scaler();
    assert_true(scaler.scale == 65536);
    repeat(&scaler, good, 1999);
    assert_true(scaler.scale == 65536);
    repeat(&scaler, good, 1);
    assert_true(scaler.scale == 131072);
    repeat(&scaler, good, 1999);
    repeat(&scaler, bad, 1); /* one short of growing: the count starts anew */
    assert_true(scaler.scale == 65536);
    repeat(&scaler, good, 1999);
    assert_true(scaler.scale == 65536);
    repeat(&scaler, none, 3);
    assert_true(scaler.scale == 8192);
    repeat(&scaler, good, 4000);
    assert_true(scaler.scale == 32768);
    assert_int_equal(scaler.skipped, 4);
}

/* Neither end is left: no infinity, and no 0, which steps take for 1. */
static void test_stays_a_scale(void **state)
{
    (void)state;
    BrimScaler scaler = brim_scaler();
    repeat(&scaler, bad, 1000);
    assert_true(scaler.scale >= FLT_MIN && scaler.scale < 2 * FLT_MIN);
    assert_int_equal(scaler.skipped, 1000);
    scaler = brim_scaler();
    repeat(&scaler, good, 2000 * 200);
    assert_true(isfinite(scaler.scale) && scaler.scale > 1e38f);
}

/* It counts what is skipped, and nothing else. */
static void test_fixed(void **state)
{
    (void)state;
    BrimScaler scaler = brim_scaler_fixed();
    repeat(&scaler, bad, 3);
    repeat(&scaler, good, 5000);
    repeat(&scaler, none, 1);
    assert_true(scaler.scale == 1);
    assert_int_equal(scaler.skipped, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grows_and_backs_off),
        cmocka_unit_test(test_stays_a_scale),
        cmocka_unit_test(test_fixed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
