/* What a validation holds between its options and its end. Private to val*.c. */
#ifndef BRIM_RUN_VAL_RUN_H
#define BRIM_RUN_VAL_RUN_H

#include "conf/dataset.h"
#include "run/detector.h"
#include "train/validate.h"

typedef struct BrimValRun {
    const BrimValOptions *options;
    BrimListener listener;
    void *self;
    BrimDetector detector;
    BrimDataset dataset;
    BrimSplit split;
    int imgsz_px;
    BrimLoader *loader;
    BrimValidator *validator;
    BrimValidation found;
    char *folder;
    int64_t start_ns;
} BrimValRun;

/* Plans with the batch that was asked for and opens loader and validator. ERROR_FIT says what is needed, and
 * the largest batch that would fit. */
BrimStatus brim_val_plan(BrimValRun *run);

#endif
