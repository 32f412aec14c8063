/* A card that was opened: its context, stream, kernels, and what is known of it. Knows nothing of tensors. */
#ifndef BRIM_BACKEND_CUDA_DEVICE_H
#define BRIM_BACKEND_CUDA_DEVICE_H

#include "backend/cuda/driver.h"
#include "backend/cuda/kernels/list.h"

typedef struct BrimCudaDevice {
    const BrimCudaDriver *driver;
    int index;            /* as the driver counts, CUDA_VISIBLE_DEVICES taken into account */
    CUdevice device;
    CUcontext context;
    CUstream stream;
    CUmodule module;
    CUfunction kernels[BRIM_KERNEL_COUNT];
    char name[96];
    char uuid[48];        /* "GPU-..." */
    int capability;       /* 86 is 8.6 */
    int multiprocessors;
    int clock_khz, memory_clock_khz, memory_bus_bits;
    size_t total_bytes;
    size_t context_bytes; /* of the context alone, an estimate: cuMemGetInfo cannot be asked before there is one */
    size_t module_bytes;  /* what stream and kernels took, by cuMemGetInfo before and after; 0 where others gave back more */
} BrimCudaDevice;

/* ERROR_UNSUPPORTED: no driver, no such card, or one older than compute capability 7.5; ERROR_FIT: too little memory for the
 * context; ERROR_DEVICE: all else. */
BrimStatus brim_cuda_device_open(BrimCudaDevice *device, int index);
void brim_cuda_device_close(BrimCudaDevice *device);

/* Fills what the driver says of a card without opening it: driver, index, device, and from name to total_bytes. */
BrimStatus brim_cuda_device_look(BrimCudaDevice *device, int index);

/* ERROR_UNSUPPORTED for a card that was looked at and is older than compute capability 7.5. */
BrimStatus brim_cuda_device_new_enough(const BrimCudaDevice *device);

/* Cards that the driver shows; 0 where there is no driver (and no error). */
int brim_cuda_device_count(void);

/* Makes the device's context that of this thread. */
BrimStatus brim_cuda_device_enter(const BrimCudaDevice *device);

BrimStatus brim_cuda_device_free_bytes(const BrimCudaDevice *device, size_t *free_bytes);

/* Memory of the host that copies and kernels reach by themselves, at the address that the host has for it;
 * cuMemFreeHost gives it back. `what` is for the sentence. ERROR_FIT where the system gives no more of it. */
BrimStatus brim_cuda_device_pin(const BrimCudaDevice *device, size_t bytes, const char *what, void **pinned);

/* Waits for all that was started. */
BrimStatus brim_cuda_device_wait(const BrimCudaDevice *device);

/* Starts a kernel on the device's stream; args is the struct of BRIM_KERNEL_LIST. threads: of a block, a multiple of 32. */
BrimStatus brim_cuda_launch(const BrimCudaDevice *device, BrimKernel kernel, int64_t blocks, int threads,
                            const void *args);

/* Blocks for a walk over `count` items by the grid, some items a thread, enough to fill the card and no more. */
int64_t brim_cuda_blocks(const BrimCudaDevice *device, int64_t count, int threads);

#endif
