/* What the kernel says of the process of a run. Private to the monitor. */
#ifndef BRIM_MONITOR_RUN_PROCESS_H
#define BRIM_MONITOR_RUN_PROCESS_H

#include "monitor/run_card.h"

/* When the process started, in the kernel's ticks since boot; 0 where there is none. A pid alone is given out
 * again. */
int64_t brim_run_process_start(const char *proc_root, int pid);

/* Fills what is resident of the process, and of its arena. */
void brim_run_process_measure(BrimRunCard *card, const char *proc_root);

#endif
