/* results.csv and device.csv. */
#include "report/results.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

enum { MOST_COLUMNS = 14, MOST_CSV_BYTES = 1 << 26, MOST_LINE_BYTES = MOST_COLUMNS * 32 };

/* A row as it is printed; `heads` are those of the file. */
typedef struct Row {
    const char *const *heads;
    int columns;
    int width, digits;
    double values[MOST_COLUMNS]; /* NAN: an empty cell */
} Row;

/* Bytes of the whole rows before this epoch, the header included. */
static size_t rows_to_keep(const char *text, int epoch)
{
    const char *end = strrchr(text, '\n');
    for (const char *at = strchr(text, '\n'); at && at < end; at = strchr(at + 1, '\n'))
        if (strtol(at + 1, NULL, 10) >= epoch)
            return (size_t)(at + 1 - text);
    return end ? (size_t)(end + 1 - text) : 0;
}

static size_t print_heads(const Row *row, char *line, size_t bytes)
{
    int length = 0;
    for (int i = 0; i < row->columns; i++)
        length += snprintf(line + length, bytes - (size_t)length, "%*s%s", row->width, row->heads[i],
                           i + 1 < row->columns ? "," : "\n");
    return (size_t)length;
}

static size_t print_values(const Row *row, char *line, size_t bytes)
{
    int length = 0;
    for (int i = 0; i < row->columns; i++) {
        const char *end = i + 1 < row->columns ? "," : "\n";
        if (isnan(row->values[i]))
            length += snprintf(line + length, bytes - (size_t)length, "%*s%s", row->width, "", end);
        else
            length += snprintf(line + length, bytes - (size_t)length, "%*.*g%s", row->width, row->digits, row->values[i],
                               end);
    }
    return (size_t)length;
}

/* A file that begins with this row, or had rows of this epoch and later ones, or one cut short. */
static BrimStatus write_anew(const char *path, const char *kept, size_t kept_bytes, const Row *row)
{
    BrimStatus status;
    BrimAtomicFile *file = NULL;
    char line[MOST_LINE_BYTES];
    BRIM_TRY(brim_atomic_open(&file, path));
    if (kept_bytes == 0)
        BRIM_TRY(brim_atomic_write(file, line, print_heads(row, line, sizeof line)));
    else
        BRIM_TRY(brim_atomic_write(file, kept, kept_bytes));
    BRIM_TRY(brim_atomic_write(file, line, print_values(row, line, sizeof line)));
    BRIM_TRY(brim_atomic_commit(&file));
fail:
    brim_atomic_discard(&file);
    return status;
}

/* Whether the file ends with a whole row of an epoch before this one: rows ascend, so that all of them stay. The header
 * alone is no such row, and neither is what cannot be read. */
static bool ends_before(const char *path, int epoch)
{
    char tail[2 * MOST_LINE_BYTES];
    size_t bytes = 0;
    if (!brim_file_exists(path) || brim_file_read_tail(path, tail, sizeof tail, &bytes) != BRIM_OK || bytes == 0 ||
        tail[bytes - 1] != '\n')
        return false;
    tail[bytes - 1] = '\0';
    const char *before = strrchr(tail, '\n');
    return before && strtol(before + 1, NULL, 10) < epoch;
}

/* The first value is the epoch. Mostly there is a line to add, for which a training waits for no disk, and reads of the
 * file no more than its end. */
static BrimStatus append(const char *path, const Row *row)
{
    BrimStatus status = BRIM_OK;
    char *old = NULL, line[MOST_LINE_BYTES];
    size_t old_bytes = 0, kept_bytes = 0;
    const int epoch = (int)row->values[0];
    if (ends_before(path, epoch))
        return brim_file_append(path, line, print_values(row, line, sizeof line));
    if (brim_file_exists(path))
        BRIM_TRY(brim_file_read(path, MOST_CSV_BYTES, &old, &old_bytes));
    if (old_bytes > 0)
        kept_bytes = rows_to_keep(old, epoch);
    status = write_anew(path, old, kept_bytes, row);
fail:
    brim_mem_give(old);
    return status;
}

BrimStatus brim_results_append(const char *path, const BrimEvent *results)
{
    static const char *const heads[] = {
        "epoch",           "train/box_loss",       "train/obj_loss", "train/cls_loss", "metrics/precision",
        "metrics/recall",  "metrics/mAP_0.5",      "metrics/mAP_0.5:0.95", "val/box_loss", "val/obj_loss",
        "val/cls_loss",    "x/lr0",                "x/lr1",          "x/lr2",
    };
    const Row row = {
        heads, sizeof heads / sizeof heads[0], 20, 5,
        {results->epoch,         results->losses[0],     results->losses[1],         results->losses[2],
         results->precision,     results->recall,        results->map50,             results->map50_95,
         results->val_losses[0], results->val_losses[1], results->val_losses[2],     results->learning_rates[0],
         results->learning_rates[1], results->learning_rates[2]}};
    return append(path, &row);
}

BrimStatus brim_results_append_use(const char *path, const BrimEvent *results)
{
    static const char *const heads[] = {
        "epoch",          "memory_planned_bytes", "memory_highest_bytes",     "memory_peak_bytes", "memory_mean_bytes",
        "device_percent", "device_peak_percent",  "temperature_peak_celsius", "power_mean_watts",  "samples",
        "data_wait_percent",
    };
    const BrimUse *use = results->use;
    const Row row = {heads, sizeof heads / sizeof heads[0], 24, 12,
                     {results->epoch, (double)results->memory_planned_bytes, (double)results->memory_peak_bytes,
                      use->memory_peak_bytes, use->memory_mean_bytes, use->device_percent, use->device_peak_percent,
                      use->temperature_peak_celsius, use->power_mean_watts, use->samples,
                      100 * results->wait_share}};
    return append(path, &row);
}
