/* fork and exec. vfork would be quicker, but the kernel then counts our own memory as the command's peak: it
 * remembers the most of all that a process has been, and until exec the two are one. */
#include "watch/child.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"

enum { NOT_FOUND = 127, CANNOT_RUN = 126, KILLED = 128 };

/* The kernel's figure counts only when it is larger than what the child was before by more than the kernel
 * may be off (it counts pages by processor) and exec itself touches. */
static const uint64_t slack_bytes = 8 * 1024 * 1024;

/* Through its pipe the child says how large it was, and errno where it could not become the command. */
static _Noreturn void be_command(char *const *words, const sigset_t *signals, int gate, int answer)
{
    char go;
    if (read(gate, &go, 1) != 1) /* nobody watches any more */
        _exit(CANNOT_RUN);
    sigprocmask(SIG_SETMASK, signals, NULL);
    signal(SIGPIPE, SIG_DFL); /* ours is ignored, and exec would keep that */
    uint64_t before_bytes = brim_process_peak_bytes();
    ssize_t said = write(answer, &before_bytes, sizeof before_bytes);
    execvp(words[0], words);
    int error = errno;
    if (said == (ssize_t)sizeof before_bytes)
        said = write(answer, &error, sizeof error);
    _exit(error == ENOENT ? NOT_FOUND : CANNOT_RUN);
}

BrimStatus brim_child_hold(BrimChild *child, char *const *words, const sigset_t *signals)
{
    int gate[2], answer[2];
    *child = (BrimChild){.gate = -1, .answer = -1};
    if (pipe2(gate, O_CLOEXEC) != 0)
        return brim_fail(BRIM_ERROR_IO, "no pipe to %s: %s", words[0], strerror(errno));
    if (pipe2(answer, O_CLOEXEC) != 0) {
        close(gate[0]);
        close(gate[1]);
        return brim_fail(BRIM_ERROR_IO, "no pipe from %s: %s", words[0], strerror(errno));
    }
    child->gate = gate[1];
    child->answer = answer[0];
    signal(SIGCHLD, SIG_DFL); /* where it is ignored, children end without a trace */
    child->pid = fork();
    if (child->pid == 0) {
        close(gate[1]);
        close(answer[0]);
        be_command(words, signals, gate[0], answer[1]);
    }
    close(gate[0]);
    close(answer[1]);
    if (child->pid > 0)
        return BRIM_OK;
    BrimStatus status = brim_fail(BRIM_ERROR_IO, "no process for %s: %s", words[0], strerror(errno));
    child->pid = 0;
    brim_child_close(child);
    return status;
}

/* Reads until `bytes` came or the pipe ends, which exec does to it. */
static size_t read_answer(int pipe, void *to, size_t bytes)
{
    size_t done = 0;
    while (done < bytes) {
        ssize_t got = read(pipe, (char *)to + done, bytes - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        done += (size_t)got;
    }
    return done;
}

BrimStatus brim_child_start(BrimChild *child, const char *name)
{
    int error;
    const char go = 1;
    if (write(child->gate, &go, 1) != 1)
        return brim_fail(BRIM_ERROR_IO, "cannot start %s: %s", name, strerror(errno));
    read_answer(child->answer, &child->before_bytes, sizeof child->before_bytes);
    if (read_answer(child->answer, &error, sizeof error) != sizeof error)
        return BRIM_OK;
    waitpid(child->pid, NULL, 0);
    child->pid = 0;
    child->exit_code = error == ENOENT ? NOT_FOUND : CANNOT_RUN;
    return brim_fail(BRIM_ERROR_INPUT, "cannot run %s: %s", name, strerror(error));
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec * 1e-6;
}

bool brim_child_over(BrimChild *child)
{
    int ended;
    struct rusage used;
    if (wait4(child->pid, &ended, WNOHANG, &used) != child->pid)
        return false;
    uint64_t peak_bytes = (uint64_t)used.ru_maxrss * 1024;
    child->pid = 0;
    child->signal = WIFSIGNALED(ended) ? WTERMSIG(ended) : 0;
    child->exit_code = child->signal ? KILLED + child->signal : WEXITSTATUS(ended);
    child->user_s = seconds_of(used.ru_utime);
    child->system_s = seconds_of(used.ru_stime);
    child->peak_bytes = peak_bytes > child->before_bytes + slack_bytes ? peak_bytes : 0;
    return true;
}

void brim_child_close(BrimChild *child)
{
    if (child->gate >= 0)
        close(child->gate);
    if (child->answer >= 0)
        close(child->answer);
    child->gate = child->answer = -1;
    if (child->pid > 0)
        waitpid(child->pid, NULL, 0);
    child->pid = 0;
}
