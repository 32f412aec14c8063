/* Copies and fills, in the stream's order. */
#include <string.h>

#include "cuda_inside.h"

typedef struct Copy {
    void *to;
    const void *from;
    size_t bytes;
} Copy;

typedef struct Fill {
    void *to;
    int value;
    size_t bytes;
} Fill;

static void run_copy(void *args)
{
    const Copy *copy = args;
    memcpy(copy->to, copy->from, copy->bytes);
}

static void run_fill(void *args)
{
    const Fill *fill = args;
    memset(fill->to, fill->value, fill->bytes);
}

static CUresult check_device_side(CUdeviceptr start, size_t bytes, const char *function)
{
    if (fake_cuda_holds(start, bytes))
        return CUDA_SUCCESS;
    fake_complain("%s: %zu bytes at %#llx are not in one allocation of the device", function, bytes, start);
    return CUDA_ERROR_INVALID_VALUE;
}

/* Pageable memory goes through a buffer of the driver's, for which it waits: not in a graph. */
static CUresult check_host_side(const void *start, size_t bytes, CUstream stream, const char *function)
{
    bool capturing, pinned = fake_memory_pinned(start, bytes);
    FAKE_TRY(fake_stream_check(stream, function, &capturing));
    if (!start || (!pinned && fake_memory_known(start))) {
        fake_complain("%s: %zu bytes at %p are no memory of the host", function, bytes, start);
        return CUDA_ERROR_INVALID_VALUE;
    }
    return !capturing || pinned ? CUDA_SUCCESS : fake_stream_spoil(stream, "a copy of pageable memory");
}

static CUresult enqueue_copy(CUstream stream, void *to, const void *from, size_t bytes)
{
    const Copy copy = {to, from, bytes};
    return fake_cuda_enqueue(stream, run_copy, &copy, sizeof copy);
}

CUresult cuMemcpyHtoDAsync(CUdeviceptr to, const void *from, size_t bytes, CUstream stream)
{
    FAKE_BEGIN(cuMemcpyHtoDAsync);
    if (bytes == 0)
        return CUDA_SUCCESS;
    FAKE_TRY(check_device_side(to, bytes, "cuMemcpyHtoDAsync"));
    FAKE_TRY(check_host_side(from, bytes, stream, "cuMemcpyHtoDAsync"));
    return enqueue_copy(stream, (void *)(uintptr_t)to, from, bytes);
}

CUresult cuMemcpyDtoHAsync(void *to, CUdeviceptr from, size_t bytes, CUstream stream)
{
    FAKE_BEGIN(cuMemcpyDtoHAsync);
    if (bytes == 0)
        return CUDA_SUCCESS;
    FAKE_TRY(check_device_side(from, bytes, "cuMemcpyDtoHAsync"));
    FAKE_TRY(check_host_side(to, bytes, stream, "cuMemcpyDtoHAsync"));
    return enqueue_copy(stream, to, (const void *)(uintptr_t)from, bytes);
}

CUresult cuMemcpyDtoDAsync(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream)
{
    FAKE_BEGIN(cuMemcpyDtoDAsync);
    if (bytes == 0)
        return CUDA_SUCCESS;
    FAKE_TRY(check_device_side(to, bytes, "cuMemcpyDtoDAsync"));
    FAKE_TRY(check_device_side(from, bytes, "cuMemcpyDtoDAsync"));
    if (to < from + bytes && from < to + bytes) {
        fake_complain("cuMemcpyDtoDAsync: from and to overlap, which the driver does not define");
        return CUDA_ERROR_INVALID_VALUE;
    }
    return enqueue_copy(stream, (void *)(uintptr_t)to, (const void *)(uintptr_t)from, bytes);
}

CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t bytes, CUstream stream)
{
    FAKE_BEGIN(cuMemsetD8Async);
    if (bytes == 0)
        return CUDA_SUCCESS;
    FAKE_TRY(check_device_side(to, bytes, "cuMemsetD8Async"));
    const Fill fill = {(void *)(uintptr_t)to, value, bytes};
    return fake_cuda_enqueue(stream, run_fill, &fill, sizeof fill);
}
