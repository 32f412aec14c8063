/* A model at one batch size: planned, and, where it fits, run and timed. */
#include "run/bench_row.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/process.h"
#include "run/bench_batch.h"
#include "run/remarks.h"
#include "train/weights.h"

/* Steps of a row whose number is left to brim: as many as fit into the time, but not fewer or more than
 * these. */
enum { LEAST_STEPS = 3, MOST_STEPS = 100 };
static const int64_t chosen_ns = 3000000000;

/* Of mixed precision. In training it is found on the way, and steps whose gradients are too large are skipped: those
 * that are timed should be whole ones. */
static const float BENCH_LOSS_SCALE = 1024;

typedef struct RowRun {
    const BrimBenchRowConf *conf;
    BrimBenchRow *row;
    BrimEngine *engine;
    BrimBatch batch;
    int64_t *step_ns;
    int64_t wall_ns, cpu_ns; /* of the timed steps */
    int64_t update_ns;       /* of the updates in all steps */
    int updates;
    float losses[3]; /* of the last step */
} RowRun;

/* The plan counts from what is resident now: the program, and what little earlier rows left behind. */
static BrimStatus open_engine(RowRun *run, BrimDeviceInfo *device)
{
    const BrimBenchRowConf *conf = run->conf;
    size_t outside_bytes = (size_t)brim_process_resident_bytes() + brim_bench_batch_bytes(conf->batch, conf->imgsz_px);
    const BrimShape shape = {conf->batch, conf->imgsz_px, conf->imgsz_px};
    BrimEngineConf engine = {.backend = conf->device.backend,
                             .card = conf->device.card,
                             .threads = conf->threads,
                             .model = conf->model,
                             .hyper = brim_hyper_default(),
                             .precision = conf->precision,
                             .train = &shape,
                             .train_count = conf->training,
                             .train_target_cap = conf->training ? conf->batch * BRIM_BENCH_LABELS : 0,
                             .infer = &shape,
                             .infer_count = !conf->training,
                             .outside_bytes = outside_bytes};
    if (conf->recompute)
        memcpy(engine.recompute, conf->recompute, sizeof engine.recompute);
    brim_hyper_scale(&engine.hyper, conf->model->level_count, conf->model->class_count, conf->imgsz_px);
    BrimStatus status = brim_engine_open(&run->engine, &engine);
    if (status != BRIM_OK)
        return status;
    *device = *brim_engine_device(run->engine);
    run->row->arena_bytes = brim_engine_plan(run->engine)->arena_bytes;
    run->row->planned_bytes = brim_engine_planned_bytes(run->engine);
    return BRIM_OK;
}

static BrimStatus start_engine(RowRun *run)
{
    BrimStatus status;
    const BrimBenchRowConf *conf = run->conf;
    int most = conf->steps ? conf->steps : MOST_STEPS;
    run->step_ns = brim_mem_take(BRIM_MEM_TRAIN, (size_t)most, sizeof *run->step_ns);
    if (!run->step_ns)
        return BRIM_ERROR_MEMORY;
    BRIM_TRY(brim_bench_batch_make(&run->batch, conf->batch, conf->imgsz_px, conf->model->class_count));
    BRIM_TRY(brim_engine_start(run->engine));
    BRIM_TRY(brim_weights_init(run->engine, conf->model, 0));
    if (conf->training)
        BRIM_TRY(brim_weights_start_ema(run->engine));
    else
        BRIM_TRY(brim_engine_fold(run->engine));
fail:
    return status;
}

/* Constant, and a tenth of YOLOv5's lr0: there is no warmup here that would get unprepared weights used to
 * more. */
static BrimStatus train_step(RowRun *run)
{
    BrimStatus status;
    float items[4], norm[2];
    const BrimHyper hyper = brim_hyper_default();
    const float rate = (float)hyper.lr0 / 10;
    const BrimPrecisionTraits *traits = brim_precision_traits(run->conf->precision);
    const BrimStepScalars scalars = {.learning_rate = {rate, rate, rate},
                                     .momentum = (float)hyper.momentum,
                                     .weight_decay = (float)hyper.weight_decay,
                                     .clip_norm = 10,
                                     .ema_decay = 0.999f,
                                     .loss_scale = traits->loss_scaled ? BENCH_LOSS_SCALE : 1};
    BRIM_TRY(brim_engine_gradient(run->engine, &run->batch, &scalars, items));
    int64_t start_ns = brim_clock_ns();
    BRIM_TRY(brim_engine_update(run->engine, &scalars, norm));
    run->update_ns += brim_clock_ns() - start_ns;
    run->updates++;
    for (int i = 0; i < 3; i++)
        run->losses[i] = items[i];
    if (!isfinite(items[0] + items[1] + items[2]))
        status = brim_fail(
            BRIM_ERROR_INPUT, "%s, batches of %d: the loss is no number (box %g, obj %g, cls %g)",
            run->conf->model->name, run->conf->batch, (double)items[0], (double)items[1], (double)items[2]);
fail:
    return status;
}

static BrimStatus infer_step(RowRun *run)
{
    const float *predictions;
    int rows;
    return brim_engine_infer(run->engine, &run->batch, &predictions, &rows, NULL);
}

static BrimStatus one_step(RowRun *run, int64_t *wall_ns, int64_t *cpu_ns)
{
    int64_t start_ns = brim_clock_ns(), start_cpu_ns = brim_process_cpu_ns();
    BrimStatus status = run->conf->training ? train_step(run) : infer_step(run);
    *wall_ns = brim_clock_ns() - start_ns;
    *cpu_ns = brim_process_cpu_ns() - start_cpu_ns;
    return status;
}

static BrimStatus tell_step(const RowRun *run, int step)
{
    BrimEvent event = {.kind = BRIM_EVENT_STEP,
                       .batch = step,
                       .batches = run->conf->steps,
                       .pictures = run->conf->batch,
                       .instances = run->batch.target_count,
                       .imgsz_px = run->conf->imgsz_px,
                       .losses = {run->losses[0], run->losses[1], run->losses[2]},
                       .arena_bytes = run->row->arena_bytes,
                       .memory_planned_bytes = run->row->planned_bytes,
                       .bench_row = run->row};
    if (!run->conf->listener || run->conf->listener(run->conf->listener_self, &event))
        return BRIM_OK;
    return brim_fail(BRIM_STOPPED, "stopped at batches of %d; there is no report", run->conf->batch);
}

static bool enough_steps(const RowRun *run)
{
    int done = run->row->steps;
    if (run->conf->steps)
        return done >= run->conf->steps;
    return done >= MOST_STEPS || (done >= LEAST_STEPS && run->wall_ns >= chosen_ns);
}

static BrimStatus run_steps(RowRun *run)
{
    BrimStatus status = BRIM_OK;
    const BrimBenchRowConf *conf = run->conf;
    int64_t wall_ns, cpu_ns;
    for (int step = 0; step < conf->warmup; step++) {
        BRIM_TRY(one_step(run, &wall_ns, &cpu_ns));
        BRIM_TRY(tell_step(run, 0));
    }
    while (!enough_steps(run)) {
        int step = run->row->steps;
        BRIM_TRY(one_step(run, &wall_ns, &cpu_ns));
        run->step_ns[step] = wall_ns;
        run->wall_ns += wall_ns;
        run->cpu_ns += cpu_ns;
        if (conf->each)
            conf->each[step] = (BrimBenchStep){.milliseconds = (double)wall_ns / 1e6,
                                               .losses = {run->losses[0], run->losses[1], run->losses[2]}};
        run->row->steps++;
        BRIM_TRY(tell_step(run, step + 1));
    }
fail:
    return status;
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void sum_up(RowRun *run)
{
    BrimBenchRow *row = run->row;
    int count = row->steps;
    const int64_t *sorted_ns = run->step_ns;
    qsort(run->step_ns, (size_t)count, sizeof *run->step_ns, by_size);
    double median_ns = (double)(sorted_ns[(count - 1) / 2] + sorted_ns[count / 2]) / 2;
    row->median_ms = median_ns / 1e6;
    row->best_ms = (double)sorted_ns[0] / 1e6;
    row->pictures_per_s = row->batch * 1e9 / median_ns;
    if (run->conf->update_ms && run->updates)
        *run->conf->update_ms = (double)run->update_ns / 1e6 / run->updates;
    if (!brim_device_is_card(&run->conf->device)) /* what a card's cores do, the processor's time does not say */
        row->utilization =
            (double)run->cpu_ns / ((double)run->wall_ns * brim_engine_device(run->engine)->threads);
}

/* The kernel's mark of the process's highest belongs to this row when it began anew with it, or rose in it.
 */
static uint64_t peak_of_row(bool reset, uint64_t before_bytes)
{
    uint64_t peak_bytes = brim_process_peak_bytes();
    return reset || peak_bytes > before_bytes ? peak_bytes : 0;
}

/* Plans the row, and sets its verdict where it is not to be run. */
static BrimStatus plan_row(RowRun *run, BrimDeviceInfo *device)
{
    const BrimBenchRowConf *conf = run->conf;
    BrimStatus status = open_engine(run, device);
    if (status == BRIM_ERROR_ARGUMENT || status == BRIM_ERROR_UNSUPPORTED) {
        run->row->verdict = BRIM_BENCH_CANNOT_RUN; /* this batch size alone: the others are not lost for it */
        brim_remark(conf->listener, conf->listener_self, "batches of %d cannot be run: %s", conf->batch,
                    brim_last_error());
        return BRIM_OK;
    }
    if (status == BRIM_OK && conf->limit_bytes && run->row->planned_bytes > conf->limit_bytes)
        run->row->verdict = BRIM_BENCH_DOES_NOT_FIT;
    return status;
}

static BrimStatus measure_row(RowRun *run)
{
    BrimStatus status = start_engine(run);
    if (status == BRIM_OK)
        status = run_steps(run);
    if (status == BRIM_OK)
        sum_up(run);
    return status;
}

BrimStatus brim_bench_row_run(const BrimBenchRowConf *conf, BrimBenchRow *row, BrimDeviceInfo *device)
{
    BrimStatus status;
    RowRun run = {.conf = conf, .row = row};
    *row = (BrimBenchRow){.training = conf->training, .batch = conf->batch};
    bool reset = brim_process_reset_peak();
    uint64_t before_bytes = brim_process_peak_bytes();
    BRIM_TRY(plan_row(&run, device));
    if (row->verdict == BRIM_BENCH_NONE) {
        BRIM_TRY(measure_row(&run));
        row->peak_bytes = brim_device_is_card(&conf->device) ? brim_engine_peak_bytes(run.engine)
                                                             : peak_of_row(reset, before_bytes);
    }
fail:
    brim_engine_close(&run.engine);
    brim_bench_batch_clear(&run.batch);
    brim_mem_give(run.step_ns);
    return status;
}
