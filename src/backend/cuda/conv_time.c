/* How long plans of a convolution take on the card. */
#include "backend/cuda/conv_time.h"

#include <math.h>

/* One run warms up: cuDNN loads its kernels at the first. */
enum { WARM_RUNS = 1, TIMED_RUNS = 3 };

enum { X, Y, W, WORKSPACE, BUFFERS };

typedef struct Bench {
    const BrimCudaDnn *dnn;
    const BrimCudaDriver *driver;
    CUdeviceptr buffers[BUFFERS];
    size_t bytes[BUFFERS];
    CUevent start, end;
} Bench;

BrimStatus brim_cuda_conv_pack(const BrimCudaDnnApi *api, CUdeviceptr x, CUdeviceptr y, CUdeviceptr w,
                               CUdeviceptr workspace, BrimCudaDescriptor *pack)
{
    const int64_t ids[] = {BRIM_CUDA_UID_X, BRIM_CUDA_UID_Y, BRIM_CUDA_UID_W};
    void *const pointers[] = {(void *)x, (void *)y, (void *)w}, *const room = (void *)workspace;
    BrimStatus status;
    BRIM_TRY(brim_cuda_descriptor_make(api, pack, CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR));
    BRIM_TRY(
        brim_cuda_descriptor_set(api, *pack, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, 3, ids));
    BRIM_TRY(brim_cuda_descriptor_set(api, *pack, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR,
                                      3, pointers));
    BRIM_TRY(brim_cuda_descriptor_set(api, *pack, CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1,
                                      &room));
    BRIM_TRY(brim_cuda_descriptor_finish(api, *pack, "naming a convolution's tensors"));
    return BRIM_OK;
fail:
    brim_cuda_descriptor_drop(api, pack);
    return status;
}

/* ---- memory ---- */

static BrimStatus open_bench(Bench *bench)
{
    BrimStatus status = BRIM_OK;
    for (int i = 0; i < BUFFERS; i++) {
        if (bench->bytes[i] == 0)
            continue;
        BRIM_CUDA_TRY(bench->driver, cuMemAlloc, "taking memory to time convolutions", &bench->buffers[i],
                      bench->bytes[i]);
        BRIM_CUDA_TRY(bench->driver, cuMemsetD8Async, "clearing memory to time convolutions",
                      bench->buffers[i], 0, bench->bytes[i], bench->dnn->device->stream);
    }
    BRIM_CUDA_TRY(bench->driver, cuEventCreate, "making an event", &bench->start, CU_EVENT_DEFAULT);
    BRIM_CUDA_TRY(bench->driver, cuEventCreate, "making an event", &bench->end, CU_EVENT_DEFAULT);
fail:
    return status;
}

/* What fails to be given back fails again where the card is used next. */
static void close_bench(Bench *bench)
{
    if (bench->end)
        bench->driver->cuEventDestroy_(bench->end);
    if (bench->start)
        bench->driver->cuEventDestroy_(bench->start);
    for (int i = 0; i < BUFFERS; i++)
        if (bench->buffers[i])
            bench->driver->cuMemFree_(bench->buffers[i]);
}

/* ---- time ---- */

static BrimStatus execute(const BrimCudaDnn *dnn, BrimCudaDescriptor plan, BrimCudaDescriptor pack)
{
    return brim_cuda_dnn_check(dnn->api, dnn->api->cudnnBackendExecute_(dnn->handle, plan, pack),
                               "timing a convolution");
}

static BrimStatus time_plan(const Bench *bench, BrimCudaDescriptor plan, BrimCudaDescriptor pack,
                            double *time_ns)
{
    const CUstream stream = bench->dnn->device->stream;
    float time_ms = 0;
    BrimStatus status;
    for (int i = 0; i < WARM_RUNS; i++)
        BRIM_TRY(execute(bench->dnn, plan, pack));
    BRIM_CUDA_TRY(bench->driver, cuEventRecord, "timing a convolution", bench->start, stream);
    for (int i = 0; i < TIMED_RUNS; i++)
        BRIM_TRY(execute(bench->dnn, plan, pack));
    BRIM_CUDA_TRY(bench->driver, cuEventRecord, "timing a convolution", bench->end, stream);
    BRIM_CUDA_TRY(bench->driver, cuStreamSynchronize, "timing a convolution", stream);
    BRIM_CUDA_TRY(bench->driver, cuEventElapsedTime, "timing a convolution", &time_ms, bench->start,
                  bench->end);
    *time_ns = time_ms > 0 ? time_ms * 1e6 / TIMED_RUNS : 1;
fail:
    return status;
}

/* An engine may fail only when it runs; the others are timed all the same. Where none runs, the last one's
 * sentence tells. */
static BrimStatus time_all(const Bench *bench, BrimCudaConvPlan *plans, int count)
{
    const BrimCudaDnnApi *api = bench->dnn->api;
    const CUdeviceptr *at = bench->buffers;
    BrimCudaDescriptor pack;
    bool any = false;
    BrimStatus status = brim_cuda_conv_pack(api, at[X], at[Y], at[W], at[WORKSPACE], &pack), last = status;
    for (int i = 0; status == BRIM_OK && i < count; i++) {
        last = time_plan(bench, plans[i].plan, pack, &plans[i].choice.time_ns);
        any |= last == BRIM_OK;
    }
    brim_cuda_descriptor_drop(api, &pack);
    return any ? BRIM_OK : last;
}

static BrimStatus fits(const Bench *bench, bool *room)
{
    size_t free_bytes, needed_bytes = 0;
    BrimStatus status = brim_cuda_device_free_bytes(bench->dnn->device, &free_bytes);
    for (int i = 0; i < BUFFERS; i++)
        needed_bytes += bench->bytes[i];
    *room = status == BRIM_OK && needed_bytes <= free_bytes;
    return status;
}

BrimStatus brim_cuda_conv_time(const BrimCudaDnn *dnn, const BrimCudaConvTask *task, BrimCudaConvPlan *plans,
                               int count)
{
    Bench bench = {.dnn = dnn,
                   .driver = dnn->device->driver,
                   .bytes = {[X] = brim_cuda_image_bytes(&task->x, task->type),
                             [Y] = brim_cuda_image_bytes(&task->y, task->type),
                             [W] = brim_cuda_filter_bytes(task)}};
    bool room;
    for (int i = 0; i < count; i++)
        if (plans[i].choice.workspace_bytes > bench.bytes[WORKSPACE])
            bench.bytes[WORKSPACE] = plans[i].choice.workspace_bytes;
    BrimStatus status = fits(&bench, &room);
    if (status == BRIM_OK && room) {
        status = open_bench(&bench);
        if (status == BRIM_OK)
            status = time_all(&bench, plans, count);
        close_bench(&bench);
    }
    return status == BRIM_ERROR_FIT ? BRIM_OK : status; /* free in sum, but not in one piece */
}

int brim_cuda_conv_fastest(const BrimCudaConvPlan *plans, int count)
{
    int best = -1;
    double least_ns = INFINITY;
    for (int i = 0; i < count; i++)
        if (plans[i].choice.time_ns > 0 && plans[i].choice.time_ns < least_ns)
            least_ns = plans[i].choice.time_ns;
    for (int i = 0; i < count; i++) {
        const BrimCudaConvChoice *choice = &plans[i].choice;
        if (choice->time_ns > 0 && choice->time_ns <= 1.01 * least_ns &&
            (best < 0 || choice->workspace_bytes < plans[best].choice.workspace_bytes))
            best = i;
    }
    return best;
}
