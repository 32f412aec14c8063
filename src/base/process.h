/* What the kernel says of this process. */
#ifndef BRIM_BASE_PROCESS_H
#define BRIM_BASE_PROCESS_H

#include <stdint.h>

/* Resident memory at its highest (VmHWM) and now (VmRSS), in bytes; 0 where unknown. */
uint64_t brim_process_peak_bytes(void);
uint64_t brim_process_resident_bytes(void);

/* Memory that the machine could give this process now (MemAvailable); 0 where unknown. */
uint64_t brim_process_available_bytes(void);

#endif
