/* Modules, whatever is in their image, and their functions: the kernels' sources as the C++ compiler made
 * them. */
#include <stdlib.h>
#include <string.h>

#include <omp.h>

#include "backend/cuda/kernels/on_host.h"
#include "backend/cuda/kernels/pool.h"
#include "cuda_inside.h"

enum { MAX_THREADS = 1024, MAX_ARGS_BYTES = 4096, MAX_SHARED_BYTES = 48 << 10 };

struct CUmod_st {
    FakeHandle handle;
    int device;
};

struct CUfunc_st {
    FakeHandle handle;
    CUmodule module;
    BrimKernel kernel;
    unsigned int shared_bytes; /* that it may ask for beyond what every kernel may */
};

typedef struct Launch {
    BrimKernel kernel;
    int blocks, threads;
    _Alignas(max_align_t) unsigned char args[MAX_ARGS_BYTES];
} Launch;

static struct {
    unsigned long launches, blocks, threads;
    Launch last;
} counts[BRIM_KERNEL_COUNT];

CUresult cuModuleLoadData(CUmodule *module, const void *image)
{
    int device;
    FAKE_BEGIN(cuModuleLoadData);
    FAKE_TRY(fake_current(&device));
    FAKE_TRY(fake_unsafe("cuModuleLoadData"));
    if (!image)
        return CUDA_ERROR_INVALID_VALUE;
    if (fake_memory_left_bytes(device) < fake_card()->module_bytes)
        return CUDA_ERROR_OUT_OF_MEMORY;
    *module = fake_handle_make(FAKE_MODULE, sizeof **module);
    (*module)->device = device;
    fake_module_add(device, +1);
    return CUDA_SUCCESS;
}

CUresult cuModuleUnload(CUmodule module)
{
    int device;
    FAKE_BEGIN(cuModuleUnload);
    FAKE_TRY(fake_current(&device));
    FAKE_TRY(fake_handle_check(module, FAKE_MODULE, "cuModuleUnload"));
    FAKE_TRY(fake_unsafe("cuModuleUnload"));
    fake_module_add(module->device, -1);
    fake_handle_destroy(module);
    return CUDA_SUCCESS;
}

CUresult cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name)
{
    int device;
    FAKE_BEGIN(cuModuleGetFunction);
    FAKE_TRY(fake_current(&device));
    FAKE_TRY(fake_handle_check(module, FAKE_MODULE, "cuModuleGetFunction"));
    BrimKernel kernel = brim_kernel_named(name);
    if (kernel == BRIM_KERNEL_COUNT)
        return CUDA_ERROR_NOT_FOUND;
    *function = fake_handle_make(FAKE_FUNCTION, sizeof **function);
    (*function)->module = module;
    (*function)->kernel = kernel;
    return CUDA_SUCCESS;
}

static CUresult check_function(CUfunction function, const char *caller)
{
    FAKE_TRY(fake_handle_check(function, FAKE_FUNCTION, caller));
    return fake_handle_check(function->module, FAKE_MODULE, caller);
}

CUresult cuFuncSetAttribute(CUfunction function, CUfunction_attribute attribute, int value)
{
    FAKE_BEGIN(cuFuncSetAttribute);
    FAKE_TRY(check_function(function, "cuFuncSetAttribute"));
    if (attribute == CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES)
        function->shared_bytes = (unsigned int)value;
    return CUDA_SUCCESS;
}

static void run_with_threads(const Launch *launch)
{
    if (!brim_kernel_run_threads_on_host(launch->kernel, launch->blocks, launch->threads, launch->args))
        fake_abort("%s: threads of a block ended while others waited for them",
                   brim_kernel_name(launch->kernel));
}

/* The blocks are in parts of equal length, one for each thread, as blocks know nothing of each other. */
static void run_grid(const Launch *launch)
{
    int parts = launch->blocks < omp_get_max_threads() ? launch->blocks : omp_get_max_threads();
#pragma omp parallel for num_threads(parts) schedule(static, 1)
    for (int part = 0; part < parts; part++) {
        int first = (int)((int64_t)launch->blocks * part / parts);
        int end = (int)((int64_t)launch->blocks * (part + 1) / parts);
        brim_kernel_run_blocks_on_host(launch->kernel, first, end, launch->blocks, launch->args);
    }
}

static void tell(void)
{
    unsigned long launches = 0, blocks = 0, threads = 0;
    int kernels = 0;
    for (int i = 0; i < BRIM_KERNEL_COUNT; i++) {
        kernels += counts[i].launches > 0;
        launches += counts[i].launches;
        blocks += counts[i].blocks;
        threads += counts[i].threads;
    }
    fake_complain("%d kernels, %lu launches, %lu blocks, %lu threads", kernels, launches, blocks, threads);
}

static void count_launch(const Launch *launch)
{
    static bool telling;
    if (fake_card()->tell && !telling)
        telling = atexit(tell) == 0;
    counts[launch->kernel].launches++;
    counts[launch->kernel].blocks += (unsigned long)launch->blocks;
    counts[launch->kernel].threads += (unsigned long)launch->blocks * (unsigned long)launch->threads;
    counts[launch->kernel].last = *launch;
}

static void run_launch(void *args)
{
    const Launch *launch = args;
    size_t bytes = brim_kernel_args_bytes(launch->kernel);
    uintptr_t dangling = fake_memory_dangling(launch->args, bytes);
    if (dangling) {
        fake_complain("%s: its argument %#zx points into memory that was freed",
                      brim_kernel_name(launch->kernel), (size_t)dangling);
        fake_lose(CUDA_ERROR_ILLEGAL_ADDRESS);
        return;
    }
    count_launch(launch);
    if (fake_card()->threads)
        run_with_threads(launch);
    else
        run_grid(launch);
}

/* The threads of a block that a kernel is compiled for, which its __launch_bounds__ say to nvcc alone. */
static unsigned int most_threads(BrimKernel kernel)
{
    switch (kernel) {
    case BRIM_KERNEL_act:
    case BRIM_KERNEL_add:
    case BRIM_KERNEL_bias:
    case BRIM_KERNEL_bias_gradient_partial:
    case BRIM_KERNEL_upsample_forward:
    case BRIM_KERNEL_upsample_backward:
    case BRIM_KERNEL_bn_statistics_partial:
    case BRIM_KERNEL_bn_apply:
    case BRIM_KERNEL_bn_reduce_partial:
    case BRIM_KERNEL_bn_slope:
    case BRIM_KERNEL_loss_cells:
        return BRIM_LANE_THREADS;
    case BRIM_KERNEL_pool_forward:
    case BRIM_KERNEL_pool_backward:
        return BRIM_POOL_THREADS;
    default:
        return MAX_THREADS;
    }
}

static CUresult check_grid(const unsigned int grid[3], const unsigned int block[3], unsigned int shared_bytes,
                           CUfunction function)
{
    bool right = grid[0] >= 1 && grid[0] <= INT32_MAX && block[0] >= 1 && block[0] <= MAX_THREADS;
    if (!right || grid[1] != 1 || grid[2] != 1 || block[1] != 1 || block[2] != 1) {
        fake_complain("cuLaunchKernel: a grid of %u x %u x %u blocks of %u x %u x %u threads", grid[0],
                      grid[1], grid[2], block[0], block[1], block[2]);
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (block[0] > most_threads(function->kernel)) {
        fake_complain("cuLaunchKernel: %u threads for %s, which is compiled for %u", block[0],
                      brim_kernel_name(function->kernel), most_threads(function->kernel));
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (shared_bytes > MAX_SHARED_BYTES && shared_bytes > function->shared_bytes)
        return CUDA_ERROR_INVALID_VALUE;
    return CUDA_SUCCESS;
}

/* A kernel is started on a stream of its module's context, which is the thread's. */
static CUresult check_contexts(CUfunction function, CUstream stream)
{
    bool capturing;
    FAKE_TRY(fake_stream_check(stream, "cuLaunchKernel", &capturing));
    FAKE_TRY(fake_handle_together(function->module, NULL, "cuLaunchKernel"));
    return fake_handle_together(function->module, stream, "cuLaunchKernel");
}

CUresult cuLaunchKernel(CUfunction function, unsigned int grid_x, unsigned int grid_y, unsigned int grid_z,
                        unsigned int block_x, unsigned int block_y, unsigned int block_z,
                        unsigned int shared_bytes, CUstream stream, void **args, void **extra)
{
    FAKE_BEGIN(cuLaunchKernel);
    FAKE_TRY(check_function(function, "cuLaunchKernel"));
    FAKE_TRY(check_contexts(function, stream));
    FAKE_TRY(check_grid((unsigned int[]){grid_x, grid_y, grid_z}, (unsigned int[]){block_x, block_y, block_z},
                        shared_bytes, function));
    FAKE_TRY(fake_cuda_load(brim_kernel_name(function->kernel)));
    size_t bytes = brim_kernel_args_bytes(function->kernel);
    if (!args || !args[0] || extra || bytes > MAX_ARGS_BYTES)
        return CUDA_ERROR_INVALID_VALUE;
    Launch launch = {.kernel = function->kernel, .blocks = (int)grid_x, .threads = (int)block_x};
    memcpy(launch.args, args[0], bytes);
    return fake_cuda_enqueue(stream, run_launch, &launch, sizeof launch);
}

unsigned long fake_cuda_launches(const char *kernel)
{
    unsigned long sum = 0;
    for (int i = 0; i < BRIM_KERNEL_COUNT; i++)
        if (!kernel || strcmp(kernel, brim_kernel_name((BrimKernel)i)) == 0)
            sum += counts[i].launches;
    return sum;
}

const void *fake_cuda_last_args(const char *kernel, int *blocks, int *threads)
{
    BrimKernel found = brim_kernel_named(kernel);
    if (found == BRIM_KERNEL_COUNT || counts[found].launches == 0)
        return NULL;
    *blocks = counts[found].last.blocks;
    *threads = counts[found].last.threads;
    return counts[found].last.args;
}
