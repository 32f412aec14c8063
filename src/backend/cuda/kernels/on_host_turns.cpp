/* A block's threads take turns on the one thread of the host that runs them. */
#include "backend/cuda/kernels/on_host.h"

#include <stdlib.h>
#include <ucontext.h>

#include "backend/cuda/kernels/kernel.h"

enum { STACK_BYTES = 64 << 10 };

/* A block's threads, each with a stack of its own. */
struct Crew {
    ucontext_t loop;
    struct Member {
        ucontext_t context;
        bool done;
    } * members;
    char *stacks;
    void (*run)(const void *args);
    const void *args;
};

static __thread Crew *crew;

void brim_host_wait(void)
{
    swapcontext(&crew->members[brim_host_thread].context, &crew->loop);
}

static void work(void)
{
    crew->run(crew->args);
    crew->members[brim_host_thread].done = true;
}

/* Lets each thread run up to its next wait; returns how many ended. Every other round goes backwards, so that
 * what is read without a wait for its writer is wrong in one of them. */
static int run_round(int round)
{
    int ended = 0;
    for (int i = 0; i < brim_host_threads; i++) {
        brim_host_thread = round % 2 ? brim_host_threads - 1 - i : i;
        Crew::Member *member = &crew->members[brim_host_thread];
        swapcontext(&crew->loop, &member->context);
        ended += member->done;
    }
    return ended;
}

static bool run_block(void)
{
    for (int i = 0; i < brim_host_threads; i++) {
        Crew::Member *member = &crew->members[i];
        member->done = false;
        getcontext(&member->context);
        member->context.uc_stack.ss_sp = crew->stacks + (size_t)i * STACK_BYTES;
        member->context.uc_stack.ss_size = STACK_BYTES;
        member->context.uc_link = &crew->loop;
        makecontext(&member->context, work, 0);
    }
    int ended = 0;
    for (int round = 0; ended == 0; round++)
        ended = run_round(round);
    return ended == brim_host_threads;
}

int brim_host_run_grid(void (*run)(const void *args), int blocks, int threads, const void *args)
{
    Crew own = {};
    own.run = run;
    own.args = args;
    own.members = static_cast<Crew::Member *>(calloc((size_t)threads, sizeof *own.members));
    own.stacks = static_cast<char *>(malloc((size_t)threads * STACK_BYTES));
    crew = &own;
    brim_host_blocks = blocks;
    brim_host_threads = threads;
    bool good = own.members && own.stacks && threads <= BRIM_BLOCK_THREADS;
    for (brim_host_block = 0; good && brim_host_block < blocks; brim_host_block++)
        good = run_block();
    brim_host_thread = 0;
    brim_host_threads = 1;
    crew = nullptr;
    free(own.members);
    free(own.stacks);
    return good;
}
