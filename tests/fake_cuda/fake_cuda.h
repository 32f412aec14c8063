/* What the false libraries share. The card is as BRIM_FAKE_CARD says, words separated by commas, all optional:
 *   memory=4096M  free=3800M  cc=8.6  name=...  cards=2  sms=20
 *   driver=13000        the CUDA version that the driver is for; the toolkit's own unless said
 *   bus=0               the bits of its memory's bus (128)
 *   context=200M        what a context takes of the free memory
 *   module=4M           what loading the kernels takes of it
 *   late=64K            what each kernel, and each of cuDNN's engines, takes when it is started for the first time, as long as
 *                       the context lives; while a stream is being captured that is an error; and a graph, once when
 *                       it is made and once before it is launched
 *   grain=2M            what memory is given out in: an allocation takes whole ones of them
 *   pinned=64M          how much of the host's memory can be pinned; any unless said
 *   strict              the host cannot touch device memory but in copies and kernels: else it would not be noticed, as it is
 *                       the host's own
 *   threads             blocks have as many threads as they were started with, which take turns; else one, which is quicker.
 *                       In ThreadSanitizer's build it takes them for threads, and some blocks at a time run side by side
 *   tell                what was launched is told on stderr when the process ends
 *   lazy                work on a stream is done when somebody waits for it, not before: what was written over meanwhile, or
 *                       read too early, is wrong
 *   stalls              the launch of a graph comes back when its work is done, as NCCL says of graphs with exchanges in
 *                       them that it may be
 *   fail=NAME@N         the N-th call of that function (cuLaunchKernel@100) fails, and from then on every call: the card fell
 *                       off; fail=NAME@N:once fails once; error=CODE is the driver's number (719)
 *   failing=1           of several cards that one fails alone: its calls are counted, and after it fell off only they fail
 *   old=0               that card alone is of compute capability 7.0
 *   other=1:600M        the memory of that card alone, all of it free; one of them can be described so
 * Work on a stream is done when it is started, if the card is not lazy, unless the stream is being captured: then it is kept, and done at each launch
 * of the graph. What a caller does wrong is answered by the driver's own error, and said on stderr; memory that
 * was written behind its end, or by eights that are not aligned, ends the process. It is stricter than the driver
 * where that would go on with something wrong: what another thread starts on a stream that is captured would
 * become part of the graph. Addresses are aligned to 256 bytes, and no more. */
#ifndef BRIM_TESTS_FAKE_CUDA_H
#define BRIM_TESTS_FAKE_CUDA_H

#include <cuda.h>

/* Does run(copy of args) in the stream's order: now, or when the graph that is being captured is launched. */
CUresult fake_cuda_enqueue(CUstream stream, void (*run)(void *args), const void *args, size_t bytes);

/* What is started on the stream after this waits until ready(its copy of args) says so, which it is asked while
 * work on any stream goes on. */
CUresult fake_cuda_enqueue_wait(CUstream stream, int (*ready)(void *args), const void *args, size_t bytes);

/* How much of such work, whose arguments begin with that pointer, is in graphs that can be launched. */
int fake_cuda_recorded(int (*ready)(void *args), const void *first);

/* Whether what is started on it becomes a graph. */
int fake_cuda_stream_captured(CUstream stream);

/* Loads what goes by that name, where it was not loaded yet: takes the card's `late` bytes. */
CUresult fake_cuda_load(const char *name);

/* Device memory that is taken now, and at its highest, in bytes; the number of allocations since the start. */
size_t fake_cuda_taken_bytes(void);
size_t fake_cuda_peak_bytes(void);
unsigned long fake_cuda_allocations(void);

/* Pinned memory of the host that is there now, in bytes. */
size_t fake_cuda_pinned_bytes(void);

/* Contexts, streams, modules, graphs and events that are there now. */
unsigned long fake_cuda_handles(void);

/* Launches of a kernel ("brim_act") that were run, those of graphs among them; of all for NULL. */
unsigned long fake_cuda_launches(const char *kernel);

/* Calls of a function of the driver ("cuStreamSynchronize") since the start; of all for NULL. */
unsigned long fake_cuda_calls(const char *function);

/* The arguments of a kernel's last launch as they arrived, and its grid; NULL where there was none. */
const void *fake_cuda_last_args(const char *kernel, int *blocks, int *threads);

/* The card that this thread's context is on; -1 where there is none. The card of a stream, -1 where it is none; that of
 * an allocation, -1 where none holds the whole range. */
int fake_cuda_card(void);
int fake_cuda_stream_card(CUstream stream);
int fake_cuda_memory_card(CUdeviceptr start, size_t bytes);

/* Does run(args) now, for work that lies on several cards. */
void fake_cuda_touch(void (*run)(void *args), void *args);

/* A stream that is seen at work in that many looks (cuStreamQuery) to come, unless it is waited for; with -1 without
 * end: who waits for it ends the process. What was started on it before is done now. */
void fake_cuda_stream_keep_busy(CUstream stream, int looks);

/* True where the whole range lies in one allocation. */
int fake_cuda_holds(CUdeviceptr start, size_t bytes);

/* The card's clock, which events tell, goes on by so much: work says how long it takes. */
void fake_cuda_pass_ns(long long ns);

#endif
