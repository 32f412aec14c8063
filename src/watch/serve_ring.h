/* The latest samples as texts, as many as a bound of memory allows; texts are held by those who send them,
 * not copied. Any thread may call. */
#ifndef BRIM_WATCH_SERVE_RING_H
#define BRIM_WATCH_SERVE_RING_H

#include "base/status.h"

typedef struct BrimServeRing BrimServeRing;
typedef struct BrimServeText BrimServeText;

BrimStatus brim_serve_ring_open(BrimServeRing **ring, int most_count, size_t most_bytes);
void brim_serve_ring_close(
    BrimServeRing **ring); /* NULL inside is allowed; picked texts stay until they are dropped */

/* Takes text (of brim_mem_take), also where it fails. What is then too much leaves the ring, the oldest
 * first; the latest stays in any case. A clock that was set back is counted on from the latest, so that
 * `since` keeps its sense. */
BrimStatus brim_serve_ring_push(BrimServeRing *ring, int64_t time_ns, char *text);

typedef struct BrimServePick {
    BrimServeText **texts; /* the oldest first */
    int count;
    int64_t newest_ns; /* time of the latest in the ring, for the next `since`; -1: none */
} BrimServePick;

/* Holds those later than since_ns, of them the latest most. Dropped with brim_serve_ring_drop. */
BrimStatus brim_serve_ring_pick(BrimServeRing *ring, int64_t since_ns, int64_t most, BrimServePick *pick);
void brim_serve_ring_drop(BrimServePick *pick);

const char *brim_serve_ring_text(const BrimServeText *text, size_t *bytes);

#endif
