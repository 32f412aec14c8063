/* A validation: reading, network and NMS batch by batch, then the figures. A device of its own has the next
 * batch to compute while one goes through NMS. The pictures of a batch go through NMS in groups, side by
 * side; they are counted in their order, so that the threads change nothing. */
#include "train/validate.h"

#include <omp.h>
#include <string.h>

#include "base/clock.h"
#include "train/back.h"

enum {
    PICTURES_PER_THREAD = 4, /* of a group: evens out that NMS takes unequally long */
    TARGET_COLUMNS = 6
};

/* A batch that was begun: the loader's own, or, where the loader goes on to the next one, what is still asked
 * of it, in rooms of its own. */
typedef struct Begun {
    BrimBatch batch;
    BrimLetterbox *boxes;
    float *targets;
} Begun;

struct BrimValidator {
    BrimValidateConf conf;
    int threads, group; /* pictures of a group */
    BrimNms **nms;      /* one a thread */
    BrimMetrics *metrics;
    BrimDetection *detections; /* group * max_det */
    int *counts;               /* group */
    BrimTruth *truths;         /* most labels of a picture */
    int *by_sample;            /* detections of each sample of the split */
    int64_t spent_ns[3];       /* reading, network, NMS */
    const BrimLoader *started; /* for the next run; NULL: none is yet */
    int depth;                 /* batches under way */
    Begun begun[2];            /* of a batch: that of its number modulo the depth */
};

static int thread_count(const BrimValidateConf *conf)
{
    return conf->threads > 0 ? conf->threads : brim_core_count();
}

static BrimMetricsConf metrics_conf(const BrimValidateConf *conf)
{
    return (BrimMetricsConf){conf->class_count, conf->max_det, conf->split->most_labels,
                             conf->split->sample_count};
}

static BrimNmsConf nms_conf(const BrimValidateConf *conf)
{
    return (BrimNmsConf){.conf_thres = conf->conf_thres,
                         .iou_thres = conf->iou_thres,
                         .max_det = conf->max_det,
                         .multi_label = true};
}

/* Boxes and floats of targets of each batch that is begun; none where the loader's own are looked at. */
static void begun_room(const BrimValidateConf *conf, size_t *boxes, size_t *targets)
{
    const BrimLoaderConf *loader = conf->loader;
    int most = conf->split->sample_count;
    *boxes = !loader ? 0 : (size_t)(loader->batch < most ? loader->batch : most);
    *targets = !loader ? 0 : (size_t)brim_loader_target_cap(loader) * TARGET_COLUMNS;
}

size_t brim_validator_bytes(const BrimValidateConf *conf, int rows)
{
    BrimMetricsConf metrics = metrics_conf(conf);
    BrimNmsConf nms = nms_conf(conf);
    size_t threads = (size_t)thread_count(conf), group = threads * PICTURES_PER_THREAD, boxes, targets;
    begun_room(conf, &boxes, &targets);
    return sizeof(BrimValidator) + brim_metrics_bytes(&metrics) +
           threads * (sizeof(BrimNms *) + brim_nms_bytes(&nms, rows, conf->class_count)) +
           group * ((size_t)conf->max_det * sizeof(BrimDetection) + sizeof(int)) +
           2 * (boxes * sizeof(BrimLetterbox) + targets * sizeof(float)) +
           (size_t)conf->split->most_labels * sizeof(BrimTruth) +
           (size_t)conf->split->sample_count * sizeof(int);
}

static BrimStatus take_begun(BrimValidator *validator)
{
    size_t boxes, targets;
    begun_room(&validator->conf, &boxes, &targets);
    validator->depth = validator->conf.loader ? 2 : 1;
    validator->conf.loader = NULL;
    for (int i = 0; i < validator->depth && boxes > 0; i++) {
        Begun *begun = &validator->begun[i];
        begun->boxes = brim_mem_take(BRIM_MEM_TRAIN, boxes, sizeof *begun->boxes);
        begun->targets = brim_mem_take(BRIM_MEM_TRAIN, targets, sizeof *begun->targets);
        if (!begun->boxes || !begun->targets)
            return BRIM_ERROR_MEMORY;
    }
    return BRIM_OK;
}

static BrimStatus take_room(BrimValidator *validator, int rows)
{
    BrimStatus status;
    const BrimValidateConf *conf = &validator->conf;
    BrimMetricsConf metrics = metrics_conf(conf);
    BrimNmsConf nms = nms_conf(conf);
    size_t group = (size_t)validator->group;
    BRIM_TRY(brim_metrics_open(&validator->metrics, &metrics));
    validator->nms = brim_mem_take(BRIM_MEM_TRAIN, (size_t)validator->threads, sizeof(BrimNms *));
    if (!validator->nms)
        return BRIM_ERROR_MEMORY;
    for (int i = 0; i < validator->threads; i++)
        BRIM_TRY(brim_nms_open(&validator->nms[i], &nms, rows, conf->class_count));
    validator->detections =
        brim_mem_take(BRIM_MEM_TRAIN, group * (size_t)conf->max_det, sizeof(BrimDetection));
    validator->counts = brim_mem_take(BRIM_MEM_TRAIN, group, sizeof(int));
    validator->truths = brim_mem_take(BRIM_MEM_TRAIN, (size_t)conf->split->most_labels, sizeof(BrimTruth));
    validator->by_sample = brim_mem_take(BRIM_MEM_TRAIN, (size_t)conf->split->sample_count, sizeof(int));
    if (!validator->detections || !validator->counts || !validator->truths || !validator->by_sample)
        return BRIM_ERROR_MEMORY;
    status = take_begun(validator);
fail:
    return status;
}

BrimStatus brim_validator_open(BrimValidator **validator, const BrimValidateConf *conf, int rows)
{
    *validator = brim_mem_take(BRIM_MEM_TRAIN, 1, sizeof **validator);
    if (!*validator)
        return BRIM_ERROR_MEMORY;
    (*validator)->conf = *conf;
    (*validator)->threads = thread_count(conf);
    (*validator)->group = (*validator)->threads * PICTURES_PER_THREAD;
    BrimStatus status = take_room(*validator, rows);
    if (status != BRIM_OK)
        brim_validator_close(validator);
    return status;
}

void brim_validator_close(BrimValidator **validator)
{
    BrimValidator *gone = *validator;
    if (!gone)
        return;
    for (int i = 0; i < gone->threads && gone->nms; i++)
        brim_nms_close(&gone->nms[i]);
    brim_mem_give(gone->nms);
    brim_metrics_close(&gone->metrics);
    brim_mem_give(gone->detections);
    brim_mem_give(gone->counts);
    brim_mem_give(gone->truths);
    brim_mem_give(gone->by_sample);
    for (int i = 0; i < 2; i++) {
        brim_mem_give(gone->begun[i].boxes);
        brim_mem_give(gone->begun[i].targets);
    }
    brim_mem_give(gone);
    *validator = NULL;
}

/* Fills truths with the labels of one picture of the batch. */
static int find_truths(BrimValidator *validator, const BrimBatch *batch, int picture)
{
    int count = 0;
    for (int i = 0; i < batch->target_count && count < validator->conf.split->most_labels; i++) {
        const float *target = batch->targets + TARGET_COLUMNS * (size_t)i;
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
static void note_begun(Begun *begun, const BrimBatch *batch)
{
    begun->batch = *batch;
    if (!begun->boxes)
        return;
    memcpy(begun->boxes, batch->boxes, (size_t)batch->n * sizeof *begun->boxes);
    if (batch->target_count > 0)
        memcpy(begun->targets, batch->targets,
               (size_t)batch->target_count * TARGET_COLUMNS * sizeof *begun->targets);
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
