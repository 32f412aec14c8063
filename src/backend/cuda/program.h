/* Programs of the cuda backend: graphs made ready. Private to src/backend/cuda. */
#ifndef BRIM_BACKEND_CUDA_PROGRAM_H
#define BRIM_BACKEND_CUDA_PROGRAM_H

#include "backend/cuda/op_times.h"

struct BrimProgram {
    BrimBackend *backend;
    const BrimGraph *graph;
    const BrimPlacement *placement;
    BrimCudaConv **convs;               /* per op, of the backend's list; NULL for what is no convolution */
    CUgraphExec parts[BRIM_PART_COUNT]; /* captured, on the first run's memory or on the arena; NULL: not yet */
    bool captured[BRIM_PART_COUNT];     /* on the arena, when it had run there once */
    bool warm[BRIM_PART_COUNT]; /* it ran once, so that the libraries have loaded what they load late */
    bool loose[BRIM_PART_COUNT]; /* the driver had no memory for a graph of it: its ops are started one by one */
    BrimCudaOpTimes *times;     /* NULL: nobody asked for them */
    bool shares;                /* some of its ops exchange figures with other cards */
    BrimProgram *next;          /* of the backend's */
};

/* Starts what an op takes on the device's stream. */
BrimStatus brim_cuda_start_op(const BrimProgram *program, BrimOpId id);

/* Starts one half of an op that exchanges figures (cuda.h). */
BrimStatus brim_cuda_start_half(const BrimProgram *program, BrimOpId id, bool after);

/* What is started on the device's stream between the two is not run, but becomes a graph, to be destroyed.
 * `started` is how that went, and is handed through where it went wrong. */
BrimStatus brim_cuda_record_begin(const BrimCudaDevice *device);
BrimStatus brim_cuda_record_end(const BrimCudaDevice *device, BrimStatus started, CUgraph *graph);

/* Makes what was recorded ready to be launched as the part, in place of an older one. ERROR_FIT as below. */
BrimStatus brim_cuda_take_graph(BrimProgram *program, BrimPart part, CUgraph graph);
void brim_cuda_drop_graph(BrimProgram *program, BrimPart part);

/* Makes a graph of what the part starts, in place of an older one. ERROR_FIT where the driver has no memory for it. */
BrimStatus brim_cuda_capture(BrimProgram *program, BrimPart part);

/* What a workspace of cuDNN's is a multiple of. It does not say what it needs: others give it what the driver's
 * allocations have. A plan's places are multiples of less, and tensor maps, which engines for Hopper and later
 * may have there, want 128 (CUtensorMap of CUDA 13). */
enum { BRIM_CUDA_DNN_ALIGNMENT = 256 };

/* Workspaces, cuDNN's included (size.c). */
BrimStatus brim_cuda_workspace_of(void *self, const BrimGraph *graph, BrimOpId id, BrimWorkspace *workspace);
BrimCudaConvTask brim_cuda_conv_task(const BrimGraph *graph, const BrimOp *op);
BrimStatus brim_cuda_conv_find(BrimBackend *backend, const BrimCudaConvTask *task, BrimCudaConvEntry **entry);

/* Starts a convolution, and what belongs to it: bias, the gradient's sum (convolution.c). */
BrimStatus brim_cuda_run_conv(const BrimCudaCall *call, BrimCudaConv *conv);

/* The program as the contract has it (program.c). */
BrimStatus brim_cuda_load(BrimBackend *backend, const BrimGraph *graph, const BrimPlacement *placement,
                          BrimProgram **program);
void brim_cuda_settle(BrimProgram *program);
void brim_cuda_unload(BrimProgram **program);
BrimStatus brim_cuda_run(BrimProgram *program, BrimPart part, const BrimStepScalars *scalars);

/* What changes from step to step, to the card. */
BrimStatus brim_cuda_write_scalars(BrimBackend *backend, const BrimStepScalars *scalars);

/* Runs once what the program has and no program before it had, on memory that is taken for it and given back, so that
 * driver and cuDNN load now what they load late, and can be asked what it took (warm.c). Does nothing where the arena is
 * taken already, or the memory is not free. */
BrimStatus brim_cuda_warm(BrimProgram *program);

/* Pictures that are kept, and made of those, as the contract has it (keep.c). */
size_t brim_cuda_keep_bytes(const BrimKeep *keep);
BrimStatus brim_cuda_keep(BrimBackend *backend, const BrimKeep *keep);
void brim_cuda_keep_drop(BrimBackend *backend);
BrimStatus brim_cuda_put_picture(BrimBackend *backend, size_t start_bytes, const uint8_t *rgb, size_t bytes);
BrimStatus brim_cuda_augment(BrimProgram *program, BrimTensorId pictures, const BrimAugmentBatch *batch);

/* Tensors from and to plain host memory (transfer.c), through the staging buffers, which are made large
 * enough for the graph. A write returns when `plain` is no longer needed, and may be on its way yet; a read
 * waits for it, as for everything that was started. */
BrimStatus brim_cuda_staging_reserve(BrimBackend *backend, const BrimGraph *graph);
BrimStatus brim_cuda_write(BrimProgram *program, BrimTensorId id, const void *plain);
BrimStatus brim_cuda_read(BrimProgram *program, BrimTensorId id, void *plain);

/* Results without a wait, and the pinned memory for them, as the contract has it (transfer.c). */
BrimStatus brim_cuda_pin(BrimBackend *backend, size_t bytes, void **pinned);
BrimStatus brim_cuda_fetch(BrimProgram *program, BrimTensorId id, void *pinned);
BrimStatus brim_cuda_sift(BrimProgram *program, BrimTensorId id, const BrimSift *sift);

/* Blocks beside what the card computes (aside.c), and their members (transfer.c), likewise. */
BrimStatus brim_cuda_aside_open(BrimBackend *backend);
BrimStatus brim_cuda_aside_warm(BrimBackend *backend, void *pinned, size_t bytes);
void brim_cuda_aside_close(BrimBackend *backend);
BrimStatus brim_cuda_fetch_blocks(BrimProgram *program, const BrimTensorId *blocks, int count, void *pinned);
BrimStatus brim_cuda_wait_blocks(BrimBackend *backend);
void brim_cuda_read_member(const BrimProgram *program, BrimTensorId id, const void *block, void *plain);

#endif
