/* Work that was started and is not done: lists of it, in order. */
#include <stdlib.h>
#include <string.h>

#include "cuda_work.h"

void fake_works_append(FakeWorks *works, const FakeWork *like, const void *args)
{
    FakeWork *work = malloc(sizeof *work + like->bytes);
    if (!work)
        fake_abort("the host's memory is used up");
    *work = *like;
    work->next = NULL;
    memcpy(work->args, args, like->bytes);
    *(works->end ? works->end : &works->first) = work;
    works->end = &work->next;
}

void fake_works_clear(FakeWorks *works)
{
    for (FakeWork *work = works->first; work;) {
        FakeWork *next = work->next;
        free(work);
        work = next;
    }
    *works = (FakeWorks){0};
}

void fake_work_run(void (*run)(void *args), const void *args, size_t bytes)
{
    void *copy = malloc(bytes ? bytes : 1);
    if (!copy)
        fake_abort("the host's memory is used up");
    memcpy(copy, args, bytes);
    fake_cuda_touch(run, copy);
    free(copy);
}

void fake_cuda_touch(void (*run)(void *args), void *args)
{
    fake_memory_open();
    run(args);
    fake_memory_shut();
}
