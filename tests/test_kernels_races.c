/* The search for races in kernels (src/backend/cuda/kernels/on_host_fibers.cpp), held to kernels of which it
 * is known what is wrong with them (tests/fake_cuda/broken.h). Each runs in a process of its own, which
 * ThreadSanitizer ends. */
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "backend/cuda/kernels/on_host.h"
#include "fake_cuda/broken.h"
#include "support/child.h"

#if defined(__SANITIZE_THREAD__)
#define WATCHED 1
#elif defined(__has_feature)
#define WATCHED __has_feature(thread_sanitizer)
#else
#define WATCHED 0
#endif

enum { RACE_FOUND = 66 }; /* ThreadSanitizer's exit code */

static const struct {
    const char *name;
    void (*run)(const void *args);
} kernels[] = {
#define X(name) {#name, broken_##name},
    BROKEN_LIST(X)
#undef X
};

enum { KERNELS = sizeof kernels / sizeof kernels[0] };

/* Twice, as a launch is behind the one before it. */
static void run_twice(void (*run)(const void *args), bool right)
{
    static int32_t words[BROKEN_BLOCKS * BROKEN_THREADS];
    const BrokenArgs args = {.words = words, .right = right};
    for (int time = 0; time < 2; time++)
        if (!brim_host_run_grid(run, BROKEN_BLOCKS, BROKEN_THREADS, &args))
            exit(1);
}

/* "right NAME" or "wrong NAME". */
static void act(const char *action)
{
    for (int i = 0; i < KERNELS; i++)
        if (strcmp(action + 6, kernels[i].name) == 0)
            run_twice(kernels[i].run, action[0] == 'r');
}

static int exit_code_of(const char *manner, const char *name)
{
    char action[80];
    snprintf(action, sizeof action, "%s %s", manner, name);
    int result = child_run(action, "", NULL);
    return WIFEXITED(result) ? WEXITSTATUS(result) : -1;
}

static void what_is_wrong_is_found(void **state)
{
    (void)state;
    if (!WATCHED) {
        print_message("skipped: only ThreadSanitizer sees races; ./run sanitize race builds with it\n");
        skip();
    }
    for (int i = 0; i < KERNELS; i++) {
        int code = exit_code_of("wrong", kernels[i].name);
        if (code != RACE_FOUND || !strstr(child_said, "data race"))
            fail_msg("%s: no race was found: exit code %d, \"%s\"", kernels[i].name, code, child_said);
    }
}

static void what_is_right_is_not(void **state)
{
    (void)state;
    for (int i = 0; i < KERNELS; i++) {
        int code = exit_code_of("right", kernels[i].name);
        if (code != 0 || strstr(child_said, "data race")) /* other sanitizers remark on fibers */
            fail_msg("%s: exit code %d, \"%s\"", kernels[i].name, code, child_said);
    }
}

static void a_block_comes_to_its_waits_as_one(void **state)
{
    (void)state;
    BrokenArgs args = {.right = 1};
    assert_true(brim_host_run_grid(broken_uneven, BROKEN_BLOCKS, BROKEN_THREADS, &args));
    args.right = 0;
    assert_false(brim_host_run_grid(broken_uneven, BROKEN_BLOCKS, BROKEN_THREADS, &args));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wrong_is_found), cmocka_unit_test(what_is_right_is_not),
        cmocka_unit_test(a_block_comes_to_its_waits_as_one), /* the last: what was uneven goes on no more */
    };
    if (argc == 2) {
        act(argv[1]);
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
