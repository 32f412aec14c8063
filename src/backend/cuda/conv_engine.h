/* cuDNN's engines for a convolution, which of them brim takes, and the plans made of them. Knows nothing of
 * time. */
#ifndef BRIM_BACKEND_CUDA_CONV_ENGINE_H
#define BRIM_BACKEND_CUDA_CONV_ENGINE_H

#include "backend/cuda/conv_describe.h"

/* An engine takes a handful of knobs; cuDNN 9 has names for 44. */
enum { BRIM_CUDA_MOST_KNOBS = 64 };

/* How cuDNN was told to do it, in numbers that can be kept and told again. */
typedef struct BrimCudaConvChoice {
    int64_t engine; /* among those of the operation graph */
    int knob_count;
    struct {
        int type;
        int64_t value;
    } knobs[BRIM_CUDA_MOST_KNOBS];
    size_t workspace_bytes;
    double time_ns; /* 0: not timed */
} BrimCudaConvChoice;

typedef struct BrimCudaConvPlan {
    BrimCudaDescriptor config, plan;
    BrimCudaConvChoice choice;
} BrimCudaConvPlan;

void brim_cuda_conv_plan_drop(const BrimCudaDnnApi *api, BrimCudaConvPlan *plan);

/* The plan of an earlier choice. ERROR_UNSUPPORTED where that engine is none that brim takes, does not do it,
 * or needs more than cap_bytes. */
BrimStatus brim_cuda_conv_plan_again(const BrimCudaDnn *dnn, const BrimCudaConvGraph *graph,
                                     BrimKernelType type, size_t cap_bytes, const BrimCudaConvChoice *choice,
                                     BrimCudaConvPlan *plan);

/* The first `most` plans of those that cuDNN proposes, best first, that brim takes: deterministic, sums in
 * fp32, fp32 data without tensor cores (they would round it to TF32), a workspace within cap_bytes.
 * *least_bytes is the smallest workspace among all proposals tried, for a sentence where none is within the
 * cap; SIZE_MAX for none at all. */
BrimStatus brim_cuda_conv_propose(const BrimCudaDnn *dnn, const BrimCudaConvGraph *graph, BrimKernelType type,
                                  size_t cap_bytes, int most, BrimCudaConvPlan *plans, int *count,
                                  size_t *least_bytes);

#endif
