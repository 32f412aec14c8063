/* Starting kernels: how large a grid may be, and how large it should be. */
#include "backend/cuda/device.h"

/* What all cards allow: 2^31 - 1 blocks in x, 1024 threads a block, warps of 32, and 4 KiB of arguments. */
enum { MAX_BLOCKS = INT32_MAX, MAX_THREADS = 1024, WARP = 32, MAX_ARGS_BYTES = 4096 };

/* Threads that a multiprocessor holds at a time: 1024 on Turing, 1536 or 2048 since. */
enum { RESIDENT_THREADS = 2048 };

#define X(name, args)                                                                                        \
    _Static_assert(sizeof(args) <= MAX_ARGS_BYTES, "the arguments of brim_" #name " are too large");
BRIM_KERNEL_LIST(X)
#undef X

static const char *const whats[] = {
#define X(name, args) "starting the kernel brim_" #name,
    BRIM_KERNEL_LIST(X)
#undef X
};

BrimStatus brim_cuda_launch(const BrimCudaDevice *device, BrimKernel kernel, int64_t blocks, int threads,
                            const void *args)
{
    if (blocks < 1 || blocks > MAX_BLOCKS || threads < 1 || threads > MAX_THREADS || threads % WARP)
        return brim_fail(BRIM_ERROR_DEVICE,
                         "%s: %lld blocks of %d threads are no grid; please report it with this sentence",
                         whats[kernel], (long long)blocks, threads);
    void *parameters[] = {(void *)(uintptr_t)args}; /* which the driver copies, and takes without const */
    CUresult result =
        device->driver->cuLaunchKernel_(device->kernels[kernel], (unsigned)blocks, 1, 1, (unsigned)threads, 1,
                                        1, 0, device->stream, parameters, NULL);
    return brim_cuda_check(device->driver, result, whats[kernel]);
}

int64_t brim_cuda_blocks(const BrimCudaDevice *device, int64_t count, int threads)
{
    int64_t needed = (count + threads - 1) / threads;
    int64_t enough = (int64_t)device->multiprocessors * (RESIDENT_THREADS / threads);
    if (enough < device->multiprocessors)
        enough = device->multiprocessors;
    int64_t blocks = needed < enough ? needed : enough;
    return blocks > 0 ? blocks : 1;
}
