/* Convolutions through cuDNN against plain loops: all ways, kernels 1, 3 and 6, strides 1 and 2, odd sides,
 * pixels with more than the channels, floats and both types of 16 bits, started at once and from a graph. */
#include "support/cuda_conv.h"

#include <math.h>

#include "support/elements.h"

#define CARD "memory=4G,free=3800M,context=300M,module=6M,sms=10,cc=8.6,strict,name=NVIDIA Tested Card"

enum { TENSORS = 3, MOST_BYTES = 1 << 20 };

/* What lies between the channels of two pixels, and has to stay. */
static const float between = -77;

typedef struct Tensor {
    size_t pixels;
    int channels, pitch;
    float *values; /* pixels x pitch */
    CUdeviceptr at;
} Tensor;

static size_t tensor_bytes(const Tensor *tensor, BrimKernelType type)
{
    return tensor->pixels * (size_t)tensor->pitch * element_bytes(type);
}

/* Small multiples of 1/16: exact in 16 bits, and so are their products' sums in fp32. */
static float value_of(size_t i, unsigned salt)
{
    const unsigned mixed = (unsigned)i * 2654435761u + salt * 40503u;
    return (float)((int)(mixed >> 20) % 17 - 8) / 16;
}

static void fill(Tensor *tensor, size_t pixels, int channels, int pitch, unsigned salt)
{
    *tensor = (Tensor){.pixels = pixels, .channels = channels, .pitch = pitch};
    tensor->values = brim_mem_take(BRIM_MEM_OTHER, pixels * (size_t)pitch, sizeof(float));
    assert_non_null(tensor->values);
    for (size_t i = 0; i < pixels * (size_t)pitch; i++)
        tensor->values[i] = (int)(i % (size_t)pitch) < channels ? value_of(i, salt) : between;
}

static void fill_all(const BrimCudaConvTask *task, unsigned salt, Tensor tensors[TENSORS])
{
    const BrimCudaImage *x = &task->x, *y = &task->y;
    fill(&tensors[0], (size_t)(x->n * x->h * x->w), x->c, x->pitch, salt);
    fill(&tensors[1], (size_t)(y->n * y->h * y->w), y->c, y->pitch, salt + 1);
    fill(&tensors[2], (size_t)(y->c * task->kernel * task->kernel), x->c, x->c, salt + 2);
}

static void upload(const ConvCard *card, Tensor *tensor, BrimKernelType type)
{
    static _Alignas(16) char data[MOST_BYTES];
    const size_t count = tensor->pixels * (size_t)tensor->pitch, bytes = tensor_bytes(tensor, type);
    assert_true(bytes <= MOST_BYTES);
    for (size_t i = 0; i < count; i++)
        element_put(type, data, i, tensor->values[i]);
    if (!tensor->at)
        tensor->at = conv_take(card, bytes);
    assert_ok(brim_cuda_check(
        card->device.driver,
        card->device.driver->cuMemcpyHtoDAsync_(tensor->at, data, bytes, card->device.stream), "copying"));
    assert_ok(brim_cuda_device_wait(&card->device));
}

static void download(const ConvCard *card, const Tensor *tensor, BrimKernelType type, float *values)
{
    static _Alignas(16) char data[MOST_BYTES];
    const size_t count = tensor->pixels * (size_t)tensor->pitch;
    assert_ok(brim_cuda_check(card->device.driver,
                              card->device.driver->cuMemcpyDtoHAsync_(
                                  data, tensor->at, tensor_bytes(tensor, type), card->device.stream),
                              "copying"));
    assert_ok(brim_cuda_device_wait(&card->device));
    for (size_t i = 0; i < count; i++)
        values[i] = element_get(type, data, i);
}

/* Every product that a convolution has, once: (pixel of x, channel), (pixel of y, channel), (filter,
 * channel). */
static void expect(const BrimCudaConvTask *task, const Tensor tensors[TENSORS], double *sums)
{
    const BrimCudaImage *x = &task->x, *y = &task->y;
    const Tensor *a = &tensors[0], *b = &tensors[1], *f = &tensors[2];
    const int k = task->kernel;
    for (int i = 0; i < y->n * y->h * y->w * k * k; i++) {
        const int pixel = i / (k * k), tap = i % (k * k), n = pixel / (y->h * y->w);
        const int h = pixel / y->w % y->h * task->stride - task->padding + tap / k;
        const int w = pixel % y->w * task->stride - task->padding + tap % k;
        if (h < 0 || h >= x->h || w < 0 || w >= x->w)
            continue;
        for (int j = 0; j < y->c * x->c; j++) {
            const int out = j / x->c, in = j % x->c;
            const size_t at_x = (size_t)(((n * x->h + h) * x->w + w) * x->pitch + in);
            const size_t at_y = (size_t)(pixel * y->pitch + out),
                         at_w = (size_t)((out * k * k + tap) * x->c + in);
            if (task->way == BRIM_CUDA_FORWARD)
                sums[at_y] += (double)a->values[at_x] * f->values[at_w];
            else if (task->way == BRIM_CUDA_BACKWARD_DATA)
                sums[at_x] += (double)b->values[at_y] * f->values[at_w];
            else
                sums[at_w] += (double)a->values[at_x] * b->values[at_y];
        }
    }
}

static const Tensor *written(const BrimCudaConvTask *task, const Tensor tensors[TENSORS])
{
    return task->way == BRIM_CUDA_FORWARD         ? &tensors[1]
           : task->way == BRIM_CUDA_BACKWARD_DATA ? &tensors[0]
                                                  : &tensors[2];
}

static void check(const ConvCard *card, const BrimCudaConvTask *task, const Tensor tensors[TENSORS])
{
    const Tensor *result = written(task, tensors);
    const size_t count = result->pixels * (size_t)result->pitch;
    double *sums = brim_mem_take(BRIM_MEM_OTHER, count, sizeof *sums);
    float *got = brim_mem_take(BRIM_MEM_OTHER, count, sizeof *got);
    assert_true(sums && got);
    expect(task, tensors, sums);
    download(card, result, task->type, got);
    for (size_t i = 0; i < count; i++) {
        const bool channel = (int)(i % (size_t)result->pitch) < result->channels;
        const double wanted = channel ? sums[i] : between,
                     room = channel ? 1e-5 + 2 * element_rounding(task->type) * fabs(wanted) : 0;
        if (fabs(got[i] - wanted) > room)
            fail_msg("way %d kernel %d stride %d %s: value %zu is %g, not %g", task->way, task->kernel,
                     task->stride, element_name(task->type), i, got[i], wanted);
    }
    brim_mem_give(sums);
    brim_mem_give(got);
}

static void give_all(const ConvCard *card, Tensor tensors[TENSORS])
{
    for (int i = 0; i < TENSORS; i++) {
        conv_give(card, tensors[i].at);
        brim_mem_give(tensors[i].values);
    }
}

static void run_and_check(const ConvCard *card, BrimCudaConv *conv, const BrimCudaConvTask *task,
                          const Tensor tensors[TENSORS], CUdeviceptr workspace)
{
    assert_ok(brim_cuda_conv_run(conv, tensors[0].at, tensors[1].at, tensors[2].at, workspace));
    assert_ok(brim_cuda_device_wait(&card->device));
    check(card, task, tensors);
}

static void run_task(ConvCard *card, const BrimCudaConvTask *task)
{
    Tensor tensors[TENSORS];
    BrimCudaConv *conv;
    size_t workspace_bytes;
    fill_all(task, 1, tensors);
    for (int i = 0; i < TENSORS; i++)
        upload(card, &tensors[i], task->type);
    assert_ok(brim_cuda_conv_open(&conv, card->dnn, task, 2 << 20, false, &workspace_bytes));
    CUdeviceptr workspace = conv_take(card, workspace_bytes);
    run_and_check(card, conv, task, tensors, workspace);
    brim_cuda_conv_close(&conv);
    conv_give(card, workspace);
    give_all(card, tensors);
}

static void all_ways_match_plain_loops(void **state)
{
    static const struct {
        BrimCudaImage x;
        int out, y_pitch, kernel, stride, padding;
    } cases[] = {
        {{2, 8, 7, 9, 8}, 16, 16, 1, 1, 0}, {{1, 16, 13, 11, 24}, 8, 16, 1, 1, 0},
        {{2, 8, 7, 9, 16}, 8, 24, 3, 1, 1}, {{1, 24, 15, 13, 24}, 16, 16, 3, 2, 1},
        {{2, 8, 9, 8, 8}, 5, 8, 3, 2, 1},   {{1, 3, 17, 15, 8}, 16, 24, 6, 2, 2},
        {{1, 3, 16, 18, 8}, 8, 8, 6, 2, 2}, {{3, 16, 1, 1, 16}, 255, 256, 1, 1, 0},
        {{1, 8, 12, 12, 8}, 8, 8, 1, 2, 0},
    };
    ConvCard card;
    (void)state;
    conv_card_open(&card, CARD, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int type = 0; type < ELEMENT_TYPES; type++)
            for (BrimCudaConvWay way = BRIM_CUDA_FORWARD; way <= BRIM_CUDA_BACKWARD_WEIGHTS; way++) {
                const BrimCudaConvTask task =
                    conv_task(way, (BrimKernelType)type, cases[i].x, cases[i].out, cases[i].y_pitch,
                              cases[i].kernel, cases[i].stride, cases[i].padding);
                run_task(&card, &task);
            }
    conv_card_close(&card);
}

/* Starts a convolution while the stream is captured; the graph does it, and again on what is there then. */
static CUgraphExec capture(const ConvCard *card, BrimCudaConv *conv, const Tensor tensors[TENSORS],
                           CUdeviceptr workspace)
{
    const BrimCudaDriver *driver = card->device.driver;
    CUgraph graph;
    CUgraphExec playable;
    assert_ok(brim_cuda_check(
        driver, driver->cuStreamBeginCapture_(card->device.stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
        "capturing"));
    assert_ok(brim_cuda_conv_run(conv, tensors[0].at, tensors[1].at, tensors[2].at, workspace));
    assert_ok(brim_cuda_check(driver, driver->cuStreamEndCapture_(card->device.stream, &graph), "capturing"));
    assert_ok(
        brim_cuda_check(driver, driver->cuGraphInstantiateWithFlags_(&playable, graph, 0), "capturing"));
    assert_ok(brim_cuda_check(driver, driver->cuGraphDestroy_(graph), "capturing"));
    return playable;
}

static void a_graph_does_it_again(void **state)
{
    const BrimCudaConvTask task =
        conv_task(BRIM_CUDA_FORWARD, BRIM_KERNEL_F16, (BrimCudaImage){2, 8, 7, 9, 16}, 8, 24, 3, 1, 1);
    ConvCard card;
    Tensor tensors[TENSORS], others[TENSORS];
    BrimCudaConv *conv;
    size_t workspace_bytes;
    (void)state;
    conv_card_open(&card, CARD, NULL);
    fill_all(&task, 1, tensors);
    fill_all(&task, 9, others);
    for (int i = 0; i < TENSORS; i++)
        upload(&card, &tensors[i], true);
    assert_ok(brim_cuda_conv_open(&conv, card.dnn, &task, 2 << 20, false, &workspace_bytes));
    CUdeviceptr workspace = conv_take(&card, workspace_bytes);
    CUgraphExec playable = capture(&card, conv, tensors, workspace);
    for (int i = 0; i < TENSORS; i++) {
        others[i].at = tensors[i].at;
        tensors[i].at = 0;
        upload(&card, &others[i], true);
    }
    assert_ok(brim_cuda_check(card.device.driver,
                              card.device.driver->cuGraphLaunch_(playable, card.device.stream), "playing"));
    assert_ok(brim_cuda_device_wait(&card.device));
    check(&card, &task, others);
    card.device.driver->cuGraphExecDestroy_(playable);
    brim_cuda_conv_close(&conv);
    conv_give(&card, workspace);
    give_all(&card, tensors);
    give_all(&card, others);
    conv_card_close(&card);
}

/* More places than variant packs are kept, in turns; the second round takes no descriptor that the first did
 * not. */
static void pointers_may_change(void **state)
{
    const BrimCudaConvTask task =
        conv_task(BRIM_CUDA_BACKWARD_DATA, BRIM_KERNEL_F32, (BrimCudaImage){1, 8, 5, 5, 8}, 8, 8, 3, 1, 1);
    ConvCard card;
    Tensor tensors[6][TENSORS];
    BrimCudaConv *conv;
    size_t workspace_bytes;
    (void)state;
    conv_card_open(&card, CARD, NULL);
    assert_ok(brim_cuda_conv_open(&conv, card.dnn, &task, 2 << 20, false, &workspace_bytes));
    CUdeviceptr workspace = conv_take(&card, workspace_bytes);
    for (unsigned i = 0; i < 6; i++) {
        fill_all(&task, i, tensors[i]);
        for (int j = 0; j < TENSORS; j++)
            upload(&card, &tensors[i][j], false);
    }
    for (int i = 0; i < 12; i++)
        assert_ok(brim_cuda_conv_run(conv, tensors[i % 6][0].at, tensors[i % 6][1].at, tensors[i % 6][2].at,
                                     workspace));
    const uint64_t takes = brim_mem_takes();
    assert_ok(brim_cuda_conv_run(conv, tensors[5][0].at, tensors[5][1].at, tensors[5][2].at, workspace));
    assert_true(brim_mem_takes() == takes);
    for (int i = 0; i < 6; i++) {
        check(&card, &task, tensors[i]);
        give_all(&card, tensors[i]);
    }
    brim_cuda_conv_close(&conv);
    conv_give(&card, workspace);
    conv_card_close(&card);
}

/* Each of the pointers alone makes a call another one. */
static void each_pointer_counts(void **state)
{
    const BrimCudaConvTask task =
        conv_task(BRIM_CUDA_BACKWARD_DATA, BRIM_KERNEL_F32, (BrimCudaImage){1, 8, 5, 5, 8}, 8, 8, 3, 1, 1);
    ConvCard card;
    Tensor tensors[2][TENSORS];
    BrimCudaConv *conv;
    size_t workspace_bytes;
    (void)state;
    conv_card_open(&card, CARD, NULL);
    assert_ok(brim_cuda_conv_open(&conv, card.dnn, &task, 2 << 20, false, &workspace_bytes));
    for (unsigned i = 0; i < 2; i++) {
        fill_all(&task, i * 10, tensors[i]);
        for (int j = 0; j < TENSORS; j++)
            upload(&card, &tensors[i][j], false);
    }
    CUdeviceptr workspace = conv_take(&card, workspace_bytes), other = conv_take(&card, workspace_bytes);
    run_and_check(&card, conv, &task, tensors[0], workspace);
    for (int which = 0; which < TENSORS; which++) {
        Tensor mixed[TENSORS] = {tensors[0][0], tensors[0][1], tensors[0][2]};
        mixed[which] = tensors[1][which];
        run_and_check(&card, conv, &task, mixed, workspace);
    }
    conv_give(&card, workspace);
    run_and_check(&card, conv, &task, tensors[0], other);
    conv_give(&card, other);
    brim_cuda_conv_close(&conv);
    give_all(&card, tensors[0]);
    give_all(&card, tensors[1]);
    conv_card_close(&card);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_ways_match_plain_loops),
        cmocka_unit_test(a_graph_does_it_again),
        cmocka_unit_test(pointers_may_change),
        cmocka_unit_test(each_pointer_counts),
    };
    setenv("XDG_CACHE_HOME", scratch_folder(), 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
