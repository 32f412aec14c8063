/* A block's threads are fibers, each of which ThreadSanitizer takes for a thread: it finds what two of them
 * do to the same memory with no wait between. It goes by who waited for whom and not by who ran when, so that
 * fibers may take turns. Threads of the host with its barrier would be worse: one that leaves the barrier
 * late learns from it what others have done since they left, and a race behind a block's first wait is seen
 * in some runs and not in others.
 *
 * Some blocks of a grid stand side by side, on threads of the host, each of which has its own of what a block
 * shares. None of them waits for another, so that what they do to each other is found as well.
 *
 * This file itself is compiled without ThreadSanitizer: who is whom is written here, and is no work of a
 * kernel. */
#include "backend/cuda/kernels/on_host.h"

#include <pthread.h>
#include <stdlib.h>
#include <ucontext.h>

#include <sanitizer/tsan_interface.h>

#include "backend/cuda/kernels/kernel.h"

/* Blocks side by side, as far as the fibers go: each and the two behind it, and in a walk over a plane, which
 * is mostly a power of two wide, the one below it. Few, as a fiber takes ThreadSanitizer a megabyte, and each
 * wait the longer the more there are. */
enum { PLACES = 3, FIBERS = BRIM_BLOCK_THREADS, STACK_BYTES = 64 << 10 };

struct Fiber {
    ucontext_t context;
    void *watched;        /* what ThreadSanitizer has of it */
    unsigned long number; /* of the grid that it was last in */
    bool ended;           /* the block */
};

/* What a wait is to ThreadSanitizer: an address. */
struct alignas(8) Mark {
    char bytes[8];
};

/* Where every so manieth block of a grid runs, one after the other. */
struct Place {
    pthread_t host;
    Fiber loop, *threads; /* of the block */
    int round;
    Mark waits[2]; /* of even and odd rounds: who is late at one learns nothing of the next */
};

static Fiber fibers[FIBERS];
static int fiber_count;
static Place places[PLACES];
static __thread Place *here;

/* What the places run. */
static struct Grid {
    void (*run)(const void *args);
    const void *args;
    int blocks, threads, places;
    unsigned long number;
    int under_way; /* places that are not through */
    bool broken;   /* some fibers are in the middle of a block, for good */
    Mark start;
} grid;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t begun = PTHREAD_COND_INITIALIZER, ended = PTHREAD_COND_INITIALIZER;

static void change(Fiber *from, Fiber *to)
{
    __tsan_switch_to_fiber(to->watched, __tsan_switch_to_fiber_no_sync);
    swapcontext(&from->context, &to->context);
}

/* To the next of the block's threads, behind the last to the loop. */
static void go_on(void)
{
    Fiber *self = &here->threads[brim_host_thread];
    __tsan_release(&here->waits[here->round % 2]);
    bool last = ++brim_host_thread == brim_host_threads;
    change(self, last ? &here->loop : &here->threads[brim_host_thread]);
}

void brim_host_wait(void)
{
    Mark *wait = &here->waits[here->round % 2];
    go_on();
    __tsan_acquire(wait);
}

/* Not a part of work(): the next block may be at another place, and a compiler believes in one thread. */
static __attribute__((noinline)) void run_own(void)
{
    Fiber *self = &here->threads[brim_host_thread];
    bool first = self->number != grid.number;
    __tsan_acquire(first ? &grid.start : &here->waits[(here->round - 1) % 2]); /* what was before the block */
    self->number = grid.number;
    grid.run(grid.args);
    self->ended = true;
    go_on();
}

static void work(void)
{
    for (;;)
        run_own();
}

/* Rounds in which each thread comes as far as its next wait. False where some end in one that others do not.
 */
static bool run_block(void)
{
    int count = 0;
    for (int i = 0; i < brim_host_threads; i++)
        here->threads[i].ended = false;
    while (count == 0) {
        here->round++;
        brim_host_thread = 0;
        change(&here->loop, &here->threads[0]);
        for (int i = 0; i < brim_host_threads; i++)
            count += here->threads[i].ended;
    }
    return count == brim_host_threads;
}

/* What the loop itself learns of others, by the lock, its fibers must not: places that begin late would be
 * behind those that are through. */
static bool run_blocks(int first)
{
    bool good = true;
    brim_host_blocks = grid.blocks;
    brim_host_threads = grid.threads;
    here->threads = fibers + first * grid.threads;
    for (brim_host_block = first; good && brim_host_block < grid.blocks; brim_host_block += grid.places)
        good = run_block();
    __tsan_acquire(&here->waits[here->round % 2]);
    return good;
}

static void *serve(void *self)
{
    here = static_cast<Place *>(self);
    here->loop.watched = __tsan_get_current_fiber();
    __tsan_release(&grid.start); /* the memory of this thread is new, and the fibers' */
    unsigned long served = 0;
    for (;;) {
        pthread_mutex_lock(&lock);
        while (grid.number == served || here - places >= grid.places)
            pthread_cond_wait(&begun, &lock);
        served = grid.number;
        pthread_mutex_unlock(&lock);
        bool good = run_blocks((int)(here - places));
        pthread_mutex_lock(&lock);
        grid.broken |= !good;
        if (--grid.under_way == 0)
            pthread_cond_signal(&ended);
        pthread_mutex_unlock(&lock);
    }
    return nullptr;
}

static void add_fiber(void)
{
    Fiber *fiber = &fibers[fiber_count++];
    fiber->watched = __tsan_create_fiber(0);
    getcontext(&fiber->context);
    fiber->context.uc_stack.ss_sp = malloc(STACK_BYTES);
    fiber->context.uc_stack.ss_size = STACK_BYTES;
    if (!fiber->context.uc_stack.ss_sp)
        abort();
    makecontext(&fiber->context, work, 0);
}

/* As many places as there are blocks, and fibers, for. */
static int make_places(int blocks, int threads)
{
    int count = FIBERS / threads < PLACES ? FIBERS / threads : PLACES;
    count = blocks < count ? blocks : count;
    while (fiber_count < count * threads)
        add_fiber();
    for (int i = 0; i < count; i++)
        if (!places[i].host && (pthread_create(&places[i].host, nullptr, serve, &places[i]) != 0 ||
                                pthread_detach(places[i].host) != 0))
            abort();
    return count;
}

static void run_grid(void (*run)(const void *args), int blocks, int threads, const void *args)
{
    int used = make_places(blocks, threads);
    __tsan_release(&grid.start);
    pthread_mutex_lock(&lock);
    grid.run = run;
    grid.args = args;
    grid.blocks = blocks;
    grid.threads = threads;
    grid.places = grid.under_way = used;
    grid.number++;
    pthread_cond_broadcast(&begun);
    while (grid.under_way > 0)
        pthread_cond_wait(&ended, &lock);
    pthread_mutex_unlock(&lock);
}

int brim_host_run_grid(void (*run)(const void *args), int blocks, int threads, const void *args)
{
    static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&one_at_a_time);
    if (!grid.broken && threads <= FIBERS)
        run_grid(run, blocks, threads, args);
    bool good = !grid.broken && threads <= FIBERS;
    pthread_mutex_unlock(&one_at_a_time);
    return good;
}
