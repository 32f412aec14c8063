/* The sums of the false libcudnn.so.9: NHWC by loops, in fp32, each output by one thread, so always in the
 * same order. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/half.h"
#include "cudnn_parts.h"

/* Built once more for processors with wider registers: most of a test's time goes here. Sanitizers do not
 * bear the choice between the two, which is made before they begin. */
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define CLONED __attribute__((target_clones("avx2", "default")))
#else
#define CLONED
#endif

static int64_t count_of(const FakeTensor *tensor)
{
    return tensor->n * tensor->h * tensor->w * tensor->c;
}

static float element_get(cudnnDataType_t type, const void *data, int64_t i)
{
    if (type == CUDNN_DATA_FLOAT)
        return ((const float *)data)[i];
    const uint16_t bits = ((const uint16_t *)data)[i];
    return type == CUDNN_DATA_HALF ? brim_half_to_float(bits) : brim_bfloat_to_float(bits);
}

static void element_put(cudnnDataType_t type, void *data, int64_t i, float value)
{
    if (type == CUDNN_DATA_FLOAT)
        ((float *)data)[i] = value;
    else
        ((uint16_t *)data)[i] =
            type == CUDNN_DATA_HALF ? brim_half_from_float(value) : brim_bfloat_from_float(value);
}

/* A tensor in fp32, without what lies between its pixels; given back with free. */
static float *gather(const FakeTensor *tensor, const void *data)
{
    float *dense = calloc((size_t)count_of(tensor), sizeof *dense), *to = dense;
    for (int64_t n = 0; n < tensor->n; n++)
        for (int64_t h = 0; h < tensor->h; h++)
            for (int64_t w = 0; w < tensor->w; w++) {
                const int64_t at = n * tensor->n_stride + h * tensor->h_stride + w * tensor->w_stride;
                for (int64_t c = 0; c < tensor->c; c++)
                    *to++ = element_get(tensor->type, data, at + c);
            }
    return dense;
}

/* The way back: what lies between the pixels stays as it is. */
static void scatter(const FakeTensor *tensor, const float *dense, void *data)
{
    for (int64_t n = 0; n < tensor->n; n++)
        for (int64_t h = 0; h < tensor->h; h++)
            for (int64_t w = 0; w < tensor->w; w++) {
                const int64_t at = n * tensor->n_stride + h * tensor->h_stride + w * tensor->w_stride;
                for (int64_t c = 0; c < tensor->c; c++)
                    element_put(tensor->type, data, at + c, *dense++);
            }
}

/* Row n*H+h of x, y: n*H+h numbers rows of a picture; k = kernel; w: [out][k][k][in]. */
CLONED static void forward_row(const FakeConvolution *task, int64_t row, const float *x, float *y,
                               const float *w)
{
    const int64_t k = task->w.h, in = task->x.c, out = task->y.c, n = row / task->y.h, h = row % task->y.h;
    for (int64_t i = 0; i < task->y.w * out; i++) {
        const int64_t across = i / out, o = i % out;
        float sum = 0;
        for (int64_t tap = 0; tap < k * k; tap++) {
            const int64_t xh = h * task->stride - task->padding + tap / k;
            const int64_t xw = across * task->stride - task->padding + tap % k;
            if (xh < 0 || xh >= task->x.h || xw < 0 || xw >= task->x.w)
                continue;
            const float *a = x + ((n * task->x.h + xh) * task->x.w + xw) * in,
                        *b = w + (o * k * k + tap) * in;
#pragma omp simd reduction(+ : sum)
            for (int64_t c = 0; c < in; c++)
                sum += a[c] * b[c];
        }
        y[row * task->y.w * out + i] = sum;
    }
}

/* Where in y the tap of a pixel of x lies, or -1. */
static int64_t side_in_y(const FakeConvolution *task, int64_t x_side, int64_t tap, int64_t y_sides)
{
    const int64_t at = x_side + task->padding - tap;
    return at >= 0 && at % task->stride == 0 && at / task->stride < y_sides ? at / task->stride : -1;
}

CLONED static void backward_data_row(const FakeConvolution *task, int64_t row, float *x, const float *y,
                                     const float *w)
{
    const int64_t k = task->w.h, in = task->x.c, out = task->y.c, n = row / task->x.h, h = row % task->x.h;
    for (int64_t across = 0; across < task->x.w; across++) {
        float *to = x + (row * task->x.w + across) * in;
        for (int64_t tap = 0; tap < k * k; tap++) {
            const int64_t yh = side_in_y(task, h, tap / k, task->y.h),
                          yw = side_in_y(task, across, tap % k, task->y.w);
            if (yh < 0 || yw < 0)
                continue;
            for (int64_t o = 0; o < out; o++) {
                const float gradient = y[((n * task->y.h + yh) * task->y.w + yw) * out + o];
                const float *from = w + (o * k * k + tap) * in;
#pragma omp simd
                for (int64_t c = 0; c < in; c++)
                    to[c] += gradient * from[c];
            }
        }
    }
}

/* `filter`: o*k*k+tap. */
CLONED static void backward_filter(const FakeConvolution *task, int64_t filter, const float *x,
                                   const float *y, float *w)
{
    const int64_t k = task->w.h, in = task->x.c, out = task->y.c, o = filter / (k * k),
                  tap = filter % (k * k);
    float *to = w + filter * in;
    for (int64_t i = 0; i < task->y.n * task->y.h * task->y.w; i++) {
        const int64_t n = i / (task->y.h * task->y.w), h = i / task->y.w % task->y.h, across = i % task->y.w;
        const int64_t xh = h * task->stride - task->padding + tap / k;
        const int64_t xw = across * task->stride - task->padding + tap % k;
        if (xh < 0 || xh >= task->x.h || xw < 0 || xw >= task->x.w)
            continue;
        const float gradient = y[i * out + o], *from = x + ((n * task->x.h + xh) * task->x.w + xw) * in;
#pragma omp simd
        for (int64_t c = 0; c < in; c++)
            to[c] += gradient * from[c];
    }
}

static bool all_zeros(const FakeTensor *tensor, const float *dense)
{
    for (int64_t i = 0, count = count_of(tensor); i < count; i++)
        if (dense[i] != 0)
            return false;
    return true;
}

/* Buffers of zeros are what brim times engines on: nearly all convolutions of a test, if they were summed. */
static bool sums_zeros(const FakeConvolution *task, const float *x, const float *y, const float *w)
{
    const bool forward = task->way == CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR;
    const bool data = task->way == CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR;
    return (data || all_zeros(&task->x, x)) && (forward || all_zeros(&task->y, y)) &&
           ((!forward && !data) || all_zeros(&task->w, w));
}

void fake_convolve(const FakeConvolution *task, void *x, void *y, void *w)
{
    const bool forward = task->way == CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR;
    const bool data = task->way == CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR;
    float *dense_x = gather(&task->x, x), *dense_y = gather(&task->y, y), *dense_w = gather(&task->w, w);
    float *result = forward ? dense_y : data ? dense_x : dense_w;
    const FakeTensor *written = forward ? &task->y : data ? &task->x : &task->w;
    const int64_t jobs = sums_zeros(task, dense_x, dense_y, dense_w) ? 0
                         : forward                                   ? task->y.n * task->y.h
                         : data                                      ? task->x.n * task->x.h
                                                                     : task->y.c * task->w.h * task->w.h;
    memset(result, 0, (size_t)count_of(written) * sizeof *result);
#pragma omp parallel for schedule(static)
    for (int64_t job = 0; job < jobs; job++) {
        if (forward)
            forward_row(task, job, dense_x, dense_y, dense_w);
        else if (data)
            backward_data_row(task, job, dense_x, dense_y, dense_w);
        else
            backward_filter(task, job, dense_x, dense_y, dense_w);
    }
    scatter(written, result, forward ? y : data ? x : w);
    free(dense_x);
    free(dense_y);
    free(dense_w);
}
