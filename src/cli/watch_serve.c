/* brim watch --serve: the monitor's samples for the server. */
#include <stdio.h>

#include "cli/watch_options.h"
#include "monitor/sample_json.h"
#include "watch/serve.h"

static BrimStatus take(void *self, const BrimMonitorSample **sample)
{
    return brim_monitor_sample(self, sample);
}

static char *render(const BrimMonitorSample *sample)
{
    BrimJsonLine line = {.text = NULL};
    if (brim_sample_json_write(&line, sample) != BRIM_OK) {
        brim_mem_give(line.text);
        return NULL;
    }
    line.text[line.length - 1] = '\0'; /* in the place of the line's end */
    return line.text;
}

/* Whoever started it in a script waits for this line. */
static void say(void *self, const char *url)
{
    (void)self;
    printf("Serving %s (Ctrl-C ends it)\n", url);
    fflush(stdout);
}

BrimStatus brim_watch_serve(const BrimWatchCommand *command)
{
    BrimMonitor *monitor = NULL;
    const BrimMonitorOptions what = {.trace = command->run.trace};
    BrimStatus status = brim_monitor_open(&monitor, &what);
    if (status != BRIM_OK)
        return status;
    const BrimServeOptions options = {.address = command->serve,
                                      .interval_s = command->run.interval_s,
                                      .sample = take,
                                      .render = render,
                                      .started = say,
                                      .self = monitor};
    status = brim_serve_run(&options);
    brim_monitor_close(&monitor);
    return status;
}
