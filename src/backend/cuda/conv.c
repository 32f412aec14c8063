/* Convolutions by cuDNN 9: the library opened, an engine chosen, and started. */
#include "backend/cuda/conv.h"

#include <stdio.h>

#include "backend/cuda/conv_file.h"
#include "backend/cuda/conv_time.h"
#include "base/memory.h"

/* The graph API as it is used here is that of 9.0. */
enum { OLDEST_VERSION = 90000 };

/* Timed at most; cuDNN's proposals come best first, and later ones seldom win. */
enum { MOST_TIMED = 16 };

/* Pointers of different calls that are remembered, each as a variant pack. */
enum { PACKS = 4 };

typedef struct Pack {
    CUdeviceptr x, y, w, workspace;
    BrimCudaDescriptor descriptor;
} Pack;

struct BrimCudaConv {
    BrimCudaDnn *dnn;
    BrimCudaConvGraph graph;
    BrimCudaConvPlan plan;
    Pack packs[PACKS];
    int next_pack;
};

/* ---- the library ---- */

/* 91300 is 9.13.0; before 9 it was 8904 for 8.9.4. */
static void format_version(size_t version, char *text, size_t bytes)
{
    const size_t major = version >= OLDEST_VERSION ? 10000 : 1000;
    snprintf(text, bytes, "%zu.%zu.%zu", version / major, version % major / 100, version % 100);
}

static BrimStatus find(const BrimCudaDnnApi **api, const BrimCudaDriver *driver, char version[24])
{
    BrimStatus status = brim_cuda_dnn_api(api, driver);
    if (status != BRIM_OK)
        return status;
    const size_t number = (*api)->cudnnGetVersion_();
    const int cuda = driver->version / 1000, built_with = (int)((*api)->cudnnGetCudartVersion_() / 1000);
    format_version(number, version, 24);
    if (number < OLDEST_VERSION)
        return brim_fail(BRIM_ERROR_UNSUPPORTED,
                         "cuDNN %s is too old, 9.0 is needed; install libcudnn9-cuda-%d", version, cuda);
    if (built_with > cuda) /* it would find no card */
        return brim_fail(
            BRIM_ERROR_UNSUPPORTED,
            "cuDNN %s is the one for CUDA %d, and the NVIDIA driver is one for CUDA %d.%d; install "
            "libcudnn9-cuda-%d (pip's nvidia-cudnn-cu%d), or update the driver",
            version, built_with, cuda, driver->version % 1000 / 10, cuda, cuda);
    return BRIM_OK;
}

BrimStatus brim_cuda_dnn_find(const BrimCudaDriver *driver)
{
    const BrimCudaDnnApi *api;
    char version[24];
    return find(&api, driver, version);
}

static BrimStatus start(BrimCudaDnn *dnn)
{
    const BrimCudaDnnApi *api = dnn->api;
    BrimStatus status;
    BRIM_TRY(brim_cuda_device_enter(dnn->device));
    BRIM_TRY(brim_cuda_dnn_check(api, api->cudnnCreate_(&dnn->handle), "starting cuDNN on the card"));
    BRIM_TRY(
        brim_cuda_dnn_check(api, api->cudnnSetStream_(dnn->handle, dnn->device->stream), "starting cuDNN"));
fail:
    return status;
}

BrimStatus brim_cuda_dnn_open(BrimCudaDnn **dnn, const BrimCudaDevice *device)
{
    BrimStatus status;
    *dnn = brim_mem_take(BRIM_MEM_BACKEND, 1, sizeof **dnn);
    if (!*dnn)
        return BRIM_ERROR_MEMORY;
    (*dnn)->device = device;
    BRIM_TRY(find(&(*dnn)->api, device->driver, (*dnn)->version));
    BRIM_TRY(start(*dnn));
    return BRIM_OK;
fail:
    brim_cuda_dnn_close(dnn);
    return status;
}

void brim_cuda_dnn_close(BrimCudaDnn **dnn)
{
    if (!*dnn)
        return;
    if ((*dnn)->handle)
        (*dnn)->api->cudnnDestroy_((*dnn)->handle);
    json_decref((*dnn)->choices);
    brim_mem_give(*dnn);
    *dnn = NULL;
}

const char *brim_cuda_dnn_version(const BrimCudaDnn *dnn)
{
    return dnn->version;
}

/* ---- choosing ---- */

static BrimStatus choose(BrimCudaConv *conv, const BrimCudaConvTask *task, size_t cap_bytes, bool timed)
{
    BrimCudaDnn *dnn = conv->dnn;
    BrimCudaConvPlan plans[MOST_TIMED];
    size_t least_bytes;
    int count, best;
    BrimStatus status = brim_cuda_conv_propose(dnn, &conv->graph, task->type, cap_bytes,
                                               timed ? MOST_TIMED : 1, plans, &count, &least_bytes);
    if (status == BRIM_OK && count == 0 && least_bytes != SIZE_MAX)
        status = brim_fail(
            BRIM_ERROR_UNSUPPORTED,
            "cuDNN %s has no engine for this convolution within %zu bytes of workspace; %zu would do",
            dnn->version, cap_bytes, least_bytes);
    else if (status == BRIM_OK && count == 0)
        status = brim_fail(
            BRIM_ERROR_UNSUPPORTED,
            "cuDNN %s has no deterministic engine that sums this convolution in fp32; a newer one may%s",
            dnn->version, task->type != BRIM_KERNEL_F32 ? ", or choose --precision fp32" : "");
    if (status == BRIM_OK && timed)
        status = brim_cuda_conv_time(dnn, task, plans, count);
    best = status == BRIM_OK ? brim_cuda_conv_fastest(plans, count) : -1;
    if (best < 0)
        best = 0;
    for (int i = 0; i < count; i++) {
        if (status == BRIM_OK && i == best)
            conv->plan = plans[i];
        else
            brim_cuda_conv_plan_drop(dnn->api, &plans[i]);
    }
    return status;
}

/* The file's choice where it has one that still works; else a new one, kept where it was timed. That a file
 * cannot be written is no reason not to train: the next run times again. */
static BrimStatus choose_or_remember(BrimCudaConv *conv, const BrimCudaConvTask *task, size_t cap_bytes,
                                     bool timed)
{
    BrimCudaDnn *dnn = conv->dnn;
    const BrimCudaConvKey key = {dnn->device->name, dnn->device->capability, dnn->version, task, cap_bytes};
    BrimCudaConvChoice choice;
    if (!dnn->choices && !(dnn->choices = brim_cuda_conv_file_read()))
        return BRIM_ERROR_MEMORY;
    if (brim_cuda_conv_file_find(dnn->choices, &key, &choice) &&
        brim_cuda_conv_plan_again(dnn, &conv->graph, task->type, cap_bytes, &choice, &conv->plan) == BRIM_OK)
        return BRIM_OK;
    BrimStatus status = choose(conv, task, cap_bytes, timed);
    if (status == BRIM_OK && conv->plan.choice.time_ns > 0)
        (void)brim_cuda_conv_file_keep(&dnn->choices, &key, &conv->plan.choice);
    return status;
}

BrimStatus brim_cuda_conv_open(BrimCudaConv **conv, BrimCudaDnn *dnn, const BrimCudaConvTask *task,
                               size_t cap_bytes, bool timed, size_t *workspace_bytes)
{
    BrimStatus status;
    *conv = brim_mem_take(BRIM_MEM_BACKEND, 1, sizeof **conv);
    if (!*conv)
        return BRIM_ERROR_MEMORY;
    (*conv)->dnn = dnn;
    BRIM_TRY(brim_cuda_conv_describe(dnn, task, &(*conv)->graph));
    BRIM_TRY(choose_or_remember(*conv, task, cap_bytes, timed));
    *workspace_bytes = (*conv)->plan.choice.workspace_bytes;
    return BRIM_OK;
fail:
    brim_cuda_conv_close(conv);
    return status;
}

void brim_cuda_conv_close(BrimCudaConv **conv)
{
    if (!*conv)
        return;
    const BrimCudaDnnApi *api = (*conv)->dnn->api;
    for (int i = 0; i < PACKS; i++)
        brim_cuda_descriptor_drop(api, &(*conv)->packs[i].descriptor);
    brim_cuda_conv_plan_drop(api, &(*conv)->plan);
    brim_cuda_conv_graph_drop(api, &(*conv)->graph);
    brim_mem_give(*conv);
    *conv = NULL;
}

/* ---- running ---- */

/* A variant pack is fixed when it is finished, so each set of pointers has one; a step asks for the same ones
 * again. */
static BrimStatus pack_of(BrimCudaConv *conv, const Pack *wanted, BrimCudaDescriptor *descriptor)
{
    const BrimCudaDnnApi *api = conv->dnn->api;
    for (int i = 0; i < PACKS; i++) {
        const Pack *pack = &conv->packs[i];
        if (pack->descriptor && pack->x == wanted->x && pack->y == wanted->y && pack->w == wanted->w &&
            pack->workspace == wanted->workspace) {
            *descriptor = pack->descriptor;
            return BRIM_OK;
        }
    }
    Pack *pack = &conv->packs[conv->next_pack];
    brim_cuda_descriptor_drop(api, &pack->descriptor);
    *pack = *wanted;
    BrimStatus status =
        brim_cuda_conv_pack(api, wanted->x, wanted->y, wanted->w, wanted->workspace, &pack->descriptor);
    conv->next_pack = (conv->next_pack + 1) % PACKS;
    *descriptor = pack->descriptor;
    return status;
}

BrimStatus brim_cuda_conv_run(BrimCudaConv *conv, CUdeviceptr x, CUdeviceptr y, CUdeviceptr w,
                              CUdeviceptr workspace)
{
    const BrimCudaDnn *dnn = conv->dnn;
    const Pack wanted = {.x = x, .y = y, .w = w, .workspace = workspace};
    BrimCudaDescriptor pack;
    BrimStatus status = pack_of(conv, &wanted, &pack);
    if (status == BRIM_OK)
        status =
            brim_cuda_dnn_check(dnn->api, dnn->api->cudnnBackendExecute_(dnn->handle, conv->plan.plan, pack),
                                "starting a convolution");
    return status;
}
