/* Handles that are known by address, so that a wrong or destroyed one is seen before it is looked into. */
#include <pthread.h>
#include <stdlib.h>

#include "cuda_inside.h"

static pthread_mutex_t listing = PTHREAD_MUTEX_INITIALIZER;
static FakeHandle *handles;
static unsigned long live_count;

void *fake_handle_make(FakeKind kind, size_t bytes)
{
    FakeHandle *handle = calloc(1, bytes);
    if (!handle)
        fake_abort("the host's memory is used up");
    handle->kind = kind;
    handle->live = true;
    handle->context = kind == FAKE_CONTEXT ? NULL : fake_context();
    pthread_mutex_lock(&listing);
    handle->next = handles;
    handles = handle;
    live_count += kind != FAKE_FUNCTION; /* which nobody destroys: they go with their module */
    pthread_mutex_unlock(&listing);
    return handle;
}

void fake_handle_destroy(void *handle)
{
    FakeHandle *destroyed = handle;
    pthread_mutex_lock(&listing);
    destroyed->live = false;
    live_count -= destroyed->kind != FAKE_FUNCTION;
    pthread_mutex_unlock(&listing);
}

static const FakeHandle *find(const void *handle)
{
    pthread_mutex_lock(&listing);
    const FakeHandle *found = handles;
    while (found && found != handle)
        found = found->next;
    pthread_mutex_unlock(&listing);
    return found;
}

bool fake_handle_live(const void *handle, FakeKind kind)
{
    const FakeHandle *found = find(handle);
    return found && found->kind == kind && found->live;
}

CUresult fake_handle_check(const void *handle, FakeKind kind, const char *function)
{
    const FakeHandle *found = find(handle);
    if (found && found->kind == kind && found->live) {
        const FakeHandle *context = (const FakeHandle *)found->context; /* which is never freed */
        if (!context || context->live)
            return CUDA_SUCCESS;
        fake_complain("%s: the handle's context was destroyed", function);
        return CUDA_ERROR_CONTEXT_IS_DESTROYED;
    }
    const char *what = !found                ? "never was one"
                       : found->kind != kind ? "is of another kind"
                                             : "was destroyed";
    fake_complain("%s: the handle %s", function, what);
    return CUDA_ERROR_INVALID_HANDLE;
}

CUresult fake_handle_together(const void *one, const void *other, const char *function)
{
    const FakeHandle *first = one, *second = other;
    if (first->context == (second ? second->context : fake_context()))
        return CUDA_SUCCESS;
    fake_complain("%s: %s", function,
                  second ? "the handles are of different contexts" : "not in the context of the thread");
    return CUDA_ERROR_INVALID_HANDLE;
}

unsigned long fake_cuda_handles(void)
{
    return live_count;
}
