/* A block's threads are threads of the host, for ThreadSanitizer: it finds what two of them do to the same memory
 * with no wait between. Blocks run one after the other, so it sees nothing of what blocks do to each other. A
 * block in which some end while others wait hangs, as on a card. */
#include "backend/cuda/kernels/on_host.h"

#include <pthread.h>
#include <stdlib.h>

#include "backend/cuda/kernels/kernel.h"

struct Crew {
    pthread_barrier_t barrier;
    BrimKernel kernel;
    int blocks, threads;
    const void *args;
};

struct Member {
    pthread_t thread;
    Crew *crew;
    int index;
};

static __thread Crew *crew;

void brim_host_wait(void)
{
    pthread_barrier_wait(&crew->barrier);
}

static void *work(void *self)
{
    const Member *member = static_cast<const Member *>(self);
    crew = member->crew;
    brim_host_blocks = crew->blocks;
    brim_host_threads = crew->threads;
    brim_host_thread = member->index;
    for (brim_host_block = 0; brim_host_block < crew->blocks; brim_host_block++) {
        brim_kernel_run_thread_on_host(crew->kernel, crew->args);
        brim_host_wait();
    }
    return nullptr;
}

int brim_kernel_run_threads_on_host(BrimKernel kernel, int blocks, int threads, const void *args)
{
    Crew own = {};
    own.kernel = kernel;
    own.blocks = blocks;
    own.threads = threads;
    own.args = args;
    Member *members = static_cast<Member *>(calloc((size_t)threads, sizeof *members));
    if (!members || pthread_barrier_init(&own.barrier, nullptr, (unsigned)threads) != 0)
        abort();
    for (int i = 0; i < threads; i++) {
        members[i].crew = &own;
        members[i].index = i;
        if (pthread_create(&members[i].thread, nullptr, work, &members[i]) != 0)
            abort(); /* those that are there would wait without end */
    }
    for (int i = 0; i < threads; i++)
        pthread_join(members[i].thread, nullptr);
    pthread_barrier_destroy(&own.barrier);
    free(members);
    return 1;
}
