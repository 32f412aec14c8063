/* Figures to cells. */
#include "report/bench_sheet.h"

#include <math.h>

#include "base/memory.h"

#define MIB     0x1p20
#define PERCENT 0.01

enum { ROW_COLUMNS = 12, STEP_COLUMNS = 6 };

static const BrimSheetColumn row_columns[ROW_COLUMNS] = {
    {.head = "", .key = "mode"},
    {.head = "batch", .key = "batch_size", .unit = 1},
    {.head = "steps", .key = "steps", .unit = 1, .aside = true},
    {.head = "median ms", .key = "step_median_ms", .unit = 1, .decimals = 1, .key_decimals = 3},
    {.head = "best ms", .key = "step_best_ms", .unit = 1, .decimals = 1, .key_decimals = 3, .aside = true},
    {.head = "pictures/s", .key = "pictures_per_s", .unit = 1, .decimals = 2, .key_decimals = 3},
    {.head = "arena MiB", .key = "arena_planned_bytes", .unit = MIB},
    {.head = "planned MiB", .key = "process_planned_bytes", .unit = MIB},
    {.head = "measured MiB", .key = "process_measured_bytes", .unit = MIB},
    {.head = "MiB/picture",
     .key = "process_planned_bytes_per_picture",
     .unit = MIB,
     .decimals = 1,
     .aside = true},
    {.head = "CPU %", .key = "cpu_utilization", .unit = PERCENT, .key_decimals = 4},
    {.head = "verdict", .key = "verdict"},
};

static const BrimSheetColumn step_columns[STEP_COLUMNS] = {
    {.head = "batch", .key = "batch", .unit = 1},
    {.head = "ms", .key = "step_ms", .unit = 1, .decimals = 1, .key_decimals = 3},
    {.head = "box", .key = "box_loss", .unit = 1, .decimals = 5, .key_decimals = 7},
    {.head = "obj", .key = "obj_loss", .unit = 1, .decimals = 5, .key_decimals = 7},
    {.head = "cls", .key = "cls_loss", .unit = 1, .decimals = 5, .key_decimals = 7},
    {.head = "loss", .key = "loss", .unit = 1, .decimals = 5, .key_decimals = 7},
};

static BrimStatus take_cells(BrimBenchSheet *sheet, const BrimSheetColumn *columns, int column_count,
                             int rows)
{
    sheet->cells = brim_mem_take(BRIM_MEM_REPORT, (size_t)rows * (size_t)column_count, sizeof *sheet->cells);
    sheet->sheet = (BrimSheet){columns, column_count, sheet->cells, rows, 0};
    return sheet->cells ? BRIM_OK : BRIM_ERROR_MEMORY;
}

/* Figures that were not taken, or that the system does not tell, are 0. */
static double known(double figure)
{
    return figure > 0 ? figure : NAN;
}

static void fill_row(BrimSheetCell *cells, const BrimBenchRow *row)
{
    const BrimSheetCell filled[ROW_COLUMNS] = {
        {.text = row->training ? "training" : "inference"},
        {.number = row->batch},
        {.number = known(row->steps)},
        {.number = known(row->median_ms)},
        {.number = known(row->best_ms)},
        {.number = known(row->pictures_per_s)},
        {.number = known((double)row->arena_bytes)},
        {.number = known((double)row->planned_bytes)},
        {.number = known((double)row->peak_bytes)},
        {.number = known((double)(row->planned_bytes / (uint64_t)row->batch))},
        {.number = known(row->utilization)},
        {.text = brim_bench_verdict_text(row->verdict)},
    };
    for (int i = 0; i < ROW_COLUMNS; i++)
        cells[i] = filled[i];
}

BrimStatus brim_bench_sheet_rows(BrimBenchSheet *sheet, const BrimBench *bench)
{
    BrimStatus status = take_cells(sheet, row_columns, ROW_COLUMNS, bench->row_count);
    for (int i = 0; i < bench->row_count && status == BRIM_OK; i++)
        fill_row(&sheet->cells[i * ROW_COLUMNS], &bench->rows[i]);
    return status;
}

BrimStatus brim_bench_sheet_steps(BrimBenchSheet *sheet, const BrimBench *bench)
{
    BrimStatus status = take_cells(sheet, step_columns, STEP_COLUMNS, bench->step_count);
    for (int i = 0; i < bench->step_count && status == BRIM_OK; i++) {
        const BrimBenchStep *step = &bench->steps[i];
        BrimSheetCell *cells = &sheet->cells[i * STEP_COLUMNS];
        double sum = 0;
        cells[0].number = i + 1;
        cells[1].number = step->milliseconds;
        for (int part = 0; part < 3; part++) {
            cells[2 + part].number = (double)step->losses[part];
            sum += (double)step->losses[part];
        }
        cells[5].number = sum;
    }
    return status;
}

void brim_bench_sheet_clear(BrimBenchSheet *sheet)
{
    brim_mem_give(sheet->cells);
    *sheet = (BrimBenchSheet){0};
}
