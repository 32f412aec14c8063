/* The false libraries' counters by name. */
#include "support/card_counts.h"

#include <dlfcn.h>
#include <stdlib.h>

#include "support/support.h"

static void *find(const char *library, const char *name)
{
    void *opened = dlopen(library, RTLD_NOW), *function = opened ? dlsym(opened, name) : NULL;
    if (!function)
        fail_msg("%s has no %s: is it the false one?", library, name);
    return function;
}

static void *of_card(const char *name)
{
    return find("libcuda.so.1", name);
}

static void *of_dnn(const char *name)
{
    return find("libcudnn.so.9", name);
}

bool lacks_false_card(void)
{
    if (getenv("LD_LIBRARY_PATH"))
        return false;
    print_message("skipped: LD_LIBRARY_PATH does not say where the false libcuda.so.1 is; ctest does\n");
    return true;
}

unsigned long card_calls(const char *function)
{
    return ((unsigned long (*)(const char *))of_card("fake_cuda_calls"))(function);
}

unsigned long card_launches(const char *kernel)
{
    return ((unsigned long (*)(const char *))of_card("fake_cuda_launches"))(kernel);
}

const void *card_last_args(const char *kernel, int *blocks, int *threads)
{
    return ((const void *(*)(const char *, int *, int *))of_card("fake_cuda_last_args"))(kernel, blocks,
                                                                                         threads);
}

unsigned long card_allocations(void)
{
    return ((unsigned long (*)(void))of_card("fake_cuda_allocations"))();
}

unsigned long card_handles(void)
{
    return ((unsigned long (*)(void))of_card("fake_cuda_handles"))();
}

size_t card_taken_bytes(void)
{
    return ((size_t(*)(void))of_card("fake_cuda_taken_bytes"))();
}

size_t card_peak_bytes(void)
{
    return ((size_t(*)(void))of_card("fake_cuda_peak_bytes"))();
}

size_t card_pinned_bytes(void)
{
    return ((size_t(*)(void))of_card("fake_cuda_pinned_bytes"))();
}

void card_leave_context(void)
{
    assert_int_equal(((int (*)(void *))of_card("cuCtxSetCurrent"))(NULL), 0);
}

unsigned long dnn_executions(void)
{
    return ((unsigned long (*)(void))of_dnn("fake_cudnn_executions"))();
}

long dnn_descriptors(void)
{
    return ((long (*)(void))of_dnn("fake_cudnn_descriptors"))();
}

int dnn_latest_engine(void)
{
    return ((int (*)(void))of_dnn("fake_cudnn_latest_engine"))();
}

const char *card_library(void)
{
    Dl_info info;
    assert_true(dladdr(of_card("fake_cuda_calls"), &info));
    return info.dli_fname;
}
