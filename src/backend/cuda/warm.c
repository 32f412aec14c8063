/* What is loaded late, loaded early. Drivers since CUDA 11.7 load a kernel when it is first started, cuDNN
 * its engines' the same way, and the driver takes room for a kernel's local memory then. Measured before
 * that, a plan would hold for less than the run takes. So before the arena is taken each convolution, and
 * each kind of op, is started once where its program has it, on memory as large as that program's part of the
 * arena, which is not more than the plan has for it. The same for what the driver keeps of a captured step:
 * each part is captured there, and that graph stays until the one of the arena takes its place. */
#include "backend/cuda/program.h"

/* Where it is kept whether an op's like has run. */
static bool *mark_of(BrimProgram *program, BrimOpId id)
{
    BrimBackend *backend = program->backend;
    const BrimOp *op = &program->graph->ops[id];
    for (int i = 0; brim_op_is_conv(op->kind) && i < backend->conv_count; i++)
        if (backend->convs[i].conv == program->convs[id])
            return &backend->convs[i].warm;
    return &backend->warm[op->kind];
}

/* Whether a convolution starts a kernel of ours for its bias, which one of the same shape without does not.
 */
static bool has_bias(const BrimOp *op)
{
    return (op->kind == BRIM_OP_CONV_FORWARD && op->in[2] != BRIM_NONE) ||
           (op->kind == BRIM_OP_CONV_BACKWARD_WEIGHTS && op->out[1] != BRIM_NONE);
}

/* The kernels that are no op's, with nothing to do: whether pictures are kept is settled later, with what is
 * measured now. */
static BrimStatus start_others(const BrimBackend *backend)
{
    BrimStatus status;
    const BrimCudaDevice *device = &backend->device;
    const BrimAugmentArgs none = {.n = 0};
    const BrimSiftArgs no_rows = {.rows = 0, .counts = (int32_t *)backend->arena};
    BRIM_TRY(brim_cuda_launch(device, BRIM_KERNEL_augment_parts, 1, 256, &none));
    BRIM_TRY(brim_cuda_launch(device, BRIM_KERNEL_augment, 1, 256, &none));
    BRIM_TRY(brim_cuda_launch(device, BRIM_KERNEL_sift, 1, BRIM_BLOCK_THREADS, &no_rows));
fail:
    return status;
}

static BrimStatus start_cold_ops(BrimProgram *program)
{
    static const BrimStepScalars none;
    BrimStatus status;
    BRIM_TRY(brim_cuda_write_scalars(program->backend, &none));
    BRIM_TRY(start_others(program->backend));
    for (BrimOpId id = 0; id < program->graph->op_count; id++) {
        const BrimOp *op = &program->graph->ops[id];
        bool *mark = mark_of(program, id), *bias = has_bias(op) ? &program->backend->warm[op->kind] : mark;
        if (!*mark || !*bias)
            BRIM_TRY(brim_cuda_start_op(program, id));
        *mark = *bias = true;
    }
    BRIM_TRY(brim_cuda_device_wait(&program->backend->device));
fail:
    return status;
}

static bool has_part(const BrimProgram *program, BrimPart part)
{
    for (BrimOpId id = 0; id < program->graph->op_count; id++)
        if (program->graph->ops[id].part == part)
            return true;
    return false;
}

/* Where the driver has no memory for them the run goes on without (program.c). */
static BrimStatus hold_graphs(BrimProgram *program)
{
    BrimStatus status = BRIM_OK;
    for (int part = 0; part < BRIM_PART_COUNT && status == BRIM_OK && !program->times; part++)
        if (has_part(program, (BrimPart)part))
            status = brim_cuda_capture(program, (BrimPart)part);
    if (status == BRIM_OK)
        status = brim_cuda_device_wait(&program->backend->device);
    return status == BRIM_ERROR_FIT ? BRIM_OK : status;
}

/* Zeros are what all ops take: no labels, no gradients, and indices within bounds. */
BrimStatus brim_cuda_warm(BrimProgram *program)
{
    BrimBackend *backend = program->backend;
    const BrimCudaDevice *device = &backend->device;
    const size_t bytes = program->placement->end_bytes;
    CUdeviceptr scratch = 0;
    if (backend->arena || bytes == 0)
        return BRIM_OK;
    CUresult taken = device->driver->cuMemAlloc_(&scratch, bytes);
    if (taken == CUDA_ERROR_OUT_OF_MEMORY)
        return BRIM_OK;
    BrimStatus status = brim_cuda_check(device->driver, taken, "taking memory for a first run");
    if (status != BRIM_OK)
        return status;
    backend->arena = scratch;
    status =
        brim_cuda_check(device->driver, device->driver->cuMemsetD8Async_(scratch, 0, bytes, device->stream),
                        "clearing memory for a first run");
    if (status == BRIM_OK)
        status = start_cold_ops(program);
    if (status == BRIM_OK)
        status = hold_graphs(program);
    backend->arena = 0;
    CUresult given = device->driver->cuMemFree_(scratch);
    return status == BRIM_OK ? brim_cuda_check(device->driver, given, "giving back the memory of a first run")
                             : status;
}
