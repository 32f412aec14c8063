/* The rule. What counts is a row's speed (pictures/s at the median step) and its cost (the memory planned for
 * the process), both against the other rows of its kind. */
#include "report/bench_verdict.h"

#include <stddef.h>

#define AS_FAST     0.95 /* of the highest pictures/s: who asks for speed misses little */
#define FAST_ENOUGH 0.8  /* a fifth of the speed may go for less memory */

static const char *const verdict_texts[] = {
#define X(name, text) text,
    BRIM_BENCH_VERDICT_LIST(X)
#undef X
};

const char *brim_bench_verdict_text(BrimBenchVerdict verdict)
{
    size_t count = sizeof verdict_texts / sizeof verdict_texts[0];
    return (size_t)verdict < count ? verdict_texts[verdict] : "";
}

const char *brim_bench_rule(void)
{
    return "best value    the least memory with which 95% of the highest pictures/s are reached: take this "
           "one\n"
           "balanced      less memory than that, and still 80% of the highest pictures/s\n"
           "low memory    less memory, and slower: for when nothing else fits\n"
           "high memory   more memory, and faster, though by 5% at most\n"
           "does not pay  another batch size takes no more memory and is at least as fast\n"
           "Memory is what is planned; training and inference are judged each for itself.\n";
}

bool brim_bench_measured(const BrimBenchRow *row)
{
    return row->verdict != BRIM_BENCH_DOES_NOT_FIT && row->verdict != BRIM_BENCH_CANNOT_RUN;
}

static bool counts(const BrimBenchRow *row, bool training)
{
    return row->training == training && brim_bench_measured(row);
}

/* Would anybody take `other` rather than `row`? Of two that are equal, the smaller batch. */
static bool beats(const BrimBenchRow *other, const BrimBenchRow *row)
{
    if (other->planned_bytes > row->planned_bytes || other->pictures_per_s < row->pictures_per_s)
        return false;
    return other->planned_bytes < row->planned_bytes || other->pictures_per_s > row->pictures_per_s ||
           other->batch < row->batch;
}

static bool is_beaten(const BrimBenchRow *rows, int count, const BrimBenchRow *row)
{
    for (int i = 0; i < count; i++) {
        if (counts(&rows[i], row->training) && beats(&rows[i], row))
            return true;
    }
    return false;
}

static double highest_speed(const BrimBenchRow *rows, int count, bool training)
{
    double highest = 0;
    for (int i = 0; i < count; i++) {
        if (counts(&rows[i], training) && rows[i].pictures_per_s > highest)
            highest = rows[i].pictures_per_s;
    }
    return highest;
}

/* Of those that are as fast as can be the one that takes least. No row beats it: that one would be as fast,
 * too. */
static BrimBenchRow *find_best(BrimBenchRow *rows, int count, bool training, double highest)
{
    BrimBenchRow *best = NULL;
    for (int i = 0; i < count; i++) {
        if (counts(&rows[i], training) && rows[i].pictures_per_s >= AS_FAST * highest &&
            (!best || rows[i].planned_bytes < best->planned_bytes || beats(&rows[i], best)))
            best = &rows[i];
    }
    return best;
}

static void judge_kind(BrimBenchRow *rows, int count, bool training)
{
    double highest = highest_speed(rows, count, training);
    BrimBenchRow *best = find_best(rows, count, training, highest);
    for (int i = 0; i < count; i++) {
        BrimBenchRow *row = &rows[i];
        if (!counts(row, training))
            continue;
        row->verdict = row == best                                    ? BRIM_BENCH_BEST_VALUE
                       : is_beaten(rows, count, row)                  ? BRIM_BENCH_DOES_NOT_PAY
                       : row->planned_bytes > best->planned_bytes     ? BRIM_BENCH_HIGH_MEMORY
                       : row->pictures_per_s >= FAST_ENOUGH * highest ? BRIM_BENCH_BALANCED
                                                                      : BRIM_BENCH_LOW_MEMORY;
    }
}

void brim_bench_judge(BrimBenchRow *rows, int count)
{
    judge_kind(rows, count, false);
    judge_kind(rows, count, true);
}

const BrimBenchRow *brim_bench_best(const BrimBench *bench, bool training)
{
    for (int i = 0; i < bench->row_count; i++) {
        if (bench->rows[i].training == training && bench->rows[i].verdict == BRIM_BENCH_BEST_VALUE)
            return &bench->rows[i];
    }
    return NULL;
}
