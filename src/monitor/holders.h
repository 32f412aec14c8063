/* Which processes hold which card open: the links in /proc/PID/fd. Knows no figures. */
#ifndef BRIM_MONITOR_HOLDERS_H
#define BRIM_MONITOR_HOLDERS_H

#include "monitor/drm.h"

typedef struct BrimHolder {
    int pid, descriptor;
    int card; /* of the cards */
} BrimHolder;

/* A process that was looked at, so that it need not be again while it stays as it is. */
typedef struct BrimHoldersProcess {
    int pid;
    int age;             /* looks at /proc since it appeared */
    int64_t descriptors; /* how many it has open; 0 before Linux 6.2, which says that */
    bool denied;         /* it may not be looked into */
} BrimHoldersProcess;

/* What a look at /proc found, by process, then by descriptor. */
typedef struct BrimHoldersLook {
    BrimHolder *list;
    int count, room;
    BrimHoldersProcess *processes;
    int process_count, process_room;
} BrimHoldersLook;

typedef struct BrimHolders {
    int proc; /* /proc, -1 where there is none */
    BrimHoldersLook now, before;
    bool partial; /* some processes may not be seen, or not looked into */
    int64_t looks;
    int64_t looked_ns; /* when the last one was */
} BrimHolders;

void brim_holders_open(BrimHolders *holders, const char *root);
void brim_holders_close(BrimHolders *holders);

/* Looks at /proc, if the last time was a second ago or more. New processes, and those that opened or closed
 * something, are seen at once; what is not seen by that within eight looks. An error is memory alone. */
BrimStatus brim_holders_look(BrimHolders *holders, const BrimDrmCards *cards, int64_t monotonic_ns);

#endif
