/* The name of a card: whatever is typed, one card or one line. */
#include <stdlib.h>
#include <string.h>

#include "plan/gpus.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char words[512];
    const BrimGpu *gpu = NULL;
    size_t length = size < sizeof words - 1 ? size : sizeof words - 1;
    memcpy(words, data, length);
    words[length] = '\0';
    BrimStatus status = brim_gpu_find(&gpu, words);
    if ((status == BRIM_OK) != (gpu != NULL) || (status != BRIM_OK && status != BRIM_ERROR_INPUT) ||
        strchr(brim_last_error(), '\n'))
        abort();
    return 0;
}
