/* The logs of all devices under one bound. */
#include "monitor/history.h"

#include <math.h>
#include <string.h>

#include "monitor/history_log.h"

enum { MS_NS = 1000000, DOOR_BYTES = 64, LEAST_BYTES = 256 << 10 };
#define DAY_NS        INT64_C(86400000000000)
#define DEFAULT_BYTES ((size_t)10 * 1000 * 1000)

/* A device, which may be gone from the samples for a while and come back. */
typedef struct Track {
    char vendor[16], id[64];
    int index; /* tells devices without an id apart */
    BrimHistoryLog log;
} Track;

struct BrimHistory {
    int64_t keep_ms;
    size_t most_bytes;
    Track *tracks;
    int track_count, track_room;
    int64_t newest_ms;
};

static const struct {
    BrimMetric metric;
    double unit;
} figures[BRIM_HISTORY_FIGURES] = {
#define X(name, unit) {BRIM_METRIC_##name, unit},
    BRIM_HISTORY_LIST(X)
#undef X
};

BrimStatus brim_history_open(BrimHistory **history, const BrimHistoryOptions *options)
{
    const BrimHistoryOptions defaults = {.keep_ns = 0};
    if (!options)
        options = &defaults;
    *history = NULL;
    size_t most_bytes = options->most_bytes ? options->most_bytes : DEFAULT_BYTES;
    if (most_bytes < LEAST_BYTES)
        return brim_fail(BRIM_ERROR_ARGUMENT, "a history of %zu bytes is too small: give it %d or more",
                         most_bytes, LEAST_BYTES);
    *history = brim_mem_take(BRIM_MEM_OTHER, 1, sizeof **history);
    if (!*history)
        return BRIM_ERROR_MEMORY;
    (*history)->keep_ms = (options->keep_ns > 0 ? options->keep_ns : DAY_NS) / MS_NS;
    (*history)->most_bytes = most_bytes;
    return BRIM_OK;
}

static Track *find_track(const BrimHistory *history, const BrimDeviceSample *device)
{
    for (int i = 0; i < history->track_count; i++) {
        Track *track = &history->tracks[i];
        if (strcmp(track->vendor, device->vendor) == 0 && strcmp(track->id, device->id) == 0 &&
            (device->id[0] || track->index == device->index))
            return track;
    }
    return NULL;
}

static Track *add_track(BrimHistory *history, const BrimDeviceSample *device)
{
    if (history->track_count == history->track_room) {
        int room = history->track_room + 8;
        Track *tracks = brim_mem_grow(BRIM_MEM_OTHER, history->tracks, (size_t)room, sizeof *tracks);
        if (!tracks)
            return NULL;
        history->tracks = tracks;
        history->track_room = room;
    }
    Track *track = &history->tracks[history->track_count++];
    *track = (Track){.index = device->index};
    memcpy(track->vendor, device->vendor, sizeof track->vendor);
    memcpy(track->id, device->id, sizeof track->id);
    return track;
}

static int64_t oldest_ms(const BrimHistory *history)
{
    int64_t oldest = history->newest_ms;
    for (int i = 0; i < history->track_count; i++)
        if (history->tracks[i].log.first && history->tracks[i].log.first->first_ms < oldest)
            oldest = history->tracks[i].log.first->first_ms;
    return oldest;
}

/* Drops chunks that end before; devices of which nothing is left are forgotten. */
static void drop_before(BrimHistory *history, int64_t before_ms)
{
    int left = 0;
    for (int i = 0; i < history->track_count; i++) {
        Track *track = &history->tracks[i];
        while (track->log.first && track->log.first->last_ms < before_ms)
            brim_history_log_drop_first(&track->log);
        if (track->log.first)
            history->tracks[left++] = *track;
    }
    history->track_count = left;
}

/* Drops the chunk that ended first. */
static void drop_oldest(BrimHistory *history)
{
    int64_t first_end_ms = INT64_MAX;
    for (int i = 0; i < history->track_count; i++)
        if (history->tracks[i].log.first && history->tracks[i].log.first->last_ms < first_end_ms)
            first_end_ms = history->tracks[i].log.first->last_ms;
    drop_before(history, first_end_ms + 1);
}

/* Keeps a distance of some chunks to the bound: one for the next sample and two for thinning. */
static bool is_full(const BrimHistory *history, size_t bound_bytes)
{
    return brim_history_bytes(history) + 4 * (sizeof(BrimHistoryChunk) + DOOR_BYTES) > bound_bytes;
}

static BrimStatus make_room(BrimHistory *history)
{
    const size_t wanted_bytes = history->most_bytes - history->most_bytes / 8;
    int64_t first_ms = oldest_ms(history);
    for (int part = 2; part <= 8 && is_full(history, wanted_bytes); part *= 2) {
        int64_t before_ms = history->newest_ms - (history->newest_ms - first_ms) / part;
        for (int i = 0; i < history->track_count; i++) {
            BrimStatus status = brim_history_log_thin(&history->tracks[i].log, before_ms);
            if (status != BRIM_OK)
                return status;
        }
    }
    while (is_full(history, wanted_bytes) && history->track_count > 0)
        drop_oldest(history);
    return BRIM_OK;
}

static BrimHistoryPoint point_of(const BrimDeviceSample *device, int64_t time_ms)
{
    BrimHistoryPoint point = {.time_ms = time_ms};
    for (int i = 0; i < BRIM_HISTORY_FIGURES; i++) {
        double units = device->value[figures[i].metric] / figures[i].unit;
        if (isnan(units))
            point.units[i] = BRIM_HISTORY_UNKNOWN;
        else
            point.units[i] = llround(fmin(fmax(units, BRIM_HISTORY_UNKNOWN + 1), 0x1p50));
    }
    return point;
}

BrimStatus brim_history_add(BrimHistory *history, const BrimMonitorSample *sample)
{
    BrimStatus status;
    history->newest_ms = sample->time_ns / MS_NS;
    drop_before(history, history->newest_ms - history->keep_ms);
    for (int i = 0; i < sample->device_count; i++) {
        const BrimDeviceSample *device = &sample->devices[i];
        BrimHistoryPoint point = point_of(device, history->newest_ms);
        if (is_full(history, history->most_bytes) && (status = make_room(history)) != BRIM_OK)
            return status;
        Track *track = find_track(history, device);
        if (!track && !(track = add_track(history, device)))
            return BRIM_ERROR_MEMORY;
        if ((status = brim_history_log_append(&track->log, &point)) != BRIM_OK)
            return status;
    }
    return BRIM_OK;
}

/* Which of the figures, or BRIM_HISTORY_FIGURES. */
static int figure_of(BrimMetric metric)
{
    int i = 0;
    while (i < BRIM_HISTORY_FIGURES && figures[i].metric != metric)
        i++;
    return i;
}

bool brim_history_keeps(BrimMetric metric)
{
    return figure_of(metric) < BRIM_HISTORY_FIGURES;
}

static void add_to_bucket(BrimHistoryBucket *bucket, int64_t units, double unit)
{
    bucket->samples++;
    if (units == BRIM_HISTORY_UNKNOWN)
        return;
    double figure = (double)units * unit;
    if (bucket->known++ == 0)
        bucket->least = bucket->mean = bucket->most = figure;
    bucket->least = fmin(bucket->least, figure);
    bucket->most = fmax(bucket->most, figure);
    bucket->mean += (figure - bucket->mean) / bucket->known;
}

void brim_history_read(const BrimHistory *history, const BrimDeviceSample *device, BrimMetric metric,
                       int64_t from_ns, int64_t to_ns, BrimHistoryBucket *buckets, int count)
{
    const Track *track = find_track(history, device);
    const int figure = figure_of(metric);
    const int64_t from_ms = from_ns / MS_NS, to_ms = to_ns / MS_NS;
    for (int i = 0; i < count; i++)
        buckets[i] = (BrimHistoryBucket){.least = NAN, .mean = NAN, .most = NAN};
    if (!track || figure == BRIM_HISTORY_FIGURES)
        return;
    for (const BrimHistoryChunk *chunk = track->log.first; chunk; chunk = chunk->next) {
        if (chunk->last_ms < from_ms || chunk->first_ms >= to_ms)
            continue;
        BrimHistoryCursor cursor = brim_history_log_begin(chunk);
        while (brim_history_log_next(chunk, &cursor)) {
            int64_t time_ms = cursor.point.time_ms;
            if (time_ms >= from_ms && time_ms < to_ms)
                add_to_bucket(&buckets[(time_ms - from_ms) * count / (to_ms - from_ms)],
                              cursor.point.units[figure], figures[figure].unit);
        }
    }
}

void brim_history_span(const BrimHistory *history, int64_t *first_ns, int64_t *last_ns)
{
    *first_ns = oldest_ms(history) * MS_NS;
    *last_ns = history->newest_ms * MS_NS;
}

size_t brim_history_bytes(const BrimHistory *history)
{
    size_t bytes = sizeof *history + DOOR_BYTES;
    if (history->tracks)
        bytes += (size_t)history->track_room * sizeof(Track) + DOOR_BYTES;
    for (int i = 0; i < history->track_count; i++)
        bytes += (size_t)history->tracks[i].log.chunk_count * (sizeof(BrimHistoryChunk) + DOOR_BYTES);
    return bytes;
}

void brim_history_close(BrimHistory **history)
{
    if (!*history)
        return;
    for (int i = 0; i < (*history)->track_count; i++)
        brim_history_log_clear(&(*history)->tracks[i].log);
    brim_mem_give((*history)->tracks);
    brim_mem_give(*history);
    *history = NULL;
}
