/* A convolution told to cuDNN. */
#include "backend/cuda/conv_describe.h"

/* cuDNN's order of sizes and strides, whatever lies where. */
enum { N, C, H, W, DIMENSIONS };

/* What every pointer is a multiple of. */
enum { ALIGNMENT_BYTES = 16 };

/* The data's types, as cuDNN has them. */
static const cudnnDataType_t types[] = {[BRIM_KERNEL_F32] = CUDNN_DATA_FLOAT,
                                        [BRIM_KERNEL_F16] = CUDNN_DATA_HALF,
                                        [BRIM_KERNEL_BF16] = CUDNN_DATA_BFLOAT16};
static const size_t type_bytes[] = {[BRIM_KERNEL_F32] = 4, [BRIM_KERNEL_F16] = 2, [BRIM_KERNEL_BF16] = 2};

static BrimStatus describe_tensor(const BrimCudaDnnApi *api, BrimCudaDescriptor *tensor, int64_t uid,
                                  BrimKernelType type, const int64_t sizes[DIMENSIONS],
                                  const int64_t strides[DIMENSIONS])
{
    BrimStatus status;
    BRIM_TRY(brim_cuda_descriptor_make(api, tensor, CUDNN_BACKEND_TENSOR_DESCRIPTOR));
    BRIM_TRY(brim_cuda_descriptor_set(api, *tensor, CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, 1,
                                      &types[type]));
    BRIM_TRY(brim_cuda_descriptor_set(api, *tensor, CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64,
                                      DIMENSIONS, sizes));
    BRIM_TRY(brim_cuda_descriptor_set(api, *tensor, CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, DIMENSIONS,
                                      strides));
    BRIM_TRY(brim_cuda_descriptor_set_one(api, *tensor, CUDNN_ATTR_TENSOR_UNIQUE_ID, uid));
    BRIM_TRY(brim_cuda_descriptor_set_one(api, *tensor, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, ALIGNMENT_BYTES));
    return brim_cuda_descriptor_finish(api, *tensor, "describing a tensor");
fail:
    return status;
}

static BrimStatus describe_image(const BrimCudaDnnApi *api, BrimCudaDescriptor *tensor, int64_t uid,
                                 BrimKernelType type, const BrimCudaImage *image)
{
    const int64_t pitch = image->pitch, row = image->w * pitch;
    const int64_t sizes[DIMENSIONS] = {[N] = image->n, [C] = image->c, [H] = image->h, [W] = image->w};
    const int64_t strides[DIMENSIONS] = {[N] = image->h * row, [C] = 1, [H] = row, [W] = pitch};
    return describe_tensor(api, tensor, uid, type, sizes, strides);
}

static BrimStatus describe_filters(const BrimCudaDnnApi *api, BrimCudaDescriptor *tensor,
                                   const BrimCudaConvTask *task)
{
    const int64_t in = task->x.c, k = task->kernel;
    const int64_t sizes[DIMENSIONS] = {[N] = task->y.c, [C] = in, [H] = k, [W] = k};
    const int64_t strides[DIMENSIONS] = {[N] = k * k * in, [C] = 1, [H] = k * in, [W] = in};
    return describe_tensor(api, tensor, BRIM_CUDA_UID_W, task->type, sizes, strides);
}

/* Sums in fp32 whatever the data are. */
static BrimStatus describe_convolution(const BrimCudaDnnApi *api, BrimCudaDescriptor *convolution,
                                       const BrimCudaConvTask *task)
{
    const cudnnDataType_t sums = CUDNN_DATA_FLOAT;
    const cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION;
    const struct {
        cudnnBackendAttributeName_t name;
        int64_t both[2]; /* down, across */
    } pairs[] = {
        {CUDNN_ATTR_CONVOLUTION_DILATIONS, {1, 1}},
        {CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, {task->stride, task->stride}},
        {CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, {task->padding, task->padding}},
        {CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, {task->padding, task->padding}},
    };
    BrimStatus status;
    BRIM_TRY(brim_cuda_descriptor_make(api, convolution, CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR));
    BRIM_TRY(brim_cuda_descriptor_set_one(api, *convolution, CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, 2));
    BRIM_TRY(brim_cuda_descriptor_set(api, *convolution, CUDNN_ATTR_CONVOLUTION_COMP_TYPE,
                                      CUDNN_TYPE_DATA_TYPE, 1, &sums));
    BRIM_TRY(brim_cuda_descriptor_set(api, *convolution, CUDNN_ATTR_CONVOLUTION_CONV_MODE,
                                      CUDNN_TYPE_CONVOLUTION_MODE, 1, &mode));
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        BRIM_TRY(
            brim_cuda_descriptor_set(api, *convolution, pairs[i].name, CUDNN_TYPE_INT64, 2, pairs[i].both));
    return brim_cuda_descriptor_finish(api, *convolution, "describing a convolution");
fail:
    return status;
}

/* The three ways differ in names alone. */
static const struct {
    cudnnBackendDescriptorType_t type;
    cudnnBackendAttributeName_t alpha, beta, convolution, x, y, w;
} operations[] = {
    [BRIM_CUDA_FORWARD] = {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
                           CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
                           CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA,
                           CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
                           CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
                           CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
                           CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W},
    [BRIM_CUDA_BACKWARD_DATA] = {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
                                 CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
                                 CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA,
                                 CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
                                 CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
                                 CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
                                 CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W},
    [BRIM_CUDA_BACKWARD_WEIGHTS] = {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
                                    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
                                    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA,
                                    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
                                    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
                                    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
                                    CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW},
};

static BrimStatus describe_operation(const BrimCudaDnnApi *api, BrimCudaConvGraph *graph, BrimCudaConvWay way)
{
    const float one = 1.0f, zero = 0.0f;
    BrimStatus status;
    BRIM_TRY(brim_cuda_descriptor_make(api, &graph->operation, operations[way].type));
    BRIM_TRY(
        brim_cuda_descriptor_set(api, graph->operation, operations[way].alpha, CUDNN_TYPE_FLOAT, 1, &one));
    BRIM_TRY(
        brim_cuda_descriptor_set(api, graph->operation, operations[way].beta, CUDNN_TYPE_FLOAT, 1, &zero));
    BRIM_TRY(brim_cuda_descriptor_set_part(api, graph->operation, operations[way].convolution,
                                           graph->convolution));
    BRIM_TRY(brim_cuda_descriptor_set_part(api, graph->operation, operations[way].x, graph->x));
    BRIM_TRY(brim_cuda_descriptor_set_part(api, graph->operation, operations[way].y, graph->y));
    BRIM_TRY(brim_cuda_descriptor_set_part(api, graph->operation, operations[way].w, graph->w));
    return brim_cuda_descriptor_finish(api, graph->operation, "describing an operation");
fail:
    return status;
}

static int side_out(const BrimCudaConvTask *task, int side_px)
{
    return (side_px + 2 * task->padding - task->kernel) / task->stride + 1;
}

static BrimStatus check_sizes(const BrimCudaConvTask *task)
{
    const BrimCudaImage *x = &task->x, *y = &task->y;
    if (y->n != x->n || y->h != side_out(task, x->h) || y->w != side_out(task, x->w) || x->pitch < x->c ||
        y->pitch < y->c)
        return brim_fail(
            BRIM_ERROR_INPUT,
            "a convolution of %dx%dx%dx%d (pitch %d) by kernel %d, stride %d, padding %d does not give "
            "%dx%dx%dx%d (pitch %d)",
            x->n, x->h, x->w, x->c, x->pitch, task->kernel, task->stride, task->padding, y->n, y->h, y->w,
            y->c, y->pitch);
    return BRIM_OK;
}

static BrimStatus describe_graph(const BrimCudaDnn *dnn, BrimCudaConvGraph *graph)
{
    BrimStatus status;
    BRIM_TRY(brim_cuda_descriptor_make(dnn->api, &graph->graph, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR));
    BRIM_TRY(brim_cuda_descriptor_set(dnn->api, graph->graph, CUDNN_ATTR_OPERATIONGRAPH_HANDLE,
                                      CUDNN_TYPE_HANDLE, 1, &dnn->handle));
    BRIM_TRY(brim_cuda_descriptor_set_part(dnn->api, graph->graph, CUDNN_ATTR_OPERATIONGRAPH_OPS,
                                           graph->operation));
    return brim_cuda_descriptor_finish(dnn->api, graph->graph, "describing a graph");
fail:
    return status;
}

BrimStatus brim_cuda_conv_describe(const BrimCudaDnn *dnn, const BrimCudaConvTask *task,
                                   BrimCudaConvGraph *graph)
{
    BrimStatus status;
    BRIM_TRY(check_sizes(task));
    BRIM_TRY(describe_image(dnn->api, &graph->x, BRIM_CUDA_UID_X, task->type, &task->x));
    BRIM_TRY(describe_image(dnn->api, &graph->y, BRIM_CUDA_UID_Y, task->type, &task->y));
    BRIM_TRY(describe_filters(dnn->api, &graph->w, task));
    BRIM_TRY(describe_convolution(dnn->api, &graph->convolution, task));
    BRIM_TRY(describe_operation(dnn->api, graph, task->way));
    return describe_graph(dnn, graph);
fail:
    return status;
}

void brim_cuda_conv_graph_drop(const BrimCudaDnnApi *api, BrimCudaConvGraph *graph)
{
    BrimCudaDescriptor *all[] = {&graph->graph, &graph->operation, &graph->convolution,
                                 &graph->w,     &graph->y,         &graph->x};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        brim_cuda_descriptor_drop(api, all[i]);
}

size_t brim_cuda_image_bytes(const BrimCudaImage *image, BrimKernelType type)
{
    return (size_t)image->n * (size_t)image->h * (size_t)image->w * (size_t)image->pitch * type_bytes[type];
}

size_t brim_cuda_filter_bytes(const BrimCudaConvTask *task)
{
    return (size_t)task->y.c * (size_t)task->kernel * (size_t)task->kernel * (size_t)task->x.c *
           type_bytes[task->type];
}
