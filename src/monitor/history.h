/* What the graphs of the monitor draw: of each device the samples of the last day, compressed and bounded. It
 * knows samples as brim.h has them, and nothing of who draws.
 *
 * Kept are the metrics of BRIM_HISTORY_LIST, each in whole units of its source's resolution. Samples older
 * than keep_ns are dropped. When the log would pass most_bytes, samples of the older half of the time that it
 * holds are thinned, where they are densest, to half as many (history_log.h says how); where that frees less
 * than an eighth, so they are in the older three quarters, in the older seven eighths, and then again. What
 * is long ago is so known more coarsely than what is not. Only where thinning does not help do the oldest
 * samples go. */
#ifndef BRIM_MONITOR_HISTORY_H
#define BRIM_MONITOR_HISTORY_H

#include "base/status.h"

typedef struct BrimHistory BrimHistory;

typedef struct BrimHistoryOptions {
    int64_t keep_ns;   /* 0: a day */
    size_t most_bytes; /* all of it together; 0: 10 MB. At least 256 KiB. */
} BrimHistoryOptions;

/* What a metric was in a stretch of time; NAN where no sample knows it. */
typedef struct BrimHistoryBucket {
    double least, mean, most;
    int samples; /* in that time */
    int known;   /* of them, with a figure */
} BrimHistoryBucket;

/* options NULL: the defaults. */
BrimStatus brim_history_open(BrimHistory **history, const BrimHistoryOptions *options);

/* Takes down the devices of a sample. After ERROR_MEMORY the history can be used on; it lacks some of the
 * sample. */
BrimStatus brim_history_add(BrimHistory *history, const BrimMonitorSample *sample);

/* Is that metric taken down? */
bool brim_history_keeps(BrimMetric metric);

/* Fills `count` buckets, which share the time from from_ns until before to_ns (both since 1970) evenly, with
 * a device's metric; the device is known by its vendor and id. All are empty for a metric that is not kept.
 */
void brim_history_read(const BrimHistory *history, const BrimDeviceSample *device, BrimMetric metric,
                       int64_t from_ns, int64_t to_ns, BrimHistoryBucket *buckets, int count);

/* The time of the oldest and of the newest sample, since 1970; both 0 where there is none. */
void brim_history_span(const BrimHistory *history, int64_t *first_ns, int64_t *last_ns);

/* What it takes now, the memory door's headers among it. Never above most_bytes. */
size_t brim_history_bytes(const BrimHistory *history);

/* Takes the address, accepts NULL inside, clears. */
void brim_history_close(BrimHistory **history);

#endif
