/* Kernels that are wrong in one place, and right where they are asked to be: what the search for races has to
 * find, and what it must not (tests/test_kernels_races.c). */
#ifndef BRIM_TESTS_FAKE_CUDA_BROKEN_H
#define BRIM_TESTS_FAKE_CUDA_BROKEN_H

#include <stdint.h>

enum { BROKEN_BLOCKS = 6, BROKEN_THREADS = 96 };

typedef struct BrokenArgs {
    int32_t *words; /* BROKEN_BLOCKS * BROKEN_THREADS zeros */
    int32_t right;
} BrokenArgs;

#define BROKEN_LIST(X)                                                                                       \
    X(no_wait_before_read)  /* of what another thread wrote to the block's memory */                         \
    X(no_wait_before_write) /* over what another still reads */                                              \
    X(no_wait_in_memory)    /* as the first, in memory that is not the block's */                            \
    X(no_wait_for_floats)   /* the same with eight floats at once */                                         \
    X(no_wait_for_halves)                                                                                    \
    X(plain_beside_atomic)                                                                                   \
    X(blocks_write_one_word)                                                                                 \
    X(block_reads_anothers)

#ifdef __cplusplus
extern "C" {
#endif

#define X(name) void broken_##name(const void *args);
BROKEN_LIST(X)
X(uneven) /* some threads end where the others wait for them */
#undef X

#ifdef __cplusplus
}
#endif

#endif
