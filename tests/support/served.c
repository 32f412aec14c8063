/* The thread, and when it is ready. */
#include "support/served.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "support/http.h"
#include "support/support.h"

static BrimStatus sample(void *self, const BrimMonitorSample **sample)
{
    Served *served = self;
    served->calls++;
    if (served->step == served->most_steps)
        return BRIM_STOPPED;
    made_up_machine(&served->made_up, served->step++);
    *sample = &served->made_up.sample;
    return BRIM_OK;
}

static void started(void *self, const char *url)
{
    Served *served = self;
    int port = 0;
    assert_int_equal(sscanf(url, "http://127.0.0.1:%d/", &port), 1);
    served->port = port;
}

static void *serve(void *self)
{
    Served *served = self;
    served->status = brim_serve_run(&served->options);
    snprintf(served->error, sizeof served->error, "%s", brim_last_error());
    served->port = -1;
    return NULL;
}

void served_pause_ms(int ms)
{
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000L}, NULL);
}

void served_start(Served *served, int most_steps)
{
    *served = (Served){.options = {.address = "127.0.0.1:0",
                                   .interval_s = 0.01,
                                   .sample = sample,
                                   .render = made_up_json,
                                   .started = started,
                                   .self = served},
                       .most_steps = most_steps};
    assert_int_equal(pthread_create(&served->thread, NULL, serve, served), 0);
    while (served->port == 0)
        served_pause_ms(1);
    if (served->port < 0 && served->status == BRIM_ERROR_UNSUPPORTED) {
        pthread_join(served->thread, NULL);
        print_message("skipped: built without libmicrohttpd: %s\n", served->error);
        skip();
    }
}

void served_stop(Served *served, int signal)
{
    pthread_kill(served->thread, signal);
    pthread_join(served->thread, NULL);
    if (served->status != BRIM_OK)
        fail_msg("%s", served->error);
}

void served_start_settled(Served *served)
{
    static const char newest[] = "\"newest_ns\":\"1764158409000000000\"";
    served_start(served, SERVED_SAMPLES);
    for (int i = 0; i < 1000; i++) {
        if (strstr(http_ask(served->port, "GET", "/api/samples?count=0"), newest))
            return;
        served_pause_ms(2);
    }
    fail_msg("the last sample does not come");
}

int served_nothing_is_left(void **state)
{
    (void)state;
    return brim_mem_held_bytes(BRIM_MEM_TAG_COUNT) != 0;
}
