/* The false libcudnn.so.9. It is as BRIM_FAKE_DNN says, words separated by commas, all optional:
 *   version=8904        what cudnnGetVersion says
 *   cuda=13000          what CUDA it was built with; the toolkit's own unless said
 *   fail=NAME@N         the N-th call of that function (cudnnBackendExecute@3) fails, and from then on every call;
 *                       fail=NAME@N:once fails once; error=CODE is cuDNN's number (5000)
 *   engines=none        no engine does anything; engines=one: all but PLAIN refuse, so that there is little to be
 *                       timed; engines=half: none does fp32
 *   slow=ENGINE:KNOB:US that engine with that first knob takes so many microseconds longer; may be there several times
 * Descriptors are checked as cuDNN 9.19 does. All engines sum alike: what differs is what they say of themselves. */
#ifndef BRIM_TESTS_FAKE_CUDNN_H
#define BRIM_TESTS_FAKE_CUDNN_H

/* Calls of cudnnBackendExecute that went well, descriptors that are there now, and the engine of the latest
 * execution. */
unsigned long fake_cudnn_executions(void);
long fake_cudnn_descriptors(void);
int fake_cudnn_latest_engine(void);

/* The engines that the false heuristics propose, in that order: mode A, then FALLBACK. */
enum {
    FAKE_ENGINE_NONDETERMINISTIC = 20, /* A; no workspace: never brim's */
    FAKE_ENGINE_REDUCED = 47,          /* A; sums halves in halves: never brim's */
    FAKE_ENGINE_REFUSING = 33,         /* A; refuses when its plan is made */
    FAKE_ENGINE_TENSOR = 62, /* A, twice; tensor cores; knob TILE_SIZE 0: 1 MiB of workspace, 1: 64 KiB */
    FAKE_ENGINE_PLAIN = 70,  /* A; no tensor cores; 256 KiB */
    FAKE_ENGINE_COPYING = 1, /* FALLBACK; dense copies of x and y in the workspace */
    FAKE_ENGINE_SLOWEST = 0  /* FALLBACK; no workspace */
};

#endif
