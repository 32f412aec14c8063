/* The false NCCL's settings, and what each call begins with. */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_cuda.h"
#include "fake_nccl.h"

static FakeNccl settings;

static void read_word(const char *word)
{
    double mib = 0;
    bool known = sscanf(word, "version=%d", &settings.version) == 1 ||
                 sscanf(word, "error=%d", &settings.error) == 1 ||
                 sscanf(word, "fail=%63[A-Za-z0-9]@%lu", settings.fail_name, &settings.fail_at) == 2 ||
                 sscanf(word, "hang=%d@%lu", &settings.hang_rank, &settings.hang_at) == 2 ||
                 sscanf(word, "lost=%d@%lu", &settings.lost_rank, &settings.lost_at) == 2;
    if (!known && sscanf(word, "memory=%lfM", &mib) == 1)
        settings.memory_bytes = (size_t)(mib * 0x1p20);
    else if (!known) {
        fprintf(stderr, "BRIM_FAKE_NCCL: no word \"%s\"; see tests/fake_cuda/fake_nccl.h\n", word);
        abort();
    }
}

static void read_settings(void)
{
    char words[256], *rest = words;
    const char *given = getenv("BRIM_FAKE_NCCL");
    settings = (FakeNccl){.version = 22703,
                          .error = BRIM_NCCL_UNHANDLED_CUDA_ERROR,
                          .memory_bytes = (size_t)32 << 20,
                          .hang_rank = -1,
                          .lost_rank = -1};
    snprintf(words, sizeof words, "%s", given ? given : "");
    for (char *word = strsep(&rest, ","); word; word = strsep(&rest, ","))
        if (*word)
            read_word(word);
}

const FakeNccl *fake_nccl(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, read_settings);
    return &settings;
}

int fake_nccl_refuse(int result, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("false libnccl: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return result;
}

void fake_nccl_abort(const char *sentence)
{
    fprintf(stderr, "false libnccl: %s\n", sentence);
    abort();
}

int fake_nccl_begin(const char *function)
{
    static pthread_mutex_t counting = PTHREAD_MUTEX_INITIALIZER;
    static unsigned long calls;
    const FakeNccl *nccl = fake_nccl();
    if (strcmp(nccl->fail_name, function) != 0)
        return BRIM_NCCL_SUCCESS;
    pthread_mutex_lock(&counting);
    bool fails = ++calls == nccl->fail_at;
    pthread_mutex_unlock(&counting);
    return fails ? nccl->error : BRIM_NCCL_SUCCESS;
}

int fake_nccl_on_card(int card, CUresult (*work)(void *self), void *self)
{
    CUcontext before, own;
    if (cuCtxGetCurrent(&before) != CUDA_SUCCESS || cuDevicePrimaryCtxRetain(&own, card) != CUDA_SUCCESS)
        return BRIM_NCCL_UNHANDLED_CUDA_ERROR;
    CUresult result = cuCtxSetCurrent(own);
    if (result == CUDA_SUCCESS)
        result = work(self);
    cuCtxSetCurrent(before);
    cuDevicePrimaryCtxRelease(card);
    return result == CUDA_SUCCESS ? BRIM_NCCL_SUCCESS : BRIM_NCCL_UNHANDLED_CUDA_ERROR;
}
