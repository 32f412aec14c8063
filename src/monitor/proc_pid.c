/* The figures of proc(5), by their place in the line. */
#include "monitor/proc_pid.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "monitor/proc.h"

/* Places in /proc/PID/stat, counted as proc(5) does, from 1. */
enum { STATE = 3, PARENT = 4, USER_TIME = 14, SYSTEM_TIME = 15, STARTED = 22, RESIDENT_PAGES = 24 };

/* The name may hold blanks and parentheses, so what counts is the last one. */
static const char *read_program(BrimProcStat *stat, const char *text)
{
    const char *open = strchr(text, '('), *close = strrchr(text, ')');
    if (!open || !close || close < open || close[1] != ' ')
        return NULL;
    brim_proc_clean(stat->program, sizeof stat->program, open + 1, (size_t)(close - open - 1));
    return close + 2;
}

bool brim_proc_stat_parse(BrimProcStat *stat, const char *text)
{
    *stat = (BrimProcStat){.pid = (int)strtol(text, NULL, 10), .resident_bytes = NAN};
    const char *at = read_program(stat, text);
    if (!at || stat->pid < 1)
        return false;
    for (int place = STATE; place <= RESIDENT_PAGES; place++) {
        unsigned long long number = strtoull(at, NULL, 10);
        if (place == PARENT)
            stat->parent = (int)number;
        else if (place == USER_TIME || place == SYSTEM_TIME)
            stat->used_ticks += number;
        else if (place == STARTED)
            stat->started_ticks = number;
        else if (place == RESIDENT_PAGES)
            stat->resident_bytes = (double)number * (double)sysconf(_SC_PAGESIZE);
        at = strchr(at, ' ');
        if (!at)
            return place == RESIDENT_PAGES;
        at++;
    }
    return true;
}

void brim_proc_status_parse(BrimProcStatus *status, const char *text)
{
    const char *users = strstr(text, "\nUid:\t");
    const char *effective = users ? strchr(users + strlen("\nUid:\t"), '\t') : NULL;
    double user = effective ? brim_proc_number(effective + 1) : NAN;
    status->resident_bytes = 1024 * brim_proc_number_after(text, "VmRSS:");
    status->peak_bytes = 1024 * brim_proc_number_after(text, "VmHWM:");
    status->user = user <= UINT32_MAX ? (int64_t)user : -1;
}

bool brim_proc_stat_read(BrimProcStat *stat, const char *root, int pid)
{
    char text[BRIM_PROC_TEXT_BYTES];
    return brim_proc_read(text, sizeof text, root, "/proc/%d/stat", pid) && brim_proc_stat_parse(stat, text);
}

bool brim_proc_status_read(BrimProcStatus *status, const char *root, int pid)
{
    char text[BRIM_PROC_TEXT_BYTES];
    bool read = brim_proc_read(text, sizeof text, root, "/proc/%d/status", pid);
    brim_proc_status_parse(status, text);
    return read;
}
