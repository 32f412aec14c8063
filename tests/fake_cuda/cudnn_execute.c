/* Executions of the false libcudnn.so.9: pointers are checked when they are named, sums done in the stream's
 * order. */
#include <stdio.h>
#include <string.h>

#include "cudnn_parts.h"
#include "fake_cuda.h"

/* What allocations are multiples of at least: cuDNN does not say what a workspace has to be, and is mostly
 * given one. */
enum { ALLOCATED_BYTES = 256 };

static unsigned long executions;
static int latest_engine = -1;

unsigned long fake_cudnn_executions(void)
{
    return executions;
}

int fake_cudnn_latest_engine(void)
{
    return latest_engine;
}

typedef struct Work {
    FakeConvolution convolution;
    void *x, *y, *w, *workspace;
    size_t workspace_bytes;
    long slow_us;
} Work;

/* What an engine needs not keep: nobody may read it afterwards, and what overlaps it is destroyed. */
static void poison(void *workspace, size_t bytes)
{
    memset(workspace, 0xA5, bytes);
}

static void run(void *args)
{
    const Work *work = args;
    if (work->workspace_bytes)
        poison(work->workspace, work->workspace_bytes);
    fake_convolve(&work->convolution, work->x, work->y, work->w);
    fake_cuda_pass_ns((1 + work->slow_us) * 1000LL);
}

/* ---- operations ---- */

static const cudnnBackendAttributeName_t names[3][6] = {
    {CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
     CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
     CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA},
    {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA},
    {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA}};

enum { X, Y, W, CONVOLUTION, ALPHA, BETA };

static const cudnnBackendAttributeName_t *names_of(const Descriptor *operation)
{
    return names[operation->type - CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR];
}

static bool read_tensor(const Descriptor *tensor, FakeTensor *read)
{
    const Attribute *sizes = fake_attribute(tensor, CUDNN_ATTR_TENSOR_DIMENSIONS),
                    *strides = fake_attribute(tensor, CUDNN_ATTR_TENSOR_STRIDES);
    const int64_t type = fake_integer(tensor, CUDNN_ATTR_TENSOR_DATA_TYPE);
    *read =
        (FakeTensor){sizes->integers[0],   sizes->integers[1],   sizes->integers[2],   sizes->integers[3],
                     strides->integers[0], strides->integers[2], strides->integers[3], (cudnnDataType_t)type};
    return sizes->count == 4 && strides->integers[1] == 1 && read->w_stride >= read->c &&
           read->h_stride >= read->w * read->w_stride && read->n_stride >= read->h * read->h_stride &&
           (type == CUDNN_DATA_HALF || type == CUDNN_DATA_BFLOAT16 || type == CUDNN_DATA_FLOAT);
}

static int64_t side_out(const FakeConvolution *task, int64_t side)
{
    return (side + 2 * task->padding - task->w.h) / task->stride + 1;
}

static bool fits(const FakeConvolution *task)
{
    const FakeTensor *x = &task->x, *y = &task->y, *w = &task->w;
    return x->n == y->n && w->n == y->c && w->c == x->c && y->h == side_out(task, x->h) &&
           y->w == side_out(task, x->w);
}

/* The loops know one stride and one padding for both directions and all edges. */
static bool even(const Descriptor *convolution, const FakeConvolution *task)
{
    const struct {
        cudnnBackendAttributeName_t name;
        int64_t value;
    } pairs[] = {{CUDNN_ATTR_CONVOLUTION_DILATIONS, 1},
                 {CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, task->stride},
                 {CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, task->padding},
                 {CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, task->padding}};
    for (int i = 0; i < 4; i++) {
        const Attribute *pair = fake_attribute(convolution, pairs[i].name);
        if (pair->count != 2 || pair->integers[0] != pairs[i].value || pair->integers[1] != pairs[i].value)
            return false;
    }
    return true;
}

cudnnStatus_t fake_read_convolution(const Descriptor *operation, FakeConvolution *task)
{
    const cudnnBackendAttributeName_t *name = names_of(operation);
    const Descriptor *convolution = fake_part(operation, name[CONVOLUTION]);
    task->way = operation->type;
    task->stride = fake_integer(convolution, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES);
    task->padding = fake_integer(convolution, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS);
    if (!read_tensor(fake_part(operation, name[X]), &task->x) ||
        !read_tensor(fake_part(operation, name[Y]), &task->y) ||
        !read_tensor(fake_part(operation, name[W]), &task->w))
        return fake_fail(CUDNN_STATUS_NOT_SUPPORTED_LAYOUT, "only NHWC of fp16, bfloat16 or fp32");
    if (task->x.type != task->y.type || task->x.type != task->w.type ||
        fake_integer(convolution, CUDNN_ATTR_CONVOLUTION_COMP_TYPE) != CUDNN_DATA_FLOAT ||
        fake_integer(convolution, CUDNN_ATTR_CONVOLUTION_CONV_MODE) != CUDNN_CROSS_CORRELATION)
        return fake_fail(CUDNN_STATUS_NOT_SUPPORTED_DATA_TYPE,
                         "only correlations of one type, summed in fp32");
    if (fake_attribute(operation, name[ALPHA])->real != 1 || fake_attribute(operation, name[BETA])->real != 0)
        return fake_fail(CUDNN_STATUS_NOT_SUPPORTED, "only alpha 1 and beta 0");
    if (!even(convolution, task))
        return fake_fail(CUDNN_STATUS_NOT_SUPPORTED, "only even strides and paddings, and no dilation");
    if (!fits(task))
        return fake_fail(CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH, "y is not what the convolution makes of x");
    return CUDNN_STATUS_SUCCESS;
}

/* ---- executing ---- */

static cudnnStatus_t find_pointer(const Descriptor *pack, const Descriptor *tensor, void **pointer)
{
    const Attribute *ids = fake_attribute(pack, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS),
                    *pointers = fake_attribute(pack, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS);
    const int64_t alignment = fake_integer(tensor, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT);
    FakeTensor read;
    *pointer = NULL;
    for (int64_t i = 0; ids && i < ids->count; i++)
        if (ids->integers[i] == fake_integer(tensor, CUDNN_ATTR_TENSOR_UNIQUE_ID))
            *pointer = pointers->pointers[i];
    if (!*pointer)
        return fake_fail(CUDNN_STATUS_BAD_PARAM_NULL_POINTER, "no pointer for a tensor");
    if ((uintptr_t)*pointer % (uintptr_t)alignment != 0)
        return fake_fail(CUDNN_STATUS_BAD_PARAM_MISALIGNED_POINTER,
                         "a pointer is not aligned as its tensor says");
    read_tensor(tensor, &read);
    if (!fake_cuda_holds((CUdeviceptr)*pointer,
                         (size_t)(((read.n - 1) * read.n_stride + (read.h - 1) * read.h_stride +
                                   (read.w - 1) * read.w_stride + read.c) *
                                  fake_type_bytes(read.type))))
        return fake_fail(CUDNN_STATUS_EXECUTION_FAILED, "a tensor does not lie in device memory");
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t find_workspace(const Descriptor *pack, Work *work)
{
    const Attribute *workspace = fake_attribute(pack, CUDNN_ATTR_VARIANT_PACK_WORKSPACE);
    work->workspace = workspace ? workspace->pointers[0] : NULL;
    if (work->workspace_bytes == 0)
        return CUDNN_STATUS_SUCCESS;
    if (!work->workspace)
        return fake_fail(CUDNN_STATUS_BAD_PARAM_NULL_POINTER, "no workspace");
    if ((uintptr_t)work->workspace % ALLOCATED_BYTES)
        return fake_fail(CUDNN_STATUS_EXECUTION_FAILED, "the workspace is not aligned as allocations are");
    if (!fake_cuda_holds((CUdeviceptr)work->workspace, work->workspace_bytes))
        return fake_fail(CUDNN_STATUS_EXECUTION_FAILED, "the workspace does not lie in device memory");
    return CUDNN_STATUS_SUCCESS;
}

static long slow_us(int64_t engine, int64_t knob)
{
    const char *setting;
    for (int i = 0; (setting = fake_setting("slow", i)); i++) {
        long long at, value, us;
        if (sscanf(setting, "%lld:%lld:%lld", &at, &value, &us) == 3 && at == engine && value == knob)
            return (long)us;
    }
    return 0;
}

static cudnnStatus_t read_work(const Descriptor *config, const Descriptor *pack, Work *work)
{
    const Descriptor *engine = fake_part(config, CUDNN_ATTR_ENGINECFG_ENGINE);
    const Descriptor *operation = fake_operation(fake_part(engine, CUDNN_ATTR_ENGINE_OPERATION_GRAPH));
    const cudnnBackendAttributeName_t *name = names_of(operation);
    cudnnStatus_t status = fake_read_convolution(operation, &work->convolution);
    work->workspace_bytes = (size_t)fake_workspace_bytes(config);
    work->slow_us = slow_us(fake_integer(engine, CUDNN_ATTR_ENGINE_GLOBAL_INDEX), fake_first_knob(config));
    if (status == CUDNN_STATUS_SUCCESS)
        status = find_pointer(pack, fake_part(operation, name[X]), &work->x);
    if (status == CUDNN_STATUS_SUCCESS)
        status = find_pointer(pack, fake_part(operation, name[Y]), &work->y);
    if (status == CUDNN_STATUS_SUCCESS)
        status = find_pointer(pack, fake_part(operation, name[W]), &work->w);
    return status == CUDNN_STATUS_SUCCESS ? find_workspace(pack, work) : status;
}

/* An engine's kernels are loaded when it is first started: those of one way, type and first knob are one. */
static CUresult load_engine(const Descriptor *config, const FakeConvolution *task)
{
    char name[64];
    const Descriptor *engine = fake_part(config, CUDNN_ATTR_ENGINECFG_ENGINE);
    snprintf(name, sizeof name, "engine %lld:%lld of %d %d",
             (long long)fake_integer(engine, CUDNN_ATTR_ENGINE_GLOBAL_INDEX), (long long)fake_first_knob(config),
             (int)task->way, (int)task->x.type);
    return fake_cuda_load(name);
}

static CUresult enqueue(CUstream stream, const Descriptor *config, const Work *work)
{
    CUresult result = load_engine(config, &work->convolution);
    return result == CUDA_SUCCESS ? fake_cuda_enqueue(stream, run, work, sizeof *work) : result;
}

cudnnStatus_t cudnnBackendExecute(cudnnHandle_t handle, cudnnBackendDescriptor_t plan,
                                  cudnnBackendDescriptor_t pack)
{
    const Descriptor *config, *given[] = {plan, pack};
    cudaStream_t stream;
    Work work;
    cudnnStatus_t status = fake_called("cudnnBackendExecute");
    if (status != CUDNN_STATUS_SUCCESS)
        return status;
    if (!handle || !plan || !pack)
        return fake_fail(CUDNN_STATUS_BAD_PARAM_NULL_POINTER, "handle, executionPlan or variantPack == NULL");
    if (!given[0]->finished || !given[1]->finished)
        return fake_fail(CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED, "executionPlan or variantPack is not final");
    if (!fake_cudnn_at_home(handle))
        return fake_fail(CUDNN_STATUS_BAD_PARAM, "the thread's context is not that of the handle's card");
    config = fake_part(plan, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG);
    if (given[0]->type != CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR ||
        given[1]->type != CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR)
        return fake_fail(CUDNN_STATUS_BAD_PARAM, "not a plan and a pack");
    status = read_work(config, pack, &work);
    cudnnGetStream(handle, &stream);
    if (status == CUDNN_STATUS_SUCCESS &&
        enqueue((CUstream)stream, config, &work) != CUDA_SUCCESS)
        status = fake_fail(CUDNN_STATUS_EXECUTION_FAILED_CUDA_DRIVER, "the driver refused");
    if (status == CUDNN_STATUS_SUCCESS) {
        executions++;
        latest_engine =
            (int)fake_integer(fake_part(config, CUDNN_ATTR_ENGINECFG_ENGINE), CUDNN_ATTR_ENGINE_GLOBAL_INDEX);
    }
    return status;
}
