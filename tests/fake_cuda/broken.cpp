/* The kernels of broken.h. Each begins with a wait: a race in front of the first is the easiest to see. */
#include "broken.h"

#include "backend/cuda/kernels/vector.h"

#define BROKEN(name) extern "C" void broken_##name(const void *given)

static const BrokenArgs &begin(const void *given)
{
    brim_block_wait();
    return *static_cast<const BrokenArgs *>(given);
}

static void wait_if(bool asked)
{
    if (asked)
        brim_block_wait();
}

/* The thread behind this one, in its block. */
static int next(void)
{
    return (brim_thread() + 1) % brim_threads();
}

static int32_t *own_word(const BrokenArgs &args)
{
    return args.words + BRIM_GRID_FIRST;
}

BROKEN(no_wait_before_read)
{
    BRIM_SHARED int32_t shared[BROKEN_THREADS];
    const BrokenArgs &args = begin(given);
    shared[brim_thread()] = 1;
    wait_if(args.right);
    *own_word(args) = shared[next()];
    brim_block_wait();
}

BROKEN(no_wait_before_write)
{
    BRIM_SHARED int32_t shared[BROKEN_THREADS];
    const BrokenArgs &args = begin(given);
    for (int round = 0; round < 2; round++) {
        shared[brim_thread()] = round;
        brim_block_wait();
        *own_word(args) += shared[next()];
        wait_if(args.right);
    }
}

BROKEN(no_wait_in_memory)
{
    const BrokenArgs &args = begin(given);
    *own_word(args) = 1;
    wait_if(args.right);
    int32_t other = args.words[brim_block() * brim_threads() + next()];
    brim_block_wait();
    *own_word(args) = other;
}

template <class T> static void pass_eights(const BrokenArgs &args)
{
    BRIM_SHARED BrimPack<T> shared[BROKEN_THREADS];
    BrimEight ones = {{1, 1, 1, 1, 1, 1, 1, 1}};
    brim_store8((T *)&shared[brim_thread()], ones);
    wait_if(args.right);
    BrimPack<T> pack = shared[next()];
    *own_word(args) = (int32_t)brim_unpack(pack).v[BRIM_EIGHT - 1];
}

BROKEN(no_wait_for_floats)
{
    pass_eights<float>(begin(given));
}

BROKEN(no_wait_for_halves)
{
    pass_eights<BrimHalf>(begin(given));
}

BROKEN(plain_beside_atomic)
{
    BRIM_SHARED int32_t count;
    const BrokenArgs &args = begin(given);
    if (brim_thread() == 0)
        count = 0;
    wait_if(args.right);
    brim_atomic_add(&count, 1);
    brim_block_wait();
    *own_word(args) = count;
}

BROKEN(blocks_write_one_word)
{
    const BrokenArgs &args = begin(given);
    if (brim_thread() != 0)
        return;
    if (args.right)
        brim_atomic_add(args.words, 1);
    else
        args.words[0] += 1;
}

BROKEN(block_reads_anothers)
{
    const BrokenArgs &args = begin(given);
    int other = args.right ? brim_block() : (brim_block() + 1) % brim_blocks();
    *own_word(args) = 1;
    brim_block_wait();
    int32_t read = args.words[other * brim_threads() + brim_thread()];
    brim_block_wait();
    *own_word(args) += read;
}

BROKEN(uneven)
{
    const BrokenArgs &args = begin(given);
    if (args.right || brim_thread() % 2)
        brim_block_wait();
}
