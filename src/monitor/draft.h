/* A sample under construction: lists that grow and are used again for the next one. */
#ifndef BRIM_MONITOR_DRAFT_H
#define BRIM_MONITOR_DRAFT_H

#include "base/memory.h"

typedef struct BrimDraft {
    BrimDeviceSample *devices;
    int device_count, device_room;
    BrimProcessSample *processes;
    int process_count, process_room;
    BrimRunSample *runs;
    int run_count, run_room;
    int64_t time_ns;      /* since 1970 */
    int64_t monotonic_ns; /* for rates */
    bool no_processes;    /* nobody wants to know */
    int only_pid;         /* 0: all */
} BrimDraft;

/* Forgets what is in it and keeps the room. */
void brim_draft_restart(BrimDraft *draft, int64_t time_ns, int64_t monotonic_ns);
void brim_draft_clear(BrimDraft *draft);

/* A new entry whose figures are unknown and whose texts are empty; parent -1. NULL with a last error where
 * memory ran out. Valid until the next of its kind is added. */
BrimDeviceSample *brim_draft_device(BrimDraft *draft);
BrimProcessSample *brim_draft_process(BrimDraft *draft);
BrimRunSample *brim_draft_run(BrimDraft *draft);

/* What a reader gets: the lists, not copied. Their texts come from drivers, files and other users' processes;
 * they are made fit for JSON and terminals here, once for all. */
BrimMonitorSample brim_draft_sample(BrimDraft *draft);

#endif
