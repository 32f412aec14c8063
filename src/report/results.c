/* results.csv. */
#include "report/results.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

enum { COLUMNS = 14, MOST_CSV_BYTES = 1 << 26 };

static const char *const columns[COLUMNS] = {
    "epoch",           "train/box_loss",       "train/obj_loss", "train/cls_loss", "metrics/precision",
    "metrics/recall",  "metrics/mAP_0.5",      "metrics/mAP_0.5:0.95", "val/box_loss", "val/obj_loss",
    "val/cls_loss",    "x/lr0",                "x/lr1",          "x/lr2",
};

/* Bytes of the rows before this epoch, the header included. */
static size_t rows_to_keep(const char *text, int epoch)
{
    const char *at = strchr(text, '\n');
    while (at && at[1]) {
        if (atoi(at + 1) >= epoch)
            return (size_t)(at + 1 - text);
        at = strchr(at + 1, '\n');
    }
    return strlen(text);
}

static int print_row(char *row, size_t bytes, const BrimEvent *results)
{
    const double values[COLUMNS] = {
        results->epoch,         results->losses[0],     results->losses[1],         results->losses[2],
        results->precision,     results->recall,        results->map50,             results->map50_95,
        results->val_losses[0], results->val_losses[1], results->val_losses[2],     results->learning_rates[0],
        results->learning_rates[1], results->learning_rates[2],
    };
    int length = 0;
    for (int i = 0; i < COLUMNS; i++)
        length += snprintf(row + length, bytes - (size_t)length, i + 1 < COLUMNS ? "%20.5g," : "%20.5g\n", values[i]);
    return length;
}

BrimStatus brim_results_append(const char *path, const BrimEvent *results)
{
    BrimStatus status = BRIM_OK;
    BrimAtomicFile *file = NULL;
    char *old = NULL;
    size_t old_bytes = 0;
    char row[COLUMNS * 32];
    if (brim_file_exists(path))
        BRIM_TRY(brim_file_read(path, MOST_CSV_BYTES, &old, &old_bytes));
    BRIM_TRY(brim_atomic_open(&file, path));
    if (old_bytes == 0) {
        int length = 0;
        for (int i = 0; i < COLUMNS; i++)
            length += snprintf(row + length, sizeof row - (size_t)length, i + 1 < COLUMNS ? "%20s," : "%20s\n", columns[i]);
        BRIM_TRY(brim_atomic_write(file, row, (size_t)length));
    } else {
        BRIM_TRY(brim_atomic_write(file, old, rows_to_keep(old, results->epoch)));
    }
    BRIM_TRY(brim_atomic_write(file, row, (size_t)print_row(row, sizeof row, results)));
    BRIM_TRY(brim_atomic_commit(&file));
fail:
    brim_atomic_discard(&file);
    brim_mem_give(old);
    return status;
}
