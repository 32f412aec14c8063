/* libmicrohttpd's functions by their names. */
#include "watch/serve_library.h"

#include <dlfcn.h>
#include <pthread.h>

/* Of every version since 0.9.34, 1.0 too. */
static const char library_name[] = "libmicrohttpd.so.12";

BrimServeLibrary brim_serve_library;
static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;

static BrimStatus load(BrimServeLibrary *api)
{
    api->library = dlopen(library_name, RTLD_NOW | RTLD_LOCAL);
    if (!api->library)
        return brim_fail(
            BRIM_ERROR_UNSUPPORTED,
            "--serve needs libmicrohttpd (%s); install libmicrohttpd12, or libmicrohttpd12t64 on "
            "newer systems",
            dlerror());
    const char *missing = NULL;
#define X(name)                                                                                              \
    if (!(api->name##_ = (__typeof__(name) *)dlsym(api->library, #name)))                                    \
        missing = #name;
    BRIM_SERVE_LIBRARY_LIST(X)
#undef X
    if (!missing)
        return BRIM_OK;
    dlclose(api->library);
    api->library = NULL;
    return brim_fail(BRIM_ERROR_UNSUPPORTED, "--serve: %s has no %s; libmicrohttpd 0.9.71 or newer has it",
                     library_name, missing);
}

BrimStatus brim_serve_library_open(void)
{
    pthread_mutex_lock(&loading);
    BrimStatus status = brim_serve_library.library ? BRIM_OK : load(&brim_serve_library);
    pthread_mutex_unlock(&loading);
    return status;
}
