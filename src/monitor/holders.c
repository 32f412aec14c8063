/* Going over /proc. */
#include "monitor/holders.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A scan takes two system calls for each process and one for each of its descriptors: a few milliseconds. */
enum { SCAN_INTERVAL_NS = 1000000000 };

static const char nodes[] = "/dev/dri/";

void brim_holders_open(BrimHolders *holders, const char *root)
{
    *holders = (BrimHolders){.proc = brim_sysfs_folder_at_root(root, "/proc")};
}

void brim_holders_close(BrimHolders *holders)
{
    brim_mem_give(holders->list);
    brim_sysfs_folder_close(&holders->proc);
    *holders = (BrimHolders){.proc = -1};
}

static BrimStatus add(BrimHolders *holders, BrimHolder holder)
{
    if (holders->count == holders->room) {
        int room = 2 * holders->room + 16;
        BrimHolder *list = brim_mem_grow(BRIM_MEM_OTHER, holders->list, (size_t)room, sizeof *list);
        if (!list)
            return BRIM_ERROR_MEMORY;
        holders->list = list;
        holders->room = room;
    }
    holders->list[holders->count++] = holder;
    return BRIM_OK;
}

/* The number that a name consists of; -1 for other names. */
static int number_of(const char *name)
{
    double number = isdigit((unsigned char)name[0]) ? brim_sysfs_number(name) : -1;
    return number >= 0 && number <= 1e9 ? (int)number : -1;
}

static BrimStatus scan_process(BrimHolders *holders, const BrimDrmCards *cards, int pid)
{
    char path[32], target[64];
    BrimStatus status = BRIM_OK;
    snprintf(path, sizeof path, "%d/fd", pid);
    int descriptor = brim_sysfs_folder(holders->proc, path);
    if (descriptor < 0)
        holders->denied |= errno == EACCES || errno == EPERM;
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
        BrimHolder holder = {pid, number_of(entry->d_name),
                             brim_drm_of_node(cards, target + sizeof nodes - 1)};
        if (holder.card >= 0 && holder.descriptor >= 0)
            status = add(holders, holder);
    }
    closedir(folder);
    return status;
}

static int by_process(const void *left, const void *right)
{
    const BrimHolder *a = left, *b = right;
    if (a->pid != b->pid)
        return a->pid < b->pid ? -1 : 1;
    return (a->descriptor > b->descriptor) - (a->descriptor < b->descriptor);
}

BrimStatus brim_holders_scan(BrimHolders *holders, const BrimDrmCards *cards, int64_t monotonic_ns)
{
    BrimStatus status = BRIM_OK;
    if (holders->scanned && monotonic_ns - holders->scanned_ns < SCAN_INTERVAL_NS)
        return BRIM_OK;
    int again = holders->proc < 0 ? -1 : brim_sysfs_folder(holders->proc, ".");
    DIR *folder = again >= 0 ? fdopendir(again) : NULL;
    holders->count = 0;
    holders->denied = !folder; /* without /proc nobody may be looked into */
    for (struct dirent *entry; folder && status == BRIM_OK && (entry = readdir(folder));) {
        int pid = number_of(entry->d_name);
        if (pid > 0)
            status = scan_process(holders, cards, pid);
    }
    if (folder)
        closedir(folder);
    else
        brim_sysfs_folder_close(&again);
    if (holders->count)
        qsort(holders->list, (size_t)holders->count, sizeof *holders->list, by_process);
    holders->scanned = true;
    holders->scanned_ns = monotonic_ns;
    return status;
}
