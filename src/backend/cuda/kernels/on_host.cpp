/* The loop that is a grid, and threads of a block that take turns. */
#include "backend/cuda/kernels/on_host.h"

#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "backend/cuda/kernels/kernel.h"

__thread int brim_host_block, brim_host_blocks, brim_host_thread, brim_host_threads = 1;

#define X(name, args) extern "C" void brim_##name(const args);
BRIM_KERNEL_LIST(X)
#undef X

#define X(name, args)                                                                                        \
    static void run_##name(const void *given)                                                                \
    {                                                                                                        \
        brim_##name(*static_cast<const args *>(given));                                                      \
    }
BRIM_KERNEL_LIST(X)
#undef X

static const struct {
    const char *name;
    size_t args_bytes;
    void (*run)(const void *args);
} kernels[] = {
#define X(name, args) {"brim_" #name, sizeof(args), run_##name},
    BRIM_KERNEL_LIST(X)
#undef X
};

BrimKernel brim_kernel_named(const char *name)
{
    int i = 0;
    while (i < BRIM_KERNEL_COUNT && strcmp(kernels[i].name, name) != 0)
        i++;
    return static_cast<BrimKernel>(i);
}

const char *brim_kernel_name(BrimKernel kernel)
{
    return kernels[kernel].name;
}

size_t brim_kernel_args_bytes(BrimKernel kernel)
{
    return kernels[kernel].args_bytes;
}

void brim_kernel_run_blocks_on_host(BrimKernel kernel, int first, int end, int blocks, const void *args)
{
    brim_host_blocks = blocks;
    for (brim_host_block = first; brim_host_block < end; brim_host_block++)
        kernels[kernel].run(args);
}

void brim_kernel_run_on_host(BrimKernel kernel, int blocks, const void *args)
{
    brim_kernel_run_blocks_on_host(kernel, 0, blocks, blocks, args);
}

enum { STACK_BYTES = 64 << 10 };

/* A block's threads, each with a stack of its own. */
struct Crew {
    ucontext_t loop;
    struct Member {
        ucontext_t context;
        bool done;
    } * members;
    char *stacks;
    BrimKernel kernel;
    const void *args;
};

static __thread Crew *crew;

void brim_host_wait(void)
{
    swapcontext(&crew->members[brim_host_thread].context, &crew->loop);
}

static void work(void)
{
    kernels[crew->kernel].run(crew->args);
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

int brim_kernel_run_threads_on_host(BrimKernel kernel, int blocks, int threads, const void *args)
{
    Crew own = {};
    own.kernel = kernel;
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
