/* Splits for tests: of the shared data, or drawn. */
#ifndef BRIM_TESTS_SPLIT_H
#define BRIM_TESTS_SPLIT_H

#include "data/loader.h"

/* Scans a folder of pictures below the shared folder; skips the test where it is absent. */
void shared_split(BrimSplit *split, const char *name, int class_count);

/* Draws so many demo pictures into a fresh folder and scans them. */
void drawn_split(BrimSplit *split, int count, int imgsz_px);

/* A training loader of 64 px, batch 4, with everything switched on that v7.0 draws. */
BrimLoaderConf training_conf(const BrimSplit *split);

/* A sum over everything that a batch says, in order. */
uint64_t batch_digest(const BrimBatch *batch);

#endif
