/* The bottom layer: memory door, errors, atomic files, random numbers, half floats. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>
#include <unistd.h>

#include "base/file.h"
#include "base/half.h"
#include "base/random.h"
#include "base/round.h"
#include "support/support.h"

static void memory_is_counted_limited_and_fails_on_demand(void **state)
{
    (void)state;
    size_t before = brim_mem_held_bytes(BRIM_MEM_DATA);
    uint64_t takes = brim_mem_takes();
    char *block = brim_mem_take(BRIM_MEM_DATA, 10, 10);
    assert_non_null(block);
    assert_int_equal((uintptr_t)block % 64, 0);
    assert_int_equal(block[99], 0);
    assert_int_equal(brim_mem_held_bytes(BRIM_MEM_DATA) - before, 100);
    assert_int_equal(brim_mem_takes() - takes, 1);
    block[99] = 7;
    block = brim_mem_grow(BRIM_MEM_DATA, block, 300, 1);
    assert_int_equal(block[99], 7);
    assert_int_equal(block[299], 0);
    brim_mem_give(block);
    assert_int_equal(brim_mem_held_bytes(BRIM_MEM_DATA), before);

    brim_mem_fail_at(2);
    void *first = brim_mem_take(BRIM_MEM_DATA, 1, 1);
    assert_non_null(first);
    assert_null(brim_mem_take(BRIM_MEM_DATA, 1, 1));
    brim_mem_give(first);
    brim_mem_limit(brim_mem_held_bytes(BRIM_MEM_TAG_COUNT) + 1000);
    assert_null(brim_mem_take(BRIM_MEM_DATA, 1001, 1));
    brim_mem_limit(0);
    assert_null(brim_mem_take(BRIM_MEM_DATA, SIZE_MAX, 2));
}

static void errors_keep_their_words(void **state)
{
    (void)state;
    assert_int_equal(brim_fail(BRIM_ERROR_INPUT, "line %d: %s", 7, "no such key"), BRIM_ERROR_INPUT);
    assert_string_equal(brim_last_error(), "line 7: no such key");
    brim_fail_within(BRIM_ERROR_INPUT, "%s: ", "data.yaml");
    assert_string_equal(brim_last_error(), "data.yaml: line 7: no such key");
    brim_fail(BRIM_ERROR_INPUT, "no `%s`", "a\x1b[2J\nb\xffm\xc3\xbcll"); /* a file moves no cursor */
    assert_string_equal(brim_last_error(), "no `a?[2J?b?m\xc3\xbcll`");
    assert_string_equal(brim_status_text(BRIM_ERROR_FIT), "it does not fit in the memory given");
}

/* As somebody who may not write where he is; root may write everywhere, and takes another's place. */
static void why_no_folder_was_made_is_said(void **state)
{
    (void)state;
    uid_t self = geteuid();
    char *closed = brim_path_join(scratch_folder(), "closed"), *folder = brim_path_join(closed, "runs/train");
    assert_ok(brim_folder_make(closed));
    assert_int_equal(chmod(scratch_folder(), 0755), 0);
    assert_int_equal(chmod(closed, 0555), 0);
    assert_true(self != 0 || seteuid(65534) == 0);
    assert_refused(brim_folder_make(folder), BRIM_ERROR_IO, "closed/runs: Permission denied");
    assert_true(self != 0 || seteuid(self) == 0);
    assert_int_equal(chmod(closed, 0755), 0);
    brim_mem_give(folder);
    brim_mem_give(closed);
}

/* One at a time; who waits finds it free when the other is done. */
static void a_folder_is_kept(void **state)
{
    (void)state;
    int first, second;
    assert_ok(brim_folder_lock(scratch_folder(), &first));
    assert_refused(brim_folder_lock(scratch_folder(), &second), BRIM_ERROR_IO, "another run is writing into");
    assert_int_equal(second, -1);
    close(first);
    assert_ok(brim_folder_lock(scratch_folder(), &second));
    close(second);
}

static void dots_before_a_name_are_left_out(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"set", "./images/train", "set/images/train"},
        {"set", ".//images", "set/images"},
        {"set", ".", "set"},
        {"", "./images", "images"},
        {"", ".", "."},
        {"set", "/abs", "/abs"},
        {"set/", "a", "set/a"},
        {"set", "../a", "set/../a"},
        {"set", ".a", "set/.a"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *joined = brim_path_join(cases[i][0], cases[i][1]);
        assert_string_equal(joined, cases[i][2]);
        brim_mem_give(joined);
    }
}

static void a_file_is_replaced_whole_or_not_at_all(void **state)
{
    (void)state;
    char *folder = brim_path_join(scratch_folder(), "a/b");
    assert_ok(brim_folder_make(folder));
    char *path = brim_path_join(folder, "file.bin");
    assert_ok(brim_file_write(path, "first", 5));

    /* A limit on file size is how a full disk looks to a process that may not fill one. */
    struct rlimit old, small;
    getrlimit(RLIMIT_FSIZE, &old);
    small = (struct rlimit){.rlim_cur = 4096, .rlim_max = old.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    static char large[100000];
    BrimStatus status = brim_file_write(path, large, sizeof large);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_refused(status, BRIM_ERROR_IO, "file.bin unchanged");

    char *data;
    size_t bytes;
    assert_ok(brim_file_read(path, 100, &data, &bytes));
    assert_int_equal(bytes, 5);
    assert_string_equal(data, "first");
    brim_mem_give(data);
    assert_refused(brim_file_read(path, 4, &data, &bytes), BRIM_ERROR_INPUT, "file.bin 5 bytes");
    assert_refused(brim_file_read(folder, 4, &data, &bytes), BRIM_ERROR_INPUT, "regular");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    alarm(60); /* nobody writes into it: one that waits for that waits forever */
    assert_refused(brim_file_read(path, 4, &data, &bytes), BRIM_ERROR_INPUT, "regular");
    alarm(0);
    brim_mem_give(path);
    brim_mem_give(folder);
}

static void a_line_is_added_whole_or_not_at_all(void **state)
{
    (void)state;
    char *data, *path = brim_path_join(scratch_folder(), "lines");
    size_t bytes;
    struct rlimit old, small;
    assert_refused(brim_file_append(path, "a", 1), BRIM_ERROR_IO, path);
    assert_ok(brim_file_write_unsynced(path, "none\n", 5));
    assert_ok(brim_file_write_unsynced(path, "one\n", 4));
    assert_ok(brim_file_append(path, "two\n", 4));
    getrlimit(RLIMIT_FSIZE, &old);
    small = (struct rlimit){.rlim_cur = 10, .rlim_max = old.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    BrimStatus status = brim_file_append(path, "three\n", 6);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_refused(status, BRIM_ERROR_IO, path);
    assert_ok(brim_file_read(path, 100, &data, &bytes));
    assert_string_equal(data, "one\ntwo\n");
    brim_mem_give(data);
    brim_mem_give(path);
}

static void random_numbers_repeat_and_spread(void **state)
{
    (void)state;
    BrimRandom a = brim_random(0, 1), b = brim_random(0, 1), other = brim_random(0, 2);
    double sum = 0, squares = 0;
    int32_t items[100];
    int different = 0;
    for (int i = 0; i < 100000; i++) {
        double x = brim_random_unit(&a);
        assert_true(x >= 0 && x < 1);
        assert_true(x == brim_random_unit(&b));
        different += x != brim_random_unit(&other);
        double normal = brim_random_normal(&other);
        sum += normal;
        squares += normal * normal;
    }
    assert_true(different > 99990);
    assert_true(fabs(sum / 100000) < 0.02 && fabs(squares / 100000 - 1) < 0.03);
    for (int i = 0; i < 100; i++)
        items[i] = i;
    brim_random_shuffle(&a, items, 100);
    int moved = 0, total = 0;
    for (int i = 0; i < 100; i++) {
        moved += items[i] != i;
        total += items[i];
    }
    assert_true(moved > 80);
    assert_int_equal(total, 4950);
}

static void halves_go_there_and_back(void **state)
{
    (void)state;
    for (uint32_t half = 0; half < 0x10000; half++) {
        float value = brim_half_to_float((uint16_t)half);
        if (isnan(value))
            assert_true(isnan(brim_half_to_float(brim_half_from_float(value))));
        else
            assert_int_equal(brim_half_from_float(value), half);
    }
    assert_int_equal(brim_half_from_float(65519.0f), 0x7BFF);
    assert_int_equal(brim_half_from_float(65520.0f), 0x7C00);
    assert_int_equal(brim_half_from_float(1.0f + 0x1p-11f), 0x3C00);      /* a tie goes to the even neighbour */
    assert_int_equal(brim_half_from_float(1.0f + 3 * 0x1p-11f), 0x3C02);
    assert_int_equal(brim_half_from_float(0x1p-25f), 0);
    assert_int_equal(brim_half_from_float(0x1.8p-25f), 1);
    assert_int_equal(brim_bfloat_from_float(1.0f + 0x1p-8f), 0x3F80);
    assert_true(brim_bfloat_to_float(0x3F80) == 1.0f);
}

static void sizes_are_rounded_up_to_whole_steps(void **state)
{
    (void)state;
    assert_int_equal(brim_round_up(0, 64), 0);
    assert_int_equal(brim_round_up(1, 64), 64);
    assert_int_equal(brim_round_up(64, 64), 64);
    assert_int_equal(brim_round_up(65, 96), 96);
    assert_true(brim_round_up((size_t)1 << 40, ((size_t)1 << 39) + 1) == ((size_t)1 << 40) + 2);
    assert_int_equal(brim_round_up_int(17, 16), 32);
    assert_int_equal(brim_round_up_int(17, 1), 17);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(why_no_folder_was_made_is_said),
        cmocka_unit_test(a_folder_is_kept),
        cmocka_unit_test(dots_before_a_name_are_left_out),
        cmocka_unit_test(memory_is_counted_limited_and_fails_on_demand),
        cmocka_unit_test(errors_keep_their_words),
        cmocka_unit_test(a_file_is_replaced_whole_or_not_at_all),
        cmocka_unit_test(a_line_is_added_whole_or_not_at_all),
        cmocka_unit_test(random_numbers_repeat_and_spread),
        cmocka_unit_test(halves_go_there_and_back),
        cmocka_unit_test(sizes_are_rounded_up_to_whole_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
