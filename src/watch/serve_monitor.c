/* A monitor and its samples as JSON, given to the server. */
#include "watch/serve_monitor.h"

#include "base/memory.h"
#include "monitor/sample_json.h"
#include "watch/ticker.h"

typedef struct Source {
    BrimMonitor *monitor;
    void (*started)(void *self, const char *url);
} Source;

static BrimStatus sample(void *self, const BrimMonitorSample **sample)
{
    return brim_monitor_sample(((Source *)self)->monitor, sample);
}

static char *render(const BrimMonitorSample *sample)
{
    BrimJsonLine line = {.text = NULL};
    if (brim_sample_json_write(&line, sample) != BRIM_OK) {
        brim_mem_give(line.text);
        return NULL;
    }
    line.text[line.length - 1] = '\0'; /* where its newline is */
    return line.text;
}

static void started(void *self, const char *url)
{
    ((Source *)self)->started(NULL, url);
}

/* Signals are taken first, so that threads that a driver's library starts leave them to this one. */
BrimStatus brim_serve_monitor(const BrimServeMonitor *server)
{
    Source source = {.started = server->started};
    const BrimMonitorOptions what = {.trace = server->trace};
    const BrimServeOptions options = {.address = server->address,
                                      .interval_s = server->interval_s,
                                      .sample = sample,
                                      .render = render,
                                      .started = started,
                                      .self = &source};
    BrimTicker ticker;
    brim_ticker_open(&ticker, server->interval_s);
    BrimStatus status = brim_monitor_open(&source.monitor, &what);
    if (status == BRIM_OK)
        status = brim_serve_run(&options);
    brim_monitor_close(&source.monitor);
    brim_ticker_close(&ticker);
    return status;
}
