/* Any bytes as the file of timed convolutions: refused with a sentence, or a choice within what was asked
 * for. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "backend/cuda/conv_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const BrimCudaConvTask task = {BRIM_CUDA_FORWARD, {1, 8, 10, 10, 8}, {1, 8, 10, 10, 8},      .kernel = 3,
                                   .stride = 1,       .padding = 1,      .type = BRIM_KERNEL_F16};
    const BrimCudaConvKey key = {"a card", 86, "9.19.0", &task, 1 << 20};
    BrimCudaConvChoice choice;
    json_t *tree = brim_cuda_conv_file_parse((const char *)data, size);
    if (!tree && !*brim_last_error())
        abort();
    if (tree && brim_cuda_conv_file_find(tree, &key, &choice) &&
        (choice.engine < 0 || choice.knob_count < 0 || choice.knob_count > BRIM_CUDA_MOST_KNOBS ||
         choice.workspace_bytes > key.cap_bytes || !(choice.time_ns > 0) || !isfinite(choice.time_ns)))
        abort();
    json_decref(tree);
    return 0;
}
