/* The columns of a benchmark's reports. */
#ifndef BRIM_REPORT_BENCH_SHEET_H
#define BRIM_REPORT_BENCH_SHEET_H

#include "report/sheet.h"

typedef struct BrimBenchSheet {
    BrimSheet sheet;
    BrimSheetCell *cells;
    char (*notes)[64]; /* texts of a row that are made for it */
} BrimBenchSheet;

/* A sweep's rows. for_people: a verdict also says what a row that does not fit would need. */
BrimStatus brim_bench_sheet_rows(BrimBenchSheet *sheet, const BrimBench *bench, bool for_people);

/* The batches of a random training. */
BrimStatus brim_bench_sheet_steps(BrimBenchSheet *sheet, const BrimBench *bench);

void brim_bench_sheet_clear(BrimBenchSheet *sheet);

#endif
