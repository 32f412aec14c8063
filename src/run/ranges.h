/* What the numbers among a run's options may be: on the command line, from a library's caller, and in the
 * checkpoint of a run that goes on. */
#ifndef BRIM_RUN_RANGES_H
#define BRIM_RUN_RANGES_H

#include "conf/model.h"

enum {
    BRIM_LEAST_IMGSZ_PX = 32,
    BRIM_MOST_IMGSZ_PX = 8192,
    BRIM_MOST_BATCH = 65536,
    BRIM_MOST_EPOCHS = 1000000,
    BRIM_MOST_WORKERS = 256,
    BRIM_MOST_THREADS = 1024,
    BRIM_MOST_DETECTIONS = 30000, /* of a picture */
    BRIM_MOST_BENCH_STEPS = 100000,
    BRIM_MOST_BENCH_WARMUP = 1000
};

typedef struct BrimRange {
    const char *name; /* of the option, without dashes */
    int value, low, high;
} BrimRange;

/* ERROR_ARGUMENT that names the first that is outside, with what it may be. */
BrimStatus brim_ranges_check(const BrimRange *ranges, size_t count);

/* The side of a network's input: ERROR_ARGUMENT for one outside its range. */
BrimStatus brim_imgsz_check(int imgsz_px);

/* And for one that is no multiple of the model's largest stride, with one that is near. */
BrimStatus brim_imgsz_check_whole(int imgsz_px, const BrimModel *model);

/* The same, or the next such multiple, with a remark. */
int brim_imgsz_round(int imgsz_px, const BrimModel *model, BrimListener listener, void *self);

#endif
