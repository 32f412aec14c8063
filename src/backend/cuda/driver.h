/* The CUDA driver, found at run time: one program serves machines with and without a card. Knows the driver's
 * functions and what their errors mean to a user; nothing of tensors. */
#ifndef BRIM_BACKEND_CUDA_DRIVER_H
#define BRIM_BACKEND_CUDA_DRIVER_H

#include <cuda.h>
#include <stdbool.h>

#include "base/status.h"

/* cuda.h renames some of them (cuMemAlloc is cuMemAlloc_v2): what is looked up is the name after that. The
 * second cuDeviceGetUuid, which CUDA 12's does not put in the first's place, knows of the parts of a card (MIG),
 * as NVML does. */
#define BRIM_CUDA_DRIVER_LIST(X)                                                                             \
    X(cuInit)                                                                                                \
    X(cuDriverGetVersion)                                                                                    \
    X(cuGetErrorName)                                                                                        \
    X(cuGetErrorString)                                                                                      \
    X(cuDeviceGetCount)                                                                                      \
    X(cuDeviceGet)                                                                                           \
    X(cuDeviceGetName)                                                                                       \
    X(cuDeviceGetUuid_v2)                                                                                    \
    X(cuDeviceGetPCIBusId)                                                                                   \
    X(cuDeviceGetAttribute)                                                                                  \
    X(cuDeviceTotalMem)                                                                                      \
    X(cuDevicePrimaryCtxRetain)                                                                              \
    X(cuDevicePrimaryCtxRelease)                                                                             \
    X(cuCtxSetCurrent)                                                                                       \
    X(cuMemGetInfo)                                                                                          \
    X(cuMemAlloc)                                                                                            \
    X(cuMemFree)                                                                                             \
    X(cuMemHostAlloc)                                                                                        \
    X(cuMemFreeHost)                                                                                         \
    X(cuMemcpyHtoDAsync)                                                                                     \
    X(cuMemcpyDtoHAsync)                                                                                     \
    X(cuMemcpyDtoDAsync)                                                                                     \
    X(cuMemsetD8Async)                                                                                       \
    X(cuStreamCreate)                                                                                        \
    X(cuStreamDestroy)                                                                                       \
    X(cuStreamSynchronize)                                                                                   \
    X(cuStreamQuery)                                                                                         \
    X(cuStreamWaitEvent)                                                                                     \
    X(cuStreamBeginCapture)                                                                                  \
    X(cuStreamEndCapture)                                                                                    \
    X(cuGraphInstantiateWithFlags)                                                                           \
    X(cuGraphGetNodes)                                                                                       \
    X(cuGraphUpload)                                                                                         \
    X(cuGraphLaunch)                                                                                         \
    X(cuGraphExecDestroy)                                                                                    \
    X(cuGraphDestroy)                                                                                        \
    X(cuEventCreate)                                                                                         \
    X(cuEventRecord)                                                                                         \
    X(cuEventRecordWithFlags)                                                                                \
    X(cuEventSynchronize)                                                                                    \
    X(cuEventElapsedTime)                                                                                    \
    X(cuEventDestroy)                                                                                        \
    X(cuModuleLoadData)                                                                                      \
    X(cuModuleUnload)                                                                                        \
    X(cuModuleGetFunction)                                                                                   \
    X(cuFuncSetAttribute)                                                                                    \
    X(cuLaunchKernel)

typedef struct BrimCudaDriver {
    void *library;
    int version; /* 12040 is 12.4 */
#define X(name) __typeof__(name) *name##_;
    BRIM_CUDA_DRIVER_LIST(X)
#undef X
} BrimCudaDriver;

/* The driver, loaded and started once for the process; never closed. ERROR_UNSUPPORTED where there is none,
 * or it is too old for this build: the sentence says what is needed. */
BrimStatus brim_cuda_driver(const BrimCudaDriver **driver);

/* Whether the library is there at all, usable or not, as far as brim_cuda_driver has looked. */
bool brim_cuda_driver_found(void);

/* OK for CUDA_SUCCESS; else a sentence of what was tried, the error's name and the driver's words: ERROR_FIT
 * for memory that is not there, ERROR_DEVICE for all else, with a hint where one helps (a card that fell off,
 * a launch that failed). */
BrimStatus brim_cuda_check(const BrimCudaDriver *driver, CUresult result, const char *what);

/* BRIM_TRY of a driver's call: BRIM_CUDA_TRY(driver, cuMemAlloc, "taking the arena", &pointer, bytes) */
#define BRIM_CUDA_TRY(driver, name, what, ...)                                                               \
    BRIM_TRY(brim_cuda_check(driver, (driver)->name##_(__VA_ARGS__), what))

#endif
