/* Convolutions by cuDNN 9's graph API, NHWC, fp16 or bfloat16 with fp32 accumulation, or fp32: one engine for
 * each, chosen within a cap of workspace. cuDNN is found at run time, as the driver is. Knows nothing of
 * graphs of brim.
 */
#ifndef BRIM_BACKEND_CUDA_CONV_H
#define BRIM_BACKEND_CUDA_CONV_H

#include "backend/cuda/device.h"

typedef struct BrimCudaDnn BrimCudaDnn;   /* the library and its handle, on a device's stream */
typedef struct BrimCudaConv BrimCudaConv; /* a convolution made ready: a plan of cuDNN's */

/* A feature as cuDNN sees it: channels are what is computed on, pitch what a pixel takes. */
typedef struct BrimCudaImage {
    int n, c, h, w, pitch;
} BrimCudaImage;

typedef enum BrimCudaConvWay {
    BRIM_CUDA_FORWARD,
    BRIM_CUDA_BACKWARD_DATA,
    BRIM_CUDA_BACKWARD_WEIGHTS
} BrimCudaConvWay;

/* Filters are [out][kernel][kernel][in], dense, in == x.c. */
typedef struct BrimCudaConvTask {
    BrimCudaConvWay way;
    BrimCudaImage x, y;
    int kernel, stride, padding;
    BrimKernelType type; /* of x, y and w */
} BrimCudaConvTask;

/* ERROR_UNSUPPORTED where cuDNN is not there or too old: the sentence says which package has it. Finding it opens nothing.
 */
BrimStatus brim_cuda_dnn_find(const BrimCudaDriver *driver);
BrimStatus brim_cuda_dnn_open(BrimCudaDnn **dnn, const BrimCudaDevice *device);
void brim_cuda_dnn_close(BrimCudaDnn **dnn);

/* "9.13.0" */
const char *brim_cuda_dnn_version(const BrimCudaDnn *dnn);

/* Chooses the engine: that of the same card, library and task in the file of earlier timings; else, where
 * `timed` and the memory is free, the fastest of cuDNN's proposals within cap_bytes; else its first proposal
 * within it. *workspace_bytes is what the engine needs. ERROR_UNSUPPORTED where no engine does it within the
 * cap. */
BrimStatus brim_cuda_conv_open(BrimCudaConv **conv, BrimCudaDnn *dnn, const BrimCudaConvTask *task,
                               size_t cap_bytes, bool timed, size_t *workspace_bytes);
void brim_cuda_conv_close(BrimCudaConv **conv);

/* Starts it on the device's stream. x, y, w: what the way reads and what it writes; all 16-byte aligned. */
BrimStatus brim_cuda_conv_run(BrimCudaConv *conv, CUdeviceptr x, CUdeviceptr y, CUdeviceptr w,
                              CUdeviceptr workspace);

#endif
