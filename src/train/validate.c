/* A validation: reading, network and NMS batch by batch, then the figures. A device of its own has the next
 * batch to compute while one goes through NMS. The pictures of a batch go through NMS in groups, side by
 * side; they are counted in their order, so that the threads change nothing. */
#include <omp.h>
#include <string.h>

#include "base/clock.h"
#include "train/back.h"
#include "train/validate_inside.h"

/* Fills truths with the labels of one picture of the batch. */
static int find_truths(BrimValidator *validator, const BrimBatch *batch, int picture)
{
    int count = 0;
    for (int i = 0; i < batch->target_count && count < validator->conf.split->most_labels; i++) {
        const float *target = batch->targets + BRIM_TARGET_COLUMNS * (size_t)i;
        if ((int)target[0] == picture)
            validator->truths[count++] =
                brim_back_target(&batch->boxes[picture], target, batch->width_px, batch->height_px);
    }
    return count;
}

/* NMS of the pictures from `first` on, at most a group of them, in picture px. */
static void suppress(BrimValidator *validator, const BrimBatch *batch, int first, int count,
                     const float *predictions, int rows, const int32_t *kept)
{
    size_t columns = 5 + (size_t)validator->conf.class_count, max_det = (size_t)validator->conf.max_det;
#pragma omp parallel for schedule(dynamic, 1) num_threads(validator->threads)
    for (int i = 0; i < count; i++) {
        BrimDetection *detections = validator->detections + (size_t)i * max_det;
        const float *picture = predictions + (size_t)(first + i) * (size_t)rows * columns;
        validator->counts[i] = brim_nms_run(validator->nms[omp_get_thread_num()], picture,
                                            kept ? kept[first + i] : rows, detections);
        for (int d = 0; d < validator->counts[i]; d++)
            brim_back_detection(&batch->boxes[first + i], &detections[d]);
    }
}

static void measure_batch(BrimValidator *validator, const BrimBatch *batch, const float *predictions,
                          int rows, const int32_t *kept, BrimValidation *result)
{
    size_t max_det = (size_t)validator->conf.max_det;
    for (int first = 0; first < batch->n; first += validator->group) {
        int count = batch->n - first < validator->group ? batch->n - first : validator->group;
        int64_t start = brim_clock_ns();
        suppress(validator, batch, first, count, predictions, rows, kept);
        validator->spent_ns[2] += brim_clock_ns() - start;
        for (int i = 0; i < count; i++) {
            int labels = find_truths(validator, batch, first + i);
            brim_metrics_add(validator->metrics, validator->detections + (size_t)i * max_det,
                             validator->counts[i], validator->truths, labels);
            result->labels += labels;
            validator->by_sample[batch->samples[first + i]] = validator->counts[i];
        }
    }
    result->pictures += batch->n;
}

/* Keeps of a batch what is asked of it when its predictions are there. */
static void note_begun(BrimBegun *begun, const BrimBatch *batch)
{
    begun->batch = *batch;
    if (!begun->boxes)
        return;
    memcpy(begun->boxes, batch->boxes, (size_t)batch->n * sizeof *begun->boxes);
    if (batch->target_count > 0)
        memcpy(begun->targets, batch->targets,
               (size_t)batch->target_count * BRIM_TARGET_COLUMNS * sizeof *begun->targets);
    begun->batch.pictures = NULL;
    begun->batch.boxes = begun->boxes;
    begun->batch.targets = begun->targets;
}

static BrimStatus begin_batch(BrimValidator *validator, BrimEngine *engine, BrimLoader *loader, int index)
{
    BrimStatus status;
    const BrimBatch *batch;
    int room = index % validator->depth;
    int64_t start = brim_clock_ns();
    BRIM_TRY(brim_loader_next(loader, &batch));
    int64_t read = brim_clock_ns();
    BRIM_TRY(brim_engine_infer_begin(engine, batch, room));
    note_begun(&validator->begun[room], batch);
    validator->spent_ns[0] += read - start;
    validator->spent_ns[1] += brim_clock_ns() - read;
fail:
    return status;
}

static BrimStatus finish_batch(BrimValidator *validator, BrimEngine *engine, int index,
                               BrimValidation *result)
{
    BrimStatus status;
    const float *predictions;
    float items[4] = {0};
    int rows, room = index % validator->depth;
    int64_t start = brim_clock_ns();
    BRIM_TRY(brim_engine_infer_finish(engine, room, &predictions, &rows, items));
    validator->spent_ns[1] += brim_clock_ns() - start;
    for (int i = 0; i < 3; i++)
        result->losses[i] += (double)items[i];
    measure_batch(validator, &validator->begun[room].batch, predictions, rows,
                  brim_engine_infer_kept(engine, room), result);
fail:
    return status;
}

static bool tell(const BrimValidator *validator, int batch, int batches)
{
    const BrimEvent event = {.kind = BRIM_EVENT_VALIDATING, .batch = batch, .batches = batches};
    return !validator->conf.listener || validator->conf.listener(validator->conf.listener_self, &event);
}

/* What was summed over `batches` becomes means. */
static void finish(BrimValidator *validator, int batches, BrimValidation *result)
{
    BrimMeanMetrics means;
    brim_metrics_compute(validator->metrics, &means);
    result->precision = means.precision;
    result->recall = means.recall;
    result->map50 = means.map50;
    result->map50_95 = means.map50_95;
    result->fitness = means.fitness;
    result->detections = brim_metrics_detections(validator->metrics);
    for (int i = 0; i < 3; i++) {
        result->losses[i] /= batches > 0 ? batches : 1;
        result->milliseconds[i] =
            (double)validator->spent_ns[i] / 1e6 / (result->pictures > 0 ? result->pictures : 1);
    }
}

BrimStatus brim_validator_ahead(BrimValidator *validator, BrimLoader *loader)
{
    if (validator->started == loader)
        return BRIM_OK;
    validator->started = loader;
    return brim_loader_start(loader, 0, 0);
}

BrimStatus brim_validator_run(BrimValidator *validator, BrimEngine *engine, BrimLoader *loader,
                              BrimValidation *result)
{
    BrimStatus status;
    int batches = brim_loader_batch_count(loader), begun = 0, done = 0;
    *result = (BrimValidation){0};
    for (int i = 0; i < 3; i++)
        validator->spent_ns[i] = 0;
    brim_metrics_reset(validator->metrics);
    BRIM_TRY(brim_engine_fold(engine));
    if (validator->started != loader)
        BRIM_TRY(brim_loader_start(loader, 0, 0));
    validator->started = NULL;
    while (done < batches && !result->stopped) {
        for (; begun < batches && begun - done < validator->depth; begun++)
            BRIM_TRY(begin_batch(validator, engine, loader, begun));
        BRIM_TRY(finish_batch(validator, engine, done, result));
        result->stopped = !tell(validator, ++done, batches);
    }
    finish(validator, done, result);
fail:
    return status;
}

BrimEvent brim_validation_event(const BrimValidation *validation)
{
    BrimEvent event = {.kind = BRIM_EVENT_RESULTS,
                       .pictures = validation->pictures,
                       .instances = validation->labels,
                       .precision = validation->precision,
                       .recall = validation->recall,
                       .map50 = validation->map50,
                       .map50_95 = validation->map50_95};
    for (int i = 0; i < 3; i++) {
        event.val_losses[i] = (float)validation->losses[i];
        event.milliseconds[i] = validation->milliseconds[i];
    }
    return event;
}

bool brim_validator_class_event(const BrimValidator *validator, int class_index, BrimEvent *event)
{
    BrimClassMetrics figures;
    if (!brim_metrics_class(validator->metrics, class_index, &figures))
        return false;
    *event = (BrimEvent){.kind = BRIM_EVENT_CLASS,
                         .pictures = figures.pictures,
                         .instances = figures.labels,
                         .precision = figures.precision,
                         .recall = figures.recall,
                         .map50 = figures.ap50,
                         .map50_95 = figures.ap50_95};
    return true;
}

int brim_validator_detections(const BrimValidator *validator, int sample)
{
    return validator->by_sample[sample];
}

const BrimMetrics *brim_validator_metrics(const BrimValidator *validator)
{
    return validator->metrics;
}
