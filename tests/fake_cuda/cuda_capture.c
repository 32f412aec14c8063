/* Captures: which streams are under one, for whom, and what is forbidden meanwhile. */
#include "cuda_work.h"

/* The streams under capture: which of them are GLOBAL concerns every thread, which are this thread's only
 * this one. */
static CUstream global_capture;
static _Thread_local CUstream own_captures[FAKE_CARDS];

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

int fake_cuda_stream_captured(CUstream stream)
{
    return stream && stream->capturing;
}

void fake_capture_end(CUstream stream)
{
    CUstream *own = own_capture(stream);
    if (global_capture == stream)
        global_capture = NULL;
    if (own)
        *own = NULL;
    stream->capturing = stream->spoiled = false;
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
    fake_capture_end(stream);
    if (spoiled) {
        fake_works_clear(&stream->captured);
        return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    }
    *graph = fake_graph_make(stream->captured);
    stream->captured = (FakeWorks){0};
    return CUDA_SUCCESS;
}
