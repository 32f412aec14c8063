/* A table of sockets and times. */
#include "watch/serve_slow.h"

#include <sys/socket.h>

void brim_serve_slow_open(BrimServeSlow *slow)
{
    pthread_mutex_init(&slow->lock, NULL);
    for (int i = 0; i < BRIM_SERVE_MOST_CONNECTIONS; i++)
        slow->places[i].socket = -1;
}

void brim_serve_slow_close(BrimServeSlow *slow)
{
    pthread_mutex_destroy(&slow->lock);
}

/* Gives the place that has `from` to `to`. */
static void change(BrimServeSlow *slow, int from, int to, int64_t now_ns)
{
    pthread_mutex_lock(&slow->lock);
    for (int i = 0; i < BRIM_SERVE_MOST_CONNECTIONS; i++) {
        if (slow->places[i].socket != from)
            continue;
        slow->places[i].socket = to;
        slow->places[i].since_ns = now_ns;
        break;
    }
    pthread_mutex_unlock(&slow->lock);
}

void brim_serve_slow_enter(BrimServeSlow *slow, int socket, int64_t now_ns)
{
    change(slow, -1, socket, now_ns);
}

void brim_serve_slow_answered(BrimServeSlow *slow, int socket, int64_t now_ns)
{
    change(slow, socket, socket, now_ns);
}

void brim_serve_slow_leave(BrimServeSlow *slow, int socket)
{
    change(slow, socket, -1, 0);
}

int brim_serve_slow_cut(BrimServeSlow *slow, int64_t before_ns)
{
    int cut = 0;
    pthread_mutex_lock(&slow->lock);
    for (int i = 0; i < BRIM_SERVE_MOST_CONNECTIONS; i++)
        if (slow->places[i].socket >= 0 && slow->places[i].since_ns < before_ns) {
            shutdown(slow->places[i].socket, SHUT_RDWR);
            cut++;
        }
    pthread_mutex_unlock(&slow->lock);
    return cut;
}
