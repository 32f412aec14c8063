/* What a trainer needs, opened in the order in which the plan needs to know it: loaders give shapes and room
 * for labels, from which the engine plans, and the validator sizes its statistics. */
#include <string.h>

#include "base/process.h"
#include "conf/count.h"
#include "train/trainer_state.h"

/* Of boxes that a validation counts, as YOLOv5 has it. */
#define CONF_THRES 0.001

/* Shapes of a loader's batches, each once. *shapes is given back by the caller. */
static BrimStatus list_shapes(const BrimLoader *loader, BrimShape **shapes, int *count)
{
    int batches = brim_loader_batch_count(loader);
    *count = 0;
    *shapes = brim_mem_take(BRIM_MEM_TRAIN, (size_t)batches, sizeof **shapes);
    if (!*shapes)
        return BRIM_ERROR_MEMORY;
    for (int i = 0; i < batches; i++) {
        BrimShape shape;
        brim_loader_batch_shape(loader, i, &shape.n, &shape.height_px, &shape.width_px);
        bool known = false;
        for (int j = 0; j < *count && !known; j++)
            known = memcmp(&(*shapes)[j], &shape, sizeof shape) == 0;
        if (!known)
            (*shapes)[(*count)++] = shape;
    }
    return BRIM_OK;
}

const int *brim_trainer_cards(const BrimTrainerConf *conf, int *count)
{
    *count = conf->cards ? conf->card_count : 1;
    return conf->cards ? conf->cards : &conf->card;
}

BrimLoaderConf brim_trainer_loader_conf(const BrimTrainer *trainer, bool training)
{
    const BrimTrainerConf *conf = &trainer->conf;
    return (BrimLoaderConf){.split = training ? conf->train : conf->val,
                            .imgsz_px = conf->imgsz_px,
                            .batch = training ? conf->batch : trainer->val_batch,
                            .stride_px = brim_model_max_stride_px(conf->model),
                            .augment = training,
                            .rectangular = !training,
                            .pad = 0.5,
                            .hyper = conf->hyper,
                            .seed = conf->seed,
                            .workers = conf->workers,
                            .threads = conf->threads,
                            .slots = conf->workers > 0 ? 2 : 1,
                            .pixels_apart = training && trainer->keep != BRIM_TRAINER_KEEP_NONE,
                            .cache_bytes = training ? conf->cache_bytes : 0};
}

/* Room for the labels that one card's part of a batch can have. */
static int part_target_cap(const BrimTrainer *trainer, BrimLoaderConf train)
{
    int cards;
    brim_trainer_cards(&trainer->conf, &cards);
    train.batch = brim_crew_part(train.batch, cards);
    return brim_loader_target_cap(&train);
}

static BrimStatus open_loaders(BrimTrainer *trainer, int *train_cap, int *val_cap)
{
    BrimStatus status;
    BrimLoaderConf train = brim_trainer_loader_conf(trainer, true);
    BrimLoaderConf val = brim_trainer_loader_conf(trainer, false);
    trainer->outside_bytes = trainer->before_bytes;
    BRIM_TRY(brim_loader_open(&trainer->train_loader, &train));
    trainer->outside_bytes +=
        brim_loader_slot_bytes(&train) + brim_loader_cached_bytes(trainer->train_loader);
    /* Validation reads what is left of the cache's room. */
    size_t used = train.pixels_apart ? brim_loader_kept_bytes(&train)
                                     : brim_loader_cached_bytes(trainer->train_loader);
    val.cache_bytes = trainer->conf.cache_bytes > used ? trainer->conf.cache_bytes - used : 0;
    BRIM_TRY(brim_loader_open(&trainer->val_loader, &val));
    trainer->outside_bytes += brim_loader_slot_bytes(&val) + brim_loader_cached_bytes(trainer->val_loader);
    *train_cap = part_target_cap(trainer, train);
    *val_cap = brim_loader_target_cap(&val);
fail:
    return status;
}

/* Rows of predictions for the largest picture of a validation. */
static int most_rows(const BrimTrainer *trainer)
{
    int most = 0;
    for (int i = 0; i < brim_loader_batch_count(trainer->val_loader); i++) {
        int n, height_px, width_px;
        brim_loader_batch_shape(trainer->val_loader, i, &n, &height_px, &width_px);
        int rows = brim_graph_prediction_rows(trainer->conf.model, height_px, width_px);
        most = rows > most ? rows : most;
    }
    return most;
}

static BrimStatus open_validator(BrimTrainer *trainer)
{
    const BrimTrainerConf *conf = &trainer->conf;
    int rows = most_rows(trainer);
    const BrimLoaderConf loader = brim_trainer_loader_conf(trainer, false);
    BrimValidateConf validate = {.split = conf->val,
                                 .class_count = conf->model->class_count,
                                 .conf_thres = CONF_THRES,
                                 .iou_thres = 0.6,
                                 .max_det = 300,
                                 .threads = conf->threads,
                                 .loader = conf->backend->fetch ? &loader : NULL,
                                 .listener = conf->listener,
                                 .listener_self = conf->listener_self};
    trainer->outside_bytes += brim_validator_bytes(&validate, rows);
    /* At the end the best model is read again: the file, and the tensors in it. */
    BrimModelCount count = brim_model_count(conf->model, conf->imgsz_px, conf->imgsz_px);
    trainer->outside_bytes += 2 * sizeof(float) * (size_t)(count.parameters + count.buffer_elements);
    return brim_validator_open(&trainer->validator, &validate, rows);
}

static BrimStatus open_engine(BrimTrainer *trainer, int train_cap, int val_cap)
{
    BrimStatus status;
    const BrimTrainerConf *conf = &trainer->conf;
    BrimShape *train = NULL, *val = NULL;
    int card_count;
    const int *cards = brim_trainer_cards(conf, &card_count);
    BrimEngineConf engine = {.backend = conf->backend,
                             .threads = conf->threads,
                             .card = conf->card,
                             .model = conf->model,
                             .hyper = conf->hyper,
                             .train_target_cap = train_cap,
                             .infer_target_cap = val_cap,
                             .least_objectness = CONF_THRES,
                             .precision = conf->precision,
                             .bn_cards = conf->sync_bn ? card_count : 1,
                             .outside_bytes = trainer->outside_bytes,
                             .snapshots = brim_trainer_saves_apart(trainer) && !conf->plan_only,
                             .time_waits = true};
    memcpy(engine.recompute, conf->recompute, sizeof engine.recompute);
    brim_hyper_scale(&engine.hyper, conf->model->level_count, conf->model->class_count, conf->imgsz_px);
    BRIM_TRY(list_shapes(trainer->train_loader, &train, &engine.train_count));
    BRIM_TRY(list_shapes(trainer->val_loader, &val, &engine.infer_count));
    engine.train = train;
    engine.infer = val;
    BRIM_TRY(brim_crew_open(&trainer->crew, &engine, cards, card_count));
    trainer->engine = brim_crew_lead(trainer->crew);
fail:
    brim_mem_give(train);
    brim_mem_give(val);
    return status;
}

static BrimStatus open_at(BrimTrainer *trainer)
{
    BrimStatus status;
    int train_cap = 0, val_cap = 0;
    /* Anew each time: an engine that was opened before leaves pages of its library's code behind. */
    trainer->before_bytes = (size_t)brim_process_resident_bytes();
    BRIM_TRY(open_loaders(trainer, &train_cap, &val_cap));
    BRIM_TRY(open_validator(trainer));
    BRIM_TRY(open_engine(trainer, train_cap, val_cap));
fail:
    return status;
}

void brim_trainer_close_parts(BrimTrainer *trainer)
{
    brim_validator_close(&trainer->validator);
    brim_crew_close(&trainer->crew);
    trainer->engine = NULL;
    brim_loader_close(&trainer->val_loader);
    brim_loader_close(&trainer->train_loader);
}

/* True where a validation's batch, not a step of training, decides what the run needs. */
static bool validation_decides(const BrimTrainer *trainer)
{
    return brim_engine_plan(trainer->engine)->largest_graph >= brim_engine_training_count(trainer->engine);
}

/* v7.0 validates at twice the batch, with several cards at twice the first one's part, in frames that are a
 * stride larger (pad). No more than an inference takes. */
static int validated_at_once(const BrimTrainer *trainer)
{
    const BrimTrainerConf *conf = &trainer->conf;
    int cards, side_px = conf->imgsz_px + brim_model_max_stride_px(conf->model);
    brim_trainer_cards(conf, &cards);
    int wanted = 2 * brim_crew_part(conf->batch, cards);
    int most = brim_graph_most_inferred(conf->model, side_px);
    return wanted <= most ? wanted : most > 1 ? most : 1;
}

/* Where a validation would need more than the training itself, its batches are smaller. */
static BrimStatus open_planned(BrimTrainer *trainer)
{
    trainer->val_batch = validated_at_once(trainer);
    BrimStatus status = open_at(trainer);
    while (status == BRIM_OK && trainer->val_batch > 1 && validation_decides(trainer)) {
        brim_trainer_close_parts(trainer);
        trainer->val_batch /= 2;
        status = open_at(trainer);
    }
    return status == BRIM_OK ? brim_crew_fits(trainer->crew, trainer->conf.budget_bytes) : status;
}

/* Kept pictures are a comfort: a run that fits without them goes without. */
BrimStatus brim_trainer_open_parts(BrimTrainer *trainer)
{
    brim_trainer_keep_choose(trainer);
    BrimStatus status = open_planned(trainer);
    if (status != BRIM_OK || brim_trainer_keep_plan(trainer) == BRIM_OK)
        return status;
    brim_trainer_close_parts(trainer);
    trainer->keep = BRIM_TRAINER_KEEP_NONE;
    return open_planned(trainer);
}
