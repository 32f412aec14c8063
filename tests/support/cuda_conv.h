/* What the tests of convolutions share: a false card with cuDNN open on it, and an empty cache. */
#ifndef BRIM_TESTS_SUPPORT_CUDA_CONV_H
#define BRIM_TESTS_SUPPORT_CUDA_CONV_H

#include "support/card_counts.h"
#include "support/support.h"

#include <stdlib.h>

#include "backend/cuda/conv.h"
#include "fake_cuda/fake_cudnn.h"

typedef struct ConvCard {
    BrimCudaDevice device;
    BrimCudaDnn *dnn;
} ConvCard;

/* dnn is what BRIM_FAKE_DNN says; NULL for nothing. */
static inline void conv_card_open(ConvCard *card, const char *wishes, const char *dnn)
{
    setenv("BRIM_FAKE_CARD", wishes, 1);
    if (dnn)
        setenv("BRIM_FAKE_DNN", dnn, 1);
    else
        unsetenv("BRIM_FAKE_DNN");
    assert_ok(brim_cuda_device_open(&card->device, 0));
    assert_ok(brim_cuda_dnn_open(&card->dnn, &card->device));
}

/* Nothing is left of it on the card, and no descriptor. */
static inline void conv_card_close(ConvCard *card)
{
    brim_cuda_dnn_close(&card->dnn);
    assert_null(card->dnn);
    brim_cuda_device_close(&card->device);
    assert_int_equal(card_taken_bytes(), 0);
    assert_int_equal(dnn_descriptors(), 0);
}

static inline CUdeviceptr conv_take(const ConvCard *card, size_t bytes)
{
    CUdeviceptr pointer = 0;
    if (bytes)
        assert_ok(brim_cuda_check(card->device.driver, card->device.driver->cuMemAlloc_(&pointer, bytes),
                                  "taking memory"));
    return pointer;
}

static inline void conv_give(const ConvCard *card, CUdeviceptr pointer)
{
    if (pointer)
        assert_ok(
            brim_cuda_check(card->device.driver, card->device.driver->cuMemFree_(pointer), "giving memory"));
}

/* A task by its sides; y follows. */
static inline BrimCudaConvTask conv_task(BrimCudaConvWay way, BrimKernelType type, BrimCudaImage x, int out,
                                         int y_pitch, int kernel, int stride, int padding)
{
    return (BrimCudaConvTask){.way = way,
                              .type = type,
                              .x = x,
                              .y = {.n = x.n,
                                    .c = out,
                                    .h = (x.h + 2 * padding - kernel) / stride + 1,
                                    .w = (x.w + 2 * padding - kernel) / stride + 1,
                                    .pitch = y_pitch},
                              .kernel = kernel,
                              .stride = stride,
                              .padding = padding};
}

#endif
