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
    {"device", "", 0, 0, 0},   {"memory GiB", "", 0x1p30, 2, 0}, {"of GiB", "", 0x1p30, 2, 0},
    {"load %", "", 1, 0, 0},   {"Celsius", "", 1, 0, 0},         {"watts", "", 1, 0, 0},
    {"of watts", "", 1, 0, 0}, {"MHz", "", 1e6, 0, 0},           {"name", "", 0, 0, 0},
};
static const BrimSheetColumn process_columns[PROCESS_COLUMNS] = {
    {"pid", "", 1, 0, 0},           {"user", "", 0, 0, 0},
    {"device", "", 0, 0, 0},        {"device MiB", "", 0x1p20, 0, 0},
    {"load %", "", 1, 0, 0},        {"host MiB", "", 0x1p20, 0, 0},
    {"peak MiB", "", 0x1p20, 0, 0}, {"cpu %", "", 1, 0, 0},
    {"command", "", 0, 0, 0},
};
static const BrimSheetColumn run_columns[RUN_COLUMNS] = {
    {"pid", "", 1, 0, 0},           {"run", "", 0, 0, 0},
    {"model", "", 0, 0, 0},         {"arena MiB", "", 0x1p20, 0, 0},
    {"measured", "", 0x1p20, 0, 0}, {"planned MiB", "", 0x1p20, 0, 0},
    {"measured", "", 0x1p20, 0, 0}, {"epoch", "", 0, 0, 0},
    {"pictures/s", "", 1, 1, 0},    {"folder", "", 0, 0, 0},
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
        {NULL, (double)run->arena_bytes},
        {NULL, run->arena_measured_bytes},
        {NULL, (double)run->planned_bytes},
        {NULL, run->process_measured_bytes},
        {cut(row->texts[2], epoch), 0},
        {NULL, run->pictures_per_s},
        {cut(row->texts[3], run->folder), 0},
    };
    memcpy(cells, filled, sizeof filled);
}

static BrimStatus add_sheet(BrimText *text, const BrimSheetColumn *columns, int column_count, int count,
                            const BrimMonitorSample *sample, FillRow fill)
{
    if (!count)
        return BRIM_OK;
    BrimSheetCell *cells =
        brim_mem_take(BRIM_MEM_REPORT, (size_t)count * (size_t)column_count, sizeof *cells);
    Row *rows = brim_mem_take(BRIM_MEM_REPORT, (size_t)count, sizeof *rows);
    BrimStatus status = cells && rows ? BRIM_OK : BRIM_ERROR_MEMORY;
    for (int i = 0; i < count && status == BRIM_OK; i++)
        fill(&cells[i * column_count], &rows[i], sample, i);
    if (status == BRIM_OK) {
        brim_text_add(text, "\n");
        brim_sheet_table(text, &(BrimSheet){columns, column_count, cells, count});
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

BrimStatus brim_watch_table(BrimText *text, const BrimMonitorSample *sample)
{
    BrimStatus status = BRIM_OK;
    char time[BRIM_SAMPLE_TIME_BYTES];
    brim_sample_time_text(time, sample->time_ns);
    brim_text_add(text, "%.19sZ\n", time);
    BRIM_TRY(add_sheet(text, device_columns, DEVICE_COLUMNS, sample->device_count, sample, fill_device));
    add_troubles(text, sample);
    BRIM_TRY(add_sheet(text, process_columns, PROCESS_COLUMNS, sample->process_count, sample, fill_process));
    BRIM_TRY(add_sheet(text, run_columns, RUN_COLUMNS, sample->run_count, sample, fill_run));
fail:
    return status;
}
