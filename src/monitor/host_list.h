/* Which processes the host shows: the largest, or one with all that it has started. */
#ifndef BRIM_MONITOR_HOST_LIST_H
#define BRIM_MONITOR_HOST_LIST_H

#include <dirent.h>

#include "base/status.h"
#include "monitor/proc_pid.h"

enum { BRIM_HOST_MOST_LISTED = 20 };

typedef struct BrimHostList {
    const char *root;  /* not ours */
    DIR *folder;       /* root/proc, kept open */
    BrimProcStat *all; /* of the last scan, sorted by pid */
    bool *chosen;      /* for each of them: it is in the tree */
    int count, room;
    BrimProcStat *listed; /* what the last scan chose */
    int listed_count, listed_room;
    int64_t next_scan_ns; /* of the monotonic clock */
} BrimHostList;

/* Where there is no such folder nothing is listed. */
void brim_host_list_open(BrimHostList *list, const char *root);

/* Brings `listed` up to date. tree_pid 0: the 20 with the most resident memory, the largest first, looked for
 * once a second. Else that process and its descendants by pid; one that was in the tree stays in it when its
 * parent ends. New children are seen each time; a scan of all processes, which finds what else there is,
 * comes as often as it takes less than a hundredth of a core, and at least every 5 s. ERROR_MEMORY. */
BrimStatus brim_host_list_update(BrimHostList *list, int tree_pid, int64_t now_ns);

void brim_host_list_close(BrimHostList *list);

#endif
