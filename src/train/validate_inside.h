/* What a validator holds. Private to validate*.c: its opening, and its runs. */
#ifndef BRIM_TRAIN_VALIDATE_INSIDE_H
#define BRIM_TRAIN_VALIDATE_INSIDE_H

#include "train/validate.h"

/* A batch that was begun: the loader's own, or, where the loader goes on to the next one, what is still asked
 * of it, in rooms of its own. */
typedef struct BrimBegun {
    BrimBatch batch;
    BrimLetterbox *boxes;
    float *targets;
} BrimBegun;

struct BrimValidator {
    BrimValidateConf conf;
    int threads, group; /* pictures of a group */
    BrimNms **nms;      /* one a thread */
    BrimMetrics *metrics;
    BrimDetection *detections; /* group * max_det */
    int *counts;               /* group */
    BrimTruth *truths;         /* most labels of a picture */
    int *by_sample;            /* detections of each sample of the split */
    int64_t spent_ns[3];       /* reading, network, NMS */
    const BrimLoader *started; /* for the next run; NULL: none is yet */
    int depth;                 /* batches under way */
    BrimBegun begun[2];        /* of a batch: that of its number modulo the depth */
};

#endif
