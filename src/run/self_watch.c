/* The thread, and what it makes of the samples. */
#include "run/self_watch.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "monitor/summary.h"
#include "run/own_sample.h"

/* So much over what is still to be taken is room enough. */
#define MARGIN_BYTES ((uint64_t)16 << 20)

/* What is kept of the samples of a time. */
typedef struct Figures {
    BrimSpan memory, device, temperature, power;
    int samples;
} Figures;

struct BrimSelfWatch {
    BrimSelfWatchConf conf;
    BrimMonitor *monitor;
    pthread_t thread;
    pthread_mutex_t mutex; /* over all below */
    pthread_cond_t wake;   /* when it is to end */
    bool ending;
    Figures whole, lately; /* since the opening, and since they were asked for last */
    int64_t last_ns;
    uint64_t most_free_bytes; /* since the start: what others left at best */
    bool short_of_memory;     /* now */
    bool alarm;               /* not told yet */
    char alarm_text[384];
};

/* ---- alarms ---- */

/* What is free may not fall below what this run is still to take, nor below the reserve; where less than that
 * was free from the beginning, not below half of it. */
static uint64_t least_free_bytes(const BrimSelfWatch *watch, uint64_t to_take_bytes)
{
    uint64_t reserve = watch->conf.reserve_bytes, most = watch->most_free_bytes;
    uint64_t kept = most >= reserve ? reserve : most / 2, needed = to_take_bytes + MARGIN_BYTES;
    return kept > needed ? kept : needed;
}

static void say_alarm(BrimSelfWatch *watch, uint64_t free_bytes, uint64_t to_take_bytes)
{
    char largest[128];
    brim_own_sample_neighbour(watch->conf.card_id, largest, sizeof largest);
    snprintf(watch->alarm_text, sizeof watch->alarm_text,
             "another process grows into the memory that this run leaves free: %.0f MiB are left, and %.0f "
             "MiB of the "
             "plan are still to be taken%s",
             (double)free_bytes / 0x1p20, (double)to_take_bytes / 0x1p20, largest);
    watch->alarm = true;
}

/* Who does not know what this process has of a card takes it to have all: the arena is taken at the start. */
static void look_for_others(BrimSelfWatch *watch, const BrimOwnSample *own)
{
    uint64_t planned_bytes = watch->conf.planned_bytes;
    if (isnan(own->free_bytes))
        return;
    uint64_t free_bytes = (uint64_t)own->free_bytes;
    uint64_t taken_bytes = isnan(own->memory_bytes) ? planned_bytes : (uint64_t)own->memory_bytes;
    uint64_t to_take_bytes = planned_bytes > taken_bytes ? planned_bytes - taken_bytes : 0;
    watch->most_free_bytes = free_bytes > watch->most_free_bytes ? free_bytes : watch->most_free_bytes;
    uint64_t least_bytes = least_free_bytes(watch, to_take_bytes);
    bool now = free_bytes < least_bytes;
    if (now && !watch->short_of_memory)
        say_alarm(watch, free_bytes, to_take_bytes);
    /* Told again only after there was clearly enough in between. */
    watch->short_of_memory = now || (watch->short_of_memory && free_bytes < least_bytes + MARGIN_BYTES);
}

/* ---- samples ---- */

static void add_figures(Figures *figures, const BrimOwnSample *own, double seconds)
{
    const BrimDeviceSample *device = own->device;
    figures->samples++;
    brim_span_add(&figures->memory, BRIM_SPAN_LEVEL, own->memory_bytes, seconds);
    if (!device)
        return;
    brim_span_add(&figures->device, BRIM_SPAN_RATE, device->value[BRIM_METRIC_UTILIZATION], seconds);
    brim_span_add(&figures->temperature, BRIM_SPAN_LEVEL, device->value[BRIM_METRIC_TEMPERATURE], seconds);
    brim_span_add(&figures->power, BRIM_SPAN_RATE, device->value[BRIM_METRIC_POWER], seconds);
}

static void add_sample(BrimSelfWatch *watch, const BrimMonitorSample *sample, const BrimOwnSample *own)
{
    double seconds = watch->last_ns ? (double)(sample->time_ns - watch->last_ns) / 1e9 : 0;
    watch->last_ns = sample->time_ns;
    add_figures(&watch->whole, own, seconds);
    add_figures(&watch->lately, own, seconds);
}

/* The next moment, or the end. */
static bool wait_for_tick(BrimSelfWatch *watch, struct timespec *next)
{
    int64_t ns = next->tv_nsec + (int64_t)(watch->conf.interval_s * 1e9);
    next->tv_sec += ns / 1000000000;
    next->tv_nsec = ns % 1000000000;
    while (!watch->ending && pthread_cond_timedwait(&watch->wake, &watch->mutex, next) == 0)
        ;
    return !watch->ending;
}

static void *watch_on(void *self)
{
    BrimSelfWatch *watch = self;
    struct timespec next;
    clock_gettime(CLOCK_MONOTONIC, &next);
    pthread_mutex_lock(&watch->mutex);
    do {
        const BrimMonitorSample *sample;
        if (brim_monitor_sample(watch->monitor, &sample) != BRIM_OK)
            break;
        const BrimOwnSample own = brim_own_sample(sample, watch->conf.card_id);
        add_sample(watch, sample, &own);
        look_for_others(watch, &own);
    } while (wait_for_tick(watch, &next));
    pthread_mutex_unlock(&watch->mutex);
    return NULL;
}

/* ---- the interface ---- */

BrimStatus brim_self_watch_open(BrimSelfWatch **watch, const BrimSelfWatchConf *conf)
{
    /* Of a card the driver alone knows what this process has. */
    const BrimMonitorOptions options = {.trace = conf->trace, .no_processes = !conf->card_id[0], .pid = getpid()};
    pthread_condattr_t monotonic;
    *watch = brim_mem_take(BRIM_MEM_OTHER, 1, sizeof **watch);
    if (!*watch)
        return BRIM_ERROR_MEMORY;
    (*watch)->conf = *conf;
    if (!((*watch)->conf.interval_s > 0))
        (*watch)->conf.interval_s = 0.25;
    BrimStatus status = brim_monitor_open(&(*watch)->monitor, &options);
    if (status != BRIM_OK)
        goto fail;
    pthread_mutex_init(&(*watch)->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&(*watch)->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&(*watch)->thread, NULL, watch_on, *watch) == 0)
        return BRIM_OK;
    pthread_cond_destroy(&(*watch)->wake);
    pthread_mutex_destroy(&(*watch)->mutex);
    status = brim_fail(BRIM_ERROR_MEMORY, "no thread to watch the run with");
fail:
    brim_monitor_close(&(*watch)->monitor);
    brim_mem_give(*watch);
    *watch = NULL;
    return status;
}

BrimUse brim_self_watch_use(BrimSelfWatch *watch, bool whole)
{
    pthread_mutex_lock(&watch->mutex);
    const Figures *figures = whole ? &watch->whole : &watch->lately;
    BrimUse use = {.memory_peak_bytes = brim_span_peak(&figures->memory),
                   .memory_mean_bytes = brim_span_mean(&figures->memory),
                   .device_percent = brim_span_mean(&figures->device),
                   .device_peak_percent = brim_span_peak(&figures->device),
                   .temperature_peak_celsius = brim_span_peak(&figures->temperature),
                   .power_mean_watts = brim_span_mean(&figures->power),
                   .samples = figures->samples};
    pthread_mutex_unlock(&watch->mutex);
    return use;
}

void brim_self_watch_restart(BrimSelfWatch *watch)
{
    pthread_mutex_lock(&watch->mutex);
    watch->lately = (Figures){.samples = 0};
    pthread_mutex_unlock(&watch->mutex);
}

bool brim_self_watch_alarm(BrimSelfWatch *watch, char *text, size_t bytes)
{
    pthread_mutex_lock(&watch->mutex);
    bool alarm = watch->alarm;
    if (alarm)
        snprintf(text, bytes, "%s", watch->alarm_text);
    watch->alarm = false;
    pthread_mutex_unlock(&watch->mutex);
    return alarm;
}

void brim_self_watch_close(BrimSelfWatch **watch)
{
    if (!*watch)
        return;
    pthread_mutex_lock(&(*watch)->mutex);
    (*watch)->ending = true;
    pthread_cond_signal(&(*watch)->wake);
    pthread_mutex_unlock(&(*watch)->mutex);
    pthread_join((*watch)->thread, NULL);
    pthread_cond_destroy(&(*watch)->wake);
    pthread_mutex_destroy(&(*watch)->mutex);
    brim_monitor_close(&(*watch)->monitor);
    brim_mem_give(*watch);
    *watch = NULL;
}
