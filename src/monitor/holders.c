/* Going over /proc. To read the links of a process costs the kernel some 2 us for each, which is 15 ms for
 * 300 processes; so in each look only those are read that may have changed. */
#include "monitor/holders.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    INTERVAL_NS = 1000000000,
    TURNS = 8 /* so many looks go by until every process was read, whatever it seems to do */
};

static const char nodes[] = "/dev/dri/";

void brim_holders_open(BrimHolders *holders, const char *root)
{
    *holders = (BrimHolders){.proc = brim_sysfs_folder_at_root(root, "/proc")};
}

static void give(BrimHoldersLook *look)
{
    brim_mem_give(look->list);
    brim_mem_give(look->processes);
}

void brim_holders_close(BrimHolders *holders)
{
    give(&holders->now);
    give(&holders->before);
    brim_sysfs_folder_close(&holders->proc);
    *holders = (BrimHolders){.proc = -1};
}

static BrimStatus add_holder(BrimHoldersLook *look, BrimHolder holder)
{
    BrimHolder *list = brim_mem_room(BRIM_MEM_OTHER, look->list, look->count, &look->room, sizeof *list);
    if (!list)
        return BRIM_ERROR_MEMORY;
    look->list = list;
    list[look->count++] = holder;
    return BRIM_OK;
}

static BrimStatus add_process(BrimHoldersLook *look, int pid)
{
    BrimHoldersProcess *list = brim_mem_room(BRIM_MEM_OTHER, look->processes, look->process_count,
                                             &look->process_room, sizeof *list);
    if (!list)
        return BRIM_ERROR_MEMORY;
    look->processes = list;
    list[look->process_count++] = (BrimHoldersProcess){.pid = pid};
    return BRIM_OK;
}

/* The number that a name consists of; -1 for other names. */
static int number_of(const char *name)
{
    double number = isdigit((unsigned char)name[0]) ? brim_sysfs_number(name) : -1;
    return number >= 0 && number <= 1e9 ? (int)number : -1;
}

static int by_pid(const void *left, const void *right)
{
    const BrimHoldersProcess *a = left, *b = right;
    return (a->pid > b->pid) - (a->pid < b->pid);
}

static int by_process(const void *left, const void *right)
{
    const BrimHolder *a = left, *b = right;
    if (a->pid != b->pid)
        return a->pid < b->pid ? -1 : 1;
    return (a->descriptor > b->descriptor) - (a->descriptor < b->descriptor);
}

static BrimStatus list_processes(BrimHolders *holders)
{
    BrimStatus status = BRIM_OK;
    BrimHoldersLook *look = &holders->now;
    int again = holders->proc < 0 ? -1 : brim_sysfs_folder(holders->proc, ".");
    DIR *folder = again >= 0 ? fdopendir(again) : NULL;
    if (!folder) {
        brim_sysfs_folder_close(&again);
        return BRIM_OK;
    }
    for (struct dirent *entry; status == BRIM_OK && (entry = readdir(folder));) {
        int pid = number_of(entry->d_name);
        if (pid > 0)
            status = add_process(look, pid);
    }
    closedir(folder);
    if (look->process_count)
        qsort(look->processes, (size_t)look->process_count, sizeof *look->processes, by_pid);
    return status;
}

/* Whether /proc has the processes of the whole machine: not in a container, whose numbers are its own (the
 * machine's have an inode that never changes, PROC_PID_INIT_INO of linux/proc_ns.h), nor where it hides those
 * of others. */
static bool sees_all(const BrimHolders *holders)
{
    char space[64];
    brim_sysfs_link(holders->proc, "self/ns/pid", space, sizeof space);
    return strcmp(space, "pid:[4026531836]") == 0 && holders->now.process_count > 0 &&
           holders->now.processes[0].pid == 1;
}

/* The process's own links. */
static BrimStatus read_links(BrimHolders *holders, BrimHoldersProcess *process, const BrimDrmCards *cards)
{
    char path[32], target[64];
    BrimStatus status = BRIM_OK;
    snprintf(path, sizeof path, "%d/fd", process->pid);
    int descriptor = brim_sysfs_folder(holders->proc, path);
    process->denied = descriptor < 0 && (errno == EACCES || errno == EPERM);
    DIR *folder = descriptor >= 0 ? fdopendir(descriptor) : NULL;
    if (!folder) {
        brim_sysfs_folder_close(&descriptor);
        return BRIM_OK;
    }
    for (struct dirent *entry; status == BRIM_OK && (entry = readdir(folder));) {
        ssize_t length = isdigit((unsigned char)entry->d_name[0])
                             ? readlinkat(descriptor, entry->d_name, target, sizeof target - 1)
                             : 0;
        target[length > 0 ? length : 0] = '\0';
        if (strncmp(target, nodes, sizeof nodes - 1) != 0)
            continue;
        BrimHolder holder = {process->pid, number_of(entry->d_name),
                             brim_drm_of_node(cards, target + sizeof nodes - 1)};
        if (holder.card >= 0 && holder.descriptor >= 0)
            status = add_holder(&holders->now, holder);
    }
    closedir(folder);
    return status;
}

/* What the look before found of the process. */
static BrimStatus carry_over(BrimHolders *holders, BrimHoldersProcess *process,
                             const BrimHoldersProcess *before)
{
    BrimStatus status = BRIM_OK;
    process->denied = before->denied;
    for (int i = 0; i < holders->before.count && status == BRIM_OK; i++)
        if (holders->before.list[i].pid == process->pid)
            status = add_holder(&holders->now, holders->before.list[i]);
    return status;
}

/* A process is read when it is new or young (it may not have come to open its card yet), when it opened or
 * closed something, and when it is its turn. */
static BrimStatus look_at(BrimHolders *holders, BrimHoldersProcess *process, const BrimDrmCards *cards)
{
    char path[32];
    struct stat info;
    const BrimHoldersProcess *before = NULL;
    if (holders->before.process_count)
        before = bsearch(process, holders->before.processes, (size_t)holders->before.process_count,
                         sizeof *process, by_pid);
    snprintf(path, sizeof path, "%d/fd", process->pid);
    process->descriptors = fstatat(holders->proc, path, &info, 0) == 0 ? (int64_t)info.st_size : 0;
    process->age = before ? before->age + (before->age < TURNS) : holders->looks ? 0 : TURNS;
    if (before && process->age >= TURNS && process->descriptors == before->descriptors &&
        (process->pid + holders->looks) % TURNS != 0)
        return carry_over(holders, process, before);
    return read_links(holders, process, cards);
}

BrimStatus brim_holders_look(BrimHolders *holders, const BrimDrmCards *cards, int64_t monotonic_ns)
{
    BrimStatus status = BRIM_OK;
    if (holders->looks && monotonic_ns - holders->looked_ns < INTERVAL_NS)
        return BRIM_OK;
    BrimHoldersLook older = holders->before;
    older.count = older.process_count = 0;
    holders->before = holders->now;
    holders->now = older;
    BRIM_TRY(list_processes(holders));
    holders->partial = !sees_all(holders);
    for (int i = 0; i < holders->now.process_count; i++) {
        BRIM_TRY(look_at(holders, &holders->now.processes[i], cards));
        holders->partial |= holders->now.processes[i].denied;
    }
    if (holders->now.count)
        qsort(holders->now.list, (size_t)holders->now.count, sizeof *holders->now.list, by_process);
    holders->looks++;
    holders->looked_ns = monotonic_ns;
fail:
    return status;
}
