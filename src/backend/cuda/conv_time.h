/* How long plans of a convolution take on the card, with memory taken for it and given back. */
#ifndef BRIM_BACKEND_CUDA_CONV_TIME_H
#define BRIM_BACKEND_CUDA_CONV_TIME_H

#include "backend/cuda/conv_engine.h"

/* The variant pack of a plan: which pointer is which. */
BrimStatus brim_cuda_conv_pack(const BrimCudaDnnApi *api, CUdeviceptr x, CUdeviceptr y, CUdeviceptr w,
                               CUdeviceptr workspace, BrimCudaDescriptor *pack);

/* Sets the time of each plan's choice, 0 for one that does not run. Leaves all at 0 where the memory for it
 * is not free. */
BrimStatus brim_cuda_conv_time(const BrimCudaDnn *dnn, const BrimCudaConvTask *task, BrimCudaConvPlan *plans,
                               int count);

/* The fastest of those that were timed; -1 where none was. Events count in half microseconds: what is within
 * a hundredth of the least time is a tie, which the smaller workspace wins, then the earlier proposal. */
int brim_cuda_conv_fastest(const BrimCudaConvPlan *plans, int count);

#endif
