/* The server on this machine, or on a recorded one: serve.h with a monitor behind it. */
#ifndef BRIM_WATCH_SERVE_MONITOR_H
#define BRIM_WATCH_SERVE_MONITOR_H

#include "watch/serve.h"

typedef struct BrimServeMonitor {
    const char *address; /* as in serve.h */
    const char *trace;   /* NULL: this machine. A trace is played a sample an interval, and its end stays. */
    double interval_s;
    void (*started)(void *self, const char *url); /* self is NULL */
} BrimServeMonitor;

/* As brim_serve_run, and what opening the monitor fails with. */
BrimStatus brim_serve_monitor(const BrimServeMonitor *server);

#endif
