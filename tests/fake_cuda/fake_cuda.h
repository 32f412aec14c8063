/* What the false libraries share. The card is as BRIM_FAKE_CARD says, words separated by commas, all optional:
 *   memory=4096M  free=3800M  cc=8.6  name=...  driver=12040  cards=2  sms=20
 *   context=200M        what a context takes of the free memory
 *   fail=NAME@N         the N-th call of that function (cuLaunchKernel@100) fails, and from then on every call: the card fell
 *                       off; fail=NAME@N:once fails once; error=CODE is the driver's number (719)
 * Work on a stream is done when it is started, unless the stream is being captured: then it is kept, and done at each launch
 * of the graph. */
#ifndef BRIM_TESTS_FAKE_CUDA_H
#define BRIM_TESTS_FAKE_CUDA_H

#include <cuda.h>

/* Does run(copy of args) in the stream's order: now, or when the graph that is being captured is launched. */
CUresult fake_cuda_enqueue(CUstream stream, void (*run)(void *args), const void *args, size_t bytes);

/* Device memory that is taken now, and at its highest, in bytes; the number of allocations since the start. */
size_t fake_cuda_taken_bytes(void);
size_t fake_cuda_peak_bytes(void);
unsigned long fake_cuda_allocations(void);

/* True where the whole range lies in one allocation. */
int fake_cuda_holds(CUdeviceptr start, size_t bytes);

#endif
