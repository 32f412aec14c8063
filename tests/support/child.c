/* This program once more, its words through a pipe. */
#include "support/child.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/support.h"

char child_said[4096];

static void become(const char *action, const char *card, const char *folder, int output)
{
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    setenv("BRIM_FAKE_CARD", card, 1);
    if (folder)
        setenv("LD_LIBRARY_PATH", folder, 1);
    execl("/proc/self/exe", "child", action, (char *)NULL);
    _exit(127);
}

int child_run(const char *action, const char *card, const char *folder)
{
    int ends[2], result;
    size_t length = 0;
    ssize_t got;
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t id = fork();
    if (id == 0)
        become(action, card, folder, ends[1]);
    assert_true(id > 0);
    close(ends[1]);
    while ((got = read(ends[0], child_said + length, sizeof child_said - 1 - length)) > 0)
        length += (size_t)got;
    child_said[length] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(id, &result, 0), id);
    return result;
}

void child_expect(const char *action, const char *card, const char *folder, const char *expected)
{
    int result = child_run(action, card, folder);
    assert_string_equal(child_said, expected);
    assert_int_equal(result, 0);
}
