/* What a card gains by augmenting itself: bench_augment PICTURES [IMGSZ] [BATCH] [CARD], for example
 * `bench_augment demo/images/train 640 16 0`, where PICTURES is a folder as a data.yaml names it. Prints a
 * step's time with pictures that the host made before, and with pictures that the card makes, kept in either
 * memory; the time the host takes to make them; and how far the card's pixels are from the host's. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "data/loader.h"
#include "train/engine.h"
#include "train/weights.h"

enum { STEPS = 20, WARM = 5, CLASSES = 80 };

typedef struct Bench {
    BrimLoaderConf conf;
    BrimModel model;
    int card;
    BrimEngine *engine;
    BrimLoader *host, *apart;
    int64_t host_ns, step_ns,
        made_ns[2]; /* of the host's pictures; of steps; of steps on the card's, by in_host */
    int apart_levels;
    size_t apart_bytes, bytes; /* that differ, of so many */
} Bench;

static BrimStatus put(void *self, size_t start_bytes, const BrimPicture *picture)
{
    return brim_engine_put_picture(self, start_bytes, picture);
}

static BrimStatus open_all(Bench *bench, bool in_host)
{
    BrimStatus status;
    BrimLoaderConf apart = bench->conf;
    apart.pixels_apart = true;
    const BrimShape shape = {bench->conf.batch, bench->conf.imgsz_px, bench->conf.imgsz_px};
    const BrimEngineConf conf = {.backend = &brim_backend_cuda,
                                 .card = bench->card,
                                 .model = &bench->model,
                                 .hyper = brim_hyper_default(),
                                 .precision = BRIM_PRECISION_AMP,
                                 .train = &shape,
                                 .train_count = 1,
                                 .train_target_cap = brim_loader_target_cap(&bench->conf)};
    const BrimKeep keep = {.picture_bytes = brim_loader_kept_bytes(&apart),
                           .in_host = in_host,
                           .most_pictures = bench->conf.batch,
                           .most_px = 2 * bench->conf.imgsz_px};
    BRIM_TRY(brim_loader_open(&bench->host, &bench->conf));
    BRIM_TRY(brim_loader_open(&bench->apart, &apart));
    BRIM_TRY(brim_engine_open(&bench->engine, &conf));
    BRIM_TRY(brim_engine_keep(bench->engine, &keep, 0));
    BRIM_TRY(brim_engine_start(bench->engine));
    BRIM_TRY(brim_weights_init(bench->engine, &bench->model, 1));
    BRIM_TRY(brim_loader_keep(bench->apart, put, bench->engine));
    BRIM_TRY(brim_loader_start(bench->host, 0, 0));
fail:
    return status;
}

static void close_all(Bench *bench)
{
    brim_loader_close(&bench->host);
    brim_loader_close(&bench->apart);
    brim_engine_close(&bench->engine);
}

static BrimStatus compare(Bench *bench, const BrimBatch *expected)
{
    BrimTensorId pictures = brim_graph_find(brim_engine_graph(bench->engine), "pictures");
    size_t bytes = (size_t)expected->n * (size_t)expected->height_px * (size_t)expected->width_px * 3;
    uint8_t *made = brim_mem_take(BRIM_MEM_OTHER, bytes, 1);
    if (!made)
        return BRIM_ERROR_MEMORY;
    BrimStatus status = brim_engine_read(bench->engine, pictures, made);
    for (size_t i = 0; i < bytes && status == BRIM_OK; i++) {
        int levels = abs(made[i] - expected->pictures[i]);
        bench->apart_levels = levels > bench->apart_levels ? levels : bench->apart_levels;
        bench->apart_bytes += levels > 0;
    }
    bench->bytes += bytes;
    brim_mem_give(made);
    return status;
}

/* The shortest time of the steps, the first ones left out. */
static BrimStatus time_step(Bench *bench, const BrimBatch *batch, int step, int64_t *least_ns)
{
    float items[4];
    const BrimStepScalars scalars = {.loss_scale = 1024};
    int64_t start_ns = brim_clock_ns();
    BrimStatus status = brim_engine_gradient(bench->engine, batch, &scalars, items);
    int64_t took_ns = brim_clock_ns() - start_ns;
    if (step >= WARM && (*least_ns == 0 || took_ns < *least_ns))
        *least_ns = took_ns;
    return status;
}

/* An epoch for the host to decode nearly all pictures, as the card's are; steps are of the epochs that
 * follow. */
static BrimStatus decode(Bench *bench)
{
    const BrimBatch *batch;
    BrimStatus status = BRIM_OK;
    for (int i = 0; i < brim_loader_batch_count(bench->host) && status == BRIM_OK; i++)
        status = brim_loader_next(bench->host, &batch);
    return status;
}

static BrimStatus run(Bench *bench, bool in_host)
{
    BrimStatus status;
    BRIM_TRY(open_all(bench, in_host));
    BRIM_TRY(decode(bench));
    int whole =
        bench->conf.split->sample_count / bench->conf.batch; /* batches; the engine has no other shape */
    for (int step = 0; step < WARM + STEPS; step++) {
        const BrimBatch *made, *drawn;
        if (step % whole == 0) {
            BRIM_TRY(brim_loader_start(bench->host, 1 + step / whole, 0));
            BRIM_TRY(brim_loader_start(bench->apart, 1 + step / whole, 0));
        }
        int64_t start_ns = brim_clock_ns();
        BRIM_TRY(brim_loader_next(bench->host, &made));
        bench->host_ns += brim_clock_ns() - start_ns;
        BRIM_TRY(time_step(bench, made, step, &bench->step_ns));
        BRIM_TRY(brim_loader_next(bench->apart, &drawn));
        BRIM_TRY(time_step(bench, drawn, step, &bench->made_ns[in_host]));
        BRIM_TRY(compare(bench, made));
    }
fail:
    close_all(bench);
    return status;
}

static void print_table(const Bench *bench)
{
    double pictures = 2.0 * (WARM + STEPS) * bench->conf.batch;
    printf("| pictures | a step's gradient, ms |\n|---|---|\n");
    printf("| copied from the host | %.3f |\n", (double)bench->step_ns / 1e6);
    printf("| made by the card, kept in its memory | %.3f |\n", (double)bench->made_ns[false] / 1e6);
    printf("| made by the card, kept in the host's | %.3f |\n\n", (double)bench->made_ns[true] / 1e6);
    printf("The host makes %.0f pictures a second. ", pictures / ((double)bench->host_ns / 1e9));
    printf("The card's are %d grey levels apart at most; %zu of %zu bytes differ.\n", bench->apart_levels,
           bench->apart_bytes, bench->bytes);
}

int main(int argc, char **argv)
{
    BrimStatus status;
    BrimSplit split = {0};
    Bench bench = {
        .conf = {.split = &split, .augment = true, .hyper = brim_hyper_default(), .seed = 1, .slots = 1}};
    bench.conf.imgsz_px = argc > 2 ? atoi(argv[2]) : 640;
    bench.conf.batch = argc > 3 ? atoi(argv[3]) : 16;
    bench.card = argc > 4 ? atoi(argv[4]) : 0;
    if (argc < 2 || bench.conf.imgsz_px < 32 || bench.conf.batch < 1) {
        fprintf(stderr, "usage: bench_augment PICTURES [IMGSZ] [BATCH] [CARD]\n");
        return 1;
    }
    BRIM_TRY(brim_split_scan(&split, &(BrimPathList){.paths = &argv[1], .count = 1}, CLASSES, 0));
    if (split.sample_count < bench.conf.batch) {
        status = brim_fail(BRIM_ERROR_ARGUMENT, "%d pictures for a batch of %d", split.sample_count,
                           bench.conf.batch);
        goto fail;
    }
    BRIM_TRY(brim_model_load(&bench.model, "yolov5n", CLASSES));
    bench.conf.stride_px = brim_model_max_stride_px(&bench.model);
    bench.conf.cache_bytes =
        brim_loader_kept_bytes(&bench.conf) + ((size_t)1 << 20); /* decoded beforehand, as the card's */
    BRIM_TRY(run(&bench, false));
    BRIM_TRY(run(&bench, true));
    print_table(&bench);
fail:
    brim_split_clear(&split);
    if (status != BRIM_OK)
        fprintf(stderr, "bench_augment: %s\n", brim_last_error());
    return status != BRIM_OK;
}
