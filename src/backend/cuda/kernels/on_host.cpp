/* Kernels by name, and the loop that is a grid. */
#include "backend/cuda/kernels/on_host.h"

#include <string.h>

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

int brim_kernel_run_threads_on_host(BrimKernel kernel, int blocks, int threads, const void *args)
{
    return brim_host_run_grid(kernels[kernel].run, blocks, threads, args);
}
