/* Timed steps on disk, one file for all devices and models: $XDG_CACHE_HOME/brim/timings.json, or below
 * ~/.cache. What was timed once need not be timed again, and later plans know it. */
#ifndef BRIM_RUN_TIMINGS_FILE_H
#define BRIM_RUN_TIMINGS_FILE_H

#include "plan/timing.h"

/* What timings belong to: they say nothing of another device, model, size or version of brim. */
typedef struct BrimTimingsKey {
    const char *device; /* with all that its speed depends on */
    const BrimModel *model;
    int imgsz_px;
} BrimTimingsKey;

/* Adds those of the key. No file, or no folder for one, means none; a file that is none of brim's is
 * ERROR_INPUT. */
BrimStatus brim_timings_load(BrimTimings *timings, const BrimTimingsKey *key);

/* The same from the text of a file. */
BrimStatus brim_timings_parse(BrimTimings *timings, const BrimTimingsKey *key, const char *text,
                              size_t bytes);

/* Puts one into the file, in the place of what was there for the same; ERROR_IO where it cannot be written. A
 * file that is none of brim's is written anew. */
BrimStatus brim_timings_keep(const BrimTimingsKey *key, const BrimTiming *timing);

#endif
