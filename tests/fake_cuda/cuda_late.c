/* What is loaded only when it is started for the first time, by name: kernels, and cuDNN's engines. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "cuda_inside.h"

typedef struct Late {
    struct Late *next;
    int device;
    char name[64];
} Late;

static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;
static Late *loaded;

static bool is_loaded(const char *name, int device)
{
    for (const Late *late = loaded; late; late = late->next)
        if (late->device == device && strcmp(late->name, name) == 0)
            return true;
    return false;
}

static void keep(const char *name, int device)
{
    Late *late = calloc(1, sizeof *late);
    if (!late)
        fake_abort("the host's memory is used up");
    late->device = device;
    strncpy(late->name, name, sizeof late->name - 1);
    late->next = loaded;
    loaded = late;
}

CUresult fake_cuda_load(const char *name)
{
    int device;
    FAKE_TRY(fake_current(&device));
    if (!fake_card()->late_bytes)
        return CUDA_SUCCESS;
    pthread_mutex_lock(&loading);
    bool there = is_loaded(name, device);
    pthread_mutex_unlock(&loading);
    if (there)
        return CUDA_SUCCESS;
    FAKE_TRY(fake_unsafe("loading a kernel"));
    if (fake_memory_left_bytes(device) < fake_card()->late_bytes)
        return CUDA_ERROR_OUT_OF_MEMORY;
    pthread_mutex_lock(&loading);
    keep(name, device);
    pthread_mutex_unlock(&loading);
    return CUDA_SUCCESS;
}

size_t fake_late_bytes(int device)
{
    size_t bytes = 0;
    pthread_mutex_lock(&loading);
    for (const Late *late = loaded; late; late = late->next)
        bytes += late->device == device ? fake_card()->late_bytes : 0;
    pthread_mutex_unlock(&loading);
    return bytes;
}

void fake_late_end(int device)
{
    pthread_mutex_lock(&loading);
    for (Late **at = &loaded; *at;) {
        Late *late = *at;
        if (late->device == device) {
            *at = late->next;
            free(late);
        } else
            at = &late->next;
    }
    pthread_mutex_unlock(&loading);
}
