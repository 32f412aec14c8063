/* What training runs left behind, read again and compared. */
#ifndef BRIM_TESTS_SAME_RUNS_H
#define BRIM_TESTS_SAME_RUNS_H

#include "exchange/tensors.h"

/* project/name/weights/which.safetensors, given back by the caller. */
void load_run(BrimTensorFile *file, const char *project, const char *name, const char *which);

/* Every tensor of the last checkpoints is the same to the last bit. */
void assert_same_runs(const char *project, const char *a, const char *b);

#endif
