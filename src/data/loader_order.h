/* In which order an epoch takes its pictures, and the shape of each batch. Private to loader*.c. */
#ifndef BRIM_DATA_LOADER_ORDER_H
#define BRIM_DATA_LOADER_ORDER_H

#include "data/loader.h"

typedef struct BrimLoaderShape {
    int height_px, width_px;
} BrimLoaderShape;

typedef struct BrimLoaderOrder {
    int32_t *samples;        /* sample_count */
    BrimLoaderShape *shapes; /* batch_count */
    int batch, batch_count, sample_count;
} BrimLoaderOrder;

size_t brim_loader_order_bytes(const BrimLoaderConf *conf);
BrimStatus brim_loader_order_open(BrimLoaderOrder *order, const BrimLoaderConf *conf);
void brim_loader_order_close(BrimLoaderOrder *order);

/* The order of a training epoch. */
void brim_loader_order_shuffle(BrimLoaderOrder *order, uint64_t seed, int epoch);

/* Pictures of one batch. */
int brim_loader_order_n(const BrimLoaderOrder *order, int batch);

/* Pixels of the largest batch. */
size_t brim_loader_order_most_px(const BrimLoaderOrder *order);

#endif
