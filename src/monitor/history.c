/* Samples to the logs of their devices. */
#include "monitor/history.h"

#include <math.h>
#include <string.h>

#include "monitor/history_tracks.h"

enum { LEAST_BYTES = 256 << 10 };
#define DAY_NS        INT64_C(86400000000000)
#define DEFAULT_BYTES ((size_t)10 * 1000 * 1000)

const BrimHistoryUnit brim_history_units[BRIM_HISTORY_FIGURES] = {
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
    (*history)->keep_ms = (options->keep_ns > 0 ? options->keep_ns : DAY_NS) / BRIM_HISTORY_MS_NS;
    (*history)->most_bytes = most_bytes;
    return BRIM_OK;
}

BrimHistoryTrack *brim_history_track(const BrimHistory *history, const BrimDeviceSample *device)
{
    for (int i = 0; i < history->track_count; i++) {
        BrimHistoryTrack *track = &history->tracks[i];
        if (strcmp(track->vendor, device->vendor) == 0 && strcmp(track->id, device->id) == 0 &&
            (device->id[0] || track->index == device->index))
            return track;
    }
    return NULL;
}

static BrimHistoryTrack *add_track(BrimHistory *history, const BrimDeviceSample *device)
{
    if (history->track_count == history->track_room) {
        int room = history->track_room + 8;
        BrimHistoryTrack *tracks =
            brim_mem_grow(BRIM_MEM_OTHER, history->tracks, (size_t)room, sizeof *tracks);
        if (!tracks)
            return NULL;
        history->tracks = tracks;
        history->track_room = room;
    }
    BrimHistoryTrack *track = &history->tracks[history->track_count++];
    *track = (BrimHistoryTrack){.index = device->index};
    memcpy(track->vendor, device->vendor, sizeof track->vendor);
    memcpy(track->id, device->id, sizeof track->id);
    return track;
}

static BrimHistoryPoint point_of(const BrimDeviceSample *device, int64_t time_ms)
{
    BrimHistoryPoint point = {.time_ms = time_ms};
    for (int i = 0; i < BRIM_HISTORY_FIGURES; i++) {
        double units = device->value[brim_history_units[i].metric] / brim_history_units[i].unit;
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
    history->newest_ms = sample->time_ns / BRIM_HISTORY_MS_NS;
    brim_history_drop_before(history, history->newest_ms - history->keep_ms);
    for (int i = 0; i < sample->device_count; i++) {
        const BrimDeviceSample *device = &sample->devices[i];
        BrimHistoryPoint point = point_of(device, history->newest_ms);
        if ((status = brim_history_make_room(history)) != BRIM_OK)
            return status;
        BrimHistoryTrack *track = brim_history_track(history, device);
        if (!track && !(track = add_track(history, device)))
            return BRIM_ERROR_MEMORY;
        if ((status = brim_history_log_append(&track->log, &point)) != BRIM_OK)
            return status;
    }
    return BRIM_OK;
}

size_t brim_history_bytes(const BrimHistory *history)
{
    size_t bytes = sizeof *history + BRIM_HISTORY_DOOR_BYTES;
    if (history->tracks)
        bytes += (size_t)history->track_room * sizeof(BrimHistoryTrack) + BRIM_HISTORY_DOOR_BYTES;
    for (int i = 0; i < history->track_count; i++)
        bytes +=
            (size_t)history->tracks[i].log.chunk_count * (sizeof(BrimHistoryChunk) + BRIM_HISTORY_DOOR_BYTES);
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
