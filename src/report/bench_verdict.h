/* Which batch size pays: the rows of a benchmark judged by the rule that brim_bench_rule() says. */
#ifndef BRIM_REPORT_BENCH_VERDICT_H
#define BRIM_REPORT_BENCH_VERDICT_H

#include "base/status.h"

/* Was the row measured? */
bool brim_bench_measured(const BrimBenchRow *row);

/* Sets the verdict of every row that was measured, training and inference each for themselves. */
void brim_bench_judge(BrimBenchRow *rows, int count);

/* The row that is the best value of its kind; NULL where none fits. */
const BrimBenchRow *brim_bench_best(const BrimBench *bench, bool training);

#endif
