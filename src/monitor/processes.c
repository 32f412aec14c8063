/* A table of the processes of the last sample, sorted by pid: names are read once, figures again and again.
 */
#include "monitor/processes.h"

#include <math.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "monitor/proc.h"
#include "monitor/proc_pid.h"

static const int64_t stale_ns = 250 * 1000 * 1000;

typedef struct Known {
    int pid;
    bool there;    /* /proc shows it */
    bool wanted;   /* it is in this sample */
    bool on_host;  /* the host appended it to this sample */
    int64_t at_ns; /* when the figures were read */
    uint64_t started_ticks, used_ticks;
    char program[sizeof((BrimProcStat *)0)->program]; /* the kernel's name for it */
    double resident_bytes, peak_bytes, cpu_percent;
    char name[sizeof((BrimProcessSample *)0)->name];
    char command[sizeof((BrimProcessSample *)0)->command];
    char user[sizeof((BrimProcessSample *)0)->user];
} Known;

struct BrimProcesses {
    char *root;
    Known *list;
    int count, room;
    double ticks_per_second;
};

BrimStatus brim_processes_open(BrimProcesses **processes, const char *root)
{
    *processes = brim_mem_take(BRIM_MEM_OTHER, 1, sizeof **processes);
    if (!*processes)
        return BRIM_ERROR_MEMORY;
    (*processes)->ticks_per_second = (double)sysconf(_SC_CLK_TCK);
    (*processes)->root = brim_mem_text(BRIM_MEM_OTHER, root);
    if ((*processes)->root)
        return BRIM_OK;
    brim_processes_close(processes);
    return BRIM_ERROR_MEMORY;
}

void brim_processes_close(BrimProcesses **processes)
{
    if (!*processes)
        return;
    brim_mem_give((*processes)->list);
    brim_mem_give((*processes)->root);
    brim_mem_give(*processes);
    *processes = NULL;
}

/* ---- one process ---- */

static void name_user(Known *known, int64_t user)
{
    char room[1024];
    struct passwd entry, *found = NULL;
    if (user < 0)
        return;
    if (getpwuid_r((uid_t)user, &entry, room, sizeof room, &found) == 0 && found)
        brim_proc_clean(known->user, sizeof known->user, found->pw_name, strlen(found->pw_name));
    else
        snprintf(known->user, sizeof known->user, "%lld", (long long)user);
}

/* The kernel cuts a program's name to 15 bytes; the word it was called by may have the rest. Programs that
 * name themselves keep the name they chose. */
static void name_program(Known *known, const char *root, const BrimProcStat *stat)
{
    char words[BRIM_PROC_TEXT_BYTES];
    int descriptor = brim_proc_open(root, "/proc/%d/cmdline", known->pid);
    ssize_t got = descriptor < 0 ? 0 : pread(descriptor, words, sizeof words - 1, 0);
    brim_proc_close(&descriptor);
    words[got > 0 ? got : 0] = '\0';
    const char *slash = strrchr(words, '/'); /* in the first word, as that ends with a NUL */
    const char *called = slash ? slash + 1 : words;
    size_t length = strlen(stat->program);
    bool cut = length == sizeof stat->program - 1 && strncmp(called, stat->program, length) == 0;
    const char *name = cut ? called : stat->program;
    brim_proc_clean(known->name, sizeof known->name, name, strlen(name));
    brim_proc_clean(known->command, sizeof known->command, words, got > 0 ? (size_t)got : 0);
}

/* Another process may have got the pid of one that is over, and a shell becomes the program that it was asked
 * to start. */
static bool is_same(const Known *known, const BrimProcStat *stat)
{
    return stat->started_ticks == known->started_ticks && strcmp(stat->program, known->program) == 0;
}

static void meet(Known *known, const char *root, const BrimProcStat *stat, int64_t user)
{
    *known = (Known){.pid = known->pid,
                     .wanted = known->wanted,
                     .on_host = known->on_host,
                     .started_ticks = stat->started_ticks,
                     .used_ticks = stat->used_ticks,
                     .cpu_percent = NAN};
    memcpy(known->program, stat->program, sizeof known->program);
    name_program(known, root, stat);
    name_user(known, user);
}

static void read_process(BrimProcesses *processes, Known *known, int64_t now_ns)
{
    BrimProcStat stat;
    BrimProcStatus status;
    bool met = known->there;
    known->there = brim_proc_stat_read(&stat, processes->root, known->pid);
    if (!known->there)
        return;
    brim_proc_status_read(&status, processes->root, known->pid);
    double seconds = (double)(now_ns - known->at_ns) * 1e-9;
    if (!met || !is_same(known, &stat))
        meet(known, processes->root, &stat, status.user);
    else if (seconds > 0)
        known->cpu_percent = 100 * ((double)stat.used_ticks - (double)known->used_ticks) /
                             processes->ticks_per_second / seconds;
    known->there = true;
    known->used_ticks = stat.used_ticks;
    known->resident_bytes = status.resident_bytes;
    known->peak_bytes = status.peak_bytes;
    known->at_ns = now_ns;
}

/* ---- the table ---- */

/* Where the pid stands or would stand. */
static int place_of(const BrimProcesses *processes, int pid)
{
    int low = 0, high = processes->count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (processes->list[middle].pid < pid)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The process's row, a new one where it has none; NULL without memory. */
static Known *know(BrimProcesses *processes, int pid)
{
    int at = place_of(processes, pid);
    if (at < processes->count && processes->list[at].pid == pid)
        return &processes->list[at];
    Known *list =
        brim_mem_room(BRIM_MEM_OTHER, processes->list, processes->count, &processes->room, sizeof *list);
    if (!list)
        return NULL;
    processes->list = list;
    Known *known = &processes->list[at];
    memmove(known + 1, known, (size_t)(processes->count++ - at) * sizeof *known);
    *known = (Known){.pid = pid};
    return known;
}

static void forget_unwanted(BrimProcesses *processes)
{
    int kept = 0;
    for (int i = 0; i < processes->count; i++)
        if (processes->list[i].wanted)
            processes->list[kept++] = processes->list[i];
    processes->count = kept;
}

/* ---- the sample ---- */

static bool is_host(const BrimDraft *draft, const BrimProcessSample *process)
{
    return strcmp(draft->devices[process->device].vendor, "host") == 0;
}

/* Reads what the draft's processes do now. */
static BrimStatus read_all(BrimProcesses *processes, const BrimDraft *draft)
{
    for (int i = 0; i < processes->count; i++)
        processes->list[i].wanted = processes->list[i].on_host = false;
    for (int i = 0; i < draft->process_count; i++) {
        Known *known = know(processes, draft->processes[i].pid);
        if (!known)
            return BRIM_ERROR_MEMORY;
        bool stale = !known->there || draft->only_pid || draft->monotonic_ns - known->at_ns >= stale_ns;
        bool first = !known->wanted; /* a process on two devices is there twice */
        known->wanted = true;
        known->on_host = known->on_host || is_host(draft, &draft->processes[i]);
        if (first && stale)
            read_process(processes, known, draft->monotonic_ns);
    }
    forget_unwanted(processes);
    return BRIM_OK;
}

static void fill(BrimProcessSample *process, const Known *known, bool host)
{
    memcpy(process->name, known->name, sizeof process->name);
    memcpy(process->command, known->command, sizeof process->command);
    memcpy(process->user, known->user, sizeof process->user);
    process->host_memory_bytes = known->resident_bytes;
    process->host_peak_bytes = known->peak_bytes;
    process->host_cpu_percent = known->cpu_percent;
    if (!host)
        return;
    process->memory_bytes = known->resident_bytes;
    process->utilization_percent = known->cpu_percent;
}

BrimStatus brim_processes_fill(BrimProcesses *processes, BrimDraft *draft)
{
    BrimStatus status = read_all(processes, draft);
    int kept = 0;
    for (int i = 0; i < draft->process_count && status == BRIM_OK; i++) {
        BrimProcessSample *process = &draft->processes[i];
        const Known *known = &processes->list[place_of(processes, process->pid)];
        bool host = is_host(draft, process);
        if ((host && !known->there) || (draft->only_pid && !known->on_host))
            continue;
        if (known->there)
            fill(process, known, host);
        draft->processes[kept++] = *process;
    }
    if (status == BRIM_OK)
        draft->process_count = kept;
    return status;
}
