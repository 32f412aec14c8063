/* Any bytes as a `.pt` file: what is taken has names and data of its shapes; memory is bounded and given
 * back. */
#include <stdlib.h>
#include <string.h>

#include "exchange/torch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const BrimTensorFile *file)
{
    if (file->tensor_count < 1)
        abort();
    for (int i = 0; i < file->tensor_count; i++) {
        const BrimHostTensor *tensor = &file->tensors[i];
        size_t bytes = 0;
        if (brim_tensor_shape_bytes(tensor->name, tensor->dtype, tensor->dim_count, tensor->dims, &bytes) !=
                BRIM_OK ||
            bytes != tensor->bytes || brim_tensors_find(file, tensor->name) != tensor)
            abort();
        /* Every byte is there to be read. */
        volatile char last = bytes ? ((const char *)tensor->data)[bytes - 1] : 0;
        (void)last;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BrimTensorFile file;
    size_t before = brim_mem_held_bytes(BRIM_MEM_TAG_COUNT);
    brim_mem_limit(before + ((size_t)256 << 20));
    BrimStatus status = brim_torch_parse(&file, "fuzz.pt", data, size);
    if (status == BRIM_OK)
        check(&file);
    else if (strncmp(brim_last_error(), "fuzz.pt: ", 9) != 0 || strchr(brim_last_error(), '\n'))
        abort();
    brim_tensors_clear(&file);
    if (brim_mem_held_bytes(BRIM_MEM_TAG_COUNT) != before)
        abort();
    return 0;
}
