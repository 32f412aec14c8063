/* cuDNN 9's graph API, found at run time, and its descriptors in single lines. */
#include "backend/cuda/dnn_api.h"

#include <dlfcn.h>
#include <pthread.h>

static BrimCudaDnnApi loaded;
static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;

/* The shim, which finds its parts in its own folder. */
static const char library_name[] = "libcudnn.so.9";

static BrimStatus load(BrimCudaDnnApi *api, const BrimCudaDriver *driver)
{
    const int cuda = driver->version / 1000;
    api->library = dlopen(library_name, RTLD_NOW | RTLD_LOCAL);
    if (!api->library)
        return brim_fail(
            BRIM_ERROR_UNSUPPORTED,
            "cuDNN 9 is not to be found (%s); install libcudnn9-cuda-%d from NVIDIA's repository, or put "
            "the folder of %s into LD_LIBRARY_PATH (pip's nvidia-cudnn-cu%d has it too)",
            dlerror(), cuda, library_name, cuda);
    const char *missing = NULL;
#define X(name)                                                                                              \
    if (!(api->name##_ = (__typeof__(name) *)dlsym(api->library, #name)))                                    \
        missing = #name;
    BRIM_CUDA_DNN_LIST(X)
#undef X
    if (!missing)
        return BRIM_OK;
    dlclose(api->library);
    api->library = NULL;
    return brim_fail(BRIM_ERROR_UNSUPPORTED, "%s has no %s and is no cuDNN 9; install libcudnn9-cuda-%d",
                     library_name, missing, cuda);
}

BrimStatus brim_cuda_dnn_api(const BrimCudaDnnApi **api, const BrimCudaDriver *driver)
{
    pthread_mutex_lock(&loading);
    BrimStatus status = loaded.library ? BRIM_OK : load(&loaded, driver);
    pthread_mutex_unlock(&loading);
    *api = status == BRIM_OK ? &loaded : NULL;
    return status;
}

BrimStatus brim_cuda_dnn_check(const BrimCudaDnnApi *api, cudnnStatus_t result, const char *what)
{
    char words[512] = "";
    if (result == CUDNN_STATUS_SUCCESS)
        return BRIM_OK;
    api->cudnnGetLastErrorString_(words, sizeof words);
    BrimStatus status = BRIM_ERROR_DEVICE;
    if (CUDNN_STATUS_CATEGORY(result) == CUDNN_STATUS_NOT_SUPPORTED)
        status = BRIM_ERROR_UNSUPPORTED;
    else if (result == CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED)
        status = BRIM_ERROR_FIT;
    return brim_fail(status, "cuDNN: %s: %s%s%s", what, api->cudnnGetErrorString_(result), *words ? ": " : "",
                     words);
}

BrimStatus brim_cuda_descriptor_make(const BrimCudaDnnApi *api, BrimCudaDescriptor *descriptor,
                                     cudnnBackendDescriptorType_t type)
{
    *descriptor = NULL;
    return brim_cuda_dnn_check(api, api->cudnnBackendCreateDescriptor_(type, descriptor),
                               "making a descriptor");
}

void brim_cuda_descriptor_drop(const BrimCudaDnnApi *api, BrimCudaDescriptor *descriptor)
{
    if (*descriptor)
        api->cudnnBackendDestroyDescriptor_(*descriptor);
    *descriptor = NULL;
}

BrimStatus brim_cuda_descriptor_set(const BrimCudaDnnApi *api, BrimCudaDescriptor descriptor,
                                    cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                                    int64_t count, const void *values)
{
    return brim_cuda_dnn_check(api, api->cudnnBackendSetAttribute_(descriptor, name, type, count, values),
                               "describing a convolution");
}

BrimStatus brim_cuda_descriptor_set_one(const BrimCudaDnnApi *api, BrimCudaDescriptor descriptor,
                                        cudnnBackendAttributeName_t name, int64_t value)
{
    return brim_cuda_descriptor_set(api, descriptor, name, CUDNN_TYPE_INT64, 1, &value);
}

BrimStatus brim_cuda_descriptor_set_part(const BrimCudaDnnApi *api, BrimCudaDescriptor descriptor,
                                         cudnnBackendAttributeName_t name, BrimCudaDescriptor part)
{
    return brim_cuda_descriptor_set(api, descriptor, name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &part);
}

BrimStatus brim_cuda_descriptor_get(const BrimCudaDnnApi *api, BrimCudaDescriptor descriptor,
                                    cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                                    int64_t room, int64_t *count, void *values)
{
    *count = 0;
    return brim_cuda_dnn_check(api,
                               api->cudnnBackendGetAttribute_(descriptor, name, type, room, count, values),
                               "asking for an engine");
}

BrimStatus brim_cuda_descriptor_finish(const BrimCudaDnnApi *api, BrimCudaDescriptor descriptor,
                                       const char *what)
{
    return brim_cuda_dnn_check(api, api->cudnnBackendFinalize_(descriptor), what);
}
