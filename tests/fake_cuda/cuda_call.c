/* What each call begins with: was the driver started, is the card still there, is this call to fail. And the
 * errors' names. */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cuda_inside.h"

static pthread_mutex_t calling = PTHREAD_MUTEX_INITIALIZER;
static unsigned long fail_calls;
static struct {
    const char *function;
    unsigned long count;
} calls[128]; /* of each function that was called; the driver has fewer that brim knows */
static CUresult lost = CUDA_SUCCESS;
static bool started;

void fake_complain(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("false libcuda: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}

void fake_abort(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("false libcuda: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    abort();
}

/* Names are literals, but each call of a function need not have the same one. */
static void count_call(const char *function)
{
    int i = 0, room = (int)(sizeof calls / sizeof calls[0]);
    while (i < room && calls[i].function && strcmp(calls[i].function, function) != 0)
        i++;
    if (i == room)
        fake_abort("more functions than fake_cuda_calls has room for");
    calls[i].function = function;
    calls[i].count++;
}

unsigned long fake_cuda_calls(const char *function)
{
    unsigned long sum = 0;
    pthread_mutex_lock(&calling);
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        if (calls[i].function && (!function || strcmp(calls[i].function, function) == 0))
            sum += calls[i].count;
    pthread_mutex_unlock(&calling);
    return sum;
}

CUresult fake_begin(const char *function)
{
    const FakeCard *card = fake_card();
    pthread_mutex_lock(&calling);
    count_call(function);
    bool concerned = card->failing < 0 || card->failing == fake_cuda_card();
    CUresult result = concerned ? lost : CUDA_SUCCESS;
    if (concerned && strcmp(card->fail_name, function) == 0 && ++fail_calls == card->fail_at) {
        result = card->error;
        if (!card->fail_once)
            lost = card->error;
    }
    if (strcmp(function, "cuInit") == 0)
        started = started || result == CUDA_SUCCESS;
    else if (!started && strcmp(function, "cuDriverGetVersion") != 0)
        result = CUDA_ERROR_NOT_INITIALIZED;
    pthread_mutex_unlock(&calling);
    return result;
}

void fake_lose(CUresult error)
{
    pthread_mutex_lock(&calling);
    if (lost == CUDA_SUCCESS)
        lost = error;
    pthread_mutex_unlock(&calling);
}

CUresult cuInit(unsigned int flags)
{
    FAKE_BEGIN(cuInit);
    if (flags != 0)
        return CUDA_ERROR_INVALID_VALUE;
    return fake_card()->cards > 0 ? CUDA_SUCCESS : CUDA_ERROR_NO_DEVICE;
}

CUresult cuDriverGetVersion(int *version)
{
    FAKE_BEGIN(cuDriverGetVersion);
    *version = fake_card()->driver;
    return CUDA_SUCCESS;
}

#define ERRORS(X)                                                                                            \
    X(CUDA_SUCCESS, "no error")                                                                              \
    X(CUDA_ERROR_INVALID_VALUE, "invalid argument")                                                          \
    X(CUDA_ERROR_OUT_OF_MEMORY, "out of memory")                                                             \
    X(CUDA_ERROR_NOT_INITIALIZED, "initialization error")                                                    \
    X(CUDA_ERROR_STUB_LIBRARY, "CUDA driver is a stub library")                                              \
    X(CUDA_ERROR_DEVICE_UNAVAILABLE, "CUDA-capable device(s) is/are busy or unavailable")                    \
    X(CUDA_ERROR_OPERATING_SYSTEM, "OS call failed or operation not supported on this OS")                   \
    X(CUDA_ERROR_NO_DEVICE, "no CUDA-capable device is detected")                                            \
    X(CUDA_ERROR_INVALID_DEVICE, "invalid device ordinal")                                                   \
    X(CUDA_ERROR_INVALID_CONTEXT, "invalid device context")                                                  \
    X(CUDA_ERROR_NO_BINARY_FOR_GPU, "no kernel image is available for execution on the device")              \
    X(CUDA_ERROR_ECC_UNCORRECTABLE, "uncorrectable ECC error encountered")                                   \
    X(CUDA_ERROR_UNSUPPORTED_PTX_VERSION, "the provided PTX was compiled with an unsupported toolchain.")    \
    X(CUDA_ERROR_INVALID_HANDLE, "invalid resource handle")                                                  \
    X(CUDA_ERROR_NOT_FOUND, "named symbol not found")                                                        \
    X(CUDA_ERROR_ILLEGAL_ADDRESS, "an illegal memory access was encountered")                                \
    X(CUDA_ERROR_LAUNCH_TIMEOUT, "the launch timed out and was terminated")                                  \
    X(CUDA_ERROR_CONTEXT_IS_DESTROYED, "context is destroyed")                                               \
    X(CUDA_ERROR_LAUNCH_FAILED, "unspecified launch failure")                                                \
    X(CUDA_ERROR_NOT_SUPPORTED, "operation not supported")                                                   \
    X(CUDA_ERROR_SYSTEM_DRIVER_MISMATCH, "system has unsupported display driver / cuda driver combination")  \
    X(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "operation not permitted when stream is capturing")             \
    X(CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD,                                                                \
      "attempt to terminate a thread-local capture sequence from another thread")                            \
    X(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, "operation failed due to a previous error during capture")      \
    X(CUDA_ERROR_NOT_READY, "device not ready")                                                              \
    X(CUDA_ERROR_CAPTURED_EVENT, "operation not permitted on an event last recorded in a capturing stream")  \
    X(CUDA_ERROR_UNKNOWN, "unknown error")

static const struct {
    CUresult result;
    const char *name, *words;
} errors[] = {
#define X(result, words) {result, #result, words},
    ERRORS(X)
#undef X
};

static int error_index(CUresult result)
{
    int count = (int)(sizeof errors / sizeof errors[0]), i = 0;
    while (i < count && errors[i].result != result)
        i++;
    return i < count ? i : -1;
}

CUresult cuGetErrorName(CUresult result, const char **name)
{
    int i = error_index(result);
    *name = i < 0 ? NULL : errors[i].name;
    return i < 0 ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

CUresult cuGetErrorString(CUresult result, const char **words)
{
    int i = error_index(result);
    *words = i < 0 ? NULL : errors[i].words;
    return i < 0 ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}
