/* Streams, and the order in which the work that was started on them is done. */
#include <pthread.h>
#include <stdlib.h>

#include "cuda_work.h"

static CUstream streams;
static pthread_mutex_t listing = PTHREAD_MUTEX_INITIALIZER;

/* Does what the stream comes to next; false where there is nothing, or it is not ready. */
static bool advance(CUstream stream)
{
    FakeWork *work = stream->waiting.first;
    if (!work || (work->ready && !work->ready(work->args)))
        return false;
    stream->waiting.first = work->next;
    if (!work->next)
        stream->waiting.end = NULL;
    if (work->run)
        fake_work_run(work->run, work->args, work->bytes);
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

CUresult fake_stream_enqueue(CUstream stream, const FakeWork *like, const void *args)
{
    bool capturing;
    FAKE_TRY(fake_stream_check(stream, "starting work on a stream", &capturing));
    if (capturing && stream->spoiled)
        return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    if (capturing)
        fake_works_append(&stream->captured, like, args);
    else if (stream && (fake_card()->lazy || like->ready || stream->waiting.first))
        fake_works_append(&stream->waiting, like, args);
    else
        fake_work_run(like->run, args, like->bytes);
    while (!capturing && stream && stream->waiting.first && !fake_card()->lazy && advance_all()) {
    }
    return CUDA_SUCCESS;
}

CUresult fake_cuda_enqueue(CUstream stream, void (*run)(void *args), const void *args, size_t bytes)
{
    return fake_stream_enqueue(stream, &(FakeWork){.run = run, .bytes = bytes}, args);
}

CUresult fake_cuda_enqueue_wait(CUstream stream, int (*ready)(void *args), const void *args, size_t bytes)
{
    return fake_stream_enqueue(stream, &(FakeWork){.ready = ready, .bytes = bytes}, args);
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

CUresult cuStreamDestroy(CUstream stream)
{
    int device;
    FAKE_BEGIN(cuStreamDestroy);
    FAKE_TRY(fake_current(&device));
    FAKE_TRY(fake_handle_check(stream, FAKE_STREAM, "cuStreamDestroy"));
    fake_capture_end(stream);
    fake_works_clear(&stream->captured);
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
