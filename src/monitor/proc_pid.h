/* What /proc says of one process. */
#ifndef BRIM_MONITOR_PROC_PID_H
#define BRIM_MONITOR_PROC_PID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* /proc/PID/stat: what tells a process from others, and what changes. */
typedef struct BrimProcStat {
    int pid, parent;
    char program[16];       /* its name, cut by the kernel to 15 bytes */
    uint64_t started_ticks; /* since boot: with the pid it names a process for good */
    uint64_t used_ticks;    /* processor time, of all its threads */
    double resident_bytes; /* nearly: the kernel counts by processor and adds up for /proc/PID/status alone */
} BrimProcStat;

/* /proc/PID/status; NAN and -1 where a line is missing (a kernel's thread or a zombie has no memory). */
typedef struct BrimProcStatus {
    double resident_bytes, peak_bytes;
    int64_t user; /* effective */
} BrimProcStatus;

/* False where the text is none of that kind. */
bool brim_proc_stat_parse(BrimProcStat *stat, const char *text);
void brim_proc_status_parse(BrimProcStatus *status, const char *text);

/* False where there is no such process, or it may not be seen. */
bool brim_proc_stat_read(BrimProcStat *stat, const char *root, int pid);
bool brim_proc_status_read(BrimProcStatus *status, const char *root, int pid);

#endif
