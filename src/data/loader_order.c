/* Shuffled for training; by aspect ratio for rectangular batches, with YOLOv5's shapes. */
#include "data/loader_order.h"

#include <math.h>
#include <stdlib.h>

#include "base/random.h"
#include "data/letterbox.h"

/* No picture has this number, so the stream of the order is none of a picture's. */
static const uint64_t order_stream = 0xFFFFFFFF;

static int batch_of(const BrimLoaderConf *conf)
{
    return conf->batch < conf->split->sample_count ? conf->batch : conf->split->sample_count;
}

static int batch_count_of(const BrimLoaderConf *conf)
{
    return (conf->split->sample_count + batch_of(conf) - 1) / batch_of(conf);
}

size_t brim_loader_order_bytes(const BrimLoaderConf *conf)
{
    return (size_t)conf->split->sample_count * sizeof(int32_t) +
           (size_t)batch_count_of(conf) * sizeof(BrimLoaderShape);
}

int brim_loader_order_n(const BrimLoaderOrder *order, int batch)
{
    int left = order->sample_count - batch * order->batch;
    return left < order->batch ? left : order->batch;
}

static double aspect_of(const BrimSample *sample)
{
    return (double)sample->height_px / sample->width_px;
}

static int compare_aspect(const void *left, const void *right, void *samples)
{
    int32_t a = *(const int32_t *)left, b = *(const int32_t *)right;
    double difference =
        aspect_of((const BrimSample *)samples + a) - aspect_of((const BrimSample *)samples + b);
    return difference < 0 ? -1 : difference > 0 ? 1 : a < b ? -1 : a > b;
}

static int frame_side(double part, const BrimLoaderConf *conf)
{
    return (int)ceil(part * conf->imgsz_px / conf->stride_px + conf->pad) * conf->stride_px;
}

/* Wide pictures share their lowest frame, high ones their narrowest; a batch of both kinds is square. */
static BrimLoaderShape shape_by_aspect(const BrimLoaderConf *conf, const int32_t *samples, int n)
{
    double least = aspect_of(&conf->split->samples[samples[0]]);
    double most = aspect_of(&conf->split->samples[samples[n - 1]]);
    double height = most < 1 ? most : 1, width = least > 1 ? 1 / least : 1;
    return (BrimLoaderShape){frame_side(height, conf), frame_side(width, conf)};
}

/* The least frame in which each picture's own least frame has room. */
static BrimLoaderShape shape_around(const BrimLoaderConf *conf, const int32_t *samples, int n)
{
    BrimLoaderShape shape = {0, 0};
    for (int i = 0; i < n; i++) {
        const BrimSample *sample = &conf->split->samples[samples[i]];
        BrimLetterboxFit fit = brim_letterbox_fit(sample->width_px, sample->height_px, conf->imgsz_px,
                                                  conf->imgsz_px, conf->stride_px, true);
        int height = fit.top_px + fit.height_px + fit.bottom_px;
        int width = fit.left_px + fit.width_px + fit.right_px;
        shape.height_px = height > shape.height_px ? height : shape.height_px;
        shape.width_px = width > shape.width_px ? width : shape.width_px;
    }
    return shape;
}

static BrimLoaderShape shape_of(const BrimLoaderConf *conf, const int32_t *samples, int n)
{
    if (!conf->rectangular || conf->augment)
        return (BrimLoaderShape){conf->imgsz_px, conf->imgsz_px};
    return conf->straight ? shape_around(conf, samples, n) : shape_by_aspect(conf, samples, n);
}

BrimStatus brim_loader_order_open(BrimLoaderOrder *order, const BrimLoaderConf *conf)
{
    *order = (BrimLoaderOrder){.batch = batch_of(conf),
                               .batch_count = batch_count_of(conf),
                               .sample_count = conf->split->sample_count};
    order->samples = brim_mem_take(BRIM_MEM_DATA, (size_t)order->sample_count, sizeof *order->samples);
    order->shapes = brim_mem_take(BRIM_MEM_DATA, (size_t)order->batch_count, sizeof *order->shapes);
    if (!order->samples || !order->shapes) {
        brim_loader_order_close(order);
        return BRIM_ERROR_MEMORY;
    }
    for (int i = 0; i < order->sample_count; i++)
        order->samples[i] = i;
    if (conf->rectangular && !conf->augment && !conf->straight)
        qsort_r(order->samples, (size_t)order->sample_count, sizeof *order->samples, compare_aspect,
                conf->split->samples);
    for (int i = 0; i < order->batch_count; i++)
        order->shapes[i] =
            shape_of(conf, order->samples + (size_t)i * (size_t)order->batch, brim_loader_order_n(order, i));
    return BRIM_OK;
}

void brim_loader_order_close(BrimLoaderOrder *order)
{
    brim_mem_give(order->samples);
    brim_mem_give(order->shapes);
    *order = (BrimLoaderOrder){0};
}

void brim_loader_order_shuffle(BrimLoaderOrder *order, uint64_t seed, int epoch)
{
    BrimRandom random = brim_random(seed, (uint64_t)epoch << 32 | order_stream);
    for (int i = 0; i < order->sample_count; i++)
        order->samples[i] = i;
    brim_random_shuffle(&random, order->samples, (size_t)order->sample_count);
}

size_t brim_loader_order_most_px(const BrimLoaderOrder *order)
{
    size_t most = 0;
    for (int i = 0; i < order->batch_count; i++) {
        size_t px = (size_t)order->shapes[i].height_px * (size_t)order->shapes[i].width_px *
                    (size_t)brim_loader_order_n(order, i);
        most = px > most ? px : most;
    }
    return most;
}
