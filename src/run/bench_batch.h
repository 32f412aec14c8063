/* A batch of random pictures with random labels: always the same for the same size. */
#ifndef BRIM_RUN_BENCH_BATCH_H
#define BRIM_RUN_BENCH_BATCH_H

#include "data/loader.h"

enum { BRIM_BENCH_LABELS = 8 }; /* of each picture, about as many as COCO's have (7.3) */

/* Bytes of the batch's pictures and labels. */
size_t brim_bench_batch_bytes(int pictures, int side_px);

/* The sides are side_px, the classes 0 to class_count - 1. */
BrimStatus brim_bench_batch_make(BrimBatch *batch, int pictures, int side_px, int class_count);
void brim_bench_batch_clear(BrimBatch *batch);

#endif
