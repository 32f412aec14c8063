/* What the passes need beside their operands. */
#include "backend/cpu/passes.h"

size_t brim_passes_workspace_bytes(const BrimGraph *graph, const BrimOp *op, int block)
{
    if (op->kind != BRIM_OP_BN_FORWARD && op->kind != BRIM_OP_BN_BACKWARD_REDUCE)
        return 0;
    /* Two sums of each channel from each unit. */
    const int32_t *dims = graph->tensors[op->in[0]].dims;
    size_t blocks = ((size_t)dims[1] + (size_t)block - 1) / (size_t)block;
    size_t pixels = (size_t)dims[2] * (size_t)dims[3];
    size_t chunks = (pixels + BRIM_PASS_UNIT_PIXELS - 1) / BRIM_PASS_UNIT_PIXELS;
    return (size_t)dims[0] * blocks * chunks * 2 * (size_t)block * sizeof(double);
}
