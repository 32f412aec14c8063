/* Finding the driver: the library, its functions by name, its version, its start. */
#include "backend/cuda/driver.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define LIBRARY "libcuda.so.1"

/* Code of a toolkit runs on drivers of its own major version and later ones, whatever the minor; code of CUDA
 * 13 on a driver of CUDA 12 it does not ("minor version compatibility" in NVIDIA's CUDA Compatibility). What
 * is left out of that is PTX: a driver compiles only that of toolkits as old as itself, which matters to
 * cards newer than the toolkit alone, and cuModuleLoadData says so. */
enum { TOOLKIT_MAJOR = CUDA_VERSION / 1000, TOOLKIT_MINOR = CUDA_VERSION % 1000 / 10 };

/* The first drivers of a major version: the table at the same place. */
static int first_driver_of(int major)
{
    return major == 12 ? 525 : 580;
}

#define TEXT_OF(name) #name
#define TEXT(name)    TEXT_OF(name) /* of the name that cuda.h's macros make of it */

static const struct {
    const char *name;
    size_t offset;
} functions[] = {
#define X(name) {TEXT(name), offsetof(BrimCudaDriver, name##_)},
    BRIM_CUDA_DRIVER_LIST(X)
#undef X
};

static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;
static BrimCudaDriver driver;
static bool there; /* a library of that name, though it may not be one that can be loaded */
static bool ready;

/* The loader's words begin with the file that is missing, which may be one that the driver needs. */
static bool says_absent(const char *why)
{
    return strncmp(why, LIBRARY ":", sizeof LIBRARY) == 0 && strstr(why, "No such file");
}

static BrimStatus open_library(void)
{
    if (driver.library)
        return BRIM_OK;
    driver.library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    const char *why = driver.library ? NULL : dlerror();
    there = driver.library || (why && !says_absent(why));
    if (driver.library)
        return BRIM_OK;
    if (there)
        return brim_fail(BRIM_ERROR_UNSUPPORTED,
                         "the NVIDIA driver cannot be loaded: %s; install it anew, or choose --device cpu",
                         why);
    return brim_fail(BRIM_ERROR_UNSUPPORTED,
                     "no NVIDIA driver: " LIBRARY " is not there; install NVIDIA's driver, or choose "
                     "--device cpu");
}

/* NULL where the library has no such function. */
static void *function_named(const char *name)
{
    void *function = dlsym(driver.library, name);
    /* CUDA 12.8 gave it a new number for events without times, which brim has none of: drivers before have
     * the old one. */
    if (!function && strcmp(name, "cuEventElapsedTime_v2") == 0)
        function = dlsym(driver.library, "cuEventElapsedTime");
    return function;
}

/* Asked before the other functions are looked for, as it explains why one is missing. */
static BrimStatus read_version(void)
{
    driver.cuDriverGetVersion_ =
        (__typeof__(driver.cuDriverGetVersion_))function_named(TEXT(cuDriverGetVersion));
    if (!driver.cuDriverGetVersion_ || driver.cuDriverGetVersion_(&driver.version) != CUDA_SUCCESS)
        return brim_fail(BRIM_ERROR_UNSUPPORTED,
                         LIBRARY " does not say its version, so it is not NVIDIA's driver; "
                                 "LD_LIBRARY_PATH decides which one is found");
    if (driver.version / 1000 >= TOOLKIT_MAJOR)
        return BRIM_OK;
    return brim_fail(
        BRIM_ERROR_UNSUPPORTED,
        "the NVIDIA driver is one for CUDA %d.%d, and this brim was built with CUDA "
        "%d.%d, whose code needs a driver for CUDA %d (R%d) or later; update the driver, or build brim with "
        "a toolkit of CUDA %d",
        driver.version / 1000, driver.version % 1000 / 10, TOOLKIT_MAJOR, TOOLKIT_MINOR, TOOLKIT_MAJOR,
        first_driver_of(TOOLKIT_MAJOR), driver.version / 1000);
}

static BrimStatus find_functions(void)
{
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        void *function = function_named(functions[i].name);
        if (!function)
            return brim_fail(BRIM_ERROR_UNSUPPORTED,
                             "the NVIDIA driver, one for CUDA %d.%d, has no %s; update it",
                             driver.version / 1000, driver.version % 1000 / 10, functions[i].name);
        memcpy((char *)&driver + functions[i].offset, &function, sizeof function);
    }
    return BRIM_OK;
}

static BrimStatus start(void)
{
    CUresult result = driver.cuInit_(0);
    if (result == CUDA_ERROR_NO_DEVICE)
        return brim_fail(BRIM_ERROR_UNSUPPORTED,
                         "the NVIDIA driver finds no card (CUDA_ERROR_NO_DEVICE); nvidia-smi lists "
                         "those of this machine, CUDA_VISIBLE_DEVICES may hide them; or choose --device cpu");
    return brim_cuda_check(&driver, result, "starting the NVIDIA driver");
}

BrimStatus brim_cuda_driver(const BrimCudaDriver **found)
{
    BrimStatus status = BRIM_OK;
    pthread_mutex_lock(&loading);
    if (!ready) { /* what failed is tried again: each caller gets the whole sentence */
        BRIM_TRY(open_library());
        BRIM_TRY(read_version());
        BRIM_TRY(find_functions());
        BRIM_TRY(start());
        ready = true;
    }
    *found = &driver;
fail:
    pthread_mutex_unlock(&loading);
    return status;
}

bool brim_cuda_driver_found(void)
{
    pthread_mutex_lock(&loading);
    bool found = there;
    pthread_mutex_unlock(&loading);
    return found;
}
