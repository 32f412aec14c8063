/* The inside of a history: the logs of all devices. For the files of the history alone. */
#ifndef BRIM_MONITOR_HISTORY_TRACKS_H
#define BRIM_MONITOR_HISTORY_TRACKS_H

#include "monitor/history.h"
#include "monitor/history_log.h"

enum { BRIM_HISTORY_MS_NS = 1000000, BRIM_HISTORY_DOOR_BYTES = 64 /* the memory door's header of a block */ };

/* A device, which may be gone from the samples for a while and come back. */
typedef struct BrimHistoryTrack {
    char vendor[16], id[64];
    int index; /* tells devices without an id apart */
    BrimHistoryLog log;
} BrimHistoryTrack;

struct BrimHistory {
    int64_t keep_ms;
    size_t most_bytes;
    BrimHistoryTrack *tracks;
    int track_count, track_room;
    int64_t newest_ms;
};

typedef struct BrimHistoryUnit {
    BrimMetric metric;
    double unit;
} BrimHistoryUnit;

extern const BrimHistoryUnit brim_history_units[BRIM_HISTORY_FIGURES];

/* NULL: that device was never seen, or too long ago. */
BrimHistoryTrack *brim_history_track(const BrimHistory *history, const BrimDeviceSample *device);

/* When the oldest sample was; the time of the newest where there is none. */
int64_t brim_history_oldest_ms(const BrimHistory *history);

/* Drops chunks that end before; devices of which nothing is left are forgotten. */
void brim_history_drop_before(BrimHistory *history, int64_t before_ms);

/* Thins and drops where the next sample might pass the bound. */
BrimStatus brim_history_make_room(BrimHistory *history);

#endif
