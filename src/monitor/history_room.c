/* The bound of a history: what is thinned and what is dropped. */
#include "monitor/history_tracks.h"

enum { MOST_ROUNDS = 8 }; /* each halves the samples of what is densest */

int64_t brim_history_oldest_ms(const BrimHistory *history)
{
    int64_t oldest = history->newest_ms;
    for (int i = 0; i < history->track_count; i++)
        if (history->tracks[i].log.first && history->tracks[i].log.first->first_ms < oldest)
            oldest = history->tracks[i].log.first->first_ms;
    return oldest;
}

void brim_history_drop_before(BrimHistory *history, int64_t before_ms)
{
    int left = 0;
    for (int i = 0; i < history->track_count; i++) {
        BrimHistoryTrack *track = &history->tracks[i];
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
    brim_history_drop_before(history, first_end_ms + 1);
}

/* Keeps a distance of some chunks to the bound: one for the next sample and two for thinning. */
static bool is_full(const BrimHistory *history, size_t bound_bytes)
{
    return brim_history_bytes(history) + 4 * (sizeof(BrimHistoryChunk) + BRIM_HISTORY_DOOR_BYTES) >
           bound_bytes;
}

/* Thins what is densest of the samples before that time. */
static BrimStatus thin_densest(BrimHistory *history, int64_t before_ms)
{
    int64_t step_ms = INT64_MAX;
    for (int i = 0; i < history->track_count; i++) {
        int64_t least_ms = brim_history_log_least_step_ms(&history->tracks[i].log, before_ms);
        step_ms = least_ms < step_ms ? least_ms : step_ms;
    }
    if (step_ms == INT64_MAX)
        return BRIM_OK;
    for (int i = 0; i < history->track_count; i++) {
        BrimStatus status = brim_history_log_thin(&history->tracks[i].log, before_ms, step_ms + step_ms / 2);
        if (status != BRIM_OK)
            return status;
    }
    return BRIM_OK;
}

BrimStatus brim_history_make_room(BrimHistory *history)
{
    const size_t wanted_bytes = history->most_bytes - history->most_bytes / 8;
    if (!is_full(history, history->most_bytes))
        return BRIM_OK;
    int64_t all_ms = history->newest_ms - brim_history_oldest_ms(history);
    for (int round = 0; round < MOST_ROUNDS; round++)
        for (int part = 2; part <= 8; part *= 2) {
            BrimStatus status = thin_densest(history, history->newest_ms - all_ms / part);
            if (status != BRIM_OK || !is_full(history, wanted_bytes))
                return status;
        }
    while (is_full(history, wanted_bytes) && history->track_count > 0)
        drop_oldest(history);
    return BRIM_OK;
}
