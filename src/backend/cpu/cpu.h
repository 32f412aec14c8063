/* The cpu backend's own structs, shared by the files beside this one. */
#ifndef BRIM_BACKEND_CPU_CPU_H
#define BRIM_BACKEND_CPU_CPU_H

#include "backend/backend.h"
#include "backend/cpu/onednn.h"
#include "backend/cpu/passes.h"
#include "backend/host/arena.h"

struct BrimBackend {
    int threads;
    BrimOnednn *onednn;
    const BrimPasses
        *passes; /* chosen with the first graph; their block is that of all features and filters */
    bool chosen;
    BrimHostArena arena;
};

struct BrimProgram {
    BrimBackend *backend;
    const BrimGraph *graph;
    const BrimPlacement *placement;
    BrimOnednnConv **convs; /* per op; NULL for what is no convolution */
    bool *skip;             /* per op: another op does its work (SiLU after a convolution) */
    int64_t times_ns[BRIM_OP_KIND_COUNT];
};

/* Bytes of tensors and workspaces (size.c). */
size_t brim_cpu_tensor_bytes(void *self, const BrimGraph *graph, BrimTensorId id);
BrimStatus brim_cpu_workspace(void *self, const BrimGraph *graph, BrimOpId id, BrimWorkspace *workspace);

/* The op's convolution as oneDNN is asked for it (size.c); fused: SiLU is done on the way. */
BrimConvTask brim_cpu_conv_task(const BrimBackend *backend, const BrimGraph *graph, BrimOpId id);

/* True when the op is the SiLU in place of the convolution right before it, which then does both (size.c). */
bool brim_cpu_fused_activation(const BrimGraph *graph, BrimOpId id);

/* Programs (program.c). */
BrimStatus brim_cpu_load(BrimBackend *backend, const BrimGraph *graph, const BrimPlacement *placement,
                         BrimProgram **program);
void brim_cpu_settle(BrimProgram *program);
void brim_cpu_unload(BrimProgram **program);
BrimStatus brim_cpu_run(BrimProgram *program, BrimPart part, const BrimStepScalars *scalars);

#endif
