/* cuDNN 9's graph API, found at run time, and its descriptors in single lines. Knows the library's functions
 * and what their errors mean to a user; nothing of convolutions. */
#ifndef BRIM_BACKEND_CUDA_DNN_API_H
#define BRIM_BACKEND_CUDA_DNN_API_H

#include <cudnn_graph.h>

#include "backend/cuda/device.h"

#define BRIM_CUDA_DNN_LIST(X)                                                                                \
    X(cudnnGetVersion)                                                                                       \
    X(cudnnGetCudartVersion)                                                                                 \
    X(cudnnGetErrorString)                                                                                   \
    X(cudnnGetLastErrorString)                                                                               \
    X(cudnnCreate)                                                                                           \
    X(cudnnDestroy)                                                                                          \
    X(cudnnSetStream)                                                                                        \
    X(cudnnBackendCreateDescriptor)                                                                          \
    X(cudnnBackendDestroyDescriptor)                                                                         \
    X(cudnnBackendSetAttribute)                                                                              \
    X(cudnnBackendGetAttribute)                                                                              \
    X(cudnnBackendFinalize)                                                                                  \
    X(cudnnBackendExecute)

typedef struct BrimCudaDnnApi {
    void *library;
#define X(name) __typeof__(name) *name##_;
    BRIM_CUDA_DNN_LIST(X)
#undef X
} BrimCudaDnnApi;

/* The library, loaded once for the process; never closed. ERROR_UNSUPPORTED where there is none: the sentence
 * says which package has it, for the CUDA that the driver serves. */
BrimStatus brim_cuda_dnn_api(const BrimCudaDnnApi **api, const BrimCudaDriver *driver);

/* OK for CUDNN_STATUS_SUCCESS; else a sentence of what was tried, the error's name and cuDNN's words:
 * ERROR_UNSUPPORTED for what it does not support, ERROR_FIT for memory that is not there, ERROR_DEVICE for
 * all else. */
BrimStatus brim_cuda_dnn_check(const BrimCudaDnnApi *api, cudnnStatus_t result, const char *what);

typedef cudnnBackendDescriptor_t BrimCudaDescriptor;

BrimStatus brim_cuda_descriptor_make(const BrimCudaDnnApi *api, BrimCudaDescriptor *descriptor,
                                     cudnnBackendDescriptorType_t type);
void brim_cuda_descriptor_drop(const BrimCudaDnnApi *api,
                               BrimCudaDescriptor *descriptor); /* NULL inside is allowed */

/* An attribute: `count` values of the type that `type` names. */
BrimStatus brim_cuda_descriptor_set(const BrimCudaDnnApi *api, BrimCudaDescriptor descriptor,
                                    cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                                    int64_t count, const void *values);
BrimStatus brim_cuda_descriptor_set_one(const BrimCudaDnnApi *api, BrimCudaDescriptor descriptor,
                                        cudnnBackendAttributeName_t name, int64_t value);
BrimStatus brim_cuda_descriptor_set_part(const BrimCudaDnnApi *api, BrimCudaDescriptor descriptor,
                                         cudnnBackendAttributeName_t name, BrimCudaDescriptor part);

/* Up to `room` values; *count is how many came. Descriptors that values are written into have to be there
 * already. */
BrimStatus brim_cuda_descriptor_get(const BrimCudaDnnApi *api, BrimCudaDescriptor descriptor,
                                    cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                                    int64_t room, int64_t *count, void *values);

/* No more attributes: cuDNN checks what it was given. `what` is for the sentence. */
BrimStatus brim_cuda_descriptor_finish(const BrimCudaDnnApi *api, BrimCudaDescriptor descriptor,
                                       const char *what);

#endif
