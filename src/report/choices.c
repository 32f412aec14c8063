/* Tables of choices and cards. */
#include "report/choices.h"

#include "base/plural.h"
#include "graph/recompute.h"

static double mib(uint64_t bytes)
{
    return (double)bytes / 0x1p20;
}

static double percent(uint64_t part, uint64_t whole)
{
    return 100.0 * (double)part / (double)whole;
}

static void print_device(FILE *file, const BrimPlanSheet *sheet)
{
    const BrimPlanDevice *device = sheet->device;
    fprintf(file, "%s: %.0f MiB (%s), %.0f MiB may be used (profile %s, fraction %.2g)\n", device->name,
            mib(device->capacity_bytes),
            !device->gpu       ? "as the kernel reports it"
            : device->observed ? "as the driver reports it"
                               : "as similar cards have it",
            mib(sheet->budget_bytes), sheet->profile, sheet->fraction);
    if (device->too_old)
        fprintf(
            file,
            "brim itself runs on cards of compute capability 7.5 (Turing) and later, so not on this one\n");
}

static void print_ledger(FILE *file, const BrimPlanSheet *sheet, const BrimChoice *choice)
{
    BrimLedgerRow rows[BRIM_LEDGER_MOST];
    int count = brim_ledger_fill(choice, sheet->device, rows);
    for (int i = 0; i < count; i++)
        fprintf(file, "  %9.2f MiB  %-18s %s\n", mib(rows[i].bytes), rows[i].name,
                brim_truth_text(rows[i].truth));
    fprintf(file, "  %9.2f MiB  peak, %.1f%% of the device; of it the arena, %zu bytes, %s\n",
            mib(choice->peak_bytes), percent(choice->peak_bytes, sheet->device->capacity_bytes),
            choice->arena_bytes, choice->packed ? "exact" : "estimated");
}

static BrimTruth speed_truth(const BrimChoice *choice)
{
    return choice->measured ? BRIM_TRUTH_MEASURED : BRIM_TRUTH_ESTIMATED;
}

/* At most 80 columns; what the letters mean stands below (brim_choices_print_legend). */
static void print_table_header(FILE *file, const char *first)
{
    fprintf(file, "%-8s %7s %-9s %8s %5s %10s %5s %-8s %s\n", first, "batch", "precision", "peak MiB",
            "share", "pictures/s", "extra", "bound by", "again");
}

static void print_table_row(FILE *file, const BrimPlanSheet *sheet, const BrimChoice *choice,
                            const char *first)
{
    char again[BRIM_SCHEME_TEXT_BYTES], batch[32], speed[32];
    snprintf(batch, sizeof batch, "%d x %d", choice->micro_batch, choice->accumulate);
    snprintf(speed, sizeof speed, "%s%.1f", choice->measured ? "" : "~", choice->pictures_per_s);
    fprintf(file, "%-8s %7s %-9s %8.0f %4.0f%% %10s %4.1f%% %-8s %s\n", first, batch,
            brim_precision_traits(choice->scheme.precision)->text, mib(choice->peak_bytes),
            percent(choice->peak_bytes, sheet->device->capacity_bytes), speed, 100 * choice->extra_time,
            brim_bound_text(choice->bound), brim_scheme_letters(sheet->model, &choice->scheme, again));
}

void brim_choices_print_legend(FILE *file)
{
    fputs("batch: pictures of a step x steps of an update; ~ estimated; extra: time over\n"
          "keeping everything; again: what is computed again, 2n 16a: nothing of 2 layers,\n"
          "activations of 16 (i inside, l layer)\n",
          file);
}

/* How to train so, where this build can; data and weights are for the user to say. */
static void print_command(FILE *file, const BrimPlanSheet *sheet, const BrimChoice *choice)
{
    char recompute[BRIM_RECOMPUTE_TEXT_BYTES];
    if (sheet->device->gpu)
        return;
    brim_recompute_format(choice->scheme.recompute, sheet->model, recompute);
    fprintf(file, "  brim train ... --batch-size %d --imgsz %d --precision %s --recompute %s\n",
            choice->micro_batch, sheet->imgsz_px, brim_precision_traits(choice->scheme.precision)->option,
            recompute);
}

void brim_choices_print(FILE *file, const BrimPlanSheet *sheet)
{
    const BrimSearch *search = sheet->search;
    const BrimChoice *chosen = &search->choices[0];
    char scheme[BRIM_SCHEME_TEXT_BYTES];
    print_device(file, sheet);
    fprintf(file, "%s, %d px, %d class%s: %d picture%s x %d = %d, %s, computing again: %s\n",
            sheet->model->name, sheet->imgsz_px, sheet->model->class_count,
            brim_plural(sheet->model->class_count, "es"), chosen->micro_batch,
            brim_plural(chosen->micro_batch, "s"), chosen->accumulate,
            chosen->micro_batch * chosen->accumulate, brim_precision_traits(chosen->scheme.precision)->text,
            brim_scheme_text(sheet->model, &chosen->scheme, scheme));
    print_ledger(file, sheet, chosen);
    fprintf(file,
            "  %.1f pictures/s, %s; %.0f%% of the time goes to %s, and computing again takes %.1f%% more than "
            "keeping all\n"
            "  validation in batches of %d%s; loading threads: %d\n",
            chosen->pictures_per_s, brim_truth_text(speed_truth(chosen)), 100 * chosen->bound_share,
            brim_bound_text(chosen->bound), 100 * chosen->extra_time, chosen->validation_batch,
            chosen->validation_decides ? ", which need the most memory of all" : "", sheet->workers);
    print_command(file, sheet, chosen);
    if (search->count < 2)
        return;
    fputc('\n', file);
    print_table_header(file, "");
    for (int i = 0; i < search->count; i++)
        print_table_row(file, sheet, &search->choices[i], i ? "or" : "chosen");
    brim_choices_print_legend(file);
}

void brim_choices_print_header(FILE *file, const BrimPlanSheet *sheet)
{
    print_device(file, sheet);
    print_table_header(file, "model");
}

void brim_choices_print_row(FILE *file, const BrimPlanSheet *sheet)
{
    print_table_row(file, sheet, &sheet->search->choices[0], sheet->model->name);
}

void brim_gpus_print(FILE *file)
{
    fprintf(file, "%-31s %4s %4s %10s %8s %6s %8s %8s\n", "card", "cc", "SMs", "Linux MiB", "Windows", "GB/s",
            "TFLOP/s", "context");
    for (int i = 0; i < brim_gpu_count(); i++) {
        const BrimGpu *gpu = brim_gpu_at(i);
        fprintf(file, "%-31s %4.1f %4d %9d%s %8d %6d %8.1f %8d\n", gpu->name, gpu->capability / 10.0,
                gpu->sm_count, gpu->linux_mib, gpu->observed ? " " : "~", gpu->windows_mib,
                gpu->bandwidth_gb_s, gpu->tensor_tflops, gpu->context_mib);
    }
    fprintf(file, "~   worked out from similar cards; other sizes of memory were read from a card's report\n"
                  "0   no display driver, no tensor cores\n"
                  "cc  compute capability; brim runs from 7.5 on\n"
                  "Linux, Windows: the memory that its driver reports there; context: what CUDA takes of it\n"
                  "TFLOP/s: fp16 with tensor cores\n");
}
