/* A scan reads one file of each process. */
#include "monitor/host_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/memory.h"
#include "monitor/proc.h"

static const int64_t second_ns = 1000 * 1000 * 1000;
enum {
    SCAN_SHARE = 200,
    MOST_SECONDS = 5
}; /* a scan's part of the time until the next, which is not more than that */

void brim_host_list_open(BrimHostList *list, const char *root)
{
    char path[BRIM_PROC_PATH_BYTES];
    *list = (BrimHostList){.root = root};
    snprintf(path, sizeof path, "%s/proc", root);
    list->folder = opendir(path);
}

void brim_host_list_close(BrimHostList *list)
{
    if (list->folder)
        closedir(list->folder);
    brim_mem_give(list->all);
    brim_mem_give(list->chosen);
    brim_mem_give(list->listed);
    *list = (BrimHostList){.root = NULL};
}

/* ---- the scan ---- */

static bool make_room(BrimHostList *list)
{
    if (list->count < list->room)
        return true;
    size_t room = 2 * (size_t)list->room + 64;
    BrimProcStat *all = brim_mem_grow(BRIM_MEM_OTHER, list->all, room, sizeof *all);
    if (!all)
        return false;
    list->all = all;
    bool *chosen = brim_mem_grow(BRIM_MEM_OTHER, list->chosen, room, sizeof *chosen);
    if (!chosen)
        return false;
    list->chosen = chosen;
    list->room = (int)room;
    return true;
}

static int by_pid(const void *a, const void *b)
{
    const BrimProcStat *one = a, *other = b;
    return (one->pid > other->pid) - (one->pid < other->pid);
}

/* qsort takes no NULL, not even for nothing. */
static void sort(BrimProcStat *processes, int count, int (*order)(const void *, const void *))
{
    if (count > 1)
        qsort(processes, (size_t)count, sizeof *processes, order);
}

static BrimStatus scan(BrimHostList *list)
{
    list->count = 0;
    if (!list->folder)
        return BRIM_OK;
    rewinddir(list->folder);
    for (struct dirent *entry; (entry = readdir(list->folder));) {
        char *end;
        long pid = strtol(entry->d_name, &end, 10);
        if (*end || pid < 1 || pid > INT32_MAX)
            continue;
        if (!make_room(list))
            return BRIM_ERROR_MEMORY;
        if (brim_proc_stat_read(&list->all[list->count], list->root, (int)pid))
            list->count++;
    }
    sort(list->all, list->count, by_pid);
    return BRIM_OK;
}

/* Where it stands among all; -1: nowhere. */
static int find(const BrimHostList *list, int pid)
{
    const BrimProcStat key = {.pid = pid};
    const BrimProcStat *found =
        list->count ? bsearch(&key, list->all, (size_t)list->count, sizeof key, by_pid) : NULL;
    return found ? (int)(found - list->all) : -1;
}

/* ---- the choice ---- */

static BrimStatus list_one(BrimHostList *list, const BrimProcStat *process)
{
    if (list->listed_count == list->listed_room) {
        size_t room = 2 * (size_t)list->listed_room + BRIM_HOST_MOST_LISTED;
        BrimProcStat *listed = brim_mem_grow(BRIM_MEM_OTHER, list->listed, room, sizeof *listed);
        if (!listed)
            return BRIM_ERROR_MEMORY;
        list->listed = listed;
        list->listed_room = (int)room;
    }
    list->listed[list->listed_count++] = *process;
    return BRIM_OK;
}

/* A process without memory is the kernel's own, or over. */
static int by_memory(const void *a, const void *b)
{
    const BrimProcStat *one = a, *other = b;
    if (one->resident_bytes != other->resident_bytes)
        return one->resident_bytes < other->resident_bytes ? 1 : -1;
    return by_pid(a, b);
}

static BrimStatus choose_largest(BrimHostList *list)
{
    BrimStatus status = BRIM_OK;
    list->listed_count = 0;
    sort(list->all, list->count, by_memory);
    for (int i = 0; i < list->count && i < BRIM_HOST_MOST_LISTED && status == BRIM_OK; i++)
        if (list->all[i].resident_bytes > 0)
            status = list_one(list, &list->all[i]);
    return status;
}

/* Chooses those whose parent is chosen, until there are no more. */
static void choose_children(BrimHostList *list)
{
    for (bool more = true; more;) {
        more = false;
        for (int i = 0; i < list->count; i++) {
            int parent = list->chosen[i] ? -1 : find(list, list->all[i].parent);
            if (parent >= 0 && list->chosen[parent])
                list->chosen[i] = more = true;
        }
    }
}

static BrimStatus choose_tree(BrimHostList *list, int tree_pid)
{
    BrimStatus status = BRIM_OK;
    for (int i = 0; i < list->count; i++)
        list->chosen[i] = list->all[i].pid == tree_pid;
    for (int i = 0; i < list->listed_count; i++) {
        int before = find(list, list->listed[i].pid);
        if (before >= 0 && list->all[before].started_ticks == list->listed[i].started_ticks)
            list->chosen[before] = true;
    }
    choose_children(list);
    list->listed_count = 0;
    for (int i = 0; i < list->count && status == BRIM_OK; i++)
        if (list->chosen[i])
            status = list_one(list, &list->all[i]);
    return status;
}

/* ---- between scans ---- */

static bool is_listed(const BrimHostList *list, int pid)
{
    for (int i = 0; i < list->listed_count; i++)
        if (list->listed[i].pid == pid)
            return true;
    return false;
}

/* Lists those that the process's first thread has started since; scans find what other threads started.
 * Kernels built without CONFIG_PROC_CHILDREN have no such file, and then scans alone find them. */
static BrimStatus follow(BrimHostList *list, int parent)
{
    char text[BRIM_PROC_TEXT_BYTES], *end;
    BrimStatus status = BRIM_OK;
    brim_proc_read(text, sizeof text, list->root, "/proc/%d/task/%d/children", parent, parent);
    for (char *at = text; status == BRIM_OK; at = end) {
        BrimProcStat child;
        long pid = strtol(at, &end, 10);
        if (end == at || *end != ' ') /* the end, or a number that was cut */
            break;
        if (!is_listed(list, (int)pid) && brim_proc_stat_read(&child, list->root, (int)pid))
            status = list_one(list, &child);
    }
    return status;
}

static BrimStatus follow_tree(BrimHostList *list)
{
    BrimStatus status = BRIM_OK;
    for (int i = 0; i < list->listed_count && status == BRIM_OK; i++) /* those that it adds as well */
        status = follow(list, list->listed[i].pid);
    sort(list->listed, list->listed_count, by_pid);
    return status;
}

static int64_t processor_ns(void)
{
    struct timespec used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return used.tv_sec * second_ns + used.tv_nsec;
}

BrimStatus brim_host_list_update(BrimHostList *list, int tree_pid, int64_t now_ns)
{
    if (now_ns < list->next_scan_ns)
        return tree_pid ? follow_tree(list) : BRIM_OK;
    int64_t start_ns = processor_ns();
    BrimStatus status = scan(list);
    if (status == BRIM_OK)
        status = tree_pid ? choose_tree(list, tree_pid) : choose_largest(list);
    int64_t pause_ns = SCAN_SHARE * (processor_ns() - start_ns);
    int64_t least_ns = tree_pid ? 0 : second_ns;
    if (pause_ns > MOST_SECONDS * second_ns)
        pause_ns = MOST_SECONDS * second_ns;
    list->next_scan_ns = now_ns + (pause_ns > least_ns ? pause_ns : least_ns);
    return status;
}
