/* Processes on trees of /proc: which the host lists, what is filled in, and what becomes of those that end.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "monitor/host_list.h"
#include "monitor/proc_pid.h"
#include "monitor/processes.h"
#include "support/support.h"
#include "support/plant.h"

static const int64_t second_ns = 1000000000;

/* A process as the kernel writes it; pages of 4 KiB or whatever this machine has. */
static void plant_process(int pid, int parent, const char *program, int ticks, int started, int pages)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    plant(path, "%d (%s) S %d 1 1 0 -1 4194304 9 8 7 6 %d 5 4 3 20 0 1 0 %d 123456 %d 18446744073709551615\n",
          pid, program, parent, ticks - 5, started, pages);
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    plant(path, "Name:\t%s\nUid:\t1000\t0\t0\t0\nVmHWM:\t    %d kB\nVmRSS:\t    %d kB\n", program, 8 * pages,
          4 * pages);
    snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
    plant(path, "/opt/bin/%s%c--lines%cone\ntwo%c", program, 0, 0, 0);
}

static void end_process(int pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    uproot(path);
}

static void stat_is_read_by_its_last_parenthesis(void **state)
{
    (void)state;
    BrimProcStat stat;
    assert_true(brim_proc_stat_parse(
        &stat,
        "42 (a) R (b c) S 7 1 1 0 -1 0 0 0 0 0 30 12 4 3 20 0 1 0 999 123456 10 18446744073709551615 1\n"));
    assert_int_equal(stat.pid, 42);
    assert_int_equal(stat.parent, 7);
    assert_string_equal(stat.program, "a) R (b c");
    assert_int_equal(stat.used_ticks, 42);
    assert_int_equal(stat.started_ticks, 999);
    assert_true(stat.resident_bytes == 10.0 * (double)sysconf(_SC_PAGESIZE));
    static const char *const garbage[] = {
        "",
        "42",
        "42 (",
        "42 )(",
        "42 (x)",
        "42 (x) ",
        "42 (x) S 1 2 3",
        "x (x) S 7 1 1 0 -1 0 0 0 0 0 30 12 4 3 20 0 1 0 999 123456 10 1 1\n"};
    for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++)
        assert_false(brim_proc_stat_parse(&stat, garbage[i]));
}

static void the_largest_come_first(void **state)
{
    (void)state;
    BrimHostList list;
    const char *root = new_tree();
    plant("/proc/self_is_no_number/stat", "x");
    for (int i = 0; i < 30; i++)
        plant_process(100 + i, 1, "some", 5, 1, (i * 7) % 30);
    brim_host_list_open(&list, root);
    assert_ok(brim_host_list_update(&list, 0, 0));
    assert_int_equal(list.listed_count, 20);
    for (int i = 1; i < 20; i++)
        assert_true(list.listed[i - 1].resident_bytes > list.listed[i].resident_bytes);
    end_process(list.listed[0].pid);
    assert_ok(brim_host_list_update(&list, 0, second_ns / 2));
    int first = list.listed[0].pid;
    assert_ok(brim_host_list_update(&list, 0, 10 * second_ns));
    assert_int_not_equal(list.listed[0].pid, first);
    brim_host_list_close(&list);
}

static void a_tree_holds_all_that_was_started(void **state)
{
    (void)state;
    BrimHostList list;
    const char *root = new_tree();
    plant_process(10, 1, "root", 5, 1, 3);
    plant_process(9, 12, "grandchild", 5, 4, 3); /* pids begin again at times */
    plant_process(12, 10, "child", 5, 3, 3);
    plant_process(13, 1, "other", 5, 3, 90);
    brim_host_list_open(&list, root);
    assert_ok(brim_host_list_update(&list, 10, 0));
    assert_int_equal(list.listed_count, 3);
    assert_int_equal(list.listed[0].pid, 9);
    assert_int_equal(list.listed[2].pid, 12);
    end_process(12);
    plant_process(9, 1, "grandchild", 5, 4, 3); /* now with init */
    assert_ok(brim_host_list_update(&list, 10, 10 * second_ns));
    assert_int_equal(list.listed_count, 2);
    assert_int_equal(list.listed[0].pid, 9);
    plant_process(9, 1, "another", 5, 77, 3); /* its pid alone */
    assert_ok(brim_host_list_update(&list, 10, 20 * second_ns));
    assert_int_equal(list.listed_count, 1);
    brim_host_list_close(&list);
}

/* Before a scan is due again. */
static void new_children_are_seen_at_once(void **state)
{
    (void)state;
    BrimHostList list;
    const char *root = new_tree();
    plant_process(10, 1, "root", 5, 1, 3);
    brim_host_list_open(&list, root);
    assert_ok(brim_host_list_update(&list, 10, 0));
    plant_process(11, 10, "child", 5, 1, 3);
    plant_process(12, 11, "grandchild", 5, 1, 3);
    plant_process(14, 10, "cut", 5, 1, 3);
    plant("/proc/10/task/10/children", "11 10 999 14");
    plant("/proc/11/task/11/children", "12 ");
    assert_ok(brim_host_list_update(&list, 10, 0));
    assert_ok(brim_host_list_update(&list, 10, 0));
    assert_int_equal(list.listed_count, 3);
    assert_int_equal(list.listed[2].pid, 12);
    brim_host_list_close(&list);
}

static BrimDraft draft;

static void begin(int64_t now_ns)
{
    brim_draft_restart(&draft, 0, now_ns);
    strcpy(brim_draft_device(&draft)->vendor, "nvidia");
    strcpy(brim_draft_device(&draft)->vendor, "host");
}

static void append(int pid, int device)
{
    BrimProcessSample *process = brim_draft_process(&draft);
    process->pid = pid;
    process->device = device;
}

static void names_and_figures_are_filled_in(void **state)
{
    (void)state;
    BrimProcesses *processes = NULL;
    assert_ok(brim_processes_open(&processes, new_tree()));
    plant_process(50, 1, "exactly_fifteen", 5, 1, 100);
    plant("/proc/50/cmdline", "/opt/bin/exactly_fifteen_and_more%c-x%c", 0, 0);
    plant_process(51, 1, "set", 5, 1, 25);
    begin(second_ns);
    append(51, 0);
    append(50, 1);
    append(51, 1);
    assert_ok(brim_processes_fill(processes, &draft));
    assert_int_equal(draft.process_count, 3);
    assert_string_equal(draft.processes[0].name, "set");
    assert_string_equal(draft.processes[0].command, "/opt/bin/set --lines one two");
    assert_string_equal(draft.processes[0].user, "root"); /* the effective one */
    assert_true(isnan(draft.processes[0].memory_bytes));  /* the device's own affair */
    assert_true(draft.processes[0].host_memory_bytes == 100 * 1024);
    assert_true(draft.processes[0].host_peak_bytes == 200 * 1024);
    assert_true(isnan(draft.processes[0].host_cpu_percent));
    assert_string_equal(draft.processes[1].name, "exactly_fifteen_and_more");
    assert_true(draft.processes[2].memory_bytes == 100 * 1024);
    plant_process(51, 1, "set", 5 + (int)sysconf(_SC_CLK_TCK), 1, 50);
    begin(3 * second_ns);
    append(51, 1);
    assert_ok(brim_processes_fill(processes, &draft));
    assert_true(draft.processes[0].host_cpu_percent == 50);
    assert_true(draft.processes[0].utilization_percent == 50);
    assert_true(draft.processes[0].host_memory_bytes == 200 * 1024);
    brim_processes_close(&processes);
    brim_draft_clear(&draft);
}

static void those_that_end_are_gone(void **state)
{
    (void)state;
    BrimProcesses *processes = NULL;
    assert_ok(brim_processes_open(&processes, new_tree()));
    plant_process(50, 1, "one", 5, 1, 100);
    begin(second_ns);
    append(50, 1);
    append(60, 1); /* over since the host listed it */
    append(60, 0); /* a driver may see what /proc does not show */
    assert_ok(brim_processes_fill(processes, &draft));
    assert_int_equal(draft.process_count, 2);
    assert_int_equal(draft.processes[1].pid, 60);
    assert_true(isnan(draft.processes[1].host_memory_bytes));
    plant_process(50, 1, "one", 500, 2, 100); /* another with its pid */
    begin(2 * second_ns);
    append(50, 1);
    assert_ok(brim_processes_fill(processes, &draft));
    assert_true(isnan(draft.processes[0].host_cpu_percent));
    plant_process(50, 1, "two", 700, 2, 100); /* the same, which became another program */
    begin(3 * second_ns);
    append(50, 1);
    assert_ok(brim_processes_fill(processes, &draft));
    assert_string_equal(draft.processes[0].name, "two");
    brim_processes_close(&processes);
    brim_draft_clear(&draft);
}

static void one_tree_leaves_the_others_out(void **state)
{
    (void)state;
    BrimProcesses *processes = NULL;
    assert_ok(brim_processes_open(&processes, new_tree()));
    plant_process(50, 1, "ours", 5, 1, 100);
    plant_process(51, 1, "theirs", 5, 1, 100);
    draft.only_pid = 50;
    begin(second_ns);
    append(50, 0);
    append(51, 0);
    append(50, 1); /* the host has the tree */
    assert_ok(brim_processes_fill(processes, &draft));
    assert_int_equal(draft.process_count, 2);
    assert_int_equal(draft.processes[0].pid, 50);
    assert_int_equal(draft.processes[0].device, 0);
    assert_int_equal(draft.processes[1].device, 1);
    brim_processes_close(&processes);
    draft.only_pid = 0;
    brim_draft_clear(&draft);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stat_is_read_by_its_last_parenthesis),
        cmocka_unit_test(the_largest_come_first),
        cmocka_unit_test(a_tree_holds_all_that_was_started),
        cmocka_unit_test(new_children_are_seen_at_once),
        cmocka_unit_test(names_and_figures_are_filled_in),
        cmocka_unit_test(those_that_end_are_gone),
        cmocka_unit_test(one_tree_leaves_the_others_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
