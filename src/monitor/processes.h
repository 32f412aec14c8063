/* The host's side of the processes in a sample: vendors append a pid and a device, and what they measured
 * there; names, users, host memory and processor time are the same for all of them and are filled in here. */
#ifndef BRIM_MONITOR_PROCESSES_H
#define BRIM_MONITOR_PROCESSES_H

#include "monitor/draft.h"

typedef struct BrimProcesses BrimProcesses;

/* root stands in front of /proc: "" on a real machine. ERROR_MEMORY. */
BrimStatus brim_processes_open(BrimProcesses **processes, const char *root);

/* Called when all vendors have appended theirs. What a process does is read again in each sample when there
 * is one tree of them (draft->only_pid), else when it is older than 0.25 s. Takes out of the draft: processes
 * of the host that are over meanwhile; with only_pid, all that the host, which knows the tree, did not
 * append. ERROR_MEMORY. */
BrimStatus brim_processes_fill(BrimProcesses *processes, BrimDraft *draft);

/* Takes the address, accepts NULL inside, clears. */
void brim_processes_close(BrimProcesses **processes);

#endif
