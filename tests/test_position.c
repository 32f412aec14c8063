/* Where a run stands, into a checkpoint's metadata and back: each number to the last bit, and what no run
 * wrote refused by its key. */
#include "support/support.h"

#include <stdio.h>
#include <string.h>

#include "train/position.h"

static const BrimPosition written = {.epoch = 3,
                                     .batch = 7,
                                     .last_update = -1,
                                     .updates = 5000000000,
                                     .gradients_wait = true,
                                     .scaler = {.scale = 0x1.8p-19f, .streak = 1999, .skipped = 12},
                                     .loss_sums = {1.0 / 3, 2e-17, 123456.7},
                                     .best_fitness = 0.1,
                                     .best_epoch = 2};

static void every_number_comes_back(void **state)
{
    (void)state;
    BrimTensorFile file = {0};
    BrimPosition read = {0};
    assert_ok(brim_position_describe(&file, &written));
    assert_ok(brim_position_read(&read, &file));
    assert_int_equal(read.epoch, written.epoch);
    assert_int_equal(read.batch, written.batch);
    assert_int_equal(read.last_update, written.last_update);
    assert_int_equal(read.updates, written.updates);
    assert_true(read.gradients_wait);
    assert_true(read.scaler.scale == written.scaler.scale);
    assert_int_equal(read.scaler.streak, written.scaler.streak);
    assert_int_equal(read.scaler.skipped, written.scaler.skipped);
    assert_memory_equal(read.loss_sums, written.loss_sums, sizeof read.loss_sums);
    assert_true(read.best_fitness == written.best_fitness);
    assert_int_equal(read.best_epoch, written.best_epoch);
    brim_tensors_clear(&file);
}

/* What came with mixed precision may be missing: it stays as it was. */
static bool came_later(const char *key)
{
    return strstr(key, "loss_scale") || strstr(key, "skipped");
}

static void what_is_missing_is_named(void **state)
{
    (void)state;
    BrimTensorFile file = {0};
    assert_ok(brim_position_describe(&file, &written));
    for (int i = 0; i < file.metadata_count; i++) {
        char *key = file.metadata[i].key;
        BrimPosition read = {.scaler = {.scale = 4, .streak = 5, .skipped = 6}};
        key[0] = 'x';
        BrimStatus status = brim_position_read(&read, &file);
        key[0] = 's';
        if (came_later(key)) {
            assert_ok(status);
            assert_true((read.scaler.scale == 4) + (read.scaler.streak == 5) + (read.scaler.skipped == 6) ==
                        1);
        } else {
            assert_refused(status, BRIM_ERROR_INPUT, "it holds a model, not a run");
            assert_non_null(strstr(brim_last_error(), key));
        }
    }
    brim_tensors_clear(&file);
}

static void impossible_numbers_are_refused(void **state)
{
    static const char *const rows[][2] = {
        {"state.epoch", "-1"},
        {"state.epoch", "1000000001"},
        {"state.epoch", "1.5"},
        {"state.epoch", ""},
        {"state.batch", "7x"},
        {"state.last_update", "-2"},
        {"state.updates", "1000000000000001"},
        {"state.gradients_wait", "yes"},
        {"state.box_loss_sum", "large"},
        {"state.best_fitness", ""},
        {"state.loss_scale", "0"},
        {"state.loss_scale", "-1"},
        {"state.loss_scale", "inf"},
        {"state.loss_scale", "nan"},
        {"state.loss_scale", "1x"},
        {"state.loss_scale", ""},
        {"state.loss_scale", "0x1p-140"},
        {"state.loss_scale_streak", "-1"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char said[96];
        BrimTensorFile file = {0};
        BrimPosition read = {0};
        assert_ok(brim_position_describe(&file, &written));
        assert_ok(brim_tensors_set_metadata(&file, rows[i][0], rows[i][1]));
        snprintf(said, sizeof said, "%s is \"%s\"", rows[i][0], rows[i][1]);
        assert_refused(brim_position_read(&read, &file), BRIM_ERROR_INPUT, said);
        brim_tensors_clear(&file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_comes_back),
        cmocka_unit_test(what_is_missing_is_named),
        cmocka_unit_test(impossible_numbers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
