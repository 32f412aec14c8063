/* Time and the machine's size. */
#ifndef BRIM_BASE_CLOCK_H
#define BRIM_BASE_CLOCK_H

#include <stdint.h>

/* Nanoseconds of a clock that never goes back. */
int64_t brim_clock_ns(void);

/* Cores that this process may use (its affinity), at least 1. */
int brim_core_count(void);

#endif
