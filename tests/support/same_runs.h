/* Small training runs, and what they left behind, read again and compared. */
#ifndef BRIM_TESTS_SAME_RUNS_H
#define BRIM_TESTS_SAME_RUNS_H

#include "brim.h"
#include "exchange/tensors.h"

/* So many pictures below demo in the scratch folder. 0, as what goes before a group of tests has it. */
int draw_small_pictures(int train_count, int val_count, int side_px);

/* Options of a run of yolov5n from nothing on FOLDER/demo's pictures of 64 px into FOLDER/runs/NAME, whose pictures and
 * seed are the same each time; epochs and batch size are for the test to set. Valid until asked for with another folder. */
BrimTrainOptions small_run_in(const char *folder, const char *name);

/* A file of the run of that name in the scratch folder: "weights/last.safetensors". */
enum { RUN_PATH_BYTES = 1200 };
const char *path_in_run(char path[RUN_PATH_BYTES], const char *name, const char *file);

/* Options to go on from its last checkpoint. Valid until asked for those of another. */
BrimTrainOptions resume_of(const char *name);

/* Its weights/WHICH.safetensors, given back by the caller. */
void load_run(BrimTensorFile *file, const char *name, const char *which);

/* What a run's steps were told to be, by a test's own listener, which hands its events on to see_step. */
enum { SEEN_STEPS = 64 };
typedef struct SeenSteps {
    int count, stop_after;       /* 0: never */
    float losses[SEEN_STEPS][3]; /* by step: means of the epoch so far */
} SeenSteps;

/* Notes a step, and passes by what is none; false at the one to stop after. */
bool see_step(SeenSteps *seen, const BrimEvent *event);

/* As many steps, and the same losses to the last bit. */
void assert_same_losses(const SeenSteps *got, const SeenSteps *expected);

/* Every tensor of their last checkpoints is the same to the last bit. */
void assert_same_runs(const char *a, const char *b);

#endif
