/* Connections with a clock: who dawdles over a request for too long is cut off, so that strangers who send a
 * byte now and then cannot hold all places. Any thread may call. */
#ifndef BRIM_WATCH_SERVE_SLOW_H
#define BRIM_WATCH_SERVE_SLOW_H

#include <pthread.h>
#include <stdint.h>

enum { BRIM_SERVE_MOST_CONNECTIONS = 128 };

typedef struct BrimServeSlow {
    pthread_mutex_t lock;
    struct {
        int socket; /* -1: a free place */
        int64_t since_ns;
    } places[BRIM_SERVE_MOST_CONNECTIONS];
} BrimServeSlow;

void brim_serve_slow_open(BrimServeSlow *slow);
void brim_serve_slow_close(BrimServeSlow *slow);

/* A connection comes; it was answered, and its clock begins anew; it goes (before its socket is closed). One
 * without a place goes uncounted. */
void brim_serve_slow_enter(BrimServeSlow *slow, int socket, int64_t now_ns);
void brim_serve_slow_answered(BrimServeSlow *slow, int socket, int64_t now_ns);
void brim_serve_slow_leave(BrimServeSlow *slow, int socket);

/* Shuts the sockets whose clock began before then; who owns them closes them. Returns how many. */
int brim_serve_slow_cut(BrimServeSlow *slow, int64_t before_ns);

#endif
