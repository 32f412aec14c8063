/* Kernels run by the host, for tests: the same sources, a grid as a loop. */
#ifndef BRIM_BACKEND_CUDA_KERNELS_ON_HOST_H
#define BRIM_BACKEND_CUDA_KERNELS_ON_HOST_H

#include <stddef.h>

#include "backend/cuda/kernels/list.h"

#ifdef __cplusplus
extern "C" {
#endif

/* BRIM_KERNEL_COUNT where there is none of that name ("brim_bn_apply"). */
BrimKernel brim_kernel_named(const char *name);
const char *brim_kernel_name(BrimKernel kernel);
size_t brim_kernel_args_bytes(BrimKernel kernel);

/* Runs the blocks from first on, before end, of a grid of `blocks`: several threads may run parts of one grid. */
void brim_kernel_run_blocks_on_host(BrimKernel kernel, int first, int end, int blocks, const void *args);

/* Runs every block of the grid, one after the other, each as one thread. */
void brim_kernel_run_on_host(BrimKernel kernel, int blocks, const void *args);

/* The same with so many threads a block, which take turns (on_host_turns.cpp), in ThreadSanitizer's build as threads of
 * their own to it (on_host_fibers.cpp): each runs up to where it waits for the others. 0 where some ended while
 * others waited (a card would hang), or there is no memory for their stacks. */
int brim_kernel_run_threads_on_host(BrimKernel kernel, int blocks, int threads, const void *args);

/* The same of any function that is written as kernels are. */
int brim_host_run_grid(void (*run)(const void *args), int blocks, int threads, const void *args);

#ifdef __cplusplus
}
#endif

#endif
