/* Finding NCCL: the library, its functions by name, its version; and its errors in words. */
#include "backend/cuda/nccl.h"

#include <dlfcn.h>
#include <pthread.h>

static BrimCudaNccl loaded;
static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;

static const char library_name[] = "libnccl.so.2";

static BrimStatus open_library(BrimCudaNccl *nccl, int cuda)
{
    nccl->library = dlopen(library_name, RTLD_NOW | RTLD_LOCAL);
    if (nccl->library)
        return BRIM_OK;
    return brim_fail(
        BRIM_ERROR_UNSUPPORTED,
        "several cards need NCCL, which is not to be found (%s); install libnccl2 from NVIDIA's "
        "repository, or put the folder of %s into LD_LIBRARY_PATH (pip's nvidia-nccl-cu%d has it "
        "too), or train on one card: --device 0",
        dlerror(), library_name, cuda);
}

static BrimStatus find_functions(BrimCudaNccl *nccl)
{
    const char *missing = NULL;
#define X(result, name, arguments)                                                                           \
    if (!(nccl->name##_ = (__typeof__(nccl->name##_))dlsym(nccl->library, #name)))                           \
        missing = #name;
    BRIM_CUDA_NCCL_LIST(X)
#undef X
    if (missing)
        return brim_fail(BRIM_ERROR_UNSUPPORTED, "%s has no %s and is no NCCL 2.9 or later; update libnccl2",
                         library_name, missing);
    BrimStatus status =
        brim_cuda_nccl_check(nccl, nccl->ncclGetVersion_(&nccl->version), "asking NCCL's version");
    if (status == BRIM_OK && nccl->version < BRIM_NCCL_OLDEST)
        status = brim_fail(BRIM_ERROR_UNSUPPORTED, "%s is older than NCCL 2.9 (it says %d); update libnccl2",
                           library_name, nccl->version);
    return status;
}

static BrimStatus load(BrimCudaNccl *nccl, const BrimCudaDriver *driver)
{
    BrimStatus status = open_library(nccl, driver->version / 1000);
    if (status != BRIM_OK)
        return status;
    status = find_functions(nccl);
    if (status != BRIM_OK) {
        dlclose(nccl->library);
        nccl->library = NULL;
    }
    return status;
}

BrimStatus brim_cuda_nccl(const BrimCudaNccl **nccl, const BrimCudaDriver *driver)
{
    pthread_mutex_lock(&loading);
    BrimStatus status = loaded.library ? BRIM_OK : load(&loaded, driver);
    pthread_mutex_unlock(&loading);
    *nccl = status == BRIM_OK ? &loaded : NULL;
    return status;
}

BrimStatus brim_cuda_nccl_check(const BrimCudaNccl *nccl, int result, const char *what)
{
    const char *hint = "NCCL_DEBUG=WARN in the environment has NCCL say more";
    if (result == BRIM_NCCL_SUCCESS)
        return BRIM_OK;
    if (result == BRIM_NCCL_UNHANDLED_CUDA_ERROR)
        hint = "a card may have failed or have no memory left, which nvidia-smi and dmesg (Xid) say; "
               "NCCL_DEBUG=WARN has NCCL say more";
    if (result == BRIM_NCCL_SYSTEM_ERROR)
        hint = "/dev/shm may be too small, as in a container without --shm-size; NCCL_DEBUG=WARN has NCCL "
               "say more";
    return brim_fail(BRIM_ERROR_DEVICE, "NCCL: %s: %s (%d); %s", what, nccl->ncclGetErrorString_(result),
                     result, hint);
}
