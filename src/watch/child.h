/* A command as a child process: held until someone is ready to watch it, then started, at last measured by
 * the kernel. */
#ifndef BRIM_WATCH_CHILD_H
#define BRIM_WATCH_CHILD_H

#include <signal.h>

#include "base/status.h"

typedef struct BrimChild {
    int pid; /* 0: none, or it is over */
    int gate,
        answer; /* pipes: a byte lets it go; it answers with its size before, and with why it could not */
    uint64_t before_bytes; /* its resident memory at its highest before it became the command */
    int exit_code; /* as a shell has it: 128 + signal when killed, 127 when not found, 126 when it cannot run
                    */
    int signal;    /* that killed it; 0: none */
    double user_s, system_s; /* processor time, of the command and those of its children that it waited for */
    uint64_t peak_bytes; /* resident at its highest, of the largest of them, by the kernel; 0 where that is
                            unknown */
} BrimChild;

/* Makes the child, which waits. words end with NULL; signals are those that are to be blocked in it.
 * ERROR_IO. */
BrimStatus brim_child_hold(BrimChild *child, char *const *words, const sigset_t *signals);

/* Lets it become the command; returns when it has, or ERROR_INPUT when it cannot, and exit_code says so. */
BrimStatus brim_child_start(BrimChild *child, const char *name);

/* Is it over? Then it is measured. */
bool brim_child_over(BrimChild *child);

/* Ends one that was held and not started, and lets go of the pipes. */
void brim_child_close(BrimChild *child);

#endif
