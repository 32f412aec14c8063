/* Which processes hold which card open: the links in /proc/PID/fd. Knows no figures. */
#ifndef BRIM_MONITOR_HOLDERS_H
#define BRIM_MONITOR_HOLDERS_H

#include "monitor/drm.h"

typedef struct BrimHolder {
    int pid, descriptor;
    int card; /* of the cards */
} BrimHolder;

typedef struct BrimHolders {
    int proc;         /* /proc, -1 where there is none */
    BrimHolder *list; /* by process, then by descriptor */
    int count, room;
    bool denied;        /* some processes may not be looked into */
    bool scanned;       /* once at least */
    int64_t scanned_ns; /* when */
} BrimHolders;

void brim_holders_open(BrimHolders *holders, const char *root);
void brim_holders_close(BrimHolders *holders);

/* Looks at all processes, if the last time was a second ago or more. An error is memory alone. */
BrimStatus brim_holders_scan(BrimHolders *holders, const BrimDrmCards *cards, int64_t monotonic_ns);

#endif
