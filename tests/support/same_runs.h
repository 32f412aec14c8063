/* Small training runs, and what they left behind, read again and compared. */
#ifndef BRIM_TESTS_SAME_RUNS_H
#define BRIM_TESTS_SAME_RUNS_H

#include "brim.h"
#include "exchange/tensors.h"

/* Options of a run of yolov5n from nothing on FOLDER/demo's pictures of 64 px into FOLDER/runs/NAME, whose pictures and
 * seed are the same each time; epochs and batch size are for the test to set. Valid until asked for with another folder. */
BrimTrainOptions small_run_in(const char *folder, const char *name);

/* project/name/weights/which.safetensors, given back by the caller. */
void load_run(BrimTensorFile *file, const char *project, const char *name, const char *which);

/* Every tensor of the last checkpoints is the same to the last bit. */
void assert_same_runs(const char *project, const char *a, const char *b);

#endif
