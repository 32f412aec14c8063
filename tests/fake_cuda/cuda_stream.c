/* Streams, and what is captured on them: a list of work, done at each launch of the graph made of it. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cuda_inside.h"

typedef struct Work {
    struct Work *next;
    void (*run)(void *args);
    int (*ready)(void *args); /* NULL: always */
    size_t bytes;
    max_align_t args[];
} Work;

typedef struct List {
    Work *first, **end;
} List;

struct CUstream_st {
    FakeHandle handle;
    CUstream next; /* of those that were not destroyed */
    bool capturing, spoiled;
    int device;
    int busy_looks; /* -1: without end */
    CUstreamCaptureMode mode;
    List captured, waiting;
};

struct CUgraph_st {
    FakeHandle handle;
    List works;
};

struct CUgraphExec_st {
    FakeHandle handle;
    CUgraphExec next;  /* of those that were not destroyed */
    int device, place; /* among those of the device, when it was made */
    bool uploaded;
    List works;
};

/* The streams under capture: which of them are GLOBAL concerns every thread, which are this thread's only
 * this one. */
static CUstream global_capture;
static _Thread_local CUstream own_captures[FAKE_CARDS];

/* Graphs that can be launched, of each card; as many as there were at once have taken memory, and keep it: a
 * half when they were made, the other before their first launch. */
static int execs[FAKE_CARDS];
static CUgraphExec first_exec;

static CUstream streams;
static pthread_mutex_t listing = PTHREAD_MUTEX_INITIALIZER, launching = PTHREAD_MUTEX_INITIALIZER;

static void append(List *list, const Work *like, const void *args)
{
    Work *work = malloc(sizeof *work + like->bytes);
    if (!work)
        fake_abort("the host's memory is used up");
    *work = *like;
    work->next = NULL;
    memcpy(work->args, args, like->bytes);
    *(list->end ? list->end : &list->first) = work;
    list->end = &work->next;
}

static void clear(List *list)
{
    for (Work *work = list->first; work;) {
        Work *next = work->next;
        free(work);
        work = next;
    }
    *list = (List){0};
}

static void run_now(void (*run)(void *args), const void *args, size_t bytes)
{
    void *copy = malloc(bytes ? bytes : 1);
    if (!copy)
        fake_abort("the host's memory is used up");
    memcpy(copy, args, bytes);
    fake_memory_open();
    run(copy);
    fake_memory_shut();
    free(copy);
}

/* Does what the stream comes to next; false where there is nothing, or it is not ready. */
static bool advance(CUstream stream)
{
    Work *work = stream->waiting.first;
    if (!work || (work->ready && !work->ready(work->args)))
        return false;
    stream->waiting.first = work->next;
    if (!work->next)
        stream->waiting.end = NULL;
    if (work->run)
        run_now(work->run, work->args, work->bytes);
    free(work);
    return true;
}

static bool advance_all(void)
{
    bool any = false;
    for (CUstream stream = streams; stream; stream = stream->next)
        any = advance(stream) || any;
    return any;
}

bool fake_stream_catch_up(CUstream stream, const bool *done)
{
    while (stream && stream->waiting.first && !(done && *done))
        if (!advance(stream) && !advance_all())
            return false;
    return true;
}

/* Where this thread keeps that it captures the stream; for NULL a place that is free. */
static CUstream *own_capture(CUstream stream)
{
    for (int i = 0; i < FAKE_CARDS; i++)
        if (own_captures[i] == stream)
            return &own_captures[i];
    return NULL;
}

CUresult fake_stream_check(CUstream stream, const char *function, bool *capturing)
{
    int device;
    *capturing = false;
    FAKE_TRY(fake_current(&device));
    if (!stream) /* the default stream, which is never captured */
        return CUDA_SUCCESS;
    FAKE_TRY(fake_handle_check(stream, FAKE_STREAM, function));
    *capturing = stream->capturing;
    if (stream->capturing && stream->mode != CU_STREAM_CAPTURE_MODE_RELAXED && !own_capture(stream)) {
        fake_complain("%s: another thread captures the stream", function);
        stream->spoiled = true;
        return CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD;
    }
    return CUDA_SUCCESS;
}

static CUresult enqueue(CUstream stream, const Work *like, const void *args)
{
    bool capturing;
    FAKE_TRY(fake_stream_check(stream, "starting work on a stream", &capturing));
    if (capturing && stream->spoiled)
        return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    if (capturing)
        append(&stream->captured, like, args);
    else if (stream && (fake_card()->lazy || like->ready || stream->waiting.first))
        append(&stream->waiting, like, args);
    else
        run_now(like->run, args, like->bytes);
    while (!capturing && stream && stream->waiting.first && !fake_card()->lazy && advance_all()) {
    }
    return CUDA_SUCCESS;
}

CUresult fake_cuda_enqueue(CUstream stream, void (*run)(void *args), const void *args, size_t bytes)
{
    return enqueue(stream, &(Work){.run = run, .bytes = bytes}, args);
}

CUresult fake_cuda_enqueue_wait(CUstream stream, int (*ready)(void *args), const void *args, size_t bytes)
{
    return enqueue(stream, &(Work){.ready = ready, .bytes = bytes}, args);
}

int fake_cuda_recorded(int (*ready)(void *args), const void *first)
{
    int found = 0;
    pthread_mutex_lock(&listing);
    for (CUgraphExec exec = first_exec; exec; exec = exec->next)
        for (const Work *work = exec->works.first; work; work = work->next)
            found += work->ready == ready && memcmp(work->args, &first, sizeof first) == 0;
    pthread_mutex_unlock(&listing);
    return found;
}

int fake_cuda_stream_captured(CUstream stream)
{
    return stream && stream->capturing;
}

CUresult cuStreamCreate(CUstream *stream, unsigned int flags)
{
    int device;
    FAKE_BEGIN(cuStreamCreate);
    FAKE_TRY(fake_current(&device));
    if (flags & ~(unsigned)CU_STREAM_NON_BLOCKING)
        return CUDA_ERROR_INVALID_VALUE;
    *stream = fake_handle_make(FAKE_STREAM, sizeof **stream);
    (*stream)->device = device;
    pthread_mutex_lock(&listing);
    (*stream)->next = streams;
    streams = *stream;
    pthread_mutex_unlock(&listing);
    return CUDA_SUCCESS;
}

static void end_capture(CUstream stream)
{
    CUstream *own = own_capture(stream);
    if (global_capture == stream)
        global_capture = NULL;
    if (own)
        *own = NULL;
    stream->capturing = stream->spoiled = false;
}

CUresult cuStreamDestroy(CUstream stream)
{
    int device;
    FAKE_BEGIN(cuStreamDestroy);
    FAKE_TRY(fake_current(&device));
    FAKE_TRY(fake_handle_check(stream, FAKE_STREAM, "cuStreamDestroy"));
    end_capture(stream);
    clear(&stream->captured);
    if (!fake_stream_catch_up(stream, NULL))
        fake_abort("cuStreamDestroy: its work would never end");
    pthread_mutex_lock(&listing);
    CUstream *link = &streams;
    while (*link != stream)
        link = &(*link)->next;
    *link = stream->next;
    pthread_mutex_unlock(&listing);
    fake_handle_destroy(stream);
    return CUDA_SUCCESS;
}

CUresult fake_stream_spoil(CUstream stream, const char *function)
{
    fake_complain("%s: not while a stream is being captured", function);
    stream->spoiled = true;
    return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
}

CUresult fake_unsafe(const char *function)
{
    CUstream stream = global_capture;
    for (int i = 0; i < FAKE_CARDS && !stream; i++)
        stream = own_captures[i];
    return stream ? fake_stream_spoil(stream, function) : CUDA_SUCCESS;
}

CUresult cuStreamSynchronize(CUstream stream)
{
    bool capturing;
    FAKE_BEGIN(cuStreamSynchronize);
    FAKE_TRY(fake_stream_check(stream, "cuStreamSynchronize", &capturing));
    if (capturing)
        return fake_stream_spoil(stream, "cuStreamSynchronize");
    if (stream && stream->busy_looks < 0)
        fake_abort("cuStreamSynchronize: this would wait without end");
    if (stream)
        stream->busy_looks = 0;
    if (!fake_stream_catch_up(stream, NULL))
        fake_abort("cuStreamSynchronize: this would wait without end");
    return CUDA_SUCCESS;
}

CUresult cuStreamQuery(CUstream stream)
{
    bool capturing;
    FAKE_BEGIN(cuStreamQuery);
    FAKE_TRY(fake_stream_check(stream, "cuStreamQuery", &capturing));
    if (capturing)
        return fake_stream_spoil(stream, "cuStreamQuery");
    if (!stream || stream->busy_looks == 0)
        return fake_stream_catch_up(stream, NULL) ? CUDA_SUCCESS : CUDA_ERROR_NOT_READY;
    stream->busy_looks -= stream->busy_looks > 0;
    return CUDA_ERROR_NOT_READY;
}

int fake_cuda_stream_card(CUstream stream)
{
    return fake_handle_live(stream, FAKE_STREAM) ? stream->device : -1;
}

void fake_cuda_stream_keep_busy(CUstream stream, int looks)
{
    fake_stream_catch_up(stream, NULL);
    stream->busy_looks = looks;
}

void fake_cuda_touch(void (*run)(void *args), void *args)
{
    fake_memory_open();
    run(args);
    fake_memory_shut();
}

CUresult cuStreamBeginCapture(CUstream stream, CUstreamCaptureMode mode)
{
    bool capturing;
    FAKE_BEGIN(cuStreamBeginCapture);
    FAKE_TRY(fake_stream_check(stream, "cuStreamBeginCapture", &capturing));
    if (!stream || capturing) {
        fake_complain("cuStreamBeginCapture: %s",
                      stream ? "it is being captured" : "not on the default stream");
        return stream ? CUDA_ERROR_ILLEGAL_STATE : CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    }
    stream->capturing = true;
    stream->mode = mode;
    if (mode == CU_STREAM_CAPTURE_MODE_GLOBAL)
        global_capture = stream;
    if (mode != CU_STREAM_CAPTURE_MODE_RELAXED && own_capture(NULL))
        *own_capture(NULL) = stream;
    return CUDA_SUCCESS;
}

CUresult cuStreamEndCapture(CUstream stream, CUgraph *graph)
{
    bool capturing;
    FAKE_BEGIN(cuStreamEndCapture);
    *graph = NULL;
    FAKE_TRY(fake_stream_check(stream, "cuStreamEndCapture", &capturing));
    if (!capturing)
        return CUDA_ERROR_ILLEGAL_STATE;
    bool spoiled = stream->spoiled;
    end_capture(stream);
    if (spoiled) {
        clear(&stream->captured);
        return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    }
    *graph = fake_handle_make(FAKE_GRAPH, sizeof **graph);
    (*graph)->works = stream->captured;
    stream->captured = (List){0};
    return CUDA_SUCCESS;
}

CUresult cuGraphGetNodes(CUgraph graph, CUgraphNode *nodes, size_t *count)
{
    FAKE_BEGIN(cuGraphGetNodes);
    FAKE_TRY(fake_handle_check(graph, FAKE_GRAPH, "cuGraphGetNodes"));
    if (nodes) {
        fake_complain("cuGraphGetNodes: the false library counts them, and has none to show");
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    *count = 0;
    for (const Work *work = graph->works.first; work; work = work->next)
        ++*count;
    return CUDA_SUCCESS;
}

static CUresult load_graph(int place, const char *what)
{
    char name[32];
    snprintf(name, sizeof name, "graph %d %s", place, what);
    return fake_cuda_load(name);
}

CUresult cuGraphInstantiateWithFlags(CUgraphExec *exec, CUgraph graph, unsigned long long flags)
{
    (void)flags;
    FAKE_BEGIN(cuGraphInstantiateWithFlags);
    int device;
    FAKE_TRY(fake_current(&device));
    FAKE_TRY(fake_handle_check(graph, FAKE_GRAPH, "cuGraphInstantiateWithFlags"));
    FAKE_TRY(load_graph(execs[device], "made"));
    *exec = fake_handle_make(FAKE_EXEC, sizeof **exec);
    (*exec)->device = device;
    (*exec)->place = execs[device]++;
    for (const Work *work = graph->works.first; work; work = work->next)
        append(&(*exec)->works, work, work->args);
    pthread_mutex_lock(&listing);
    (*exec)->next = first_exec;
    first_exec = *exec;
    pthread_mutex_unlock(&listing);
    return CUDA_SUCCESS;
}

static CUresult upload(CUgraphExec exec)
{
    if (!exec->uploaded)
        FAKE_TRY(load_graph(exec->place, "on the card"));
    exec->uploaded = true;
    return CUDA_SUCCESS;
}

CUresult cuGraphUpload(CUgraphExec exec, CUstream stream)
{
    bool capturing;
    FAKE_BEGIN(cuGraphUpload);
    FAKE_TRY(fake_handle_check(exec, FAKE_EXEC, "cuGraphUpload"));
    FAKE_TRY(fake_stream_check(stream, "cuGraphUpload", &capturing));
    return capturing ? fake_stream_spoil(stream, "cuGraphUpload") : upload(exec);
}

static CUresult launch(CUgraphExec exec, CUstream stream)
{
    FAKE_TRY(fake_handle_check(exec, FAKE_EXEC, "cuGraphLaunch"));
    FAKE_TRY(upload(exec));
    for (const Work *work = exec->works.first; work; work = work->next)
        FAKE_TRY(enqueue(stream, work, work->args));
    return CUDA_SUCCESS;
}

/* With the word `stalls`: until the stream is at its end, while other threads launch what it waits for. */
static void stall(CUstream stream)
{
    enum { LOOKS = 5000, LOOK_US = 1000 };
    for (int look = 0; !fake_stream_catch_up(stream, NULL); look++) {
        if (look == LOOKS)
            fake_abort("cuGraphLaunch: this would wait without end for what is not launched beside it");
        pthread_mutex_unlock(&launching);
        usleep(LOOK_US);
        pthread_mutex_lock(&launching);
    }
}

/* Threads that launch come one after the other: all else on streams is one thread's, who waits for them. */
CUresult cuGraphLaunch(CUgraphExec exec, CUstream stream)
{
    FAKE_BEGIN(cuGraphLaunch);
    pthread_mutex_lock(&launching);
    CUresult result = launch(exec, stream);
    if (result == CUDA_SUCCESS && fake_card()->stalls)
        stall(stream);
    pthread_mutex_unlock(&launching);
    return result;
}

/* Of no use to anybody any more, even where its card is lost and refuses to destroy it. */
static void forget(CUgraphExec exec)
{
    pthread_mutex_lock(&listing);
    CUgraphExec *link = &first_exec;
    while (*link && *link != exec)
        link = &(*link)->next;
    if (*link)
        *link = exec->next;
    pthread_mutex_unlock(&listing);
}

CUresult cuGraphExecDestroy(CUgraphExec exec)
{
    forget(exec);
    FAKE_BEGIN(cuGraphExecDestroy);
    FAKE_TRY(fake_handle_check(exec, FAKE_EXEC, "cuGraphExecDestroy"));
    FAKE_TRY(fake_handle_together(exec, NULL, "cuGraphExecDestroy"));
    clear(&exec->works);
    fake_handle_destroy(exec);
    execs[exec->device]--;
    return CUDA_SUCCESS;
}

CUresult cuGraphDestroy(CUgraph graph)
{
    FAKE_BEGIN(cuGraphDestroy);
    FAKE_TRY(fake_handle_check(graph, FAKE_GRAPH, "cuGraphDestroy"));
    clear(&graph->works);
    fake_handle_destroy(graph);
    return CUDA_SUCCESS;
}
