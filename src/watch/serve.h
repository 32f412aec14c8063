/* `brim watch --serve`: samples for Prometheus, for programs and for people, over HTTP. */
#ifndef BRIM_WATCH_SERVE_H
#define BRIM_WATCH_SERVE_H

#include "base/status.h"

typedef struct BrimServeOptions {
    const char
        *address; /* "9400", ":9400", "[::1]:9400", "0.0.0.0:9400" (serve_address.h); NULL: 127.0.0.1:9400 */
    double interval_s; /* between samples, at least 0.01 */

    /* Takes a sample, as brim_monitor_sample does; the server calls it, at the interval, from the thread that
     * runs it. After BRIM_STOPPED the samples so far stay and are served. */
    BrimStatus (*sample)(void *self, const BrimMonitorSample **sample);

    /* The sample as one JSON object, to be given back with brim_mem_give; NULL with a last error. */
    char *(*render)(const BrimMonitorSample *sample);

    /* Called once, when it answers: "http://127.0.0.1:9400/". NULL: nobody wants to know. */
    void (*started)(void *self, const char *url);
    void *self;
} BrimServeOptions;

/* Serves until SIGINT or SIGTERM reaches the thread or the process; both signals are blocked in the meantime
 * and taken from the kernel, so that handlers of the caller are not called. BRIM_OK at that end.
 * ERROR_ARGUMENT: the address or the interval; ERROR_IO: the port; ERROR_UNSUPPORTED: no libmicrohttpd,
 * in the build or now; whatever sample and render fail with. */
BrimStatus brim_serve_run(const BrimServeOptions *options);

#endif
