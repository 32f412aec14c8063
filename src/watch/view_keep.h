/* A sample that is kept: the monitor's own is valid until the next is asked for, and that may be the end. */
#ifndef BRIM_WATCH_VIEW_KEEP_H
#define BRIM_WATCH_VIEW_KEEP_H

#include "base/memory.h"

typedef struct BrimViewKeep {
    BrimMonitorSample sample; /* its lists are the keep's */
    int device_room, process_room, run_room;
} BrimViewKeep;

/* Copies a sample over the one before. On ERROR_MEMORY nothing is kept. */
BrimStatus brim_view_keep(BrimViewKeep *keep, const BrimMonitorSample *sample);

void brim_view_keep_close(BrimViewKeep *keep);

#endif
