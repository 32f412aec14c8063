/* How long the ops of a step take on the card, for benchmarks: the step captured with an event wherever the
 * kind of op changes, so that the card runs it as it runs any step, and the host's pace is not in the times.
 */
#ifndef BRIM_BACKEND_CUDA_OP_TIMES_H
#define BRIM_BACKEND_CUDA_OP_TIMES_H

#include "backend/cuda/cuda.h"

typedef struct BrimCudaOpTimes BrimCudaOpTimes; /* of one program */

/* The program must outlive it. */
BrimStatus brim_cuda_op_times_open(BrimCudaOpTimes **times, const BrimProgram *program);
void brim_cuda_op_times_close(BrimCudaOpTimes **times);

/* Starts a part, which has run once before. The first time captures it. */
BrimStatus brim_cuda_op_times_run(BrimCudaOpTimes *times, BrimPart part);

/* Of the last run, BRIM_OP_KIND_COUNT of each, zeros before there was one; waits for it. A launch is a node
 * of the graph: a kernel, cuDNN's among them, a copy or a fill. */
void brim_cuda_op_times_read(BrimCudaOpTimes *times, int64_t *times_ns, int32_t *launches);

#endif
