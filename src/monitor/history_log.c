/* Samples to differences and back. */
#include "monitor/history_log.h"

#include <string.h>

enum {
    STEP_CHANGED = 1 << BRIM_HISTORY_FIGURES,
    MOST_RECORD_BYTES = 1 + 10 * (BRIM_HISTORY_FIGURES + 1) /* a varint of 64 bits has ten bytes at most */
};

static uint8_t *put_varint(uint8_t *at, int64_t difference)
{
    uint64_t code = (uint64_t)difference << 1 ^ (difference < 0 ? UINT64_MAX : 0); /* zigzag */
    while (code >= 0x80) {
        *at++ = (uint8_t)(code | 0x80);
        code >>= 7;
    }
    *at++ = (uint8_t)code;
    return at;
}

static const uint8_t *get_varint(const uint8_t *at, int64_t *difference)
{
    uint64_t code = 0;
    int shift = 0;
    do {
        code |= (uint64_t)(*at & 0x7f) << shift;
        shift += 7;
    } while (*at++ & 0x80);
    *difference = (int64_t)(code >> 1 ^ (code & 1 ? UINT64_MAX : 0));
    return at;
}

BrimHistoryCursor brim_history_log_begin(const BrimHistoryChunk *chunk)
{
    BrimHistoryCursor cursor = {.point = {.time_ms = chunk->first_ms}};
    for (int i = 0; i < BRIM_HISTORY_FIGURES; i++)
        cursor.point.units[i] = BRIM_HISTORY_UNKNOWN;
    return cursor;
}

bool brim_history_log_next(const BrimHistoryChunk *chunk, BrimHistoryCursor *cursor)
{
    if (cursor->at_byte >= chunk->used_bytes)
        return false;
    const uint8_t *at = chunk->codes + cursor->at_byte;
    int changed = *at++;
    int64_t difference;
    if (changed & STEP_CHANGED)
        at = get_varint(at, &cursor->step_ms);
    cursor->point.time_ms += cursor->step_ms;
    for (int i = 0; i < BRIM_HISTORY_FIGURES; i++)
        if (changed & 1 << i) {
            at = get_varint(at, &difference);
            cursor->point.units[i] += difference;
        }
    cursor->at_byte = (int)(at - chunk->codes);
    return true;
}

/* The bytes of the next sample, and the cursor behind it. */
static int encode(uint8_t *record, BrimHistoryCursor *cursor, const BrimHistoryPoint *point)
{
    uint8_t *at = record + 1;
    int64_t step_ms = point->time_ms - cursor->point.time_ms;
    int64_t off_ms = step_ms - cursor->step_ms;
    record[0] = 0;
    if (8 * (off_ms < 0 ? -off_ms : off_ms) > cursor->step_ms) {
        record[0] |= STEP_CHANGED;
        cursor->step_ms = step_ms > 0 ? step_ms : 0;
        at = put_varint(at, cursor->step_ms);
    }
    cursor->point.time_ms += cursor->step_ms;
    for (int i = 0; i < BRIM_HISTORY_FIGURES; i++)
        if (point->units[i] != cursor->point.units[i]) {
            record[0] |= (uint8_t)(1 << i);
            at = put_varint(at, point->units[i] - cursor->point.units[i]);
            cursor->point.units[i] = point->units[i];
        }
    return (int)(at - record);
}

BrimHistorySummary brim_history_log_summary(int64_t units)
{
    if (units == BRIM_HISTORY_UNKNOWN)
        return (BrimHistorySummary){.known = 0};
    return (BrimHistorySummary){.least = units, .most = units, .sum = units, .known = 1};
}

void brim_history_log_sum(BrimHistorySummary *summary, const BrimHistorySummary *added)
{
    if (added->known == 0)
        return;
    if (summary->known == 0 || added->least < summary->least)
        summary->least = added->least;
    if (summary->known == 0 || added->most > summary->most)
        summary->most = added->most;
    summary->sum += added->sum;
    summary->known += added->known;
}

/* Takes the first chunk off the log. */
static BrimHistoryChunk *take_first(BrimHistoryLog *log)
{
    BrimHistoryChunk *chunk = log->first;
    log->first = chunk->next;
    log->chunk_count--;
    if (!log->first)
        *log = (BrimHistoryLog){.first = NULL};
    chunk->next = NULL;
    return chunk;
}

/* Puts a whole chunk behind the log; what is appended next begins one of its own. */
static void put_last(BrimHistoryLog *log, BrimHistoryChunk *chunk)
{
    if (log->last)
        log->last->next = chunk;
    else
        log->first = chunk;
    log->last = chunk;
    log->chunk_count++;
    log->end = (BrimHistoryCursor){.point.time_ms = INT64_MAX};
}

static BrimStatus begin_chunk(BrimHistoryLog *log, int64_t first_ms)
{
    BrimHistoryChunk *chunk = brim_mem_take(BRIM_MEM_OTHER, 1, sizeof *chunk);
    if (!chunk)
        return BRIM_ERROR_MEMORY;
    chunk->first_ms = chunk->last_ms = first_ms;
    put_last(log, chunk);
    log->end = brim_history_log_begin(chunk);
    return BRIM_OK;
}

/* The clock was set back, by more than the error of the times that are kept. */
static bool goes_back(const BrimHistoryLog *log, int64_t time_ms)
{
    return time_ms < log->end.point.time_ms - log->end.step_ms / 8;
}

BrimStatus brim_history_log_append(BrimHistoryLog *log, const BrimHistoryPoint *point)
{
    uint8_t record[MOST_RECORD_BYTES];
    BrimHistoryCursor behind = log->end;
    int bytes = 0;
    bool fits = log->last && !goes_back(log, point->time_ms);
    if (fits) {
        bytes = encode(record, &behind, point);
        fits = log->last->used_bytes + bytes <= BRIM_HISTORY_CHUNK_BYTES;
    }
    if (!fits) {
        BrimStatus status = begin_chunk(log, point->time_ms);
        if (status != BRIM_OK)
            return status;
        behind = log->end;
        bytes = encode(record, &behind, point);
    }
    BrimHistoryChunk *chunk = log->last;
    memcpy(chunk->codes + chunk->used_bytes, record, (size_t)bytes);
    chunk->used_bytes += bytes;
    chunk->samples++;
    for (int i = 0; i < BRIM_HISTORY_FIGURES; i++) {
        BrimHistorySummary one = brim_history_log_summary(point->units[i]);
        brim_history_log_sum(&chunk->summary[i], &one);
    }
    chunk->last_ms = behind.point.time_ms;
    log->end = behind;
    log->end.at_byte = chunk->used_bytes;
    return BRIM_OK;
}

static void merge(BrimHistoryPoint *point, const BrimHistoryPoint *next)
{
    for (int i = 0; i < BRIM_HISTORY_FIGURES; i++) {
        int64_t a = point->units[i], b = next->units[i];
        if (i == BRIM_HISTORY_MEMORY_USED || a == BRIM_HISTORY_UNKNOWN || b == BRIM_HISTORY_UNKNOWN)
            point->units[i] = a > b ? a : b;
        else
            point->units[i] = (a + b) / 2;
    }
}

/* Appends every two samples of the chunk as one. */
static BrimStatus append_thinned(BrimHistoryLog *log, const BrimHistoryChunk *chunk)
{
    BrimHistoryCursor cursor = brim_history_log_begin(chunk);
    while (brim_history_log_next(chunk, &cursor)) {
        BrimHistoryPoint point = cursor.point;
        if (brim_history_log_next(chunk, &cursor))
            merge(&point, &cursor.point);
        BrimStatus status = brim_history_log_append(log, &point);
        if (status != BRIM_OK)
            return status;
    }
    return BRIM_OK;
}

/* INT64_MAX for a chunk that cannot be thinned. */
static int64_t step_of(const BrimHistoryChunk *chunk)
{
    return chunk->samples > 1 ? (chunk->last_ms - chunk->first_ms) / (chunk->samples - 1) : INT64_MAX;
}

int64_t brim_history_log_least_step_ms(const BrimHistoryLog *log, int64_t before_ms)
{
    int64_t least_ms = INT64_MAX;
    for (const BrimHistoryChunk *chunk = log->first; chunk && chunk != log->last; chunk = chunk->next)
        if (chunk->last_ms < before_ms && step_of(chunk) < least_ms)
            least_ms = step_of(chunk);
    return least_ms;
}

BrimStatus brim_history_log_thin(BrimHistoryLog *log, int64_t before_ms, int64_t step_ms)
{
    BrimHistoryLog thinned = {.first = NULL};
    BrimStatus status = BRIM_OK;
    while (status == BRIM_OK && log->first && log->first != log->last && log->first->last_ms < before_ms) {
        BrimHistoryChunk *chunk = take_first(log);
        if (step_of(chunk) >= step_ms) {
            put_last(&thinned, chunk);
            continue;
        }
        status = append_thinned(&thinned, chunk);
        brim_mem_give(chunk);
    }
    if (thinned.first) {
        thinned.last->next = log->first;
        log->first = thinned.first;
        log->chunk_count += thinned.chunk_count;
    }
    return status;
}

void brim_history_log_drop_first(BrimHistoryLog *log)
{
    brim_mem_give(take_first(log));
}

void brim_history_log_clear(BrimHistoryLog *log)
{
    while (log->first)
        brim_history_log_drop_first(log);
}
