/* results.csv as an interrupted run leaves it and one that goes on takes it up. */
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "report/results.h"
#include "report/results_plot.h"

static char *path;

static void add(int epoch)
{
    const BrimEvent event = {.kind = BRIM_EVENT_RESULTS, .epoch = epoch, .map50 = 0.5};
    assert_ok(brim_results_append(path, &event));
}

/* The file has a header, and rows of those epochs. */
static void check_epochs(const char *expected)
{
    char *text, found[64] = "";
    size_t bytes, count = 0;
    assert_ok(brim_file_read(path, 1 << 16, &text, &bytes));
    assert_non_null(strstr(text, "metrics/mAP_0.5:0.95"));
    assert_int_equal(text[bytes - 1], '\n');
    for (const char *at = strchr(text, '\n'); at[1]; at = strchr(at + 1, '\n'))
        found[count++] = (char)('0' + atoi(at + 1));
    assert_string_equal(found, expected);
    brim_mem_give(text);
}

static void rows_come_one_by_one(void **state)
{
    (void)state;
    path = brim_path_join(scratch_folder(), "results.csv");
    for (int epoch = 0; epoch < 4; epoch++)
        add(epoch);
    check_epochs("0123");
}

static void a_run_that_goes_on_writes_over_what_it_repeats(void **state)
{
    (void)state;
    add(2);
    check_epochs("012");
    add(3);
    check_epochs("0123");
}

static void a_row_cut_short_is_no_row(void **state)
{
    (void)state;
    assert_ok(brim_file_append(path, "    4,  0.1", 11));
    add(4);
    check_epochs("01234");
    assert_ok(brim_file_append(path, "    ", 4));
    add(5);
    check_epochs("012345");
    assert_ok(brim_file_write(path, "epoch,metrics/mAP_0.5:0.95\n", 27)); /* a header alone */
    add(0);
    check_epochs("0");
    assert_ok(brim_file_write(path, "       epo", 10)); /* the header itself */
    add(6);
    check_epochs("6");
    brim_mem_give(path);
}

/* A file too large to be read whole: of what is in it, only the end is looked at. */
static void a_row_is_added_without_reading_all_others(void **state)
{
    (void)state;
    enum { END_BYTES = 1000 };
    char tail[1 << 11];
    size_t bytes;
    char *large = brim_path_join(scratch_folder(), "large.csv");
    const BrimEvent event = {.kind = BRIM_EVENT_RESULTS, .epoch = 4, .map50 = 0.5};
    assert_ok(brim_file_write(large, "epoch\n", 6));
    assert_int_equal(truncate(large, 1L << 27), 0);
    snprintf(tail, sizeof tail, "\n%1500s\n    3,    0.25\n", "");
    assert_ok(brim_file_append(large, tail, strlen(tail)));
    assert_ok(brim_results_append(large, &event));
    assert_ok(brim_file_read_tail(large, tail, END_BYTES, &bytes));
    assert_int_equal(bytes, END_BYTES);
    tail[bytes] = '\0';
    assert_non_null(strstr(tail + strcspn(tail, "3"), "3,    0.25\n                   4,"));
    assert_int_equal(tail[bytes - 1], '\n');
    brim_mem_give(large);
}

static void an_epoch_is_a_point(void **state)
{
    (void)state;
    char *csv = brim_path_join(scratch_folder(), "drawn.csv"),
         *picture = brim_path_join(scratch_folder(), "drawn.png");
    char *data = NULL;
    size_t bytes;
    static const char heads_alone[] = "epoch,train/box_loss\n", nothing[] = "";
    /* a cell that is empty, one that is no number, a row that is too short, and one that is being written */
    static const char text[] = "epoch,train/box_loss\n"
                               "0,0.1,,nan,0.5,0.5,0.5,0.5,0.1,0.1,0.1,0,0,0\n"
                               "1,0.05,x,0,0,0,0,0,1e300,0.1,0.1,0,0,0\n"
                               "2,0.01\n"
                               "3,0.0";
    assert_ok(brim_file_write(csv, text, strlen(text)));
    assert_ok(brim_results_plot(picture, csv));
    assert_ok(brim_file_read(picture, 1 << 24, &data, &bytes));
    assert_true(bytes > 2000 && memcmp(data, "\x89PNG", 4) == 0);
    brim_mem_give(data);
    assert_ok(brim_file_write(csv, heads_alone, strlen(heads_alone)));
    assert_refused(brim_results_plot(picture, csv), BRIM_ERROR_INPUT, "has no epoch to draw");
    assert_ok(brim_file_write(csv, nothing, 0));
    assert_refused(brim_results_plot(picture, csv), BRIM_ERROR_INPUT, "has no epoch to draw");
    assert_refused(brim_results_plot("no/such/folder/results.png", csv), BRIM_ERROR_INPUT, "no epoch");
    assert_refused(brim_results_plot(picture, "no/such.csv"), BRIM_ERROR_IO, "no/such.csv");
    brim_mem_give(csv);
    brim_mem_give(picture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_one_by_one),
        cmocka_unit_test(a_run_that_goes_on_writes_over_what_it_repeats),
        cmocka_unit_test(a_row_cut_short_is_no_row),
        cmocka_unit_test(a_row_is_added_without_reading_all_others),
        cmocka_unit_test(an_epoch_is_a_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
