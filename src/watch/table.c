/* Three sheets, each left out where it has no rows. */
#include "watch/table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "monitor/sample_fields.h"
#include "report/sheet.h"

enum { DEVICE_COLUMNS = 9, PROCESS_COLUMNS = 9, RUN_COLUMNS = 10, TEXTS = 4, TEXT_BYTES = 72 };

static const BrimSheetColumn device_columns[DEVICE_COLUMNS] = {
    {.head = "device"},
    {.head = "memory GiB", .unit = 0x1p30, .decimals = 2},
    {.head = "of GiB", .unit = 0x1p30, .decimals = 2},
    {.head = "load %", .unit = 1},
    {.head = "temp. C", .unit = 1},
    {.head = "power W", .unit = 1},
    {.head = "of W", .unit = 1},
    {.head = "MHz", .unit = 1e6},
    {.head = "name"},
};
static const BrimSheetColumn process_columns[PROCESS_COLUMNS] = {
    {.head = "pid", .unit = 1},
    {.head = "user"},
    {.head = "device"},
    {.head = "device MiB", .unit = 0x1p20},
    {.head = "load %", .unit = 1},
    {.head = "host MiB", .unit = 0x1p20},
    {.head = "peak MiB", .unit = 0x1p20},
    {.head = "cpu %", .unit = 1},
    {.head = "command"},
};
/* "of" is what was planned of what was measured before it: the arena, then all that the run takes. */
static const BrimSheetColumn run_columns[RUN_COLUMNS] = {
    {.head = "pid", .unit = 1},
    {.head = "run"},
    {.head = "model"},
    {.head = "epoch"},
    {.head = "pictures/s", .unit = 1, .decimals = 1},
    {.head = "arena MiB", .unit = 0x1p20},
    {.head = "of MiB", .unit = 0x1p20},
    {.head = "memory MiB", .unit = 0x1p20},
    {.head = "of MiB", .unit = 0x1p20},
    {.head = "folder", .ends = true},
};

/* A row's texts, which its cells point to. */
typedef struct Row {
    char texts[TEXTS][TEXT_BYTES];
} Row;

/* Fills the cells of a row of the sample. */
typedef void (*FillRow)(BrimSheetCell *cells, Row *row, const BrimMonitorSample *sample, int at);

void brim_device_label(char label[BRIM_DEVICE_LABEL_BYTES], const char *vendor, int index)
{
    if (strcmp(vendor, "host") == 0)
        snprintf(label, BRIM_DEVICE_LABEL_BYTES, "host");
    else
        snprintf(label, BRIM_DEVICE_LABEL_BYTES, "%s %d", vendor, index);
}

/* As much of a text as a column is to be wide. A sample's texts steer no terminal (monitor/draft.h). */
static const char *cut(char text[TEXT_BYTES], const char *from)
{
    brim_utf8_copy(text, TEXT_BYTES, *from ? from : "-");
    return text;
}

static void fill_device(BrimSheetCell *cells, Row *row, const BrimMonitorSample *sample, int at)
{
    const BrimDeviceSample *device = &sample->devices[at];
    char label[BRIM_DEVICE_LABEL_BYTES], part[BRIM_DEVICE_LABEL_BYTES + 4];
    brim_device_label(label, device->vendor, device->index);
    snprintf(part, sizeof part, "%s%s", device->parent >= 0 ? "  " : "", label); /* below the whole */
    const BrimSheetCell filled[DEVICE_COLUMNS] = {
        {cut(row->texts[0], part), 0},
        {NULL, device->value[BRIM_METRIC_MEMORY_USED]},
        {NULL, device->value[BRIM_METRIC_MEMORY_TOTAL]},
        {NULL, device->value[BRIM_METRIC_UTILIZATION]},
        {NULL, device->value[BRIM_METRIC_TEMPERATURE]},
        {NULL, device->value[BRIM_METRIC_POWER]},
        {NULL, device->value[BRIM_METRIC_POWER_LIMIT]},
        {NULL, device->value[BRIM_METRIC_CLOCK]},
        {cut(row->texts[1], device->name), 0},
    };
    memcpy(cells, filled, sizeof filled);
}

/* On the host, the device's memory is the host's, and is not said twice. */
static void fill_process(BrimSheetCell *cells, Row *row, const BrimMonitorSample *sample, int at)
{
    const BrimProcessSample *process = &sample->processes[at];
    const BrimDeviceSample *device = &sample->devices[process->device];
    bool host = strcmp(device->vendor, "host") == 0;
    char label[BRIM_DEVICE_LABEL_BYTES];
    brim_device_label(label, device->vendor, device->index);
    const BrimSheetCell filled[PROCESS_COLUMNS] = {
        {NULL, process->pid},
        {cut(row->texts[0], process->user), 0},
        {cut(row->texts[1], label), 0},
        {NULL, host ? NAN : process->memory_bytes},
        {NULL, host ? NAN : process->utilization_percent},
        {NULL, process->host_memory_bytes},
        {NULL, process->host_peak_bytes},
        {NULL, process->host_cpu_percent},
        {cut(row->texts[2], process->command[0] ? process->command : process->name), 0},
    };
    memcpy(cells, filled, sizeof filled);
}

static void fill_run(BrimSheetCell *cells, Row *row, const BrimMonitorSample *sample, int at)
{
    const BrimRunSample *run = &sample->runs[at];
    char epoch[32] = "";
    if (run->epochs)
        snprintf(epoch, sizeof epoch, "%d/%d", run->epoch, run->epochs - 1);
    const BrimSheetCell filled[RUN_COLUMNS] = {
        {NULL, run->pid},
        {cut(row->texts[0], run->command), 0},
        {cut(row->texts[1], run->model), 0},
        {cut(row->texts[2], epoch), 0},
        {NULL, run->pictures_per_s},
        {NULL, run->arena_measured_bytes},
        {NULL, (double)run->arena_bytes},
        {NULL, run->process_measured_bytes},
        {NULL, (double)run->planned_bytes},
        {cut(row->texts[3], run->folder), 0},
    };
    memcpy(cells, filled, sizeof filled);
}

/* What the rows of a kind have in common. */
typedef struct Table {
    const BrimSheetColumn *columns;
    int column_count;
    FillRow fill;
} Table;

static const Table devices = {device_columns, DEVICE_COLUMNS, fill_device};
static const Table processes = {process_columns, PROCESS_COLUMNS, fill_process};
static const Table runs = {run_columns, RUN_COLUMNS, fill_run};

static BrimStatus add_sheet(BrimText *text, const Table *table, int count, const BrimMonitorSample *sample,
                            int width)
{
    if (!count)
        return BRIM_OK;
    BrimSheetCell *cells =
        brim_mem_take(BRIM_MEM_REPORT, (size_t)count * (size_t)table->column_count, sizeof *cells);
    Row *rows = brim_mem_take(BRIM_MEM_REPORT, (size_t)count, sizeof *rows);
    BrimStatus status = cells && rows ? BRIM_OK : BRIM_ERROR_MEMORY;
    for (int i = 0; i < count && status == BRIM_OK; i++)
        table->fill(&cells[i * table->column_count], &rows[i], sample, i);
    if (status == BRIM_OK) {
        brim_text_add(text, "\n");
        brim_sheet_table(text, &(BrimSheet){table->columns, table->column_count, cells, count, width});
    }
    brim_mem_give(cells);
    brim_mem_give(rows);
    return status;
}

static void add_troubles(BrimText *text, const BrimMonitorSample *sample)
{
    for (int i = 0; i < sample->device_count; i++) {
        const BrimDeviceSample *device = &sample->devices[i];
        const char *trouble = device->trouble;
        char label[BRIM_DEVICE_LABEL_BYTES];
        brim_device_label(label, device->vendor, device->index);
        if (device->lost || trouble[0])
            brim_text_add(text, "%s: %s%s%s\n", label, device->lost ? "it does not answer any more" : "",
                          device->lost && trouble[0] ? "; " : "", trouble);
    }
}

BrimStatus brim_watch_table(BrimText *text, const BrimMonitorSample *sample, int width)
{
    BrimStatus status = BRIM_OK;
    char time[BRIM_SAMPLE_TIME_BYTES];
    brim_sample_time_text(time, sample->time_ns);
    brim_text_add(text, "%.19sZ\n", time);
    BRIM_TRY(add_sheet(text, &devices, sample->device_count, sample, width));
    add_troubles(text, sample);
    BRIM_TRY(add_sheet(text, &processes, sample->process_count, sample, width));
    BRIM_TRY(add_sheet(text, &runs, sample->run_count, sample, width));
fail:
    return status;
}
