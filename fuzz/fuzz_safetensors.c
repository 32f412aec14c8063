/* Any bytes as a safetensors file: what is taken fills the file to its last byte; memory is given back. */
#include <stdlib.h>
#include <string.h>

#include "exchange/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BrimTensorFile file;
    size_t before = brim_mem_held_bytes(BRIM_MEM_TAG_COUNT), total = 0;
    brim_mem_limit(before + ((size_t)64 << 20));
    BrimStatus status = brim_safetensors_parse(&file, "fuzz", data, size);
    for (int i = 0; i < file.tensor_count; i++)
        total += file.tensors[i].bytes;
    if (status == BRIM_OK && total > size)
        abort();
    if (status != BRIM_OK && (strncmp(brim_last_error(), "fuzz: ", 6) != 0 || file.tensor_count != 0))
        abort();
    brim_tensors_clear(&file);
    if (brim_mem_held_bytes(BRIM_MEM_TAG_COUNT) != before)
        abort();
    return 0;
}
