/* Events to lines. */
#include "cli/print.h"

#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/plural.h"
#include "base/terminal.h"

enum { REDRAW_NS = 100 * 1000 * 1000, LINE_BYTES = 512, WHOLE_LINE_COLUMNS = 110 };

static volatile sig_atomic_t stop_asked;

static void on_interrupt(int number)
{
    (void)number;
    stop_asked = 1;
}

void brim_print_open(BrimPrint *print)
{
    *print =
        (BrimPrint){.terminal = isatty(STDOUT_FILENO), .columns = brim_terminal_columns(STDOUT_FILENO, 120)};
    /* SA_RESETHAND: the second Ctrl-C does what it always does. */
    struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

bool brim_print_stopped(void)
{
    return stop_asked;
}

void brim_print_bytes(char *text, size_t bytes, uint64_t amount)
{
    double mib = (double)amount / 0x1p20;
    if (mib < 1000)
        snprintf(text, bytes, "%.0fM", mib);
    else
        snprintf(text, bytes, "%.3gG", mib / 1024);
}

void brim_print_time(char *text, size_t bytes, double seconds)
{
    long whole = seconds > 0 ? (long)(seconds + 0.5) : 0;
    if (whole >= 3600)
        snprintf(text, bytes, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
    else
        snprintf(text, bytes, "%ld:%02ld", whole / 60, whole % 60);
}

/* ---- lines ---- */

/* A line that stays, in the place of the progress line. */
static void stay(BrimPrint *print, const char *format, ...)
{
    va_list args;
    if (print->line_open)
        fputs("\r\033[K", stdout);
    print->line_open = false;
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    fflush(stdout);
}

/* The line that is written over by the next one. */
static void follow(BrimPrint *print, const char *text)
{
    if (!print->terminal)
        return;
    printf("\r\033[K%.*s", print->columns - 1, text);
    print->line_open = true;
    fflush(stdout);
}

/* Not more often than the eye can follow. */
static bool due(BrimPrint *print)
{
    int64_t now = brim_clock_ns();
    if (now - print->drawn_ns < REDRAW_NS)
        return false;
    print->drawn_ns = now;
    return true;
}

/* ---- training ---- */

static void start_epoch(BrimPrint *print)
{
    print->table_open = false;
    stay(print, "\n%11s%14s%11s%11s%11s%11s%11s", "Epoch", "Memory", "box_loss", "obj_loss", "cls_loss",
         "Instances", "Size");
}

/* "      0/29      312M/340M     0.1246    0.02642    0.03712         45        320", as YOLOv5 has it; the
 * first two alone where the terminal has no room for what is to stand behind them. */
static int print_columns(char *line, size_t bytes, const BrimEvent *step, bool all)
{
    char epoch[32], peak[16], planned[16], memory[40];
    snprintf(epoch, sizeof epoch, "%d/%d", step->epoch, step->epochs - 1);
    brim_print_bytes(peak, sizeof peak, step->memory_peak_bytes);
    brim_print_bytes(planned, sizeof planned, step->memory_planned_bytes);
    snprintf(memory, sizeof memory, "%s/%s", peak, planned);
    if (!all)
        return snprintf(line, bytes, "%11s%14s", epoch, memory);
    return snprintf(line, bytes, "%11s%14s%11.4g%11.4g%11.4g%11d%11d", epoch, memory, (double)step->losses[0],
                    (double)step->losses[1], (double)step->losses[2], step->instances, step->imgsz_px);
}

static void show_step(BrimPrint *print, const BrimEvent *step)
{
    char line[LINE_BYTES], left[32];
    print->step = *step;
    print->use = step->use ? *step->use : (BrimUse){.samples = 0};
    if (!print->terminal || !(due(print) || step->batch == step->batches))
        return;
    int at = print_columns(line, sizeof line, step, print->columns >= WHOLE_LINE_COLUMNS);
    brim_print_time(left, sizeof left, step->seconds_left);
    snprintf(line + at, sizeof line - (size_t)at, ": %3d%% %d/%d  %.1f pictures/s, %s left, data wait %.1f%%",
             100 * step->batch / step->batches, step->batch, step->batches, step->pictures_per_s, left,
             100 * step->wait_share);
    follow(print, line);
}

/* ", device 93% busy", or nothing where that is not known. */
static const char *print_use(char *text, size_t bytes, const BrimUse *use)
{
    text[0] = '\0';
    if (use->samples && !isnan(use->device_percent))
        snprintf(text, bytes, ", device %.0f%% busy", use->device_percent);
    return text;
}

/* What stays of an epoch. */
static void close_epoch(BrimPrint *print)
{
    char line[LINE_BYTES], use[64];
    const BrimEvent *step = &print->step;
    if (step->batches == 0)
        return;
    int at = print_columns(line, sizeof line, step, true);
    int length =
        snprintf(line + at, sizeof line - (size_t)at, ": %d batch%s, %.1f pictures/s, data wait %.1f%%%s",
                 step->batches, brim_plural(step->batches, "es"), step->pictures_per_s,
                 100 * step->wait_share, print_use(use, sizeof use, &print->use));
    if (print->terminal && at + length > print->columns) /* breaks between its parts, not in a word */
        stay(print, "%.*s\n%11s%s", at, line, "", line + at + 2);
    else
        stay(print, "%s", line);
    print->step.batches = 0;
}

/* ---- validation ---- */

static void show_validating(BrimPrint *print, const BrimEvent *event)
{
    char line[LINE_BYTES];
    close_epoch(print);
    if (!print->terminal || !due(print))
        return;
    snprintf(line, sizeof line, "%22s: validating %d/%d", "", event->batch, event->batches);
    follow(print, line);
}

static void show_figures(BrimPrint *print, const BrimEvent *event, const char *name)
{
    close_epoch(print);
    if (!print->table_open)
        stay(print, "%22s%9s%11s%9s%9s%9s%11s", "Class", "Images", "Instances", "P", "R", "mAP50",
             "mAP50-95");
    print->table_open = true;
    stay(print, "%22s%9d%11d%9.3g%9.3g%9.3g%11.3g", name, event->pictures, event->instances,
         event->precision, event->recall, event->map50, event->map50_95);
}

/* ---- the listener ---- */

static void show_plan(BrimPrint *print, const BrimEvent *event)
{
    char arena[32], planned[32];
    brim_print_bytes(arena, sizeof arena, event->arena_bytes);
    brim_print_bytes(planned, sizeof planned, event->memory_planned_bytes);
    stay(print, "Memory: %s planned, %s of them (%llu bytes, exact) the arena", planned,
         arena, (unsigned long long)event->arena_bytes);
}

/* "; 312M in the mean", or nothing where the driver does not say what the process has of a card. */
static const char *print_mean(char *text, size_t bytes, const BrimUse *use)
{
    char mean[32];
    text[0] = '\0';
    if (!isnan(use->memory_mean_bytes)) {
        brim_print_bytes(mean, sizeof mean, (uint64_t)use->memory_mean_bytes);
        snprintf(text, bytes, "; %s in the mean", mean);
    }
    return text;
}

static void show_done(BrimPrint *print, const BrimEvent *event)
{
    char time[32], peak[32], planned[32], mean[64], use[64];
    brim_print_time(time, sizeof time, event->seconds);
    if (event->use && event->use->samples) {
        brim_print_bytes(peak, sizeof peak, event->memory_peak_bytes);
        brim_print_bytes(planned, sizeof planned, event->memory_planned_bytes);
        stay(print, "\nMemory: %s at the highest, of %s planned%s%s", peak, planned,
             print_mean(mean, sizeof mean, event->use), print_use(use, sizeof use, event->use));
    }
    stay(print, "\nDone in %s. Results are in %s", time, event->text ? event->text : "");
}

bool brim_print_event(void *self, const BrimEvent *event)
{
    BrimPrint *print = self;
    switch (event->kind) {
    case BRIM_EVENT_REMARK:
    case BRIM_EVENT_PICTURE:
        close_epoch(print);
        stay(print, "%s", event->text);
        break;
    case BRIM_EVENT_PLAN:
        show_plan(print, event);
        break;
    case BRIM_EVENT_EPOCH:
        start_epoch(print);
        break;
    case BRIM_EVENT_STEP:
        show_step(print, event);
        break;
    case BRIM_EVENT_VALIDATING:
        show_validating(print, event);
        break;
    case BRIM_EVENT_RESULTS:
        if (event->epoch < 0) {
            stay(print, "\nThe model of the best epoch:");
            print->table_open = false;
        }
        show_figures(print, event, "all");
        break;
    case BRIM_EVENT_CLASS:
        show_figures(print, event, event->text);
        break;
    case BRIM_EVENT_SAVED:
        break; /* known from where the run's folder is */
    case BRIM_EVENT_TUNING:
    case BRIM_EVENT_BENCH_ROW:
    case BRIM_EVENT_BENCH:
        break; /* `brim bench` has a listener of its own, and tuning tells remarks */
    case BRIM_EVENT_DONE:
        show_done(print, event);
        break;
    }
    return !stop_asked;
}
