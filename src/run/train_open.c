/* A training run planned: its trainer, and the sentence that says what would fit when it does not. */
#include <string.h>

#include "base/process.h"
#include "run/remarks.h"
#include "run/train_run.h"

/* Room for decoded pictures: half of what the machine has free, so that the run is no bad neighbour. */
static size_t cache_room(const BrimTrainOptions *options)
{
    bool wanted = !options->cache || strcmp(options->cache, "ram") == 0;
    size_t half = (size_t)brim_process_available_bytes() / 2;
    size_t limit = options->memory_bytes ? (size_t)options->memory_bytes : half;
    return !wanted ? 0 : half < limit ? half : limit;
}

/* On the CPU threads that load take their time from those that compute: 0, 1 and 2 of them were within 3 % of each
 * other, and 0 takes the least memory. */
static int chosen_workers(const BrimTrainOptions *options)
{
    return options->workers < 0 ? 0 : options->workers;
}

static BrimTrainerConf trainer_conf(BrimTrainRun *run, BrimListener listener, void *self)
{
    const BrimTrainOptions *options = run->options;
    BrimTrainerConf conf = {.backend = run->backend,
                             .model = &run->model,
                             .hyper = run->hyper,
                             .train = &run->train,
                             .val = &run->val,
                             .epochs = options->epochs,
                             .batch = options->batch_size,
                             .imgsz_px = options->imgsz,
                             .workers = chosen_workers(options),
                             .threads = options->threads,
                             .patience = options->patience,
                             .seed = options->seed,
                             .cosine = options->cos_lr,
                             .cache_bytes = cache_room(options),
                             .budget_bytes = options->memory_bytes,
                             .class_names = run->dataset.class_names,
                             .identity = &run->identity,
                             .precision = run->precision,
                             .listener = listener,
                             .listener_self = self};
    memcpy(conf.recompute, run->recompute, sizeof conf.recompute);
    return conf;
}

/* Bytes that the run would need with that batch, or 0 where it cannot be planned at all. */
static size_t needed_bytes(BrimTrainRun *run, int batch)
{
    BrimTrainer *trainer = NULL;
    BrimTrainerConf conf = trainer_conf(run, NULL, NULL);
    conf.batch = batch;
    conf.cache_bytes = conf.budget_bytes = 0;
    size_t bytes = brim_trainer_open(&trainer, &conf) == BRIM_OK ? brim_trainer_planned_bytes(trainer) : 0;
    brim_trainer_close(&trainer);
    return bytes;
}

/* The sentence for a run over its budget: what it needs, and the largest batch that would fit. */
static BrimStatus say_what_fits(BrimTrainRun *run)
{
    const BrimTrainOptions *options = run->options;
    double given_mib = (double)options->memory_bytes / 0x1p20;
    double needed_mib = (double)needed_bytes(run, options->batch_size) / 0x1p20;
    int fits = 0, too_large = options->batch_size;
    while (too_large - fits > 1) {
        int middle = (fits + too_large) / 2;
        size_t bytes = needed_bytes(run, middle);
        *(bytes && bytes <= options->memory_bytes ? &fits : &too_large) = middle;
    }
    if (fits)
        return brim_fail(BRIM_ERROR_FIT,
                         "the run needs %.0f MiB, %.0f MiB are given; --batch-size %d fits, with %.0f MiB",
                         needed_mib, given_mib, fits, (double)needed_bytes(run, fits) / 0x1p20);
    return brim_fail(
        BRIM_ERROR_FIT,
        "the run needs %.0f MiB, %.0f MiB are given, and %.0f MiB would be needed even with --batch-size 1; "
        "a smaller --imgsz or model needs less",
        needed_mib, given_mib, (double)needed_bytes(run, 1) / 0x1p20);
}

BrimStatus brim_train_run_open(BrimTrainRun *run, BrimListener listener, void *self)
{
    BrimTrainerConf conf = trainer_conf(run, listener, self);
    BrimStatus status = brim_trainer_open(&run->trainer, &conf);
    if (status == BRIM_ERROR_FIT && conf.cache_bytes > 0) {
        /* Decoded pictures are a comfort: where they make the difference, the run goes without them. */
        conf.cache_bytes = 0;
        status = brim_trainer_open(&run->trainer, &conf);
        if (status == BRIM_OK)
            brim_remark(run->listener, run->self,
                        "no room to keep decoded pictures: each is read again in every epoch");
    }
    return status == BRIM_ERROR_FIT ? say_what_fits(run) : status;
}
