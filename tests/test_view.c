/* The view without a terminal: whole pages against tests/monitor/view_*.txt, and what keys do. Rewrite the
 * pages with BRIM_REWRITE=1 build/release/tests/test_view, and read them. */
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/view_golden.h"
#include "support/view_story.h"
#include "support/support.h"
#include "watch/view_parts.h"

/* A page that has seen the whole story. */
typedef struct Page {
    Story story;
    BrimHistory *history;
    BrimViewState state;
    BrimGrid grid;
    const BrimMonitorSample *sample;
} Page;

static void open_page(Page *page, bool unicode)
{
    *page = (Page){.grid.unicode = unicode};
    brim_view_state_open(&page->state, 1000000000);
    assert_ok(brim_history_open(&page->history, NULL));
    for (int i = 0; i < STORY_SAMPLES; i++) {
        assert_ok(story_sample(&page->story, &page->sample));
        assert_ok(brim_history_add(page->history, page->sample));
        brim_view_state_note(&page->state, page->sample);
    }
    page->state.ended = true;
}

static void close_page(Page *page)
{
    brim_grid_close(&page->grid);
    brim_view_state_close(&page->state);
    brim_history_close(&page->history);
}

static const char *draw(Page *page, int columns, int rows)
{
    assert_ok(brim_grid_resize(&page->grid, columns, rows));
    assert_ok(brim_view_draw_page(&page->grid, page->sample, page->history, &page->state));
    return golden_text_of(&page->grid);
}

static void press(Page *page, const char *keys)
{
    for (; *keys; keys++)
        brim_view_state_key(&page->state, *keys, page->sample);
}

static void pages_are_as_they_were(void **state)
{
    (void)state;
    static const struct {
        int columns, rows;
        const char *keys, *name;
        bool plain;
    } cases[] = {
        {80, 24, "", "view_80x24.txt", false},
        {120, 40, "", "view_120x40.txt", false},
        {60, 15, "", "view_60x15.txt", false},
        {170, 30, "", "view_170x30.txt", false},
        {80, 24, "", "view_80x24_ascii.txt", true},
        {80, 24, "?", "view_80x24_help.txt", false},
        {80, 24, "\t\t\t\tg", "view_80x24_picked.txt", false},
        {60, 15, "vv", "view_60x15_plan.txt", false},
        {59, 24, "", "view_59x24.txt", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Page page;
        open_page(&page, !cases[i].plain);
        press(&page, cases[i].keys);
        assert_golden_page(draw(&page, cases[i].columns, cases[i].rows), cases[i].name);
        close_page(&page);
    }
}

/* docs/monitor-view.md has the page of 80 columns, four columns to the right. */
static void the_documentation_shows_what_is(void **state)
{
    (void)state;
    char document[16384], line[512];
    FILE *file = fopen("docs/monitor-view.md", "r");
    assert_non_null(file);
    document[fread(document, 1, sizeof document - 1, file)] = '\0';
    fclose(file);
    Page page;
    open_page(&page, true);
    for (const char *at = draw(&page, 80, 24), *end; (end = strchr(at, '\n')); at = end + 1) {
        snprintf(line, sizeof line, "\n%s%.*s\n", end > at ? "    " : "", (int)(end - at), at);
        if (!strstr(document, line))
            fail_msg("docs/monitor-view.md does not have:%s", line);
    }
    close_page(&page);
}

/* At any size and with any key nothing is drawn outside, and an unknown figure is never a 0. */
static void every_size_can_be_drawn(void **state)
{
    (void)state;
    Page page;
    open_page(&page, true);
    for (int columns = 1; columns < 200; columns += 7)
        for (int rows = 1; rows < 70; rows += 3) {
            draw(&page, columns, rows);
            brim_view_state_key(&page.state, "\tgtsrvn+-"[(columns + rows) % 9], page.sample);
        }
    brim_view_state_key(&page.state, BRIM_KEY_ESCAPE, page.sample);
    page.state.help = true;
    for (int rows = 1; rows < 40; rows++)
        draw(&page, 60 + rows, rows);
    close_page(&page);
}

static void nothing_is_known_and_nothing_is_zero(void **state)
{
    (void)state;
    BrimDeviceSample device = {.vendor = "intel", .name = "Arc", .id = "x", .parent = -1};
    BrimProcessSample process = {.pid = 12,
                                 .name = "one",
                                 .memory_bytes = NAN,
                                 .utilization_percent = NAN,
                                 .host_memory_bytes = NAN,
                                 .host_peak_bytes = NAN,
                                 .host_cpu_percent = NAN};
    BrimMonitorSample sample = {.time_ns = 1700000000000000000,
                                .devices = &device,
                                .device_count = 1,
                                .processes = &process,
                                .process_count = 1};
    for (int i = 0; i < BRIM_METRIC_COUNT; i++)
        device.value[i] = NAN;
    Page page = {.sample = &sample, .grid.unicode = true};
    brim_view_state_open(&page.state, 1000000000);
    assert_ok(brim_history_open(&page.history, NULL));
    assert_ok(brim_history_add(page.history, &sample));
    brim_view_state_note(&page.state, &sample);
    assert_golden_page(draw(&page, 100, 15), "view_unknown.txt");
    close_page(&page);
}

static void no_device_is_said(void **state)
{
    (void)state;
    BrimMonitorSample sample = {.time_ns = 1700000000000000000};
    Page page = {.sample = &sample, .grid.unicode = true};
    brim_view_state_open(&page.state, 1000000000);
    assert_ok(brim_history_open(&page.history, NULL));
    assert_ok(brim_history_add(page.history, &sample));
    press(&page, "\t\tngg");
    assert_int_equal(page.state.picked, -1);
    assert_non_null(strstr(draw(&page, 80, 24), "no device answers"));
    page.sample = NULL;
    assert_non_null(strstr(draw(&page, 80, 24), "waiting for the first sample"));
    close_page(&page);
}

static int first_pid(Page *page)
{
    draw(page, 80, 24);
    return page->sample->processes[page->state.order[0]].pid;
}

static void processes_are_sorted(void **state)
{
    (void)state;
    Page page;
    open_page(&page, true);
    assert_int_equal(first_pid(&page), 4711); /* the most memory */
    press(&page, "r");
    assert_int_equal(first_pid(&page), 77); /* the least, and not the unknown */
    int last = page.state.order[page.state.order_count - 1];
    assert_int_equal(page.sample->processes[last].pid, 5121); /* which comes last either way */
    press(&page, "rs");
    assert_int_equal(first_pid(&page), 6002); /* utilization */
    press(&page, "s");
    assert_int_equal(first_pid(&page), 77); /* pid */
    press(&page, "r");
    assert_int_equal(first_pid(&page), 8123);
    press(&page, "rs");
    assert_int_equal(first_pid(&page), 1733); /* Xorg */
    press(&page, "\t\t\t");                   /* the MIG part */
    assert_int_equal(first_pid(&page), 5120);
    assert_int_equal(page.state.order_count, 2);
    close_page(&page);
}

static void keys_do_what_the_help_says(void **state)
{
    (void)state;
    Page page;
    open_page(&page, true);
    draw(&page, 80, 24);
    press(&page, "+");
    assert_true(page.state.interval_ns == 2000000000);
    press(&page, "-------------");
    assert_true(page.state.interval_ns == 100000000);
    press(&page, "++++++++++++++");
    assert_true(page.state.interval_ns == 60000000000);
    press(&page, "p");
    assert_true(page.state.paused);
    press(&page, " ");
    assert_false(page.state.paused);
    for (int i = 0; i < 6; i++) /* five cards, and all of them */
        brim_view_state_key(&page.state, i % 2 ? BRIM_KEY_DOWN : BRIM_KEY_RIGHT, page.sample);
    assert_int_equal(page.state.picked, -1);
    brim_view_state_key(&page.state, BRIM_KEY_BACK_TAB, page.sample);
    assert_int_equal(page.state.picked, 4);
    brim_view_state_key(&page.state, BRIM_KEY_ESCAPE, page.sample);
    draw(&page, 60, 15);
    brim_view_state_key(&page.state, BRIM_KEY_END, page.sample);
    assert_int_equal(page.state.scroll, 9 - page.state.page_rows);
    brim_view_state_key(&page.state, BRIM_KEY_HOME, page.sample);
    assert_int_equal(page.state.scroll, 0);
    press(&page, "hq"); /* any key closes the help, but q quits */
    assert_true(page.state.left);
    press(&page, "g");
    assert_false(page.state.help);
    assert_int_equal(page.state.graph, BRIM_METRIC_MEMORY_USED);
    press(&page, "ggggg");
    assert_int_equal(page.state.graph, BRIM_METRIC_MEMORY_USED);
    press(&page, "n");
    assert_int_equal(page.state.run, 1);
    close_page(&page);
}

static void texts_are_tamed(void **state)
{
    (void)state;
    BrimGrid grid = {.unicode = true};
    assert_ok(brim_grid_resize(&grid, 8, 1));
    brim_grid_text(&grid, 0, 0, 8, BRIM_INK_PLAIN, "a\x1b[2J\n\xc3\xa9\xff");
    assert_string_equal(golden_text_of(&grid), "a?[2J?\xc3\xa9?\n");
    brim_grid_clear(&grid);
    brim_grid_cut(&grid, 0, 0, 6, BRIM_INK_PLAIN,
                  "\xe6\xa8\xa1\xe5\x9e\x8b\xe6\x96\x87\xe4\xbb\xb6"); /* 4 wide ones */
    assert_string_equal(golden_text_of(&grid), "\xe6\xa8\xa1\xe5\x9e\x8b\xe2\x80\xa6\n");
    brim_grid_put(&grid, 1, 0, BRIM_INK_PLAIN, 'x'); /* half of the first */
    assert_string_equal(golden_text_of(&grid), " x\xe5\x9e\x8b\xe2\x80\xa6\n");
    static const char *const bad[] = {"\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *at = bad[i];
        assert_int_equal(brim_grid_decode(&at), '?');
        assert_ptr_equal(at, bad[i] + 1);
    }
    for (uint32_t character = 1; character < 0x110000; character += 13) {
        char text[5];
        const char *at = text;
        if (character >= 0xd800 && character <= 0xdfff)
            continue;
        int bytes = brim_grid_encode(text, character);
        assert_int_equal(bytes, strlen(text));
        assert_int_equal(brim_grid_decode(&at), character);
    }
    grid.unicode = false;
    brim_grid_clear(&grid);
    brim_grid_text(&grid, 0, 0, 8, BRIM_INK_PLAIN, "\xc3\xa9t\xc3\xa9");
    assert_string_equal(golden_text_of(&grid), "?t?\n");
    brim_grid_close(&grid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_as_they_were),     cmocka_unit_test(the_documentation_shows_what_is),
        cmocka_unit_test(every_size_can_be_drawn),    cmocka_unit_test(nothing_is_known_and_nothing_is_zero),
        cmocka_unit_test(no_device_is_said),          cmocka_unit_test(processes_are_sorted),
        cmocka_unit_test(keys_do_what_the_help_says), cmocka_unit_test(texts_are_tamed),
    };
    setenv("TZ", "UTC", 1);
    if (!setlocale(LC_CTYPE, "C.UTF-8")) {
        print_message("skipped: this system has no locale C.UTF-8\n");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
