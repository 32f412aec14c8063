/* The loop: sample, publish, wait for the next moment or for the end. */
#include "watch/serve.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

#include "base/clock.h"
#include "base/memory.h"
#include "watch/serve_address.h"
#include "watch/serve_http.h"
#include "watch/serve_metrics.h"

#define DEFAULT_ADDRESS  "127.0.0.1:9400"
#define NS_PER_S         1000000000
#define INTERVAL_LEAST_S 0.01
#define INTERVAL_MOST_S  86400.0

typedef struct Server {
    const BrimServeOptions *options;
    BrimServeHttp *http;
    BrimServeCounts counts;
    bool settled; /* there will be no other sample */
} Server;

static BrimStatus publish(Server *server, const BrimMonitorSample *sample)
{
    char *metrics, *json = server->options->render(sample);
    if (!json)
        return BRIM_ERROR_MEMORY;
    BrimStatus status = brim_serve_metrics(sample, &server->counts, &metrics);
    if (status == BRIM_OK)
        return brim_serve_http_publish(server->http, metrics, json, sample->time_ns);
    brim_mem_give(json);
    return status;
}

static BrimStatus take(Server *server)
{
    const BrimMonitorSample *sample = NULL;
    int64_t begin_ns = brim_clock_ns();
    BrimStatus status = server->options->sample(server->options->self, &sample);
    if (status == BRIM_STOPPED) {
        server->settled = true;
        brim_serve_http_settle(server->http);
        return BRIM_OK;
    }
    if (status != BRIM_OK)
        return status;
    server->counts.samples++;
    server->counts.sample_s = (double)(brim_clock_ns() - begin_ns) / NS_PER_S;
    return publish(server, sample);
}

/* Until then, or without an end after the last sample; true where a signal asks for the end. */
static bool wait_until(const Server *server, const sigset_t *signals, int64_t then_ns)
{
    for (;;) {
        int64_t left_ns = then_ns - brim_clock_ns();
        struct timespec left = {.tv_sec = left_ns / NS_PER_S, .tv_nsec = left_ns % NS_PER_S};
        if (left_ns <= 0)
            left = (struct timespec){.tv_sec = 0};
        if (sigtimedwait(signals, NULL, server->settled ? NULL : &left) > 0)
            return true;
        if (errno != EINTR)
            return false;
    }
}

/* Moments stand on a grid, so that they do not drift; those that a slow sample has missed are left out. */
static BrimStatus serve(Server *server, const sigset_t *signals, const char *url)
{
    const BrimServeOptions *options = server->options;
    int64_t interval_ns = (int64_t)(options->interval_s * NS_PER_S), next_ns = brim_clock_ns();
    BrimStatus status = take(server);
    if (status == BRIM_OK && options->started)
        options->started(options->self, url);
    while (status == BRIM_OK) {
        int64_t late_ns = brim_clock_ns() - next_ns;
        next_ns += interval_ns * (1 + late_ns / interval_ns);
        if (wait_until(server, signals, next_ns))
            return BRIM_OK;
        status = take(server);
    }
    return status;
}

BrimStatus brim_serve_run(const BrimServeOptions *options)
{
    Server server = {.options = options};
    BrimServeAddress address;
    char url[BRIM_SERVE_URL_BYTES];
    sigset_t signals, before;
    int listener;
    BrimStatus status =
        brim_serve_address_parse(&address, options->address ? options->address : DEFAULT_ADDRESS);
    if (status != BRIM_OK)
        return status;
    if (!(options->interval_s >= INTERVAL_LEAST_S && options->interval_s <= INTERVAL_MOST_S))
        return brim_fail(BRIM_ERROR_ARGUMENT, "an interval of %g s: %g to %g is possible",
                         options->interval_s, INTERVAL_LEAST_S, INTERVAL_MOST_S);
    status = brim_serve_address_listen(&address, &listener);
    if (status != BRIM_OK)
        return status;
    brim_serve_address_url(&address, url);
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    /* Before the server's thread is there, which inherits it: else a signal may choose that thread. */
    pthread_sigmask(SIG_BLOCK, &signals, &before);
    status = brim_serve_http_open(&server.http, listener, address.loopback, options->interval_s);
    if (status == BRIM_OK)
        status = serve(&server, &signals, url);
    brim_serve_http_close(&server.http);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}
