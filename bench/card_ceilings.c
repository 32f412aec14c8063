/* The fastest copy and the fastest convolution of a card. */
#include "card_ceilings.h"

#include "backend/cuda/conv_engine.h"

enum { ROUNDS = 5, RUNS = 10, BUFFERS = 4 };

static const size_t copy_bytes = (size_t)512 << 20, quick_copy_bytes = (size_t)1 << 20;
static const size_t workspace_cap_bytes = (size_t)64 << 20; /* as much as a step's convolutions may have */

/* A card and what is taken of it. */
typedef struct Stand {
    BrimCudaDevice device;
    BrimCudaDnn *dnn;
    CUevent start, end;
    CUdeviceptr buffers[BUFFERS];
} Stand;

static BrimStatus open_stand(Stand *stand, int card)
{
    BrimStatus status;
    BRIM_TRY(brim_cuda_device_open(&stand->device, card));
    BRIM_TRY(brim_cuda_dnn_open(&stand->dnn, &stand->device));
    BRIM_CUDA_TRY(stand->device.driver, cuEventCreate, "making an event", &stand->start, CU_EVENT_DEFAULT);
    BRIM_CUDA_TRY(stand->device.driver, cuEventCreate, "making an event", &stand->end, CU_EVENT_DEFAULT);
fail:
    return status;
}

static void give_buffers(Stand *stand)
{
    for (int i = 0; i < BUFFERS; i++) {
        if (stand->buffers[i])
            stand->device.driver->cuMemFree_(stand->buffers[i]);
        stand->buffers[i] = 0;
    }
}

static void close_stand(Stand *stand)
{
    if (!stand->device.driver)
        return;
    give_buffers(stand);
    brim_cuda_dnn_close(&stand->dnn);
    if (stand->start)
        stand->device.driver->cuEventDestroy_(stand->start);
    if (stand->end)
        stand->device.driver->cuEventDestroy_(stand->end);
    brim_cuda_device_close(&stand->device);
}

/* Buffers of zeros; none where it is 0 bytes. */
static BrimStatus take_buffers(Stand *stand, const size_t bytes[BUFFERS])
{
    BrimStatus status = BRIM_OK;
    const BrimCudaDriver *driver = stand->device.driver;
    for (int i = 0; i < BUFFERS; i++) {
        if (bytes[i] == 0)
            continue;
        BRIM_CUDA_TRY(driver, cuMemAlloc, "taking memory to measure with", &stand->buffers[i], bytes[i]);
        BRIM_CUDA_TRY(driver, cuMemsetD8Async, "clearing it", stand->buffers[i], 0, bytes[i],
                      stand->device.stream);
    }
fail:
    return status;
}

/* ---- time ---- */

/* One of what is measured, started on the stand's stream. conv NULL: a copy of so many bytes. */
typedef struct Work {
    BrimCudaConv *conv;
    size_t bytes;
} Work;

static BrimStatus start(const Stand *stand, const Work *work)
{
    const CUdeviceptr *at = stand->buffers;
    if (work->conv)
        return brim_cuda_conv_run(work->conv, at[0], at[1], at[2], at[3]);
    return brim_cuda_check(
        stand->device.driver,
        stand->device.driver->cuMemcpyDtoDAsync_(at[1], at[0], work->bytes, stand->device.stream), "copying");
}

/* Seconds that one takes in the fastest of some rounds, after one that warms up. */
static BrimStatus least_s(const Stand *stand, const Work *work, double *seconds)
{
    BrimStatus status;
    const BrimCudaDriver *driver = stand->device.driver;
    *seconds = 1e9;
    BRIM_TRY(start(stand, work));
    for (int round = 0; round < ROUNDS; round++) {
        float time_ms = 0;
        BRIM_CUDA_TRY(driver, cuEventRecord, "measuring", stand->start, stand->device.stream);
        for (int i = 0; i < RUNS; i++)
            BRIM_TRY(start(stand, work));
        BRIM_CUDA_TRY(driver, cuEventRecord, "measuring", stand->end, stand->device.stream);
        BRIM_TRY(brim_cuda_device_wait(&stand->device));
        BRIM_CUDA_TRY(driver, cuEventElapsedTime, "measuring", &time_ms, stand->start, stand->end);
        if (time_ms > 0 && time_ms * 1e-3 / RUNS < *seconds)
            *seconds = time_ms * 1e-3 / RUNS;
    }
fail:
    return status;
}

static BrimStatus measure_copy(Stand *stand, bool quick, CardCeilings *ceilings)
{
    BrimStatus status;
    double seconds = 0;
    size_t free_bytes, bytes = quick ? quick_copy_bytes : copy_bytes;
    BRIM_TRY(brim_cuda_device_free_bytes(&stand->device, &free_bytes));
    while (bytes > free_bytes / 3)
        bytes /= 2;
    BRIM_TRY(take_buffers(stand, (const size_t[BUFFERS]){bytes, bytes}));
    BRIM_TRY(least_s(stand, &(const Work){.bytes = bytes}, &seconds));
    ceilings->bytes_per_s = 2.0 * (double)bytes / seconds;
fail:
    give_buffers(stand);
    return status;
}

/* ---- convolutions ---- */

typedef struct Candidate {
    const char *name;
    BrimCudaConvTask task;
} Candidate;

static const Candidate candidates[] = {
    {"a 1 x 1 convolution, 8192 pixels, 4096 to 4096 channels",
     {.x = {2, 4096, 64, 64, 4096}, .y = {2, 4096, 64, 64, 4096}, .kernel = 1, .stride = 1}},
    {"a 3 x 3 convolution, 32 x 40 x 40 pixels, 512 to 512 channels",
     {.x = {32, 512, 40, 40, 512}, .y = {32, 512, 40, 40, 512}, .kernel = 3, .stride = 1, .padding = 1}},
};

static const Candidate quick_candidate = {
    "a 3 x 3 convolution, 8 x 8 pixels, 16 to 16 channels",
    {.x = {1, 16, 8, 8, 16}, .y = {1, 16, 8, 8, 16}, .kernel = 3, .stride = 1, .padding = 1}};

static double flops_of(const BrimCudaConvTask *task)
{
    double outputs = (double)task->y.n * task->y.h * task->y.w * task->y.c;
    return 2 * outputs * task->x.c * task->kernel * task->kernel;
}

static BrimStatus measure_conv(Stand *stand, const Candidate *candidate, BrimKernelType type,
                               CardCeilings *ceilings)
{
    BrimStatus status;
    Work work = {0};
    BrimCudaConvTask task = candidate->task;
    size_t workspace_bytes = 0;
    double seconds = 0;
    task.type = type;
    BRIM_TRY(brim_cuda_conv_open(&work.conv, stand->dnn, &task, workspace_cap_bytes, true, &workspace_bytes));
    BRIM_TRY(take_buffers(stand, (const size_t[BUFFERS]){brim_cuda_image_bytes(&task.x, type),
                                                         brim_cuda_image_bytes(&task.y, type),
                                                         brim_cuda_filter_bytes(&task), workspace_bytes}));
    BRIM_TRY(least_s(stand, &work, &seconds));
    if (flops_of(&task) / seconds > ceilings->flops_per_s) {
        ceilings->flops_per_s = flops_of(&task) / seconds;
        ceilings->flops_by = candidate->name;
    }
fail:
    brim_cuda_conv_close(&work.conv);
    give_buffers(stand);
    return status;
}

BrimStatus card_ceilings_measure(CardCeilings *ceilings, int card, BrimKernelType type, bool quick)
{
    BrimStatus status;
    Stand stand = {0};
    *ceilings = (CardCeilings){0};
    BRIM_TRY(open_stand(&stand, card));
    BRIM_TRY(measure_copy(&stand, quick, ceilings));
    if (quick)
        BRIM_TRY(measure_conv(&stand, &quick_candidate, type, ceilings));
    for (size_t i = 0; !quick && i < sizeof candidates / sizeof candidates[0]; i++)
        BRIM_TRY(measure_conv(&stand, &candidates[i], type, ceilings));
fail:
    close_stand(&stand);
    return status;
}
