/* One row of a benchmark: a model at one batch size on random pictures, planned, run and timed. */
#ifndef BRIM_RUN_BENCH_ROW_H
#define BRIM_RUN_BENCH_ROW_H

#include "run/device.h"
#include "train/engine.h"

typedef struct BrimBenchRowConf {
    BrimDevice device;
    const BrimModel *model;
    BrimPrecision precision;
    const uint8_t *recompute; /* levels of the layers; NULL: activations */
    int imgsz_px, threads, batch;
    bool training;
    int steps, warmup;     /* steps 0: as many as fit into some seconds */
    uint64_t limit_bytes;  /* a row that is planned larger is not run; 0: no limit */
    BrimBenchStep *each;   /* where each timed step is told, room for `steps` of them; NULL: nowhere */
    double *update_ms;     /* where the mean time of an update is told, which a step holds; NULL: nowhere */
    BrimListener listener; /* told after each step; returns false to stop */
    void *listener_self;
} BrimBenchRowConf;

/* What the device says of itself goes into *device, once it is open. ERROR_INPUT where a loss is no number,
 * BRIM_STOPPED where the listener wants it. */
BrimStatus brim_bench_row_run(const BrimBenchRowConf *conf, BrimBenchRow *row, BrimDeviceInfo *device);

#endif
