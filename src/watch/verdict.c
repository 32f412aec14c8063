/* The end of `brim watch -- COMMAND` in words. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/plural.h"
#include "report/sheet.h"
#include "watch/command.h"
#include "watch/table.h"

enum { COLUMNS = 8 };

static const BrimSheetColumn columns[COLUMNS] = {
    {.head = "device"},
    {.head = "memory peak MiB", .unit = 0x1p20, .decimals = 1},
    {.head = "mean", .unit = 0x1p20, .decimals = 1},
    {.head = "of MiB", .unit = 0x1p20},
    {.head = "command's", .unit = 0x1p20, .decimals = 1},
    {.head = "load peak %", .unit = 1, .decimals = 1},
    {.head = "mean", .unit = 1, .decimals = 1},
    {.head = "name"},
};

/* "103.1 MiB", "unknown" */
static const char *mebibytes(char text[32], double bytes)
{
    snprintf(text, 32, isnan(bytes) ? "unknown" : "%.1f MiB", bytes / 0x1p20);
    return text;
}

static void add_end(BrimText *text, const BrimWatched *watched)
{
    const BrimChild *child = &watched->child;
    brim_text_add(text, "brim watch: %.2f s, %d sample%s, ", watched->seconds, watched->summary.samples,
                  brim_plural(watched->summary.samples, "s"));
    if (child->signal)
        brim_text_add(text, "killed by signal %d (%s)\n", child->signal, strsignal(child->signal));
    else
        brim_text_add(text, "ended with %d\n", child->exit_code);
}

static void add_tree(BrimText *text, const BrimWatched *watched)
{
    const BrimSummary *summary = &watched->summary;
    char peak[32], mean[32], all[32];
    brim_text_add(text, "command's memory: peak %s (%s), mean %s",
                  mebibytes(peak, brim_watched_peak_bytes(watched)),
                  watched->child.peak_bytes ? "VmHWM of its largest process, by the kernel"
                                            : "VmHWM of its largest process, as it was seen last",
                  mebibytes(mean, brim_span_mean(&summary->tree_bytes)));
    if (summary->most_processes > 1)
        brim_text_add(text, "; up to %d processes, together at most %s at a sample", summary->most_processes,
                      mebibytes(all, brim_span_peak(&summary->tree_bytes)));
    double used_s = watched->child.user_s + watched->child.system_s;
    brim_text_add(text, "\ncommand's processor time: %.2f s user, %.2f s system, %.0f%% of a core\n",
                  watched->child.user_s, watched->child.system_s,
                  watched->seconds > 0 ? 100 * used_s / watched->seconds : 0);
}

static BrimStatus add_devices(BrimText *text, const BrimSummary *summary, int width)
{
    size_t count = (size_t)summary->device_count;
    BrimSheetCell *cells = brim_mem_take(BRIM_MEM_REPORT, count * COLUMNS, sizeof *cells);
    char(*labels)[BRIM_DEVICE_LABEL_BYTES] = brim_mem_take(BRIM_MEM_REPORT, count, sizeof *labels);
    BrimStatus status = cells && labels ? BRIM_OK : BRIM_ERROR_MEMORY;
    for (size_t i = 0; i < count && status == BRIM_OK; i++) {
        const BrimDeviceSummary *device = &summary->devices[i];
        brim_device_label(labels[i], device->vendor, device->index);
        const BrimSheetCell filled[COLUMNS] = {
            {labels[i], 0},
            {NULL, brim_span_peak(&device->memory_bytes)},
            {NULL, brim_span_mean(&device->memory_bytes)},
            {NULL, device->memory_total_bytes},
            {NULL, brim_span_peak(&device->tree_bytes)},
            {NULL, brim_span_peak(&device->utilization_percent)},
            {NULL, brim_span_mean(&device->utilization_percent)},
            {device->name, 0},
        };
        memcpy(&cells[i * COLUMNS], filled, sizeof filled);
    }
    if (status == BRIM_OK)
        brim_sheet_table(text, &(BrimSheet){columns, COLUMNS, cells, summary->device_count, width});
    brim_mem_give(cells);
    brim_mem_give(labels);
    return status;
}

BrimStatus brim_watched_text(const BrimWatched *watched, int width, char **text)
{
    BrimText words = {0};
    BrimStatus status = BRIM_OK;
    add_end(&words, watched);
    add_tree(&words, watched);
    if (watched->summary.device_count)
        status = add_devices(&words, &watched->summary, width);
    if (status == BRIM_OK)
        return brim_text_end(&words, text);
    brim_mem_give(words.text);
    return status;
}
