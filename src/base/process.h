/* What the kernel says of this process. */
#ifndef BRIM_BASE_PROCESS_H
#define BRIM_BASE_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Resident memory at its highest (VmHWM) and now (VmRSS), in bytes; 0 where unknown. */
uint64_t brim_process_peak_bytes(void);
uint64_t brim_process_resident_bytes(void);

/* Lets the highest begin anew from what is resident now; false where the kernel does not allow it. */
bool brim_process_reset_peak(void);

/* Processor time that all threads of this process have used, in ns. */
int64_t brim_process_cpu_ns(void);

/* Memory that the machine could give this process now (MemAvailable); 0 where unknown. */
uint64_t brim_process_available_bytes(void);

/* Memory of the machine (MemTotal), or of the process's cgroup where that is less; and what is free of it now, which is
 * what the machine could give (MemAvailable) or what is left of the cgroup's limit. 0 where unknown. */
uint64_t brim_process_capacity_bytes(void);
uint64_t brim_process_free_bytes(void);

/* The memory cgroup that this process is in: its limit, UINT64_MAX where there is none, and what it holds that the kernel
 * could not drop at once. root stands in front of /proc and /sys: "" on a real machine. */
typedef struct BrimCgroup {
    uint64_t limit_bytes, used_bytes;
} BrimCgroup;
BrimCgroup brim_process_cgroup(const char *root);

/* For tests: as if other processes left no more than so many bytes for this one, what it has already included; 0: all. */
void brim_process_pretend_left(uint64_t most_bytes);

/* Cycles of a core in a second as the kernel has them now; 0 where unknown. */
double brim_process_core_hz(void);

/* The processor's name, "" where the kernel does not say. */
void brim_process_core_name(char *name, size_t bytes);

#endif
