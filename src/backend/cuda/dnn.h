/* What the files of convolutions share: cuDNN, opened on a card. */
#ifndef BRIM_BACKEND_CUDA_DNN_H
#define BRIM_BACKEND_CUDA_DNN_H

#include <jansson.h>

#include "backend/cuda/conv.h"
#include "backend/cuda/dnn_api.h"

struct BrimCudaDnn {
    const BrimCudaDnnApi *api;
    const BrimCudaDevice *device;
    cudnnHandle_t handle;
    json_t *choices; /* the file of earlier timings, read at the first question (conv_file.h); NULL before */
    char version[24];
};

#endif
