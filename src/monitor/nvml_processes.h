/* The processes on a card or a part of one, as NVML lists them. */
#ifndef BRIM_MONITOR_NVML_PROCESSES_H
#define BRIM_MONITOR_NVML_PROCESSES_H

#include "monitor/nvml_reading.h"

/* Where the library writes its lists; grows, and is used again. */
typedef struct BrimNvmlLists {
    unsigned char *running;
    unsigned running_room; /* entries of the longest layout */
    BrimNvmlProcessBusy *busy;
    unsigned busy_room;
} BrimNvmlLists;

void brim_nvml_lists_clear(BrimNvmlLists *lists);

/* Appends the device's processes to the draft: one entry for each, however many lists it is on. Their names
 * are left to who knows /proc. device: its place in the draft. An error is memory alone. */
BrimStatus brim_nvml_read_processes(BrimNvmlReading *reading, BrimNvmlLists *lists, BrimDraft *draft,
                                    int device);

#endif
