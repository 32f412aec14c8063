/* The columns of a benchmark's reports. */
#ifndef BRIM_REPORT_BENCH_SHEET_H
#define BRIM_REPORT_BENCH_SHEET_H

#include "report/sheet.h"

typedef struct BrimBenchSheet {
    BrimSheet sheet;
    BrimSheetCell *cells;
} BrimBenchSheet;

/* A sweep's rows. What does not fit has what it would need as planned. */
BrimStatus brim_bench_sheet_rows(BrimBenchSheet *sheet, const BrimBench *bench);

/* The batches of a random training. */
BrimStatus brim_bench_sheet_steps(BrimBenchSheet *sheet, const BrimBench *bench);

void brim_bench_sheet_clear(BrimBenchSheet *sheet);

#endif
