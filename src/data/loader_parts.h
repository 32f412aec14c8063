/* The loader's inside: slots, threads and what they wait for. Private to loader*.c. */
#ifndef BRIM_DATA_LOADER_PARTS_H
#define BRIM_DATA_LOADER_PARTS_H

#include <pthread.h>

#include "data/loader_fill.h"
#include "data/loader_order.h"

enum { BRIM_LOADER_MESSAGE_BYTES = 1024 }; /* what brim_last_error holds */

/* Room for one batch. */
typedef struct BrimLoaderSlot {
    uint8_t *pictures;
    BrimAugmentTask *tasks; /* instead of those, where pixels are made apart */
    BrimLabel
        *labels; /* batch * most_boxes: each picture has a place of its own until the batch is complete */
    int *label_counts; /* batch */
    BrimLetterbox *boxes;
    float *targets; /* brim_loader_target_cap rows of 6 */
    int left;       /* pictures not made yet */
    int failed_at;  /* first picture of the batch that could not be made; -1 none */
    BrimStatus status;
    char message[BRIM_LOADER_MESSAGE_BYTES];
} BrimLoaderSlot;

struct BrimLoader {
    BrimLoaderConf conf;
    BrimLoaderBounds bounds;
    BrimLoaderOrder order;
    BrimCache *cache; /* NULL: none */
    size_t cache_bytes;
    size_t *starts; /* with pixels_apart: where each sample's picture is kept, in bytes */
    BrimLoaderSlot *slots;
    int slot_count;
    BrimLoaderRoom *rooms; /* one a thread */
    int room_count;
    pthread_t *threads;
    int thread_count;

    BrimBatch batch; /* what brim_loader_next gives */
    int epoch;
    int64_t wait_ns;

    /* Shared with the threads, under the lock. */
    pthread_mutex_t lock;
    pthread_cond_t work;  /* a slot became free, or the end */
    pthread_cond_t ready; /* a batch is complete, or a thread came to rest */
    int next_picture;     /* position in the epoch that is taken next */
    int end_picture;      /* one behind the epoch's last position */
    int next_batch;       /* that brim_loader_next gives next */
    int first_held;       /* the first batch whose slot is in use */
    int rooms_taken;      /* by threads that have begun */
    int busy;             /* threads that make a picture */
    bool quit;
};

/* Bytes of the starts, and filling them. */
size_t brim_loader_starts_bytes(const BrimLoaderConf *conf);
void brim_loader_starts_set(BrimLoader *loader);

/* Takes work until the loader is closed; a pthread's function. */
void *brim_loader_work(void *loader);

#endif
