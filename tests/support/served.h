/* A server in a thread, fed with made-up samples, for tests that speak to it. */
#ifndef BRIM_TESTS_SERVED_H
#define BRIM_TESTS_SERVED_H

#include <pthread.h>
#include <stdatomic.h>

#include "support/samples.h"
#include "watch/serve.h"

enum { SERVED_SAMPLES = 10 };
#define SERVED_FIRST_S INT64_C(1764158400) /* time of the first sample; each is a second later */

typedef struct Served {
    BrimServeOptions options;
    pthread_t thread;
    atomic_int port; /* 0: not yet; -1: it ended */
    BrimStatus status;
    char error[512];
    MadeUp made_up;
    int step, most_steps;
    int calls; /* of the sampler */
} Served;

/* Waits until it answers, after its first sample; skips the test where there is no libmicrohttpd. It has
 * most_steps samples to give, one each 10 ms. */
void served_start(Served *served, int most_steps);

/* SERVED_SAMPLES samples, and the last of them is out. */
void served_start_settled(Served *served);

/* Sends its thread the signal; fails the test unless it ends well. */
void served_stop(Served *served, int signal);

void served_pause_ms(int ms);

/* A teardown: fails where brim's memory is still held. */
int served_nothing_is_left(void **state);

#endif
