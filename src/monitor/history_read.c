/* Logs to buckets. */
#include <math.h>

#include "monitor/history_tracks.h"

/* Which of the figures, or BRIM_HISTORY_FIGURES. */
static int figure_of(BrimMetric metric)
{
    int i = 0;
    while (i < BRIM_HISTORY_FIGURES && brim_history_units[i].metric != metric)
        i++;
    return i;
}

bool brim_history_keeps(BrimMetric metric)
{
    return figure_of(metric) < BRIM_HISTORY_FIGURES;
}

/* The mean is a sum until all are in. */
static void add_to_bucket(BrimHistoryBucket *bucket, const BrimHistorySummary *summary, int samples,
                          double unit)
{
    bucket->samples += samples;
    if (summary->known == 0)
        return;
    bucket->least =
        fmin(bucket->least, (double)summary->least * unit); /* of a NAN and a number, the number */
    bucket->most = fmax(bucket->most, (double)summary->most * unit);
    bucket->mean = (bucket->known ? bucket->mean : 0) + (double)summary->sum;
    bucket->known += (int)summary->known;
}

/* The buckets, and the time that they share. */
typedef struct Reader {
    int64_t from_ms, to_ms;
    BrimHistoryBucket *buckets;
    int count;
} Reader;

/* The bucket for a time; NULL: none. */
static BrimHistoryBucket *bucket_of(const Reader *reader, int64_t time_ms)
{
    if (time_ms < reader->from_ms || time_ms >= reader->to_ms)
        return NULL;
    return &reader->buckets[(time_ms - reader->from_ms) * reader->count / (reader->to_ms - reader->from_ms)];
}

static void read_chunk(const Reader *reader, const BrimHistoryChunk *chunk, int figure)
{
    const double unit = brim_history_units[figure].unit;
    BrimHistoryBucket *first = bucket_of(reader, chunk->first_ms), *last = bucket_of(reader, chunk->last_ms);
    if (first && first == last) {
        add_to_bucket(first, &chunk->summary[figure], chunk->samples, unit);
        return;
    }
    BrimHistoryCursor cursor = brim_history_log_begin(chunk);
    while (brim_history_log_next(chunk, &cursor)) {
        BrimHistoryBucket *bucket = bucket_of(reader, cursor.point.time_ms);
        BrimHistorySummary one = brim_history_log_summary(cursor.point.units[figure]);
        if (bucket)
            add_to_bucket(bucket, &one, 1, unit);
    }
}

void brim_history_read(const BrimHistory *history, const BrimDeviceSample *device, BrimMetric metric,
                       int64_t from_ns, int64_t to_ns, BrimHistoryBucket *buckets, int count)
{
    const BrimHistoryTrack *track = brim_history_track(history, device);
    const int figure = figure_of(metric);
    const Reader reader = {from_ns / BRIM_HISTORY_MS_NS, to_ns / BRIM_HISTORY_MS_NS, buckets, count};
    for (int i = 0; i < count; i++)
        buckets[i] = (BrimHistoryBucket){.least = NAN, .mean = NAN, .most = NAN};
    if (!track || figure == BRIM_HISTORY_FIGURES)
        return;
    for (const BrimHistoryChunk *chunk = track->log.first; chunk; chunk = chunk->next)
        if (chunk->last_ms >= reader.from_ms && chunk->first_ms < reader.to_ms)
            read_chunk(&reader, chunk, figure);
    for (int i = 0; i < count; i++)
        if (buckets[i].known > 0)
            buckets[i].mean *= brim_history_units[figure].unit / buckets[i].known;
}

void brim_history_span(const BrimHistory *history, int64_t *first_ns, int64_t *last_ns)
{
    *first_ns = brim_history_oldest_ms(history) * BRIM_HISTORY_MS_NS;
    *last_ns = history->newest_ms * BRIM_HISTORY_MS_NS;
}
