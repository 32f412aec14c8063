/* Which pictures and filters the cuda backend lays out as cells of 2 x 2 pixels, and what it plans and tells
 * cuDNN of them; what it computes from them is compared in test_cuda.c and test_cuda_golden.c. Needs no card.
 */
#include "support/support.h"

#include "backend/cuda/program.h"
#include "graph/step.h"

enum { BATCH = 2, HEIGHT_PX = 64, WIDTH_PX = 96, WIDTH = 16 /* of yolov5n's first convolution */ };

static BrimModel model;

static BrimGraph *open_graph(bool training, BrimPrecision precision)
{
    BrimGraph *graph = NULL;
    const BrimStepConf conf = {.model = &model,
                               .hyper = brim_hyper_default(),
                               .batch = BATCH,
                               .height_px = HEIGHT_PX,
                               .width_px = WIDTH_PX,
                               .target_cap = 4,
                               .training_run = true,
                               .precision = precision};
    assert_ok(training ? brim_graph_training(&graph, &conf) : brim_graph_inference(&graph, &conf));
    return graph;
}

static BrimOp *first(BrimGraph *graph, BrimOpKind kind)
{
    for (BrimOpId id = 0; id < graph->op_count; id++)
        if (graph->ops[id].kind == kind)
            return &graph->ops[id];
    fail_msg("there is no %s", brim_op_text(kind));
    return NULL;
}

static int count_deep(const BrimGraph *graph, BrimForm form)
{
    int count = 0;
    for (BrimTensorId id = 0; id < graph->tensor_count; id++)
        count += graph->tensors[id].form == form && brim_cuda_space_to_depth(graph, id);
    return count;
}

static size_t elements_of(const BrimGraph *graph, BrimTensorId id)
{
    return brim_cuda_tensor_bytes(NULL, graph, id) / brim_dtype_bytes(graph->tensors[id].dtype);
}

static void check_convolution(const BrimGraph *graph, const BrimOp *op)
{
    const BrimCudaConvTask task = brim_cuda_conv_task(graph, op);
    assert_int_equal(task.kernel, 3);
    assert_int_equal(task.stride, 1);
    assert_int_equal(task.padding, 1);
    assert_int_equal(task.x.c, 16);
    assert_int_equal(task.x.pitch, 16);
    assert_int_equal(task.x.h, HEIGHT_PX / 2);
    assert_int_equal(task.x.w, WIDTH_PX / 2);
    assert_int_equal(task.y.h, HEIGHT_PX / 2);
    assert_int_equal(task.y.w, WIDTH_PX / 2);
}

/* A picture takes 4 elements a pixel, and so does a tap of the filters over it in each of their states:
 * weights, gradients, momentum and EMA, which stand at one place in all graphs of a run, and a copy in 16
 * bits or without BatchNorm. */
static void a_picture_takes_half(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        bool training = i % 2, half = i / 2;
        BrimGraph *graph = open_graph(training, half ? BRIM_PRECISION_AMP : BRIM_PRECISION_FP32);
        for (BrimTensorId id = 0; id < graph->tensor_count; id++)
            if (brim_cuda_space_to_depth(graph, id))
                assert_int_equal(elements_of(graph, id), graph->tensors[id].form == BRIM_FORM_FILTER
                                                             ? WIDTH * 6 * 6 * 4
                                                             : BATCH * HEIGHT_PX * WIDTH_PX * 4);
        assert_int_equal(count_deep(graph, BRIM_FORM_PLAIN),
                         training ? 2 : 1); /* made again for the gradient */
        assert_int_equal(count_deep(graph, BRIM_FORM_FILTER), 4 + half + !training);
        check_convolution(graph, first(graph, BRIM_OP_CONV_FORWARD));
        brim_graph_close(&graph);
    }
}

static void the_first_gradient_is_of_cells(void **state)
{
    (void)state;
    BrimGraph *graph = open_graph(true, BRIM_PRECISION_AMP);
    const BrimOp *op = NULL;
    for (BrimOpId id = 0; id < graph->op_count; id++)
        if (graph->ops[id].kind == BRIM_OP_CONV_BACKWARD_WEIGHTS)
            op = &graph->ops[id];
    check_convolution(graph, op);
    brim_graph_close(&graph);
}

/* A change that leaves a model without them. */
static void wider_stride(BrimGraph *graph)
{
    first(graph, BRIM_OP_CONV_FORWARD)->stride = 3;
}

static void other_padding(BrimGraph *graph)
{
    first(graph, BRIM_OP_CONV_FORWARD)->padding = 3;
}

static void odd_width(BrimGraph *graph)
{
    graph->tensors[first(graph, BRIM_OP_INPUT)->out[0]].dims[3]++;
}

static void more_channels(BrimGraph *graph)
{
    graph->tensors[first(graph, BRIM_OP_INPUT)->out[0]].dims[1] = 5;
}

static void another_reader(BrimGraph *graph)
{
    BrimOp copy = brim_op(BRIM_OP_COPY, BRIM_PART_INFER);
    copy.in[0] = first(graph, BRIM_OP_INPUT)->out[0];
    copy.out[0] = first(graph, BRIM_OP_CONV_FORWARD)->out[0];
    assert_ok(brim_graph_add_op(graph, &copy, NULL));
}

static void filters_of_another_feature(BrimGraph *graph)
{
    graph->tensors[first(graph, BRIM_OP_INPUT)->out[0]].form = BRIM_FORM_FEATURE;
}

static void what_does_not_fit_lies_as_before(void **state)
{
    (void)state;
    static void (*const changes[])(BrimGraph *) = {wider_stride,  other_padding,  odd_width,
                                                   more_channels, another_reader, filters_of_another_feature};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        BrimGraph *graph = open_graph(false, BRIM_PRECISION_FP32);
        changes[i](graph);
        BrimTensorId picture = first(graph, BRIM_OP_INPUT)->out[0];
        const BrimTensor *tensor = &graph->tensors[picture];
        const BrimCudaConvTask task = brim_cuda_conv_task(graph, first(graph, BRIM_OP_CONV_FORWARD));
        assert_int_equal(count_deep(graph, BRIM_FORM_PLAIN) + count_deep(graph, BRIM_FORM_FILTER), 0);
        assert_int_equal(elements_of(graph, picture), BATCH * tensor->dims[2] * tensor->dims[3] * 8);
        assert_int_equal(task.kernel, 6);
        assert_int_equal(task.x.c, 8);
        brim_graph_close(&graph);
    }
}

int main(void)
{
    if (brim_model_load(&model, "yolov5n", 2) != BRIM_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_picture_takes_half),
        cmocka_unit_test(the_first_gradient_is_of_cells),
        cmocka_unit_test(what_does_not_fit_lies_as_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
