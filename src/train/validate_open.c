/* The room that a validation takes: for NMS, statistics, and the batches under way. */
#include "base/clock.h"
#include "train/validate_inside.h"

enum { PICTURES_PER_THREAD = 4 }; /* of a group: evens out that NMS takes unequally long */

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
    *targets = !loader ? 0 : (size_t)brim_loader_target_cap(loader) * BRIM_TARGET_COLUMNS;
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
        BrimBegun *begun = &validator->begun[i];
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
