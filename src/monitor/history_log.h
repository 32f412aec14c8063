/* The compressed log of one device: what its figures were, sample after sample, as the differences between
 * them. It knows whole units of figures and milliseconds, and nothing of devices.
 *
 * A chunk starts anew, so that it can be dropped or read without those before it. A sample in it is a byte
 * whose bits say which figures changed and whether the time step did, and then what changed, as zigzag
 * varints. The time of a sample is kept to an eighth of the step between samples; the error does not add up.
 */
#ifndef BRIM_MONITOR_HISTORY_LOG_H
#define BRIM_MONITOR_HISTORY_LOG_H

#include "base/memory.h"

/* metric, its unit here: the resolution of the sources */
#define BRIM_HISTORY_LIST(X)                                                                                 \
    X(MEMORY_USED, 1024.0)                                                                                   \
    X(UTILIZATION, 0.1)                                                                                      \
    X(TEMPERATURE, 0.1)                                                                                      \
    X(POWER, 0.1)                                                                                            \
    X(CLOCK, 1e6)

typedef enum BrimHistoryFigure {
#define X(name, unit) BRIM_HISTORY_##name,
    BRIM_HISTORY_LIST(X)
#undef X
        BRIM_HISTORY_FIGURES
} BrimHistoryFigure;

enum {
    BRIM_HISTORY_UNKNOWN = -10000, /* below every figure, and not so far that coming back costs much */
    BRIM_HISTORY_CHUNK_BYTES =
        4096 - 64 - 32 - 32 * BRIM_HISTORY_FIGURES /* a page with the rest, and the memory door's */
};

typedef struct BrimHistoryPoint {
    int64_t time_ms;
    int64_t units[BRIM_HISTORY_FIGURES]; /* BRIM_HISTORY_UNKNOWN, or that plus 1 to 2^50 */
} BrimHistoryPoint;

/* A figure over some samples, so that who wants no more need not read them one by one. */
typedef struct BrimHistorySummary {
    int64_t least, most, sum; /* of those that know it */
    int64_t known;            /* so many they are */
} BrimHistorySummary;

typedef struct BrimHistoryChunk {
    struct BrimHistoryChunk *next;
    int64_t first_ms, last_ms;
    int32_t used_bytes, samples;
    BrimHistorySummary summary[BRIM_HISTORY_FIGURES];
    uint8_t codes[BRIM_HISTORY_CHUNK_BYTES];
} BrimHistoryChunk;

/* Where a reader or the writer stands in a chunk: behind `point`. */
typedef struct BrimHistoryCursor {
    int at_byte;
    int64_t step_ms;
    BrimHistoryPoint point;
} BrimHistoryCursor;

typedef struct BrimHistoryLog {
    BrimHistoryChunk *first, *last; /* the oldest, the newest; NULL: empty */
    BrimHistoryCursor end;          /* of the newest */
    int chunk_count;
} BrimHistoryLog;

/* Appends; a time before the last one begins a new chunk. */
BrimStatus brim_history_log_append(BrimHistoryLog *log, const BrimHistoryPoint *point);

/* Of one sample. */
BrimHistorySummary brim_history_log_summary(int64_t units);

/* Makes one of two, in the first. */
void brim_history_log_sum(BrimHistorySummary *summary, const BrimHistorySummary *added);

BrimHistoryCursor brim_history_log_begin(const BrimHistoryChunk *chunk);

/* The next sample of the chunk is in cursor->point; false: there is none. */
bool brim_history_log_next(const BrimHistoryChunk *chunk, BrimHistoryCursor *cursor);

/* The time between samples in the chunk where they are densest, of those that end before before_ms and are
 * not written to any more; INT64_MAX where there is none. */
int64_t brim_history_log_least_step_ms(const BrimHistoryLog *log, int64_t before_ms);

/* Makes one sample of each two that follow each other, in those of these chunks whose samples lie closer than
 * step_ms: at the time of the first, with the greater memory, so that no peak is lost, and the mean of the
 * other figures. What is known wins over what is not. On an error the chunk at which memory ran out is lost.
 */
BrimStatus brim_history_log_thin(BrimHistoryLog *log, int64_t before_ms, int64_t step_ms);

/* Drops the oldest chunk; the one that is written to only when it is the last. */
void brim_history_log_drop_first(BrimHistoryLog *log);

void brim_history_log_clear(BrimHistoryLog *log);

#endif
