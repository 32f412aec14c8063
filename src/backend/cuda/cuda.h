/* The cuda backend's own structs, shared by the files beside this one. */
#ifndef BRIM_BACKEND_CUDA_CUDA_H
#define BRIM_BACKEND_CUDA_CUDA_H

#include "backend/backend.h"
#include "backend/cuda/conv.h"
#include "backend/cuda/depth.h"
#include "backend/cuda/staging.h"
#include "backend/operand.h"

/* A convolution that was opened, for all ops of its shape. */
typedef struct BrimCudaConvEntry {
    BrimCudaConvTask task;
    BrimCudaConv *conv;
    size_t workspace_bytes;
    bool warm; /* it ran once (warm.c) */
} BrimCudaConvEntry;

/* Pictures that are kept, and on the card the tasks of a batch before them (keep.c). */
typedef struct BrimCudaKept {
    BrimKeep keep;
    CUdeviceptr device; /* tasks, and pictures where they are not in the host; 0: nothing is kept */
    char *pinned;       /* the pictures, where they are */
} BrimCudaKept;

typedef struct BrimCudaTeam BrimCudaTeam; /* team.h */

struct BrimBackend {
    BrimCudaDevice device;
    BrimCudaTeam *team; /* cards that sum together; NULL for a card alone */
    int rank;           /* its place in the team */
    BrimProgram *programs; /* those loaded, newest first */
    size_t first_free_bytes; /* of the card, when the device was open and nothing else */
    BrimCudaDnn *dnn;
    BrimCudaConvEntry *convs;
    int conv_count, conv_room;
    bool warm[BRIM_OP_KIND_COUNT]; /* an op of that kind ran once; of a convolution's, one with a bias (warm.c) */
    CUdeviceptr arena; /* 0: not taken yet */
    size_t arena_bytes;
    bool settled; /* parameters' pads are zero */
    CUdeviceptr device_scalars;
    BrimCudaStaging staging;
    CUevent marks[2]; /* with times */
    void *pinned;     /* for results that are fetched (transfer.c); NULL: none are */
    CUstream aside;   /* for blocks that are fetched while the device's own stream goes on */
    CUevent aside_after; /* on the device's own: that one waits for what was started before */
    bool times_ops; /* programs are to be loaded with events in them */
    BrimCudaKept kept;
};

/* An op about to be started, and what it needs. */
typedef struct BrimCudaCall {
    BrimBackend *backend;
    const BrimGraph *graph;
    const BrimPlacement *placement;
    BrimOpId id;
    const BrimOp *op;
} BrimCudaCall;

/* Counted from the arena's start; and a feature's shape without its place. */
size_t brim_cuda_offset(const BrimGraph *graph, const BrimPlacement *placement, BrimTensorId id);
BrimKernelFeature brim_cuda_shape(const BrimGraph *graph, BrimTensorId id);

/* Where things lie (operand.c). NULL for BRIM_NONE. */
void *brim_cuda_data(const BrimCudaCall *call, BrimTensorId id);
void *brim_cuda_workspace(const BrimCudaCall *call);
BrimKernelFeature brim_cuda_feature(const BrimCudaCall *call, BrimTensorId id);
BrimKernelScalars *brim_cuda_scalars(const BrimCudaCall *call);

static inline void *brim_cuda_in(const BrimCudaCall *call, int i)
{
    return brim_cuda_data(call, call->op->in[i]);
}

static inline void *brim_cuda_out(const BrimCudaCall *call, int i)
{
    return brim_cuda_data(call, call->op->out[i]);
}

/* Features from operand `first` on; returns how many. */
int brim_cuda_in_run(const BrimCudaCall *call, int first, BrimKernelFeature *features, int room);
int brim_cuda_out_run(const BrimCudaCall *call, int first, BrimKernelFeature *features, int room);

/* Starting the ops, a family a file. */
BrimStatus brim_cuda_run_bn(const BrimCudaCall *call);       /* batchnorm.c: BN_* */
BrimStatus brim_cuda_run_element(const BrimCudaCall *call);  /* element.c: INPUT, ACT_FORWARD, COPY, ADD */
BrimStatus brim_cuda_run_resample(const BrimCudaCall *call); /* resample.c: POOL_*, UPSAMPLE_* */
BrimStatus brim_cuda_run_head(const BrimCudaCall *call);     /* head.c: LOSS, DECODE */
BrimStatus
brim_cuda_run_update(const BrimCudaCall *call); /* update.c: GRADIENT_NORM, OPTIMIZE, AVERAGE, FOLD */

/* An op that several cards run with one another (BrimOp.cards), in two halves: each leaves its figures in its
 * place of a room that has one for every card, those are exchanged, and each goes on with all of them. One half
 * after the other without an exchange is what brim_cuda_run_bn does. */
typedef struct BrimCudaExchange {
    CUdeviceptr start; /* [cards][doubles] */
    size_t doubles;    /* of a card */
} BrimCudaExchange;

BrimCudaExchange brim_cuda_bn_exchange(const BrimCudaCall *call);
BrimStatus brim_cuda_bn_before(const BrimCudaCall *call);
BrimStatus brim_cuda_bn_after(const BrimCudaCall *call);

#endif
