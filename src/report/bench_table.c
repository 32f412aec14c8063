/* What was measured, the sheet, and what it means. */
#include "report/bench_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/plural.h"
#include "report/bench_sheet.h"
#include "report/bench_verdict.h"
#include "report/json.h"

enum { JSON_DIGITS = 15 };
#define BUSY_ENOUGH 0.75

void brim_bench_bytes(char *text, size_t bytes, uint64_t amount)
{
    double mib = (double)amount / 0x1p20;
    if (mib < 1000)
        snprintf(text, bytes, "%.0f MiB", mib);
    else
        snprintf(text, bytes, "%.1f GiB", mib / 1024);
}

/* ---- for people ---- */

static void say_what(BrimText *text, const BrimBench *bench)
{
    brim_text_add(text, "%s at %d px, %s, %d thread%s (%s)", bench->model, bench->imgsz_px, bench->precision,
                  bench->threads, brim_plural(bench->threads, "s"), bench->device);
}

static void say_advice(BrimText *text, const BrimBench *bench, const char *before)
{
    for (int training = 0; training < 2; training++) {
        char memory[24];
        const BrimBenchRow *best = brim_bench_best(bench, training);
        if (!best)
            continue;
        brim_bench_bytes(memory, sizeof memory, best->planned_bytes);
        brim_text_add(text, "%s%s: --batch-size %d gives %.2f pictures/s with %s planned.\n", before,
                      training ? "Training" : "Inference", best->batch, best->pictures_per_s, memory);
    }
}

/* Times are those of this run alone only where the cores were its own. */
static void say_when_disturbed(BrimText *text, const BrimBench *bench)
{
    for (int i = 0; i < bench->row_count; i++) {
        double busy = bench->rows[i].utilization;
        if (busy > 0 && busy < BUSY_ENOUGH) {
            brim_text_add(
                text,
                "\nIn some rows the threads worked less than %.0f%% of the time (CPU %%): too many of\n"
                "them for so little to do, or other programs had the cores. In that case measure\n"
                "again when the machine is quiet.\n",
                100 * BUSY_ENOUGH);
            return;
        }
    }
}

/* What the columns of memory hold, and which rows are not there. */
static void say_memory(BrimText *text, const BrimBench *bench)
{
    char limit[24];
    if (bench->on_card)
        brim_text_add(text,
                      "arena: taken to the byte; planned: all of the card's memory that the process takes,\n"
                      "context and libraries included; measured: what the driver says is gone of it.\n");
    else
        brim_text_add(text,
                      "arena: taken to the byte; planned: the whole process, pictures and libraries\n"
                      "included; measured: its resident peak, %s.\n",
                      bench->peaks_reset ? "begun anew for each row\n(/proc/self/clear_refs)"
                                         : "known only of rows that rose above all\n"
                                           "before: /proc/self/clear_refs cannot be written here");
    if (!bench->memory_bytes)
        return;
    brim_bench_bytes(limit, sizeof limit, bench->memory_bytes);
    brim_text_add(text, "Limit: %s, %s; what is planned larger is not run.\n", limit,
                  bench->memory_given ? "as --memory says"
                  : bench->on_card    ? "80% of what the card had free"
                                      : "80% of what the machine had free");
}

static void add_sweep(BrimText *text, const BrimBench *bench, const BrimSheet *sheet, bool markdown)
{
    brim_text_add(text, "%s", markdown ? "# " : "");
    say_what(text, bench);
    brim_text_add(text,
                  "\n\nRandom pictures, random labels. A step of inference is the network without NMS,\n"
                  "one of training is gradient and update.\n\n");
    (markdown ? brim_sheet_markdown : brim_sheet_table)(text, sheet);
    brim_text_add(text, "\n");
    say_advice(text, bench, markdown ? "- " : "");
    say_when_disturbed(text, bench);
    brim_text_add(text, "\n%s%s%s\n", markdown ? "```\n" : "", brim_bench_rule(), markdown ? "```\n" : "");
    say_memory(text, bench);
}

static double loss_of(const BrimBenchStep *step)
{
    return (double)step->losses[0] + (double)step->losses[1] + (double)step->losses[2];
}

static void say_training(BrimText *text, const BrimBench *bench, const char *before)
{
    char arena[24], planned[24], peak[24] = "unknown";
    const BrimBenchRow *row = &bench->rows[0];
    double total_ms = 0;
    for (int i = 0; i < bench->step_count; i++)
        total_ms += bench->steps[i].milliseconds;
    brim_bench_bytes(arena, sizeof arena, row->arena_bytes);
    brim_bench_bytes(planned, sizeof planned, row->planned_bytes);
    if (row->peak_bytes)
        brim_bench_bytes(peak, sizeof peak, row->peak_bytes);
    brim_text_add(
        text, "%stime: %.2f s for %d batch%s; a batch %.1f ms (median), %.1f ms (best); %.2f pictures/s\n",
        before, total_ms / 1e3, bench->step_count, brim_plural(bench->step_count, "es"), row->median_ms,
        row->best_ms, row->pictures_per_s);
    brim_text_add(
        text,
        "%smemory: %s planned, %s of them (%llu bytes, exact) the arena; measured peak %s\n",
        before, planned, arena, (unsigned long long)row->arena_bytes, peak);
    brim_text_add(text, "%sloss: first %.5f, last %.5f\n", before, loss_of(&bench->steps[0]),
                  loss_of(&bench->steps[bench->step_count - 1]));
}

static void add_training(BrimText *text, const BrimBench *bench, const BrimSheet *sheet, bool markdown)
{
    brim_text_add(text, "%s", markdown ? "# " : "");
    say_what(text, bench);
    brim_text_add(text, "\n\n%d training batch%s of %d random picture%s with random labels.\n\n",
                  bench->step_count, brim_plural(bench->step_count, "es"), bench->rows[0].batch,
                  brim_plural(bench->rows[0].batch, "s"));
    (markdown ? brim_sheet_markdown : brim_sheet_table)(text, sheet);
    brim_text_add(text, "\n");
    say_training(text, bench, markdown ? "- " : "");
}

/* ---- for programs ---- */

static json_t *known_bytes(uint64_t bytes)
{
    return bytes ? json_integer((json_int_t)bytes) : json_null();
}

static BrimStatus add_json(BrimText *text, const BrimBench *bench)
{
    BrimStatus status;
    BrimBenchSheet rows = {0}, steps = {0};
    BRIM_TRY(brim_bench_sheet_rows(&rows, bench));
    BRIM_TRY(brim_bench_sheet_steps(&steps, bench));
    json_t *root = json_pack(
        "{s:s, s:o, s:o, s:s, s:i, s:i, s:f, s:o, s:b, s:b, s:s, s:o, s:o}", "brim", BRIM_VERSION, "model",
        brim_json_text(bench->model), "device", brim_json_text(bench->device), "precision", bench->precision,
        "imgsz_px", bench->imgsz_px, "threads", bench->threads, "run_s", bench->seconds, "memory_limit_bytes",
        known_bytes(bench->memory_bytes), "memory_limit_given", bench->memory_given,
        "measured_peak_of_each_row", bench->peaks_reset, "verdict_rule", brim_bench_rule(), "rows",
        brim_sheet_json(&rows.sheet), "batches", brim_sheet_json(&steps.sheet));
    char *dumped = json_dumps(root, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(JSON_DIGITS));
    json_decref(root);
    text->failed = text->failed || !dumped;
    brim_text_add(text, "%s\n", dumped ? dumped : "");
    free(dumped);
fail:
    brim_bench_sheet_clear(&rows);
    brim_bench_sheet_clear(&steps);
    return status;
}

static BrimStatus add_sheet(BrimText *text, const BrimBench *bench, const char *format)
{
    BrimBenchSheet sheet = {0};
    bool csv = strcmp(format, "csv") == 0, markdown = strcmp(format, "md") == 0;
    BrimStatus status =
        bench->step_count ? brim_bench_sheet_steps(&sheet, bench) : brim_bench_sheet_rows(&sheet, bench);
    if (status == BRIM_OK && csv)
        brim_sheet_csv(text, &sheet.sheet);
    else if (status == BRIM_OK)
        (bench->step_count ? add_training : add_sweep)(text, bench, &sheet.sheet, markdown);
    brim_bench_sheet_clear(&sheet);
    return status;
}

BrimStatus brim_bench_format_check(const char *format)
{
    static const char *const formats[] = {"table", "md", "csv", "json"};
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (strcmp(format, formats[i]) == 0)
            return BRIM_OK;
    }
    return brim_fail(BRIM_ERROR_ARGUMENT, "no format \"%s\"; there are table, md, csv and json", format);
}

BrimStatus brim_bench_text(const BrimBench *bench, const char *format, char **text)
{
    BrimText writing = {0};
    *text = NULL;
    BrimStatus status = brim_bench_format_check(format);
    if (status == BRIM_OK)
        status = strcmp(format, "json") == 0 ? add_json(&writing, bench) : add_sheet(&writing, bench, format);
    if (status == BRIM_OK)
        return brim_text_end(&writing, text);
    brim_mem_give(writing.text);
    return status;
}
