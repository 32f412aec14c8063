/* What streams, captures and graphs share: lists of work, and what a stream is. */
#ifndef BRIM_TESTS_FAKE_CUDA_WORK_H
#define BRIM_TESTS_FAKE_CUDA_WORK_H

#include "cuda_inside.h"

/* ---- cuda_work.c ---- */

typedef struct FakeWork {
    struct FakeWork *next;
    void (*run)(void *args);
    int (*ready)(void *args); /* NULL: always */
    size_t bytes;
    max_align_t args[];
} FakeWork;

typedef struct FakeWorks {
    FakeWork *first, **end;
} FakeWorks;

/* Puts a copy behind the others: what `like` says, and its bytes of args. */
void fake_works_append(FakeWorks *works, const FakeWork *like, const void *args);
void fake_works_clear(FakeWorks *works);

/* Does it now, on a copy of args. */
void fake_work_run(void (*run)(void *args), const void *args, size_t bytes);

/* ---- cuda_stream.c ---- */

struct CUstream_st {
    FakeHandle handle;
    CUstream next; /* of those that were not destroyed */
    bool capturing, spoiled;
    int device;
    int busy_looks; /* -1: without end */
    CUstreamCaptureMode mode;
    FakeWorks captured, waiting;
};

/* Starts what `like` says on the stream, with its bytes of args. */
CUresult fake_stream_enqueue(CUstream stream, const FakeWork *like, const void *args);

/* ---- cuda_capture.c ---- */

/* What was captured stays with the stream. */
void fake_capture_end(CUstream stream);

/* ---- cuda_graph.c ---- */

/* Of the works, which are its own from now on. */
CUgraph fake_graph_make(FakeWorks works);

#endif
